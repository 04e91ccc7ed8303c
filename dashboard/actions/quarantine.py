"""Emptying the quarantine (隔离处理): put one row right, settle one reason at once, set aside, take in again.

Each is one transaction with one line in the audit trail and one in the story of each row. Nothing is deleted: a row
keeps its text as read, and what became of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from collectors.again import correctable
from dashboard.actions import aliases, audit
from dashboard.database import Database
from dashboard.database.models import BATCHES, QUARANTINE
from dashboard.errors import UsageError
from dashboard.intake.names import AMBIGUOUS, UNKNOWN, compared
from dashboard.intake.replaying import Given, Replay, ReplayReport, note
from dashboard.intake.tables import Tables, alone
from dashboard.nearest import nearest
from dashboard.people import Viewer
from dashboard.rights import require

NOTHING_GIVEN = Given()


@dataclass(frozen=True)
class Chosen:
    """Which quarantined rows are meant: those that meet everything that is said here."""

    ids: tuple[int, ...] = ()
    record: str | None = None
    reason: str | None = None
    source: str | None = None
    batch_id: int | None = None
    office_named: str | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """On QUARANTINE joined with the batch that brought the row first."""
        wanted = (
            (QUARANTINE.c.record, self.record),
            (QUARANTINE.c.reason, self.reason),
            (BATCHES.c.source, self.source),
            (QUARANTINE.c.batch_id, self.batch_id),
            (QUARANTINE.c.office_named, self.office_named),
        )
        told = [column == value for column, value in wanted if value is not None]
        return [*told, QUARANTINE.c.id.in_(self.ids)] if self.ids else told

    def __str__(self) -> str:
        return json.dumps({name: value for name, value in asdict(self).items() if value}, ensure_ascii=False)


def replay(db: Database, *, by: Viewer, chosen: Chosen, at: datetime, given: Given = NOTHING_GIVEN) -> ReplayReport:
    """Take in the chosen open rows as their sources are read today. What cannot be stored stays, with its reason."""
    require(by, "take in quarantined rows")
    with alone(db) as tables:
        report = Replay(tables, by, at, given).run(chosen.conditions())
        if report.batches:
            audit.record(tables, by, "replay", str(chosen), json.dumps(report.counts()), at=at)
        return report


def repair_row(
    db: Database,
    *,
    by: Viewer,
    quarantine_id: int,
    values: Mapping[str, str],
    at: datetime,
    given: Given = NOTHING_GIVEN,
) -> ReplayReport:
    """Put `values` (canonical column or header → text) in place of what the row says, and take it in.

    Corrections made before stay unless stated anew. UsageError for a row that is not open or a column unknown.
    """
    require(by, "correct a quarantined row")
    with alone(db) as tables:
        row = _open_row(tables, quarantine_id)
        known = correctable(json.loads(row["details"])["header"], row["record"])
        for name in values:
            if name not in known:
                guess = nearest(name, known)
                raise UsageError(
                    f"'{name}' is no column of {row['record']} and no header of the file.",
                    f"Did you mean '{guess}'?" if guess else f"Columns are {', '.join(known)}.",
                )
        corrections = json.dumps({**json.loads(row["corrections"] or "{}"), **values}, ensure_ascii=False)
        tables.run(sa.update(QUARANTINE).values(corrections=corrections).where(QUARANTINE.c.id == quarantine_id))
        detail = json.dumps(dict(values), ensure_ascii=False)
        note(tables, pl.DataFrame({"id": [quarantine_id]}), by, "corrected", at, pl.lit(detail))
        report = Replay(tables, by, at, given).run([QUARANTINE.c.id == quarantine_id])
        audit.record(
            tables, by, "repair_row", str(quarantine_id), json.dumps(sorted(values), ensure_ascii=False), at=at
        )
        return report


def map_office(
    db: Database,
    *,
    by: Viewer,
    named: str,
    code: str,
    valid_from: date | None = None,
    valid_to: date | None = None,
    at: datetime,
    given: Given = NOTHING_GIVEN,
) -> ReplayReport:
    """Let an unknown office name mean an office (`aliases.add_alias`), and take in every row that waits for it."""
    with alone(db) as tables:
        alias = aliases.added(tables, by, code, named, (valid_from, valid_to), at)
        waiting = _waiting_for(tables, named)
        note(tables, waiting, by, "office_named", at, pl.lit(json.dumps({"alias": alias, "office": code})))
        names = waiting["office_named"].unique().to_list()
        if not names:
            return ReplayReport()
        conditions = [QUARANTINE.c.office_named.in_(names), QUARANTINE.c.reason.in_((UNKNOWN, AMBIGUOUS))]
        return Replay(tables, by, at, given).run(conditions)


def dismiss(db: Database, *, by: Viewer, chosen: Chosen, why: str, at: datetime) -> int:
    """Set the chosen open rows aside for good, with a reason; how many. They stay readable, and can be reopened."""
    require(by, "dismiss quarantined rows")
    if not why.strip():
        raise UsageError("Rows cannot be dismissed without a reason.", "Say why nothing is lost without them.")
    return _turned(db, by, chosen, ("open", "dismissed"), {"why": why.strip()}, at)


def reopen(db: Database, *, by: Viewer, chosen: Chosen, at: datetime) -> int:
    """Put dismissed rows back into quarantine; how many."""
    require(by, "reopen quarantined rows")
    return _turned(db, by, chosen, ("dismissed", "open"), {}, at)


def _turned(
    db: Database, by: Viewer, chosen: Chosen, states: tuple[str, str], detail: Mapping[str, str], at: datetime
) -> int:
    before, after = states
    action = "reopened" if after == "open" else after
    with alone(db) as tables:
        query = sa.select(QUARANTINE.c.id).select_from(_with_batches())
        rows = tables.frame(query.where(QUARANTINE.c.state == before, *chosen.conditions()))
        if rows.is_empty():
            return 0
        tables.stage("turned", rows)
        staged = sa.table("turned", sa.column("id", sa.BigInteger))
        turn = sa.update(QUARANTINE).values(state=after)
        tables.run(turn.where(QUARANTINE.c.id.in_(sa.select(staged.c.id))))
        text = json.dumps(dict(detail), ensure_ascii=False)
        note(tables, rows, by, action, at, pl.lit(text if detail else None, pl.String))
        told = json.dumps({"rows": rows.height, **detail}, ensure_ascii=False)
        audit.record(tables, by, f"quarantine_{action}", str(chosen), told, at=at)
        return rows.height


def _open_row(tables: Tables, quarantine_id: int) -> dict[str, Any]:
    query = sa.select(QUARANTINE.c.record, QUARANTINE.c.state, QUARANTINE.c.corrections, BATCHES.c.details).select_from(
        QUARANTINE.join(BATCHES, BATCHES.c.id == QUARANTINE.c.last_batch_id)
    )
    found = tables.frame(query.where(QUARANTINE.c.id == quarantine_id)).rows(named=True)
    if not found or found[0]["state"] != "open":
        state = f"is {found[0]['state']}" if found else "does not exist"
        raise UsageError(f"Row {quarantine_id} of the quarantine {state}.", "See: mingcha quarantine")
    return found[0]


def _waiting_for(tables: Tables, named: str) -> pl.DataFrame:
    """`id, office_named` of open rows whose office is written so."""
    row = QUARANTINE.c
    query = sa.select(row.id, row.office_named).where(row.state == "open", row.reason.in_((UNKNOWN, AMBIGUOUS)))
    rows = tables.frame(query)
    same = {name for name in rows["office_named"].drop_nulls().unique() if compared(name) == compared(named)}
    return rows.filter(pl.col("office_named").is_in(list(same)))


def _with_batches() -> Any:
    return QUARANTINE.join(BATCHES, BATCHES.c.id == QUARANTINE.c.batch_id)

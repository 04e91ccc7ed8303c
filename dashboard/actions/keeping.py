"""What is kept of decided samples: known answers for the blind review (盲审样题), cases to learn from (典型案例)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from checks.rulebook.model import Sheet
from dashboard.actions import audit
from dashboard.actions.review import require_reviewer, sampled
from dashboard.actions.verdicts import LONGEST_NOTE, require_known
from dashboard.database import Database
from dashboard.database.models import GOLD_SAMPLES, KEPT_CASES
from dashboard.errors import UsageError
from dashboard.evidence import chain
from dashboard.instants import to_micros
from dashboard.people import Viewer
from dashboard.reviewing.settling import Sampled
from dashboard.reviewing.standing import is_settled
from dashboard.rights import require

KINDS = ("highlight", "typical")


def mark_gold(
    db: Database, *, by: Viewer, sample: str, decision: str, items: Sequence[str] = (), note: str | None = None,
    sheet: Sheet, at: datetime,
) -> None:  # fmt: skip
    """Say what is right of a decided sample: from then on it is given, unknowingly, to those who never judged it.

    The answers given to it never reach scores. UsageError names what is missing or unknown; NotAllowedError for a role
    that may not, or a hall out of sight.
    """
    _require_gold_role(by)
    if decision not in ("ok", "violation"):
        raise UsageError(f"A known answer is ok or violation, not '{decision}'.")
    if (decision == "violation") != bool(items):
        raise UsageError("A known violation names its items, a known pass none.")
    codes = sorted({require_known(code, sheet) for code in items})
    with db.session() as connection:
        if _require_settled(db, connection, by, sample).extra:
            raise UsageError(f"Sample '{sample}' was asked for outside the draw: it is no known answer.")
        row = {"sample_id": sample, "decision": decision, "items": json.dumps(codes), "note": note or None,
               "by": by.name, "at": to_micros(at)}  # fmt: skip
        chain.enter(connection, GOLD_SAMPLES, row, by=by, at=at)
        audit.record(connection, by, "mark_gold", sample, json.dumps({"decision": decision, "items": codes}), at=at)


def unmark_gold(db: Database, *, by: Viewer, sample: str, at: datetime) -> None:
    """Take the known answers of a sample back: it is not given out any more; what was answered stays."""
    _require_gold_role(by)
    with db.session() as connection:
        _require_settled(db, connection, by, sample)
        if not _withdraw(connection, GOLD_SAMPLES, GOLD_SAMPLES.c.sample_id == sample, by, at):
            raise UsageError(f"Sample '{sample}' has no known answer.")
        audit.record(connection, by, "unmark_gold", sample, at=at)


def keep_case(
    db: Database, *, by: Viewer, sample: str, kind: str, note: str, item: str | None = None,
    camera: str | None = None, second: float | None = None, sheet: Sheet, at: datetime,
) -> int:  # fmt: skip
    """Keep a decided sample to learn from: a `highlight` (done well) or a `typical` breach of an item.

    Returns the case. UsageError names what is missing, unknown, or kept already.
    """
    require_reviewer(by)
    if kind not in KINDS:
        raise UsageError(f"Unknown kind of case '{kind}';", f"one of {', '.join(KINDS)}.")
    if kind == "typical" and item is None:
        raise UsageError("A typical case needs an item of the score sheet.")
    if not note.strip():
        raise UsageError("A kept case needs a note.", "Say what is to be learnt from it.")
    if len(note) > LONGEST_NOTE:
        raise UsageError(f"The note is longer than {LONGEST_NOTE} characters.", "Shorten it.")
    code = None if item is None else require_known(item, sheet)
    with db.session() as connection:
        about = _require_settled(db, connection, by, sample)
        if camera is not None and camera not in about.cameras:
            raise UsageError(f"Sample '{sample}' has no camera '{camera}'.", "Reload the page.")
        row = KEPT_CASES.c
        same = sa.and_(row.sample_id == sample, row.kind == kind, row.item_code.is_not_distinct_from(code))
        if _standing(connection, KEPT_CASES, same):
            raise UsageError(f"Sample '{sample}' is kept as such a case already.")
        values = {"sample_id": sample, "kind": kind, "item_code": code, "camera_code": camera, "second": second,
                  "note": note.strip(), "by": by.name, "at": to_micros(at)}  # fmt: skip
        made = chain.enter(connection, KEPT_CASES, values, by=by, at=at)
        audit.record(connection, by, "keep_case", sample, json.dumps({"kind": kind, "item": code}), at=at)
    return made


def drop_case(db: Database, *, by: Viewer, case: int, at: datetime) -> None:
    """Show a kept case no longer."""
    require_reviewer(by)
    row = KEPT_CASES.c
    with db.session() as connection:
        found = connection.execute(sa.select(row.sample_id).where(row.id == case)).scalar()
        if found is None:
            raise UsageError(f"There is no kept case {case}.")
        sampled(db, connection, by, found)
        if not _withdraw(connection, KEPT_CASES, row.id == case, by, at):
            raise UsageError(f"Case {case} was dropped already.")
        audit.record(connection, by, "drop_case", found, at=at)


def _require_gold_role(by: Viewer) -> None:
    require_reviewer(by)
    require(by, "say what is right")


def _require_settled(db: Database, connection: Connection, by: Viewer, sample: str) -> Sampled:
    """A sample about which what was decided stands."""
    about = sampled(db, connection, by, sample)
    if not is_settled(connection, sample):
        raise UsageError(f"Sample '{sample}' is not decided yet.", "Decide first.")
    return about


def _standing(connection: Connection, table: sa.Table, which: sa.ColumnElement[bool]) -> list[dict[str, object]]:
    other = table.alias("other").c
    withdrawn = sa.select(other.withdraws).where(other.withdraws == table.c.id).exists()
    query = sa.select(table).where(which, table.c.withdraws.is_(None), ~withdrawn)
    return [dict(row) for row in connection.execute(query).mappings()]


def _withdraw(
    connection: Connection, table: sa.Table, which: sa.ColumnElement[bool], by: Viewer, at: datetime
) -> bool:  # fmt: skip
    """One more row for each that stands; whether there was any."""
    rows = _standing(connection, table, which)
    for row in rows:
        values = {name: value for name, value in row.items() if name != "id"}
        changed = {**values, "withdraws": row["id"], "by": by.name, "at": to_micros(at)}
        chain.enter(connection, table, changed, by=by, at=at)
    return bool(rows)

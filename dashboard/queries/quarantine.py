"""What could not be stored and why (隔离区): rows with reason and text seen, and counts by reason and source."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import polars as pl
import sqlalchemy as sa
from rapidfuzz import fuzz

from collectors.again import correctable
from dashboard.database import Database
from dashboard.database.models import BATCHES, QUARANTINE, QUARANTINE_EVENTS, QUARANTINE_SIGHTINGS, RECORD_TABLES
from dashboard.instants import from_micros
from dashboard.intake.names import compared, office_names
from dashboard.people import EVERYTHING, Viewer
from dashboard.privacy import masked_cells, masked_value
from dashboard.queries.offices import visible_tree
from dashboard.secrecy import SEALED, WITHHELD, hidden_numbers, hidden_offices, seals

_ENDINGS = re.compile(r"(?:供电(?:分公司|公司|所|中心|营业部)?|营业(?:厅|部|所)|中心|所|公司)+$")
COLUMNS = ("id", "record", "number", "office_named", "state", "since", "reason", "column_name", "value", "row_no")


def quarantined(
    db: Database,
    viewer: Viewer,
    *,
    record: str | None = None,
    reason: str | None = None,
    source: str | None = None,
    batch_id: int | None = None,
    office_named: str | None = None,
    state: str | None = "open",
    limit: int | None = None,
) -> pl.DataFrame:
    """Quarantined rows, newest first, each with its batch's source and file; never their raw text.

    A person of some offices sees the rows that name one of them; the others belong to no office yet, and are for those
    who see the whole company.
    """
    columns = [QUARANTINE.c[name] for name in COLUMNS]
    query = sa.select(*columns, QUARANTINE.c.batch_id, BATCHES.c.source, BATCHES.c.file, BATCHES.c.sheet)
    query = query.select_from(_with_batches()).where(*_conditions(record, reason, source, batch_id, state))
    if office_named is not None:
        query = query.where(QUARANTINE.c.office_named == office_named)
    query = query.order_by(QUARANTINE.c.id.desc())
    if viewer.sees_everything and limit is not None:
        query = query.limit(limit)
    rows = db.frame(query)
    mine = rows if viewer.sees_everything else rows.filter(_names_own_office(db, viewer, rows["office_named"]))
    return masked_rows(db, viewer, mine.head(limit) if limit is not None else mine)


def masked_rows(db: Database, viewer: Viewer, rows: pl.DataFrame) -> pl.DataFrame:
    """The value seen is masked; number and value of what may be a report or a form go to no one it is hidden from."""
    secret = hidden_rows(db, viewer, rows)
    seen = zip(rows["column_name"], rows["value"], secret, strict=True)
    values = [None if hidden else masked_value(column, value) for column, value, hidden in seen]
    numbers = [None if hidden else number for number, hidden in zip(rows["number"], secret, strict=True)]
    return rows.with_columns(pl.Series("value", values, dtype=pl.String), pl.Series("number", numbers, dtype=pl.String))


def hidden_rows(db: Database, viewer: Viewer, rows: pl.DataFrame) -> list[bool]:
    """Which rows may be sealed records: in a broken row nobody can tell its kind, so all tickets and evaluations.

    A name that no office has may be that of either office that is most like it.
    """
    if not seals(viewer):
        return [False] * rows.height
    hidden = hidden_offices(db, viewer)
    codes, _ = office_names(db).resolve(rows["office_named"], None, halls_only=False)
    named = list(zip(rows["record"], rows["office_named"], codes, strict=True))
    wrong = {name for record, name, code in named if record in SEALED and name and code is None and not hidden(code)}
    everywhere = replace(viewer, offices=EVERYTHING)
    meant = {name: [code for code, _, _ in suggested_offices(db, everywhere, name, limit=2)] for name in wrong}
    return [
        record in SEALED and (hidden(code) or any(map(hidden, meant.get(name, ())))) for record, name, code in named
    ]


def quarantine_reasons(db: Database, viewer: Viewer, *, state: str | None = "open") -> pl.DataFrame:
    """`source, record, reason, rows, since` of the rows the viewer may see, most rows first."""
    if viewer.sees_everything:
        query = (
            sa.select(
                BATCHES.c.source,
                QUARANTINE.c.record,
                QUARANTINE.c.reason,
                sa.func.count().label("rows"),
                sa.func.min(QUARANTINE.c.since).label("since"),
            )
            .select_from(_with_batches())
            .where(*_conditions(None, None, None, None, state))
            .group_by(BATCHES.c.source, QUARANTINE.c.record, QUARANTINE.c.reason)
        )
        counted = db.frame(query)
    else:
        rows = quarantined(db, viewer, state=state)
        counted = rows.group_by("source", "record", "reason").agg(
            pl.len().cast(pl.Int64).alias("rows"), pl.col("since").min()
        )
    return counted.sort("rows", "source", "record", "reason", descending=[True, False, False, False])


def quarantine_counts(db: Database, viewer: Viewer, *, state: str | None = "open") -> pl.DataFrame:
    """`source, record, reason, office_named, rows, times, since` of the rows the viewer may see, most rows first.

    `times`: how often these rows have been read, by overlapping exports too.
    """
    row = QUARANTINE.c
    columns = (row.record, row.reason, row.office_named, row.times, row.since, BATCHES.c.source)
    rows = db.frame(sa.select(*columns).select_from(_with_batches()).where(*_conditions(None, None, None, None, state)))
    if not viewer.sees_everything:
        rows = rows.filter(_names_own_office(db, viewer, rows["office_named"]))
    counted = rows.group_by("source", "record", "reason", "office_named").agg(
        pl.len().cast(pl.Int64).alias("rows"), pl.col("times").sum(), pl.col("since").min()
    )
    order = ["rows", "source", "record", "reason", "office_named"]
    return counted.sort(order, descending=[True, False, False, False, False], nulls_last=True)


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """One row with its cells as read, what a person put in their place, and its story, oldest first."""

    row: Mapping[str, Any]
    """Columns of the quarantine with `source`, `file`, `sheet`, `sha256` of the batch that brought it first."""
    cells: Mapping[str, str | None]
    corrections: Mapping[str, str]
    sightings: Sequence[tuple[int, int]]
    """(batch, row) of the exports that brought it again."""
    story: Sequence[Event]
    columns: Sequence[str]
    """What a correction may name: canonical columns and headers of the export that brought it last."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that was done about a row."""

    at: datetime
    by: str
    action: str
    """corrected | office_named | refused | replayed | dismissed | reopened"""
    detail: Mapping[str, Any]


def quarantine_row(db: Database, viewer: Viewer, quarantine_id: int) -> QuarantinedRow | None:
    """One row for who sees the whole company, its cells masked by what their headers say; else None."""
    if not viewer.sees_everything:
        return None
    batch, event, seen = BATCHES.c, QUARANTINE_EVENTS.c, QUARANTINE_SIGHTINGS.c
    query = sa.select(QUARANTINE, batch.source, batch.file, batch.sheet, batch.sha256).select_from(_with_batches())
    with db.reading() as connection:
        row = connection.execute(query.where(QUARANTINE.c.id == quarantine_id)).mappings().one_or_none()
        if row is None or hidden_rows(db, viewer, _named(dict(row)))[0]:
            return None
        events = connection.execute(
            sa.select(event["at"], event["by"], event.action, event.detail)
            .where(event.quarantine_id == quarantine_id)
            .order_by(event.id)
        ).all()
        again = connection.execute(
            sa.select(seen.batch_id, seen.row_no).where(seen.quarantine_id == quarantine_id).order_by(*seen)
        ).all()
        details = connection.execute(sa.select(batch.details).where(batch.id == row["last_batch_id"])).scalar_one()
    told = {name: value for name, value in row.items() if name not in ("raw", "corrections", "context")}
    return QuarantinedRow(
        row={**told, "value": masked_value(row["column_name"], row["value"])},
        cells=_told(db, viewer, json.loads(row["raw"]), row["number"]),
        corrections=_plain(_told(db, viewer, json.loads(row["corrections"] or "{}"), row["number"])),
        sightings=[(found[0], found[1]) for found in again],
        story=[Event(from_micros(at), by, action, _story(detail)) for at, by, action, detail in events],
        columns=correctable(json.loads(details or "{}").get("header", ()), row["record"]),
    )


def _told(
    db: Database, viewer: Viewer, cells: Mapping[str, str | None], number: str | None
) -> dict[str, str | None]:  # fmt: skip
    """The cells masked, and without the numbers of sealed records that a repair or an application may name."""
    said = [text for text in cells.values() if text]
    hidden = frozenset[str]().union(*(hidden_numbers(db, viewer, record, said) for record in SEALED))
    masks = masked_cells(cells, keep=number)
    return {header: WITHHELD if cells[header] in hidden else mask for header, mask in masks.items()}


def _named(row: Mapping[str, Any]) -> pl.DataFrame:
    return pl.DataFrame({"record": [row["record"]], "office_named": [row["office_named"]]},
                        schema={"record": pl.String, "office_named": pl.String})  # fmt: skip


def _plain(cells: Mapping[str, str | None]) -> dict[str, str]:
    return {name: text or "" for name, text in cells.items()}


def _story(detail: str | None) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(detail or "{}")
    return {name: masked_value(name, value) if isinstance(value, str) else value for name, value in told.items()}


def suggested_offices(
    db: Database, viewer: Viewer, named: str, *, rulebook: str | None = None, limit: int = 3
) -> list[tuple[str, str, int]]:
    """(code, name, likeness of 100) of the offices most like an unknown name; a person decides which is meant.

    Endings that nearly all names share (供电所, 营业厅 …) are left out of the comparison. Offices out of sight are not
    suggested.
    """
    offices = RECORD_TABLES["offices"].c
    names = office_names(db, rulebook=rulebook).table
    called = dict(db.frame(sa.select(offices.code, offices.name).order_by(offices.valid_from)).rows())
    seen = None if viewer.sees_everything else visible_tree(db, viewer).offices
    best: dict[str, int] = {}
    for key, code in names.select("key", "code").rows():
        if seen is None or code in seen:
            best[code] = max(best.get(code, 0), round(fuzz.ratio(_stem(compared(named)), _stem(key))))
    likely = sorted(best.items(), key=lambda item: (-item[1], item[0]))[:limit]
    return [(code, called.get(code, code), score) for code, score in likely if score > 0]


def _stem(name: str) -> str:
    return _ENDINGS.sub("", name) or name


def _with_batches() -> Any:
    return QUARANTINE.join(BATCHES, BATCHES.c.id == QUARANTINE.c.batch_id)


def _conditions(
    record: str | None, reason: str | None, source: str | None, batch_id: int | None, state: str | None
) -> list[Any]:
    wanted = (
        (QUARANTINE.c.record, record),
        (QUARANTINE.c.reason, reason),
        (BATCHES.c.source, source),
        (QUARANTINE.c.batch_id, batch_id),
        (QUARANTINE.c.state, state),
    )
    return [column == value for column, value in wanted if value is not None]


def _names_own_office(db: Database, viewer: Viewer, named: pl.Series) -> pl.Series:
    codes, _ = office_names(db).resolve(named, None, halls_only=False)
    return codes.is_in(list(visible_tree(db, viewer).offices))

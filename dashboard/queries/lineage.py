"""What did this file change? (来龙去脉) From a batch to its records, old and new values, offices and periods touched.

The other way, from a record to version, batch, file and row, is `dashboard.queries.record`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import sqlalchemy as sa

from collectors.records import RECORDS, RecordType
from dashboard.database import Database
from dashboard.database.models import BATCHES, HISTORY_TABLES, QUARANTINE, QUARANTINE_SIGHTINGS, RECORD_TABLES
from dashboard.errors import MingchaError
from dashboard.instants import LOCAL, from_micros, iso_local
from dashboard.people import Viewer
from dashboard.privacy import PERSONAL
from dashboard.queries.offices import visible_tree
from dashboard.queries.quarantine import masked_rows
from dashboard.rights import may
from dashboard.secrecy import REFERENCES, WITHHELD, hidden_numbers, seals


@dataclass(frozen=True, slots=True)
class Change:
    """What a batch said of one record."""

    fate: str
    """new | updated (it replaced a version) | older (it came late: history only)"""
    number: str
    office: str | None
    day: str | None
    """Local day to which the record belongs (a measure: its month)."""
    row_no: int | None
    """None of a record kept secret: between its neighbours in the file it would tell its number."""
    columns: Mapping[str, tuple[str | None, str | None]]
    """Column → (value before, value after) of an update; personal columns are left out."""


@dataclass(frozen=True, slots=True)
class BatchChanges:
    """A batch with what it changed. `batch` holds the columns of the batch, its file's SHA-256 among them."""

    batch: Mapping[str, Any]
    changes: Sequence[Change]
    """At most `limit`, in the order of the file, those kept secret last; the counts in `batch` are of all."""
    quarantined: Sequence[Mapping[str, Any]]
    """`id, row_no, number, reason, column_name, value, state, again` of what it could not store.

    `again`: an earlier batch had brought the same row."""
    offices: Sequence[str]
    periods: Sequence[str]
    """Months touched by new and updated records."""


def batch_changes(db: Database, viewer: Viewer, batch_id: int, *, limit: int = 1000) -> BatchChanges:
    """What a batch changed, as far as the viewer may see. MingchaError when there is no such batch."""
    with db.reading() as connection:
        found = connection.execute(sa.select(BATCHES).where(BATCHES.c.id == batch_id)).mappings().one_or_none()
    if found is None:
        raise MingchaError(f"There is no batch {batch_id}.", "See the Sources page, or: mingcha import --format json")
    record = RECORDS[found["record"]]
    seen = None if viewer.sees_everything else frozenset(visible_tree(db, viewer).offices)
    versions = _visible(_versions(db, record, batch_id), record, seen)
    before = _before(db, record, batch_id)
    hidden = frozenset(PERSONAL) | (frozenset(REFERENCES) if seals(viewer) else frozenset())
    hidden |= frozenset() if may(viewer, "know undercover inspectors") else {"inspector"}
    listed = versions.head(limit).rows(named=True)
    secret = hidden_numbers(db, viewer, record.name, [str(row[record.number]) for row in listed])
    changes = [_change(record, row, before.get(row["record_id"]), hidden, secret) for row in listed]
    changes.sort(key=lambda one: one.row_no is None)
    touched = versions.filter(pl.col("fate") != "older")
    return BatchChanges(
        batch={name: value for name, value in found.items() if name != "error" or viewer.sees_everything},
        changes=changes,
        quarantined=_quarantined(db, viewer, batch_id, limit) if viewer.sees_everything else (),
        offices=sorted(touched[record.office].drop_nulls().unique()) if record.office else (),
        periods=sorted({day[:7] for day in _days(record, touched.rows(named=True)) if day}),
    )


def _versions(db: Database, record: RecordType, batch_id: int) -> pl.DataFrame:
    """Every version that the batch wrote, current or in the history by now, with its fate at that time."""
    table, history = RECORD_TABLES[record.name], HISTORY_TABLES[record.name]
    names = ("row_no", *record.names)
    current = db.frame(
        sa.select(table.c.id.label("record_id"), *(table.c[name] for name in names)).where(table.c.batch_id == batch_id)
    )
    past = db.frame(
        sa.select(history.c.record_id, history.c.fate, *(history.c[name] for name in names)).where(
            history.c.batch_id == batch_id
        )
    )
    replaced = history.c.ended_by_batch == batch_id
    ended = db.frame(sa.select(history.c.record_id).where(replaced, history.c.fate == "replaced"))["record_id"]
    updated = pl.col("record_id").is_in(ended.to_list())
    rows = pl.concat([current.with_columns(pl.lit("replaced").alias("fate")).select(past.columns), past])
    fate = (
        pl.when(pl.col("fate") == "older").then("fate").when(updated).then(pl.lit("updated")).otherwise(pl.lit("new"))
    )
    return rows.with_columns(fate.alias("fate")).sort("row_no")


def _before(db: Database, record: RecordType, batch_id: int) -> dict[int, Mapping[str, Any]]:
    """Record → the version that the batch replaced."""
    history = HISTORY_TABLES[record.name]
    query = sa.select(history.c.record_id, *(history.c[name] for name in record.names))
    rows = db.frame(query.where(history.c.ended_by_batch == batch_id, history.c.fate == "replaced"))
    return {row["record_id"]: row for row in rows.iter_rows(named=True)}


def _visible(versions: pl.DataFrame, record: RecordType, offices: frozenset[str] | None) -> pl.DataFrame:
    if offices is None:
        return versions
    return versions.filter(pl.col(record.office or "code").is_in(list(offices)))


def _change(
    record: RecordType,
    row: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    hidden: frozenset[str],
    secret: frozenset[str],
) -> Change:
    columns = {
        column.name: (_shown(column.kind, before[column.name]), _shown(column.kind, row[column.name]))
        for column in record.columns
        if before is not None and column.name not in hidden and before[column.name] != row[column.name]
    }
    if str(row[record.number]) in secret:
        return Change(row["fate"], WITHHELD, None, None, None, {})
    day = next(_days(record, [row]))
    office = row[record.office] if record.office else None
    return Change(row["fate"], str(row[record.number]), office, day, row["row_no"],
                  columns if row["fate"] == "updated" else {})  # fmt: skip


def _days(record: RecordType, rows: Iterable[Mapping[str, Any]]) -> Iterator[str | None]:
    name = record.moment or next((name for name in ("date", "period") if name in record.names), None)
    for row in rows:
        value = row[name] if name else None
        yield from_micros(value).astimezone(LOCAL).date().isoformat() if isinstance(value, int) else value


def _shown(kind: str, value: Any) -> str | None:
    if value is None:
        return None
    return iso_local(value) if kind == "instant" else str(value)


def _quarantined(db: Database, viewer: Viewer, batch_id: int, limit: int) -> list[Mapping[str, Any]]:
    """What the batch brought first, and what it brought again."""
    row, seen = QUARANTINE.c, QUARANTINE_SIGHTINGS.c
    told = (row.record, row.office_named, row.number, row.reason, row.column_name, row.value, row.state)
    first = db.frame(sa.select(row.id, row.row_no, *told).where(row.batch_id == batch_id))
    joined = QUARANTINE_SIGHTINGS.join(QUARANTINE, row.id == seen.quarantine_id)
    again = db.frame(sa.select(row.id, seen.row_no, *told).select_from(joined).where(seen.batch_id == batch_id))
    both = [frame.with_columns(pl.lit(value=flag).alias("again")) for frame, flag in ((first, False), (again, True))]
    rows = masked_rows(db, viewer, pl.concat(both).sort("row_no").head(limit)).drop("record", "office_named")
    return list(rows.iter_rows(named=True))


def as_json(found: BatchChanges) -> dict[str, Any]:
    """The document of `mingcha batch`."""
    batch = dict(found.batch)
    batch["details"] = json.loads(batch.get("details") or "{}")
    for name in ("exported_at", "started_at", "finished_at"):
        batch[name] = iso_local(batch[name])
    return {
        "batch": batch,
        "offices": list(found.offices),
        "periods": list(found.periods),
        "rows": [
            {
                "fate": change.fate,
                "number": change.number,
                "office": change.office,
                "day": change.day,
                "row": change.row_no,
                "columns": {name: list(values) for name, values in change.columns.items()},
            }
            for change in found.changes
        ],
        "quarantined": [dict(row) for row in found.quarantined],
    }

"""Record tables and their history, made from the canonical columns of `collectors.records`.

The record table holds the current version of each record; `<record>_history` holds versions that were replaced and
older exports that came late. Both keep batch and row number: any figure leads back to a row of a file.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from collectors.records import RECORDS, Column, RecordType
from dashboard.database.models.base import METADATA, flag, identity, instant, number, text

_COLUMN_MAKERS = {"instant": instant, "integer": number, "flag": flag, "maybe": flag}


def _column(column: Column) -> sa.Column[Any]:
    return _COLUMN_MAKERS.get(column.kind, text)(column.name)


def _lineage() -> list[sa.Column[Any]]:
    """Where a version came from and what could not be read in it."""
    return [
        instant("version_at", null=False),
        number("content_hash", null=False),
        number("batch_id", null=False),
        number("row_no", null=False),
        text("precision"),  # JSON list of the stamps that are known to the minute only
        text("unreadable"),  # JSON object: column → the text that could not be read
    ]


def _body(record: RecordType) -> list[sa.Column[Any]]:
    columns = [_column(column) for column in record.columns]
    key = set(record.key)
    for column in columns:
        column.nullable = column.name not in key
    named = [text("office_named")] if record.office else []
    system = [text("system", null=False)] if record.by_system else []
    return [*system, *columns, *named, *_lineage()]


def _beside(record: RecordType) -> list[sa.Column[Any]]:
    """What is known of a record beside what it says itself; no version of it is kept."""
    return [text("rulebook")] if record.name == "offices" else []  # empty: the company's own


def _record_table(record: RecordType) -> sa.Table:
    """Current versions: unique by the stored key, indexed by batch (what changed) and by customer for R4."""
    # number before system: judgement looks a number up in all systems (what a repair's ticket inherits)
    key = sa.UniqueConstraint(*record.key, *(("system",) if record.by_system else ()))
    table = sa.Table(record.name, METADATA, identity(), *_body(record), *_beside(record), key)
    sa.Index(f"ix_{record.name}_batch_id", table.c.batch_id)
    for name in _INDEXED.get(record.name, ()):
        sa.Index(f"ix_{record.name}_{name}", table.c[name], **_where_filled(table.c[name]))
    return table


def _where_filled(column: sa.Column[Any]) -> dict[str, Any]:
    """Identifiers are often empty: index only the filled ones. Moments of acceptance never are."""
    if column.name in ("accepted_at", "at", "date"):
        return {}
    return {"sqlite_where": column.is_not(None), "postgresql_where": column.is_not(None)}


def _history_table(record: RecordType) -> sa.Table:
    """Replaced and late versions. `fate`: `replaced` (was current once) or `older` (never was)."""
    table = sa.Table(
        f"{record.name}_history",
        METADATA,
        identity(),
        number("record_id"),
        text("fate", null=False),
        number("ended_by_batch", null=False),
        *_body(record),
    )
    sa.Index(f"ix_{record.name}_history_record", table.c.record_id)
    sa.Index(f"ix_{record.name}_history_ended", table.c.ended_by_batch)
    return table


_INDEXED = {
    "tickets": ("parent_ticket_no", "customer_no", "accepted_at"),
    "repairs": ("ticket_no", "customer_no", "accepted_at", "parent_repair_no"),
    "applications": ("accepted_at",),
    "evaluations": ("record_no", "at"),
    "samples": ("date",),
    "inspections": ("at",),
}

RECORD_TABLES: dict[str, sa.Table] = {name: _record_table(record) for name, record in RECORDS.items()}
HISTORY_TABLES: dict[str, sa.Table] = {name: _history_table(record) for name, record in RECORDS.items()}

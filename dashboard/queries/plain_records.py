"""Records without a verdict of their own (无评判): inspections of halls and monthly measures, with file and row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from checks.periods import Period
from collectors.records import RECORDS
from dashboard.database import Database
from dashboard.database.models import BATCHES, RECORD_TABLES
from dashboard.errors import UsageError
from dashboard.instants import from_micros
from dashboard.people import Viewer
from dashboard.queries.inspections import withheld
from dashboard.queries.offices import Tree, require_visible

PLAIN = ("inspections", "measures")


@dataclass(frozen=True, slots=True)
class Plain:
    """One record as stored, with the row of the file that it came from."""

    id: int
    number: str
    office: str
    at: datetime | None
    """When; None for a measure, which has a month."""
    values: Mapping[str, Any]
    source: str
    file: str | None
    row_no: int


def plain_records(
    db: Database, viewer: Viewer, tree: Tree, *, record: str, period: Period, office: str | None = None,
    indicator: str | None = None, limit: int | None = None, offset: int = 0,
) -> tuple[list[Plain], int]:  # fmt: skip
    """Records of a period at the viewer's offices (below `office`), newest first, and how many there are in all.

    `indicator` keeps one line of the measures. Raises UsageError for a kind that has verdicts, or an unknown office.
    """
    if record not in PLAIN:
        raise UsageError(f"Records of kind '{record}' have verdicts.", "See mingcha records.")
    kind, table = RECORDS[record], RECORD_TABLES[record]
    row = table.c
    named = row[kind.office or "office_code"]
    order = row["at"] if record == "inspections" else row.period
    conditions = [_inside(record, row, period)]
    if office is not None:
        require_visible(tree, office)
        conditions.append(named.in_(sorted(tree.below(office))))
    elif not viewer.sees_everything:
        conditions.append(named.in_(sorted(tree.offices)))
    if indicator is not None:
        conditions.append(row.indicator == indicator)
    query = (
        sa.select(table, BATCHES.c.source.label("batch_source"), BATCHES.c.file.label("batch_file"))
        .join_from(table, BATCHES, BATCHES.c.id == row.batch_id)
        .where(*conditions)
    )
    page = query.order_by(order.desc(), named, row[kind.number], row.id).offset(offset)
    with db.reading() as connection:
        total = connection.execute(sa.select(sa.func.count()).select_from(table).where(*conditions)).scalar_one()
        found = connection.execute(page if limit is None else page.limit(limit)).mappings()
        rows = [dict(row) for row in found]
    hidden = withheld(db, viewer, rows) if record == "inspections" else frozenset()
    return [_plain(record, row, hidden) for row in rows], int(total)


def _inside(record: str, row: Any, period: Period) -> sa.ColumnElement[bool]:
    """Inspections by their moment, measures by the months that the period wholly contains."""
    if record == "inspections":
        return sa.and_(row["at"] >= period.starts_at, row["at"] < period.ends_at)
    return row.period.in_(period.months_inside())  # type: ignore[no-any-return]


def _plain(record: str, row: Mapping[str, Any], hidden: frozenset[str]) -> Plain:
    kind = RECORDS[record]
    left_out = {"inspector"} if row[kind.number] in hidden else set()
    return Plain(
        id=row["id"],
        number=row[kind.number],
        office=row[kind.office or "office_code"],
        at=from_micros(row["at"]) if record == "inspections" else None,
        values={name: None if name in left_out else row[name] for name in kind.names},
        source=row["batch_source"],
        file=row["batch_file"],
        row_no=row["row_no"],
    )

"""What could not be stored and why (隔离区): rows with reason and text seen, and counts by reason and source."""

from __future__ import annotations

from typing import Any

import polars as pl
import sqlalchemy as sa

from dashboard.database import Database
from dashboard.database.models import BATCHES, QUARANTINE
from dashboard.intake.names import office_names
from dashboard.people import Viewer
from dashboard.queries.offices import visible_tree

COLUMNS = ("id", "record", "number", "office_named", "state", "since", "reason", "column_name", "value", "row_no")


def quarantined(
    db: Database,
    viewer: Viewer,
    *,
    record: str | None = None,
    reason: str | None = None,
    source: str | None = None,
    batch_id: int | None = None,
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
    query = query.order_by(QUARANTINE.c.id.desc())
    if viewer.sees_everything and limit is not None:
        query = query.limit(limit)
    rows = db.frame(query)
    mine = rows if viewer.sees_everything else rows.filter(_names_own_office(db, viewer, rows["office_named"]))
    return mine.head(limit) if limit is not None else mine


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


def raw_row(db: Database, viewer: Viewer, quarantine_id: int) -> dict[str, Any] | None:
    """One quarantined row with its text as read (personal data: for who sees the whole company), else None."""
    if not viewer.sees_everything:
        return None
    query = sa.select(QUARANTINE).where(QUARANTINE.c.id == quarantine_id)
    with db.reading() as connection:
        row = connection.execute(query).mappings().one_or_none()
    return None if row is None else dict(row)


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

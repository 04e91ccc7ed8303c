"""The holiday notices stored in the database (节假日通知), in the order in which they were loaded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from checks.notices import Notice, notice_of
from dashboard.database import Database
from dashboard.database.models import CALENDAR_NOTICES
from dashboard.judging.reading import Reader


def stored_notices(db: Database, calendar: str) -> tuple[Notice, ...]:
    """The notices of a calendar."""
    with db.reading() as connection:
        return _notices(tuple(row) for row in connection.execute(_query(calendar)))


def notices_read(reader: Reader, calendar: str) -> tuple[Notice, ...]:
    """The same in the transaction of a reader."""
    return _notices(reader.frame(_query(calendar)).iter_rows())


def _query(calendar: str) -> sa.Select[Any]:
    row = CALENDAR_NOTICES.c
    return sa.select(row.year, row.document, row.issued, row.days).where(row.calendar == calendar).order_by(row.id)


def _notices(rows: Iterable[tuple[Any, ...]]) -> tuple[Notice, ...]:
    return tuple(notice_of(*row) for row in rows)

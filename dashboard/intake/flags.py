"""Flags (核查标记): what looks wrong with a file or a day, as rows that are added and never changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import polars as pl
import sqlalchemy as sa

from dashboard.database.models import BATCH_FLAG_EVENTS, BATCH_FLAGS
from dashboard.intake.tables import Tables

COUNT_DIFFERS, TOTAL_DIFFERS = "count_differs", "total_differs"
ROW_LIMIT, ROUND_COUNT, PAGE_OF_MANY = "row_limit", "round_count", "page_of_many"
MISSING_DAYS, MISSING_MONTHS = "missing_days", "missing_months"
VOLUME_LOW, VOLUME_HIGH = "volume_low", "volume_high"
FILE_KINDS = (COUNT_DIFFERS, TOTAL_DIFFERS, ROW_LIMIT, ROUND_COUNT, PAGE_OF_MANY)
DAY_KINDS = (MISSING_DAYS, MISSING_MONTHS, VOLUME_LOW, VOLUME_HIGH)
KINDS = (*FILE_KINDS, *DAY_KINDS)
ALL = "*"
"""The series of records that are not told apart."""
CLOSED, REOPENED, CLEARED = "closed", "reopened", "cleared"


@dataclass(frozen=True)
class Flag:
    """One flag about to be raised; `stated` is what should be there, `found` what is."""

    kind: str
    batch_id: int
    source: str
    system: str
    record: str
    day_from: str
    day_to: str
    stated: str | None = None
    found: str | None = None
    series: str = ALL
    office: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def identity(self) -> tuple[str, str, str | None, str, str]:
        """Two flags of one system and record that agree in this say the same of the same days."""
        return self.kind, self.series, self.office, self.day_from, self.day_to


def plain_number(number: Decimal) -> str:
    """Without an exponent and without zeros behind the point."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def raise_flags(tables: Tables, flags: Sequence[Flag], at: int) -> None:
    """Add flags. `at`: microseconds UTC."""
    for flag in flags:
        values = {
            "batch_id": flag.batch_id, "source": flag.source, "system": flag.system, "record": flag.record,
            "series": flag.series, "office_code": flag.office, "kind": flag.kind, "day_from": flag.day_from,
            "day_to": flag.day_to, "stated": flag.stated, "found": flag.found,
            "detail": json.dumps(flag.detail, ensure_ascii=False, sort_keys=True), "raised_at": at,
        }  # fmt: skip
        tables.run(sa.insert(BATCH_FLAGS).values(**values))


def add_event(flag_id: int, action: str, by: str, at: int, why: str | None = None) -> sa.Insert:
    """The statement that says what became of a flag."""
    return sa.insert(BATCH_FLAG_EVENTS).values(flag_id=flag_id, action=action, why=why, by=by, at=at)


def last_actions() -> sa.Subquery:
    """`flag_id, action`: the newest event of each flag that has one. Without one, or reopened, a flag is open."""
    events = BATCH_FLAG_EVENTS.c
    newest = sa.select(sa.func.max(events.id)).group_by(events.flag_id)
    return sa.select(events.flag_id, events.action).where(events.id.in_(newest)).subquery("last_actions")


def standing(tables: Tables, condition: sa.ColumnElement[bool]) -> pl.DataFrame:
    """Flags that no later data have settled, with `action` (closed by a person, reopened, or null)."""
    last, flag = last_actions(), BATCH_FLAGS
    query = sa.select(flag, last.c.action).select_from(flag.outerjoin(last, last.c.flag_id == flag.c.id))
    return tables.frame(query.where(condition, sa.or_(last.c.action.is_(None), last.c.action != CLEARED)))

"""How halls are open (营业安排): a month of one hall with the slots that are due, filings and how late they came."""

from __future__ import annotations

import json
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from checks.judge.samples import CLOSES, OPENS, SlotTime, clock_time, slot_is_due
from dashboard.database import Database
from dashboard.database.models import BATCHES, RECORD_TABLES
from dashboard.instants import LOCAL, from_micros, to_micros
from dashboard.judging.rules import Rules
from dashboard.people import Viewer
from dashboard.queries.offices import require_visible, visible_tree

Row = Mapping[Any, Any]


@dataclass(frozen=True, slots=True)
class HallDay:
    """One day of a hall. Times are local; `late` are the slots that had begun when their closure was filed."""

    hall: str
    day: date
    open: bool
    opens: time | None
    closes: time | None
    reason: str | None
    filed_at: datetime | None
    by: str | None
    """Who filed it: a person, or the source that said it. None where nobody said anything."""
    due: tuple[int, ...]
    late: tuple[int, ...]
    note: str | None = None
    """What the person gave as cause of other hours: no `reason`, for that would mean a fault."""

    @property
    def fault(self) -> bool:
        return self.open and self.reason is not None

    @property
    def too_late(self) -> bool:
        """A closure after a slot began, or a fault filed after its day."""
        over = datetime.combine(self.day + timedelta(days=1), time(0), LOCAL)
        return bool(self.late) or (self.fault and (self.filed_at is None or self.filed_at >= over))


def hall_month(db: Database, viewer: Viewer, rules: Rules, *, hall: str, year: int, month: int) -> list[HallDay]:
    """Every day of the month. NotAllowedError for a hall out of sight."""
    require_visible(visible_tree(db, viewer), hall)
    first, last = date(year, month, 1), date(year, month, monthrange(year, month)[1])
    known = {row["date"]: row for row in _rows(db, [hall], first, last)}
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [_day(hall, day, known.get(day.isoformat()), rules) for day in days]


def filings(db: Database, viewer: Viewer, rules: Rules, *, since: date, until: date) -> list[HallDay]:
    """Days from `since` to `until` (both included) on which a hall was or will be open otherwise; newest first."""
    halls = [code for code, office in visible_tree(db, viewer).offices.items() if office.level == "hall"]
    found = [_day(row["hall_code"], date.fromisoformat(row["date"]), row, rules)
             for row in _rows(db, halls, since, until)]  # fmt: skip
    return sorted(found, key=lambda one: (one.day, one.hall), reverse=True)


def _rows(db: Database, halls: list[str], first: date, last: date) -> list[Row]:
    day, batch = RECORD_TABLES["hall_days"].c, BATCHES.c
    query = (
        sa.select(day.hall_code, day.date, day.open, day.opens, day.closes, day.reason, day.filed_at,
                  batch.by, batch.source, batch.details)
        .join_from(RECORD_TABLES["hall_days"], BATCHES, batch.id == day.batch_id, isouter=True)
        .where(day.date.between(first.isoformat(), last.isoformat()))
        .order_by(day.date)
    )  # fmt: skip
    seen = set(halls)
    with db.reading() as connection:
        return [row for row in connection.execute(query).mappings() if row["hall_code"] in seen]


def _day(hall: str, day: date, row: Row | None, rules: Rules) -> HallDay:
    slots = rules.slots.on(day)
    due = tuple(slot.number for slot in slots if slot_is_due(day, slot, row, rules.calendar))
    if row is None:
        working = rules.calendar.is_working(day)
        return HallDay(hall, day, working, OPENS if working else None, CLOSES if working else None, None, None, None,
                       due, ())  # fmt: skip
    filed = None if row["filed_at"] is None else from_micros(row["filed_at"])
    return HallDay(
        hall, day, bool(row["open"]), _clock(row["opens"], OPENS, row), _clock(row["closes"], CLOSES, row),
        row["reason"], filed, row["by"] or row["source"], due, _late(day, slots, row, rules), _note(row["details"]),
    )  # fmt: skip


def _note(details: str | None) -> str | None:
    told = json.loads(details) if details else {}
    return told.get("why") if told.get("kind") in ("hours", "opening") else None


def _clock(text: str | None, usual: time, row: Row) -> time | None:
    return clock_time(text, usual) if row["open"] else None


def _late(day: date, slots: tuple[SlotTime, ...], row: Row, rules: Rules) -> tuple[int, ...]:
    """Slots that the filing takes away and that had begun by then: they stay due."""
    if row["filed_at"] is None:
        return ()
    in_time = {**row, "filed_at": None}
    return tuple(
        slot.number for slot in slots
        if slot_is_due(day, slot, row, rules.calendar) and not slot_is_due(day, slot, in_time, rules.calendar)
        and row["filed_at"] > to_micros(datetime.combine(day, slot.starts, LOCAL))
    )  # fmt: skip

"""What a clock counts (计时): the due moment from an amount, and the amount from two moments, by one definition.

A clock is natural, in working days, or in working hours. All three are the same arithmetic on an axis that only grows
while the clock runs, so that `elapsed` undoes `due` whatever holidays, closing times and pauses lie between. Bugs of
other systems came from counting the two in different ways (GLPI #10594, #687).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from checks.clock import MINUTE, Calendar, last_second, local_day, midnights
from checks.errors import RuleError

SECOND = 1_000_000


@dataclass(frozen=True)
class Counting:
    """One clock. Amounts and pauses are microseconds, or whole working days for `days`."""

    kind: Literal["natural", "hours", "days"]
    calendar: Calendar
    spans: tuple[tuple[int, int], ...] = ()
    """Of `hours`: when a working day works, in minutes since midnight, in order, without overlap."""

    def due(self, start: pl.Expr, amount: pl.Expr | int, paused: pl.Expr | int = 0) -> pl.Expr:
        """The last moment in time (microseconds UTC), `paused` left out.

        A working-day limit ends at the last second of its N-th working day after the day of the start, which is day 0.
        A start after closing time counts from the next opening.
        """
        if self.kind == "natural":
            return start + amount + paused
        if self.kind == "days":
            return last_second(self.end_day(start, amount, paused), self.calendar.zone)
        return self._moment(self._worked(start) + amount + paused)

    def elapsed(self, start: pl.Expr, end: pl.Expr, paused: pl.Expr | int = 0) -> pl.Expr:
        """What the clock counted from `start` to `end`, never below 0; the inverse of `due`.

        In working days: the smallest limit that `end` meets, so that `end` is in time exactly if this is at most it.
        """
        if self.kind == "natural":
            counted = end - start
        elif self.kind == "days":
            counted = self._days_begun(start, end)
        else:
            counted = self._worked(end) - self._worked(start)
        return (counted - paused).clip(0)

    def end_day(self, start: pl.Expr, amount: pl.Expr | int, paused: pl.Expr | int = 0) -> pl.Expr:
        """The day number on which a limit in working days, or a moment of one in hours, ends."""
        return self.calendar.end_day(local_day(start, self.calendar.zone), pl.lit(0) + amount + paused)

    def _days_begun(self, start: pl.Expr, end: pl.Expr) -> pl.Expr:
        passed = pl.lit(pl.Series(self.calendar.passed))
        zone = self.calendar.zone
        first = local_day(start, zone)
        last = local_day(end + (SECOND - 1), zone)  # what follows the last second belongs to the next day
        bound = len(self.calendar.working) - 1
        begun = passed.gather((last - 1).clip(0, bound)) + 1 - passed.gather(first.clip(0, bound))
        return pl.when(last > first).then(begun).otherwise(0)

    @property
    def _per_day(self) -> int:
        return sum(end - begin for begin, end in self.spans) * MINUTE

    def _worked(self, moment: pl.Expr) -> pl.Expr:
        """Working time from 1970 to a moment."""
        calendar = self.calendar
        day = local_day(moment, calendar.zone)
        place = day.clip(0, len(calendar.working) - 1)
        into = moment - midnights(day, calendar.zone)
        today = pl.sum_horizontal((into - begin * MINUTE).clip(0, (end - begin) * MINUTE) for begin, end in self.spans)
        passed, working = (
            pl.lit(pl.Series(values)).gather(place) for values in (calendar.passed, calendar.working.astype("int64"))
        )
        return (passed - working) * self._per_day + working * today

    def _moment(self, worked: pl.Expr) -> pl.Expr:
        """The first moment by which so much working time has passed."""
        days = (worked - 1).floordiv(self._per_day) + 1
        rest = worked - (days - 1) * self._per_day
        known = self.calendar.nth
        day = pl.lit(pl.Series(known)).gather(days.clip(0, len(known) - 1))
        into, before = pl.lit(None, dtype=pl.Int64), 0
        for begin, end in self.spans:
            after = before + (end - begin) * MINUTE
            into = pl.coalesce(into, pl.when(rest <= after).then(rest - before + begin * MINUTE))
            before = after
        return midnights(day, self.calendar.zone) + into


def counting(clock: str, unit: str, calendar: Calendar, spans: Sequence[tuple[int, int]]) -> Counting:
    """The clock of a limit's `clock` and `unit`."""
    if clock == "natural":
        return Counting("natural", calendar)
    if unit == "days":
        return Counting("days", calendar)
    if not spans:
        raise RuleError(f"Calendar {calendar.name}: no working time for a limit in hours. Set working_time.")
    return Counting("hours", calendar, tuple(sorted(spans)))


def due_at(clock: Counting, start: dt.datetime, amount: int, paused: int = 0) -> dt.datetime:
    """`Counting.due` of one aware moment, in UTC: for pages and tests."""
    found = _one(clock.due(pl.lit(_micros(start)), pl.lit(amount), pl.lit(paused)))
    return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=found)


def elapsed_between(clock: Counting, start: dt.datetime, end: dt.datetime, paused: int = 0) -> int:
    """`Counting.elapsed` of two aware moments."""
    return _one(clock.elapsed(pl.lit(_micros(start)), pl.lit(_micros(end)), pl.lit(paused)))


def _one(expression: pl.Expr) -> int:
    return int(pl.select(expression).item())


def _micros(moment: dt.datetime) -> int:
    return (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)

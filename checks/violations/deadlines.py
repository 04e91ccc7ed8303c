"""How long each step of a violation may take (时限, domain §7.2): minutes, hours, working days or slots, by severity.

A limit of N working days ends at the last second of the N-th working day after the day on which it began. Domain gives
every figure below as a default of ours (p); `send_down`, `material` and `close` have none there and follow the others.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from checks.clock import Calendar, day_number, midnight

ZONE = dt.timezone(dt.timedelta(hours=8))
SECOND = dt.timedelta(seconds=1)
SlotTimes = Sequence[tuple[int, int]]
"""Slots of a day in minutes since midnight."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One of: a span of natural time, working days (0: the same day), or that many slots from the next one on."""

    natural: dt.timedelta | None = None
    days: int | None = None
    slots: int | None = None


def _minutes(amount: int) -> Limit:
    return Limit(natural=dt.timedelta(minutes=amount))


def _days(amount: int) -> Limit:
    return Limit(days=amount)


LIMITS: dict[str, dict[str, Limit | None]] = {
    "remind": {"A": _minutes(15), "B": _minutes(30), "C": Limit(slots=1), "D": _days(0)},
    "verify": {"A": _minutes(240), "B": _days(1), "C": _days(2), "D": _days(3)},
    "material": {"A": _days(1), "B": _days(1), "C": _days(2), "D": _days(3)},
    "send_down": {"A": _days(1), "B": _days(1), "C": _days(1), "D": _days(1)},
    "appeal": {"A": _days(3), "B": _days(3), "C": _days(2), "D": None},
    "decide_appeal": {"A": _days(3), "B": _days(3), "C": _days(3), "D": None},
    "plan": {"A": _days(1), "B": _days(2), "C": None, "D": None},
    "rectify": {"A": _days(3), "B": _days(5), "C": _days(5), "D": _days(5)},
    "recheck": {"A": _days(5), "B": _days(7), "C": Limit(slots=2), "D": _days(7)},
    "close": {"A": _days(5), "B": _days(5), "C": _days(5), "D": _days(5)},
}
"""Step → severity → its limit; None where the severity has no such step."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The company's working days, and the slots of each day."""

    calendar: Calendar
    slots_on: Callable[[dt.date], SlotTimes]


def deadline(
    clock: Clock, step: str, severity: str, start: dt.datetime, pauses: Iterable[tuple[dt.datetime, dt.datetime]] = ()
) -> dt.datetime | None:
    """The last second in which the step is in time; None where the severity has no such step. Never before `start`.

    `pauses` are ended suspensions: the working days (or the time) of the step in them are given back.
    """
    limit = LIMITS[step][severity]
    if limit is None:
        return None
    stops = [(max(begin, start), end) for begin, end in pauses if end > start]
    if limit.natural is not None:
        return start + limit.natural + sum((end - begin for begin, end in stops), dt.timedelta())
    if limit.slots is not None:
        return end_of_slot(clock, max([start, *(end for _, end in stops)]), limit.slots)
    given_back = sum(_working_days(clock.calendar, begin, end) for begin, end in stops)
    return end_of_day(clock.calendar, start, (limit.days or 0) + given_back)


def end_of_day(calendar: Calendar, start: dt.datetime, days: int) -> dt.datetime:
    """23:59:59 local of the `days`-th working day after the local day of `start`; of that day itself with 0."""
    day = day_number(start.astimezone(ZONE).date())
    if days:
        day = int(calendar.nth[calendar.passed[day] + days])
    return _at(dt.date(1970, 1, 1) + dt.timedelta(days=day + 1), 0) - SECOND


def end_of_slot(clock: Clock, start: dt.datetime, count: int) -> dt.datetime:
    """The end of the `count`-th slot of working days that ends after `start` (the one that runs counts)."""
    day = start.astimezone(ZONE).date()
    for _ in range(400):
        if clock.calendar.is_working(day):
            for _, end in sorted(clock.slots_on(day)):
                moment = _at(day, end)
                if moment > start:
                    count -= 1
                    if count == 0:
                        return moment
        day += dt.timedelta(days=1)
    return end_of_day(clock.calendar, start, 1)  # a company without slots


def in_time(moment: dt.datetime, until: dt.datetime | None) -> bool:
    """Whether a moment lies within a window that ends with the second `until`: 23:59:59.9 does, 00:00:00 does not."""
    return until is not None and moment < until + SECOND


def _working_days(calendar: Calendar, begin: dt.datetime, end: dt.datetime) -> int:
    first, last = (day_number(one.astimezone(ZONE).date()) for one in (begin, end))
    return int(calendar.passed[last] - calendar.passed[first])


def _at(day: dt.date, minutes: int) -> dt.datetime:
    start = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=midnight(day))
    return start + dt.timedelta(minutes=minutes)

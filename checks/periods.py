"""Periods (周期): 2026-Q3, 2026-09, 2026-W38, 2026-09-01..2026-09-15, half-open in local days (design §3.1, §4.1)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass

from checks.clock import LOCAL, midnight
from checks.errors import PeriodError

FORMS = "Known forms: 2026-Q3, 2026-09, 2026-W38, 2026-09-01..2026-09-15."
DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """Local days `[start, end)`, under the name by which it was asked for."""

    name: str
    start: dt.date
    end: dt.date
    zone: str = LOCAL
    """Whose midnights bound it: ours, or those of a foreign rulebook's records."""

    @property
    def last_day(self) -> dt.date:
        return self.end - DAY

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    @property
    def starts_at(self) -> int:
        """First microsecond UTC (midnight in its zone)."""
        return midnight(self.start, self.zone)

    @property
    def ends_at(self) -> int:
        """First microsecond UTC that no longer belongs to it."""
        return midnight(self.end, self.zone)

    @property
    def is_quarter(self) -> bool:
        first, following = quarter_of(self.start)
        return (self.start, self.end) == (first, following)

    @property
    def is_month(self) -> bool:
        return self.start.day == 1 and self.end == next_month(self.start)

    @property
    def days_of_quarter(self) -> int:
        """Days of the quarter in which the period ends (T4, design §3.5)."""
        first, following = quarter_of(self.last_day)
        return (following - first).days

    def months_that_begin(self) -> list[str]:
        """`YYYY-MM` of every month whose first day lies inside (H1, design §3.5)."""
        return [f"{month:%Y-%m}" for month in _months(self.start, self.end) if month >= self.start]

    def months_inside(self) -> list[str]:
        """`YYYY-MM` of every month that lies wholly inside (O1–O4, design §3.5)."""
        return [
            f"{month:%Y-%m}"
            for month in _months(self.start, self.end)
            if month >= self.start and next_month(month) <= self.end
        ]


def parse_period(text: str, zone: str = LOCAL) -> Period:
    """The period of that name. PeriodError shows the known forms."""
    for pattern, make in _FORMS:
        if match := re.fullmatch(pattern, text.strip()):
            try:
                start, end = make(*match.groups())
            except ValueError as error:
                raise PeriodError(f"There is no period '{text}': {error}. {FORMS}") from error
            return Period(text.strip(), start, end, zone)
    raise PeriodError(f"'{text}' is no period. {FORMS}")


def usual_name(name: str) -> str:
    """The short name of a period that is exactly a quarter, a month or a week; any other text as it is."""
    try:
        asked = parse_period(name)
    except PeriodError:
        return name
    first, (year, week, _) = asked.start, asked.start.isocalendar()
    names = (f"{first.year}-Q{(first.month + 2) // 3}", f"{first:%Y-%m}", f"{year}-W{week:02d}")
    same = (one for one in map(parse_period, names) if (one.start, one.end) == (asked.start, asked.end))
    return next((one.name for one in same), asked.name)


def quarter_of(day: dt.date) -> tuple[dt.date, dt.date]:
    """First day of the quarter and of the next one."""
    first = dt.date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    following = first
    for _ in range(3):
        following = next_month(following)
    return first, following


def next_month(first: dt.date) -> dt.date:
    """First day of the next month."""
    return dt.date(first.year + first.month // 12, first.month % 12 + 1, 1)


def last_day_of(month: str) -> dt.date:
    """Last day of `YYYY-MM`."""
    return next_month(dt.date.fromisoformat(f"{month}-01")) - DAY


def month_bounds(month: str) -> tuple[int, int]:
    """First microsecond UTC of `YYYY-MM` and of the next month (Asia/Shanghai)."""
    first = dt.date.fromisoformat(f"{month}-01")
    return midnight(first), midnight(next_month(first))


def month_name(day: dt.date) -> str:
    """`YYYY-MM`."""
    return f"{day:%Y-%m}"


def previous_quarter(period: Period) -> Period:
    """The quarter before the one in which `period` starts, for comparison."""
    first, _ = quarter_of(quarter_of(period.start)[0] - DAY)
    return parse_period(f"{first.year}-Q{(first.month + 2) // 3}", period.zone)


def period_before(period: Period) -> Period:
    """The period before (环比): the calendar quarter, month or week before, or the same number of days before."""
    last = period.start - DAY
    if period.is_quarter:
        return previous_quarter(period)
    if period.is_month:
        return parse_period(month_name(last), period.zone)
    if "-W" in period.name:
        year, week, _ = last.isocalendar()
        return parse_period(f"{year}-W{week:02d}", period.zone)
    return parse_period(f"{period.start - dt.timedelta(days=period.days)}..{last}", period.zone)


def year_before(period: Period) -> Period:
    """The same period a year before (同比): the quarter or month, else the same weekdays."""
    year = period.start.year - 1
    if period.is_quarter:
        return parse_period(f"{year}-Q{(period.start.month + 2) // 3}", period.zone)
    if period.is_month:
        return parse_period(f"{year}-{period.start:%m}", period.zone)
    start = period.start - dt.timedelta(days=364)
    return parse_period(f"{start}..{start + dt.timedelta(days=period.days - 1)}", period.zone)


def _months(start: dt.date, end: dt.date) -> Iterator[dt.date]:
    month = start.replace(day=1)
    while month < end:
        yield month
        month = next_month(month)


def _quarter(year: str, quarter: str) -> tuple[dt.date, dt.date]:
    return quarter_of(dt.date(int(year), int(quarter) * 3, 1))


def _month(year: str, month: str) -> tuple[dt.date, dt.date]:
    first = dt.date(int(year), int(month), 1)
    return first, next_month(first)


def _week(year: str, week: str) -> tuple[dt.date, dt.date]:
    monday = dt.date.fromisocalendar(int(year), int(week), 1)
    return monday, monday + 7 * DAY


def _span(first: str, last: str) -> tuple[dt.date, dt.date]:
    start, end = dt.date.fromisoformat(first), dt.date.fromisoformat(last) + DAY
    if end <= start:
        raise ValueError(f"it ends {last}, before it starts {first}")
    return start, end


_FORMS = (
    (r"(\d{4})-Q([1-4])", _quarter),
    (r"(\d{4})-(\d{2})", _month),
    (r"(\d{4})-W(\d{2})", _week),
    (r"(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})", _span),
)

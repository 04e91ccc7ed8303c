"""The demo company's files (收件箱): what its systems exported on which day, written where a source would find them.

A file depends on its name's day alone. Months overlap as re-exports do: each file also brings the fortnight before its
month, with newer versions of what was open then.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache

import polars as pl

from dashboard.demo import extracts
from dashboard.demo.extract import Extract
from dashboard.demo.hallwork import hall_days, inspections_of, samples_of
from dashboard.demo.known import as_known
from dashboard.demo.linefiles import before, closed_quarters, of_the_day
from dashboard.demo.service import DayOfService, service_of
from dashboard.demo.sheets import Sheet, as_csv, as_html, as_xlsx

ARCHIVE_DAYS = {"tickets": 15, "repairs": 2}
"""Days before its month that a file also brings."""
TURNED_DAYS = 9
"""The camera of one hall was turned away this many days before the demo was made."""
PLAYBACK = "recordings/{camera}/%Y%m%d/%H%M.mp4"
REFERENCE = "recordings/{camera}/reference.png"


def first_day(today: date) -> date:
    """The data begin two whole quarters before the present one, so that a finished quarter can be compared."""
    return before(_quarter(today), 6)


def _quarter(day: date) -> date:
    """The first day of its quarter."""
    return day.replace(month=day.month - (day.month - 1) % 3, day=1)


def turned_since(today: date) -> date:
    return today - timedelta(days=TURNED_DAYS)


def history(today: date) -> Iterator[Extract]:
    """All files up to yesterday's exports, in the order in which they came."""
    yield from _registers(today)
    months = _months(first_day(today), today)
    for month in months:
        yield from _monthly(month, today)
        if month.month % 3 == 0 or month == months[-1]:
            yield _quarterly(_quarter(month), today)
    yield from closed_quarters(first_day(today), _quarter(today), _tickets_of)


def hourly(made_on: date, moment: datetime) -> Iterator[Extract]:
    """The exports of the full hour before `moment` (naive local), the last three days as known then, and of its day."""
    hour = moment.replace(minute=0, second=0, microsecond=0)
    first, stem = hour.date() - timedelta(days=2), f"{hour:%Y-%m-%d_%H}00"
    yield Extract("tickets", "95598", f"95598/工单_{stem}.csv", lambda: as_csv(_tickets(first, hour, stem)))
    yield Extract("repairs", "抢修指挥", f"抢修/抢修_{stem}.xls", lambda: as_html(_repairs(first, hour, stem)))
    yield _spot_checks(stem, lambda: _samples(first, hour, made_on))
    yield _inspections(stem, lambda: _visits(first, hour, made_on))
    yield from of_the_day(_quarter(hour.date()), first_day(made_on), hour.date(), _tickets_of)


def _registers(today: date) -> Iterator[Extract]:
    """Offices, cameras, opening days: what the others refer to."""
    renamed = first_day(today) + timedelta(days=137)
    yield Extract(
        "offices", "单位台账", "单位/单位台账.xlsx",
        lambda: as_xlsx(extracts.offices_sheet(renamed, renamed - timedelta(days=1))),
    )  # fmt: skip
    yield Extract(
        "cameras", "摄像机", "单位/摄像机.csv",
        lambda: as_csv(extracts.cameras_sheet(REFERENCE, PLAYBACK), "utf-8-sig"),
    )  # fmt: skip
    yield Extract(
        "hall_days", "营业日历", "营业厅/营业日历.csv",
        lambda: as_csv(extracts.hall_days_sheet(
            hall_days(first_day(today), today + timedelta(days=14)), datetime.combine(today, time(0, 0))), "utf-8-sig"),
    )  # fmt: skip


def _monthly(month: date, today: date) -> Iterator[Extract]:
    """The files of one month, exported early on the second day after it, the running month's this midnight."""
    following = month + timedelta(days=monthrange(month.year, month.month)[1])
    exported = min(datetime.combine(following + timedelta(days=1), time(7, 30)), datetime.combine(today, time(0, 0)))
    last, stem = min(following - timedelta(days=1), today - timedelta(days=1)), f"{month:%Y-%m}"
    oldest = month == first_day(today)
    before = {record: max(month - timedelta(days=days), first_day(today)) for record, days in ARCHIVE_DAYS.items()}
    yield Extract(
        "tickets", "95598", f"95598/工单_{stem}.csv", lambda: as_csv(_tickets(before["tickets"], exported, stem, last))
    )
    yield Extract(
        "repairs", "抢修指挥", f"抢修/抢修_{stem}.xls",
        lambda: as_html(_repairs(before["repairs"], exported, stem, last, minutes=oldest)),
    )  # fmt: skip
    yield _inspections(stem, lambda: _visits(month, exported, today, last))


def _quarterly(first: date, today: date) -> Extract:
    """The spot-checks of one quarter, the running one's as of this midnight."""
    following = first
    for _ in range(3):
        following = (following + timedelta(days=32)).replace(day=1)
    exported = min(datetime.combine(following + timedelta(days=1), time(7, 45)), datetime.combine(today, time(0, 0)))
    last = min(following, today) - timedelta(days=1)
    stem = f"{first.year}-Q{(first.month + 2) // 3}"
    return _spot_checks(stem, lambda: _samples(first, exported, today, last))


def _spot_checks(stem: str, sheet: Callable[[], Sheet]) -> Extract:
    return Extract("samples", "营业厅抽查", f"营业厅/抽查_{stem}.xlsx", lambda: as_xlsx(sheet()))


def _inspections(stem: str, sheet: Callable[[], Sheet]) -> Extract:
    return Extract("inspections", "营业厅检查", f"营业厅/检查_{stem}.csv", lambda: as_csv(sheet(), "utf-8-sig"))


def _tickets(first: date, exported: datetime, name: str, last: date | None = None) -> Sheet:
    rows = _service("tickets", first, last or exported.date(), exported)
    return extracts.tickets_sheet(rows, first, last or exported.date(), exported, f"tickets {name}")


def _repairs(first: date, exported: datetime, name: str, last: date | None = None, *, minutes: bool = False) -> Sheet:
    rows = _service("repairs", first, last or exported.date(), exported)
    return extracts.repairs_sheet(rows, first, last or exported.date(), exported, f"repairs {name}", minutes=minutes)


def _service(record: str, first: date, last: date, exported: datetime) -> pl.DataFrame:
    """Tickets or repairs accepted from `first` to `last`, as known when exported."""
    days = [first + timedelta(days=step) for step in range((last - first).days + 1)]
    frames = [getattr(_day(day), record) for day in days]
    return as_known(record, pl.concat(frames, how="diagonal_relaxed"), exported)


def _tickets_of(first: date, last: date) -> Iterable[pl.DataFrame]:
    return (_day(first + timedelta(days=step)).tickets for step in range((last - first).days + 1))


@lru_cache(maxsize=300)
def _day(day: date) -> DayOfService:
    return service_of(day)


def _samples(first: date, exported: datetime, made_on: date, last: date | None = None) -> Sheet:
    end = last or exported.date()
    rows = samples_of(first, end, turned_since(made_on), filmed_until=made_on - timedelta(days=2))
    return extracts.samples_sheet(as_known("samples", rows, exported), first, end, exported)


def _visits(first: date, exported: datetime, made_on: date, last: date | None = None) -> Sheet:
    end = last or exported.date()
    rows = inspections_of(first, end, turned_since(made_on), filmed_until=made_on - timedelta(days=2))
    return extracts.inspections_sheet(as_known("inspections", rows, exported), first, end, exported)


def _months(first: date, today: date) -> list[date]:
    """First days of the months from `first` to the one of yesterday."""
    months, month = [], first
    while month < today:
        months.append(month)
        month = (month + timedelta(days=32)).replace(day=1)
    return months

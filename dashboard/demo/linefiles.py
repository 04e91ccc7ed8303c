"""Files of connections, evaluations and measures (业扩、评价、专业指标): two quarters at once, then one a day.

They are few and small: the demo's first page must not wait for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time, timedelta

import polars as pl

from dashboard.demo.connecting import applications_of, callbacks_of, forms_of, keypresses_of
from dashboard.demo.extract import Extract
from dashboard.demo.known import as_known
from dashboard.demo.lines import BY_COUNTY, BY_STATION, benchmarks_of, measures_of, scores_of
from dashboard.demo.linesheets import (
    applications_sheet,
    callbacks_sheet,
    fees_sheet,
    forms_sheet,
    keypresses_sheet,
    measures_sheet,
    scores_sheet,
)
from dashboard.demo.sheets import Sheet, as_csv

EARLIER_MONTHS = 9
"""Measures begin so many months before the records: every quarter shown has one a year before."""
Tickets = Callable[[date, date], Iterable[pl.DataFrame]]
"""Whole days of tickets from one day to another."""


def closed_quarters(first: date, quarter: date, tickets: Tickets) -> Iterator[Extract]:
    """Everything before the running quarter, exported on the second morning after it; measures of earlier months."""
    last, exported = quarter - timedelta(days=1), datetime.combine(quarter + timedelta(days=1), time(7, 15))
    yield from _files(f"{first:%Y-%m}至{last:%Y-%m}", first, last, exported, tickets, dirty=True)
    months = months_between(before(first, EARLIER_MONTHS), quarter)
    yield from _measures(f"{months[0]:%Y-%m}至{months[-1]:%Y-%m}", months, exported, dirty=True)
    old = [before(first, back) for back in (12, 9, 6, 3)]
    yield Extract("scores", "历史得分", f"单位/历史得分_{old[0]:%Y-%m}至{old[-1]:%Y-%m}.csv",
                  lambda: as_csv(scores_sheet(scores_of(old), exported)))  # fmt: skip


def of_the_day(quarter: date, first: date, day: date, tickets: Tickets) -> Iterator[Extract]:
    """The running quarter as of this day's midnight, with what was accepted two months before it and was open then."""
    exported, since = datetime.combine(day, time(0, 0)), max(before(quarter, 2), first)
    yield from _files(f"{day}", since, day - timedelta(days=1), exported, tickets, dirty=False, visited_from=quarter)
    if ended := months_between(quarter, day.replace(day=1)):
        yield from _measures(f"{ended[-1]:%Y-%m}", ended, datetime.combine(day.replace(day=1), time(7, 15)))


def _files(
    stem: str, first: date, last: date, exported: datetime, tickets: Tickets, *, dirty: bool,
    visited_from: date | None = None,
) -> Iterator[Extract]:  # fmt: skip
    months = months_between(first, last + timedelta(days=1))
    since = visited_from or first

    def known(record: str, frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
        return as_known(record, pl.concat(frames), exported)

    def told() -> Sheet:
        return callbacks_sheet(known("evaluations", [callbacks_of(tickets(since, last))]), since, last, exported)

    yield Extract("applications", "业扩流程", f"业扩/业扩流程_{stem}.csv", lambda: as_csv(applications_sheet(
        known("applications", map(applications_of, months)), first, last, exported, dirty=dirty)))  # fmt: skip
    yield Extract("evaluations", "业扩评价表", f"业扩/评价表_{stem}.csv", lambda: as_csv(forms_sheet(
        known("evaluations", map(forms_of, months)), first, last, exported)))  # fmt: skip
    yield Extract("evaluations", "电话回访", f"95598回访/回访_{stem}.csv", lambda: as_csv(told()))
    yield Extract("evaluations", "按键评价", f"营业厅/按键_{stem}.csv", lambda: as_csv(keypresses_sheet(
        known("evaluations", map(keypresses_of, months)), first, last, exported), "utf-8-sig"))  # fmt: skip


def _measures(stem: str, months: list[date], exported: datetime, *, dirty: bool = False) -> Iterator[Extract]:
    fees, others = BY_STATION[:1], BY_STATION[1:] + BY_COUNTY
    yield Extract("measures", "电费回收", f"专业指标/电费回收_{stem}.csv",
                  lambda: as_csv(fees_sheet(measures_of(months, fees), exported)))  # fmt: skip
    yield Extract("measures", "专业指标", f"专业指标/专业指标_{stem}.csv", lambda: as_csv(measures_sheet(
        pl.concat([benchmarks_of(months), measures_of(months, others)]), exported, dirty=dirty)))  # fmt: skip


def months_between(first: date, end: date) -> list[date]:
    """First days of the months from the one of `first` up to, not including, `end`."""
    months, month = [], first.replace(day=1)
    while month < end:
        months.append(month)
        month = (month + timedelta(days=32)).replace(day=1)
    return months


def before(month: date, count: int) -> date:
    """The first day of the month `count` months before."""
    place = month.year * 12 + month.month - 1 - count
    return date(place // 12, place % 12 + 1, 1)

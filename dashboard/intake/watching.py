"""Days watched (逐日核查): after a round of collecting, the days that changed are compared with the usual.

Flags are raised for the source as a whole and for its offices. Where the whole source is short on a day, its offices
are not named one by one. What later data settle is cleared; what a person has closed is not raised again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import sqlalchemy as sa

from checks.clock import LOCAL as SHANGHAI
from checks.clock import Calendar, load_calendar
from checks.volume import WEEKS, Gap, Series, Unusual, gaps, missing_months, unusual_days
from collectors.mapping import SourceConfig
from dashboard.bootstrap import Application
from dashboard.database import Database
from dashboard.database.models import BATCH_FLAGS, BATCHES, DAY_COUNTS
from dashboard.instants import LOCAL, to_micros
from dashboard.intake.counting import count_days
from dashboard.intake.flags import (
    CLEARED,
    DAY_KINDS,
    MISSING_DAYS,
    MISSING_MONTHS,
    VOLUME_HIGH,
    VOLUME_LOW,
    Flag,
    add_event,
    raise_flags,
    standing,
)
from dashboard.intake.tables import Tables, alone
from dashboard.judging.rules import CALENDARS, rules_of
from dashboard.people import Viewer

CalendarOf = Callable[[str, str], Calendar]
"""(name, time zone) → calendar; the name is empty for the company's own."""
AROUND = 2 * 7 * WEEKS + 7
"""Days beside those that changed which are loaded: their like days, and those around a gap."""
NAMED_DAYS = 100
"""A longer gap is told by its first and last day."""


@dataclass(frozen=True)
class _Whose:
    """One record type of one system, and the newest batch that brought some of it."""

    system: str
    record: str
    batch_id: int
    source: str


def watch_company(application: Application, configs: Sequence[SourceConfig]) -> list[int]:
    """`watch` with the calendars of the settings. `configs`: all sources whose time zone or calendar matter."""
    settings = application.settings

    def calendar_of(name: str, zone: str) -> Calendar:
        if zone == SHANGHAI and name in ("", settings.company.calendar):
            return rules_of(settings, application.db).calendar
        return load_calendar(name or settings.company.calendar, settings.home / CALENDARS, zone=zone)

    return watch(application.db, by=application.viewer, configs=configs, calendar_of=calendar_of, at=application.now())


def watch(
    db: Database, *, by: Viewer, configs: Sequence[SourceConfig], calendar_of: CalendarOf, at: datetime
) -> list[int]:
    """Count what came since the last time and compare; the ids of the flags that were raised. One transaction."""
    by_system = {config.system_name: config for config in configs}
    zones = {system: config.timezone for system, config in by_system.items()}
    with alone(db) as tables:
        if not count_days(tables, zones):
            return []
        before = tables.scalar(sa.select(sa.func.max(BATCH_FLAGS.c.id))) or 0
        for whose in _with_changes(tables):
            config = by_system.get(whose.system)
            zone = config.timezone if config else SHANGHAI
            calendar = calendar_of((config.calendar if config else None) or "", zone)
            _watch_one(tables, whose, calendar, by, at)
        return tables.frame(sa.select(BATCH_FLAGS.c.id).where(BATCH_FLAGS.c.id > before))["id"].to_list()


def _with_changes(tables: Tables) -> Iterator[_Whose]:
    counts, batch = DAY_COUNTS.c, BATCHES.c
    pending = tables.frame(sa.select(counts.system, counts.record).where(counts.pending).distinct())
    for system, record in pending.sort("system", "record").rows():
        mine = sa.and_(batch.system == system, batch.record == record, batch.state == "done")
        newest = sa.select(sa.func.max(batch.id)).where(mine)
        found = tables.frame(sa.select(batch.id, batch.source).where(batch.id.in_(newest)))
        if found.height:
            yield _Whose(system, record, *found.row(0))


def _watch_one(tables: Tables, whose: _Whose, calendar: Calendar, by: Viewer, at: datetime) -> None:
    monthly = whose.record == "measures"
    made, looked = _months(tables, whose) if monthly else _days(tables, whose, calendar, at)
    stored = standing(tables, _of(whose))
    known = {_identity(row): row for row in stored.iter_rows(named=True)}
    wanted = {flag.identity: flag for flag in made}
    moment = to_micros(at)
    for identity, row in known.items():
        if identity not in wanted and looked(row) and row["action"] != "closed":
            why = f"batch {whose.batch_id}"
            tables.run(add_event(row["id"], CLEARED, by.name, moment, why))
    raise_flags(tables, [flag for identity, flag in wanted.items() if identity not in known], moment)


def _of(whose: _Whose) -> sa.ColumnElement[bool]:
    flag = BATCH_FLAGS.c
    return sa.and_(flag.system == whose.system, flag.record == whose.record, flag.kind.in_(DAY_KINDS))


def _identity(row: dict[str, Any]) -> tuple[str, str, str | None, str, str]:
    return row["kind"], row["series"], row["office_code"], row["day_from"], row["day_to"]


def _mine(whose: _Whose) -> sa.ColumnElement[bool]:
    return sa.and_(DAY_COUNTS.c.system == whose.system, DAY_COUNTS.c.record == whose.record)


Looked = Callable[[dict[str, Any]], bool]
"""Whether a stored flag is about something that has just been looked at again."""


# --- days ------------------------------------------------------------------------------------------------------------


def _days(tables: Tables, whose: _Whose, calendar: Calendar, at: datetime) -> tuple[list[Flag], Looked]:
    counts = DAY_COUNTS.c
    today = at.astimezone(LOCAL).date()
    pending = tables.frame(sa.select(counts.office_code, counts.day).where(_mine(whose), counts.pending))
    pending = pending.filter(pl.col("day") <= today.isoformat())  # a misdated record is no source from the future
    if pending.is_empty():
        return [], lambda _: False
    first, last = (date.fromisoformat(str(bound(pending["day"]))) for bound in (pl.Series.min, pl.Series.max))
    since, until = first - timedelta(days=AROUND), min(last + timedelta(days=AROUND), today)
    span = counts.day.between(since.isoformat(), until.isoformat())
    found = tables.frame(sa.select(counts.office_code, counts.day, counts.n).where(_mine(whose), span))
    seen = _Seen(whose, calendar, found, pending)
    flags = [*seen.of_source(), *seen.of_offices()]
    # The last day may still be growing: it stays pending, and is looked at again when a later one has come.
    done = sa.update(DAY_COUNTS).values(pending=False)
    tables.run(done.where(_mine(whose), counts.pending, counts.day < seen.last, counts.day <= today.isoformat()))
    return flags, seen.looked_at


class _Seen:
    """The counts of a system around the days that changed."""

    def __init__(self, whose: _Whose, calendar: Calendar, found: pl.DataFrame, pending: pl.DataFrame) -> None:
        self.whose, self.calendar = whose, calendar
        number = pl.col("day").str.to_date("%Y-%m-%d").cast(pl.Int32).cast(pl.Int64).alias("number")
        self.found = found.filter(pl.col("n") > 0).with_columns(number)
        self.changed = pending.with_columns(number)
        self.whole = self._series(self.found)
        self.missing: frozenset[int] = frozenset()
        self.unusual: dict[int, str] = {}
        """Days on which the whole source is unusual, and how."""

    @property
    def last(self) -> str:
        return _day(self.whole.last) if self.whole else "0000"

    def looked_at(self, row: dict[str, Any]) -> bool:
        mine = self.changed if row["office_code"] is None else self.changed.filter(office_code=row["office_code"])
        days = mine["day"]
        if not len(days) or self.whole is None:
            return False
        if row["kind"] in (VOLUME_LOW, VOLUME_HIGH):
            return row["day_from"] in days and row["day_from"] != self.last
        low, high = _day(int(mine["number"].min()) - 1), _day(int(mine["number"].max()) + 1)  # type: ignore[arg-type]
        return bool(row["day_to"] >= low and row["day_from"] <= high)

    def of_source(self) -> Iterator[Flag]:
        if self.whole is None:
            return
        days = self.changed["number"].unique().sort().to_list()
        found = list(gaps(self.whole, days[0], days[-1]))
        self.missing = frozenset(day for gap in found for day in gap.days)
        yield from (self._gap(gap, None) for gap in found)
        for one in unusual_days(self.whole, days, self.missing):
            self.unusual[one.day] = one.kind
            yield self._volume(one, None)

    def of_offices(self) -> Iterator[Flag]:
        changed = {name: rows["number"].to_list() for (name,), rows in self.changed.group_by("office_code")}
        mine = self.found.filter(pl.col("office_code").is_in(list(changed)))
        for (name,), rows in sorted(mine.group_by("office_code"), key=lambda pair: str(pair[0])):
            series, office = self._series(rows), str(name)
            if series is None:
                continue
            days = sorted(changed[name])
            missing: set[int] = set()
            for gap in gaps(series, days[0], days[-1], every_day=True):
                missing.update(gap.days)
                own = tuple(day for day in gap.days if day not in self.missing)
                if own:
                    yield self._gap(Gap(own, gap.expected * len(own) / len(gap.days)), office)
            for one in unusual_days(series, days, self.missing | missing):
                if self.unusual.get(one.day) != one.kind:
                    yield self._volume(one, office)

    def _series(self, rows: pl.DataFrame) -> Series | None:
        if rows.is_empty():
            return None
        days = rows.group_by("number").agg(pl.col("n").sum())
        first, last = int(days["number"].min()), int(days["number"].max())  # type: ignore[arg-type]
        counts = np.zeros(last - first + 1, dtype=np.int64)
        counts[days["number"].to_numpy() - first] = days["n"].to_numpy()
        return Series(first, counts, self.calendar)

    def _flag(self, kind: str, office: str | None, days: tuple[int, int], **told: Any) -> Flag:
        whose = self.whose
        return Flag(kind, whose.batch_id, whose.source, whose.system, whose.record, _day(days[0]), _day(days[1]),
                    office=office, **told)  # fmt: skip

    def _gap(self, gap: Gap, office: str | None) -> Flag:
        detail = {"days": [_day(day) for day in gap.days[:NAMED_DAYS]], "n": len(gap.days)}
        bounds = (gap.days[0], gap.days[-1])
        return self._flag(MISSING_DAYS, office, bounds, stated=f"{gap.expected:.0f}", found="0", detail=detail)

    def _volume(self, one: Unusual, office: str | None) -> Flag:
        kind = VOLUME_LOW if one.kind == "low" else VOLUME_HIGH
        detail = {"low": round(one.low, 1), "high": round(one.high, 1)}
        told = {"stated": f"{one.usual:g}", "found": str(one.found), "detail": detail}
        return self._flag(kind, office, (one.day, one.day), **told)


def _day(number: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=number)).isoformat()


# --- months ----------------------------------------------------------------------------------------------------------


def _months(tables: Tables, whose: _Whose) -> tuple[list[Flag], Looked]:
    """Gaps of each measure whose months changed: of the source, and of offices that lack a month the source has."""
    counts = DAY_COUNTS.c
    changed = tables.frame(sa.select(counts.series).where(_mine(whose), counts.pending).distinct())["series"].to_list()
    wanted = sa.and_(_mine(whose), counts.series.in_(changed), counts.n > 0)
    found = tables.frame(sa.select(counts.series, counts.office_code, counts.day).where(wanted))
    flags: list[Flag] = []
    for (series,), rows in sorted(found.group_by("series"), key=lambda pair: str(pair[0])):
        whole = missing_months(rows["day"].unique().to_list())
        flags += [_month_flag(whose, str(series), None, months) for months in _runs(whole)]
        for (office,), own in sorted(rows.group_by("office_code"), key=lambda pair: str(pair[0])):
            lacking = [month for month in missing_months(own["day"].to_list()) if month not in whole]
            flags += [_month_flag(whose, str(series), str(office), months) for months in _runs(lacking)]
    tables.run(sa.update(DAY_COUNTS).values(pending=False).where(_mine(whose), counts.pending))
    return flags, lambda row: row["series"] in changed


def _runs(months: Sequence[str]) -> Iterator[list[str]]:
    """Months that follow each other, together."""
    run: list[str] = []
    for month in months:
        if run and _ordinal(month) != _ordinal(run[-1]) + 1:
            yield run
            run = []
        run.append(month)
    if run:
        yield run


def _ordinal(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:7])


def _month_flag(whose: _Whose, series: str, office: str | None, months: Sequence[str]) -> Flag:
    return Flag(MISSING_MONTHS, whose.batch_id, whose.source, whose.system, whose.record, months[0], months[-1],
                series=series, office=office, detail={"days": list(months), "n": len(months)})  # fmt: skip

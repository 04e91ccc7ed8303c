"""Clocks (时钟): the working-day calendar with make-up weekends (调休) as arrays, and deadlines on it.

A working-day limit of N ends at the last second of the N-th working day after the day of acceptance, which is day 0
(design §3.5). Days outside the published table count as working from Monday to Friday except 1 January, 1–3 May and
1–3 October, and are provisional (暂定, design §3).
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from checks.errors import RuleError
from checks.nearest import did_you_mean

CALENDARS = Path(__file__).parent / "calendars"
EPOCH = dt.date(1970, 1, 1)
LAST_DAY = dt.date(2100, 12, 31)
MINUTE = 60_000_000
DAY = 1440 * MINUTE
"""In microseconds, as is `MINUTE`."""
OFFSET = 8 * 3_600_000_000
"""Asia/Shanghai is UTC+8 since September 1991, long before the first edition; deadlines use it as a constant."""
LOCAL = "Asia/Shanghai"


@dataclass(frozen=True)
class Calendar:
    """Working days of one country from 1970 to 2100, day by day.

    `working[d]` tells whether day d (days since 1970-01-01) is worked; `published` is the span of the notices.
    """

    name: str
    working: NDArray[np.bool_]
    published: tuple[dt.date, dt.date]
    digest: str
    zone: str = LOCAL
    """Whose midnights bound its days; another one than ours only for foreign records."""
    week: tuple[int, ...] = (1, 2, 3, 4, 5)
    """ISO weekdays that are worked where no notice says otherwise."""
    names: Mapping[dt.date, str] = field(default_factory=dict)
    """Holidays by day, as the notices name them; a make-up day by the holiday it makes up for."""
    documents: Mapping[int, tuple[str, dt.date | None]] = field(default_factory=dict)
    """Notice and its day by year."""
    history: tuple[tuple[str, int | None], ...] = ()
    """Digests of this calendar before and after each loaded notice, with the year that it added at the end, if so."""

    def years_after(self, digest: str) -> list[int | None]:
        """What was loaded since the calendar had that digest: the year added, None for a correction of an older one."""
        digests = [known for known, _ in self.history]
        return [year for _, year in self.history[digests.index(digest) + 1 :]]

    def extends(self, digest: str) -> bool:
        """Whether this is the calendar of that digest with whole years added after its published span."""
        return digest in dict(self.history) and None not in self.years_after(digest)

    def is_working(self, day: dt.date) -> bool:
        return bool(self.working[day_number(day)])

    def is_published(self, day: dt.date) -> bool:
        return self.published[0] <= day <= self.published[1]

    @cached_property
    def passed(self) -> NDArray[np.int64]:
        """Working days up to and including each day."""
        return np.cumsum(self.working, dtype=np.int64)

    @cached_property
    def nth(self) -> NDArray[np.int64]:
        """Day number of the k-th working day since 1970; index 0 is unused."""
        return np.concatenate(([0], np.flatnonzero(self.working)))

    def end_day(self, day: pl.Expr, amount: pl.Expr | int) -> pl.Expr:
        """The `amount`-th working day after each day (both as day numbers, Int64).

        Days outside 1970–2100 are taken as the nearest bound: such a stamp is judged by no edition anyway.
        """
        passed = pl.lit(pl.Series(self.passed)).gather(day.clip(0, len(self.working) - 1))
        return pl.lit(pl.Series(self.nth)).gather((passed + amount).clip(0, len(self.nth) - 1))

    def is_provisional(self, day: pl.Expr, end_day: pl.Expr) -> pl.Expr:
        """Whether a day from the one after `day` to `end_day` lies outside the published notices."""
        first, last = (day_number(bound) for bound in self.published)
        return (end_day > last) | (day + 1 < first)

    def deadline(self, day: dt.date, amount: int) -> dt.datetime:
        """The same for one day, as an aware instant: for pages and tests."""
        frame = pl.DataFrame({"day": [day_number(day)]})
        ends = frame.select(last_second(self.end_day(pl.col("day"), amount), self.zone))
        return dt.datetime.fromtimestamp(int(ends.item()) / 1_000_000, tz=dt.UTC)


def day_number(day: dt.date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def last_second(day: pl.Expr, zone: str = LOCAL) -> pl.Expr:
    """23:59:59 local of each day number, in microseconds UTC."""
    if zone != LOCAL:
        return _midnight(day + 1, zone) - 1_000_000
    return (day + 1) * DAY - OFFSET - 1_000_000


def midnights(day: pl.Expr, zone: str = LOCAL) -> pl.Expr:
    """The first microsecond UTC of each day number."""
    return _midnight(day, zone) if zone != LOCAL else day * DAY - OFFSET


def _midnight(day: pl.Expr, zone: str) -> pl.Expr:
    """The same through the zone database; where summer time begins at midnight, the first that exists."""
    wall = (day * DAY).cast(pl.Datetime("us"))
    begins = wall.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    later = (wall + pl.duration(hours=1)).dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return pl.coalesce(begins, later).dt.convert_time_zone("UTC").cast(pl.Int64)


def midnight(day: dt.date, zone: str = LOCAL) -> int:
    """The first microsecond UTC of a local day."""
    if zone == LOCAL:
        return day_number(day) * DAY - OFFSET
    return int(pl.select(_midnight(pl.lit(day_number(day), pl.Int64), zone)).item())


def local_day(instant: pl.Expr, zone: str = LOCAL) -> pl.Expr:
    """Day number of microseconds UTC, in Asia/Shanghai unless another zone is named.

    By arithmetic: converting a million instants through the zone database takes 20 times as long. The zone kept
    summer time in 1986–1991 and its own mean time before 1901; no edition reaches back there.
    """
    if zone != LOCAL:
        wall = instant.cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(zone).dt.replace_time_zone(None)
        return wall.cast(pl.Int64).floordiv(DAY)
    return (instant + OFFSET).floordiv(DAY)


def load_calendar(name: str = "cn", *folders: Path, zone: str = LOCAL) -> Calendar:
    """Read `<name>.toml` from the first of `folders` that has it, else the shipped one.

    RuleError names file, year, day and remedy.
    """
    places = (*folders, CALENDARS)
    path = next((found for folder in places if (found := folder / f"{name}.toml").is_file()), None)
    if path is None:
        known = sorted({found.stem for folder in places for found in folder.glob("*.toml")})
        raise RuleError(f"No calendar '{name}'. {did_you_mean(name, known)}")
    content = path.read_bytes()
    try:
        table = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RuleError(f"{path.name} is not valid TOML: {error}. Correct the file.") from error
    digest = sha256(content).hexdigest() if zone == LOCAL else sha256(content + zone.encode()).hexdigest()
    return _calendar(table, path, digest, zone)


def _calendar(table: dict[str, Any], path: Path, digest: str, zone: str) -> Calendar:
    """Without any `years` the week itself is the whole rule, and no day is provisional."""
    years = sorted(table.get("years", ()), key=lambda year: int(year["year"]))
    _refuse_year_gaps([int(year["year"]) for year in years], path)
    working = _assumed(table)
    for year in years:
        _apply_notice(working, year, set(table["week"]), path)
    published = (dt.date(years[0]["year"], 1, 1), dt.date(years[-1]["year"], 12, 31)) if years else (EPOCH, LAST_DAY)
    documents = {year["year"]: (year.get("document", ""), year.get("issued")) for year in years}
    return Calendar(
        table["name"], working, published, digest, zone, tuple(table["week"]), _names(years, path), documents,
        ((digest, None),),
    )  # fmt: skip


def _names(years: list[dict[str, Any]], path: Path) -> dict[dt.date, str]:
    return {
        _day_of(year["year"], text, path): name
        for year in years
        for name, days in year.get("names", {}).items()
        for text in days
    }


def _assumed(table: dict[str, Any]) -> NDArray[np.bool_]:
    """Every day as the design assumes it without a notice."""
    days = np.arange(day_number(LAST_DAY) + 1)
    working = np.isin((days + 3) % 7 + 1, table["week"])  # 1970-01-01 was a Thursday, ISO weekday 4
    for year in range(EPOCH.year, LAST_DAY.year + 1):
        for day in table["assumed_off"]:
            working[day_number(dt.date.fromisoformat(f"{year}-{day}"))] = False
    return working


def _apply_notice(working: NDArray[np.bool_], year: dict[str, Any], week: set[int], path: Path) -> None:
    first = dt.date(year["year"], 1, 1)
    days = np.arange(day_number(first), day_number(dt.date(year["year"], 12, 31)) + 1)
    working[days] = np.isin((days + 3) % 7 + 1, list(week))
    for key, value in (("off", False), ("on", True)):
        for text in year[key]:
            day = _day_of(year["year"], text, path)
            if bool(working[day_number(day)]) == value:
                raise RuleError(f"{path.name}: {day} under '{key}' follows the week anyway. Remove it.")
            working[day_number(day)] = value


def _day_of(year: int, text: str, path: Path) -> dt.date:
    try:
        return dt.date.fromisoformat(f"{year}-{text}")
    except ValueError as error:
        raise RuleError(f"{path.name}: year {year}: '{text}' is no day. Write it as MM-DD.") from error


def _refuse_year_gaps(years: list[int], path: Path) -> None:
    for year, following in pairwise(years):
        if following != year + 1:
            raise RuleError(f"{path.name}: after year {year} comes {following}. Each year once, without gaps.")

"""The tree of offices (单位) on a day: versions by validity, parents by pointer, never by code (design §2, §3.1).

Frames of offices hold one row per version: `code, name, parent_code, level, area, peer_group, customers`, the
`valid_from`, `valid_to` days (Date, both included, null = open) and, where known, `successor_code`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from checks.periods import Period, last_day_of

BEGINNING = dt.date.min
END = dt.date.max
ONE_DAY = dt.timedelta(days=1)
KEPT = 16
"""For how many periods or days a tree keeps what it has laid out; trees live long, in many threads."""
BETWEEN_CODES = re.compile(r"[;；,，、|]")
"""What may stand between the codes of several successors."""


@dataclass(frozen=True, slots=True)
class Office:
    """One version of an office."""

    code: str
    name: str
    parent: str | None
    level: str
    area: str | None
    peer_group: str | None
    customers: int | None
    valid_from: dt.date
    valid_to: dt.date
    successors: tuple[str, ...] = ()
    """Who stands for it after its end: one office after a merger, several after a split."""

    def valid_on(self, day: dt.date) -> bool:
        return self.valid_from <= day <= self.valid_to


@dataclass(frozen=True)
class Tree:
    """All versions of all offices, each code's in order of their first day."""

    versions: Mapping[str, tuple[Office, ...]]

    def on(self, code: str, day: dt.date) -> Office | None:
        """The version valid on the day (the later one of two), else the latest begun before, else the first.

        A record keeps its place when an office's validity is corrected afterwards. None: the code is nowhere known.
        """
        versions = self.versions.get(code)
        if not versions:
            return None
        begun = [version for version in versions if version.valid_from <= day]
        valid = [version for version in begun if version.valid_to >= day]
        return (valid or begun or [versions[0]])[-1]

    def path(self, code: str, day: dt.date) -> tuple[str, ...]:
        """The office and everything above it on the day; an unknown parent makes a root.

        What names an office after its end counts for the one successor that it has, and not for itself.
        """
        path = [self.living(code, day)]
        above = self._above(path[0], day)
        while above in self.versions and above not in path:
            path.append(str(above))
            above = self._above(path[-1], day)
        return tuple(path)

    def heir(self, code: str, day: dt.date) -> str | None:
        """The one successor of an office that has ended before the day; None if there is none, or are several."""
        office = self.on(code, day)
        if office is None or office.valid_to >= day or len(office.successors) != 1:
            return None
        return office.successors[0]

    def living(self, code: str, day: dt.date) -> str:
        """The office itself, or after its end the one that stands for it."""
        seen = [code]
        while (heir := self.heir(seen[-1], day)) in self.versions and heir not in seen:
            seen.append(str(heir))
        return seen[-1]

    def _above(self, code: str, day: dt.date) -> str | None:
        office = self.on(code, day)
        return office.parent if office else None

    def bounds(self, start: dt.date, end: dt.date) -> list[dt.date]:
        """Days in `[start, end)` from which the tree differs from the day before; `start` is always one."""
        changes = {start}
        for office in self._all:
            changes.add(office.valid_from)
            if office.valid_to != END:
                changes.add(office.valid_to + ONE_DAY)
        return sorted(day for day in changes if start <= day < end)

    def last_valid_day(self, code: str, until: dt.date) -> dt.date:
        """The last day not after `until` on which some version was valid; `until` if there is none."""
        ends = [min(o.valid_to, until) for o in self.versions.get(code, ()) if o.valid_from <= until]
        return max(ends, default=until)

    def places(self) -> list[tuple[str, tuple[tuple[dt.date, str | None, str | None], ...]]]:
        """Per office, from which day on it has which area and which office above (after its end: its successor).

        All that a verdict can depend on: a new version with another name or number of customers changes nothing here.
        """
        return [(code, self._places(code, versions)) for code, versions in sorted(self.versions.items())]

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of `places`: another one as soon as a verdict may be another because of the offices."""
        return hashlib.sha256(repr(self.places()).encode()).hexdigest()

    def _places(self, code: str, versions: tuple[Office, ...]) -> tuple[tuple[dt.date, str | None, str | None], ...]:
        days = {
            BEGINNING,
            *(o.valid_from for o in versions),
            *(o.valid_to + ONE_DAY for o in versions if o.valid_to != END),
        }
        found: list[tuple[dt.date, str | None, str | None]] = []
        for day in sorted(days):
            office = self.on(code, day)
            here = (office.area if office else None, self.heir(code, day) or self._above(code, day))
            if not found or found[-1][1:] != here:
                found.append((day, *here))
        return tuple(found)

    def rows(self, level: str, period: Period) -> list[Office]:
        """Every office that is of the level on some day of the period, as its last version inside it, by code."""
        found = []
        for code, versions in sorted(self.versions.items()):
            inside = [o for o in versions if o.valid_from < period.end and o.valid_to >= period.start]
            if any(office.level == level for office in inside):
                found.append(self.on(code, self.last_valid_day(code, period.last_day)) or inside[-1])
        return found

    def customers(self, code: str, day: dt.date) -> int:
        """Its own number of customers if above zero, else the sum of its children's on that day; 0 for none."""
        office = self.on(code, day)
        if office is None:
            return 0
        if office.customers and office.customers > 0:
            return office.customers
        return sum(self.customers(child, day) for child in self._children(day).get(code, ()) if child != code)

    def below(self, codes: Iterable[str], day: dt.date) -> frozenset[str]:
        """The offices and everything below them on the day."""
        wanted = set(codes)
        return frozenset(code for code in self.versions if wanted.intersection(self.path(code, day)))

    def climbs(self, epochs: tuple[dt.date, ...]) -> pl.DataFrame:
        """`office_code, epoch, ancestor`: each office and everything above it on the first day of each epoch.

        `epoch` is the place of the day in `epochs`. Laid out once per tree and period.
        """
        found = self._climbs_of.get(epochs)
        if found is None:
            climbed = [
                (code, number, above)
                for number, day in enumerate(epochs)
                for code in self.versions
                for above in self.path(code, day)
            ]
            schema = {"office_code": pl.String, "epoch": pl.Int64, "ancestor": pl.String}
            found = pl.DataFrame(climbed, schema=schema, orient="row")
            _keep(self._climbs_of, epochs, found)
        return found

    @cached_property
    def _climbs_of(self) -> dict[tuple[dt.date, ...], pl.DataFrame]:
        return {}

    def _children(self, day: dt.date) -> dict[str, list[str]]:
        children = self._children_on.get(day)
        if children is None:
            children = {}
            for code, versions in self.versions.items():
                office = next((version for version in reversed(versions) if version.valid_on(day)), None)
                if office is not None and office.parent is not None:
                    children.setdefault(office.parent, []).append(code)
            _keep(self._children_on, day, children)
        return children

    @cached_property
    def _children_on(self) -> dict[dt.date, dict[str, list[str]]]:
        return {}

    @cached_property
    def _all(self) -> list[Office]:
        return [office for versions in self.versions.values() for office in versions]


@dataclass(frozen=True)
class TreeOfOneDay(Tree):
    """The tree of one day for whatever day is asked (今日口径): every record counts where it would count today.

    For an office that has ended its one successor stands; it has no row. With several successors (a split), or
    none, its records belong to nobody else: it keeps a row, so that no figure disappears.
    """

    day: dt.date

    def on(self, code: str, day: dt.date) -> Office | None:
        return super().on(code, self.day)

    def path(self, code: str, day: dt.date) -> tuple[str, ...]:
        return super().path(code, self.day)

    def _above(self, code: str, day: dt.date) -> str | None:
        above = super()._above(code, self.day)
        return above and self.living(above, self.day)

    def bounds(self, start: dt.date, end: dt.date) -> list[dt.date]:
        return [start]

    def customers(self, code: str, day: dt.date) -> int:
        return super().customers(code, self.day)

    def rows(self, level: str, period: Period) -> list[Office]:
        """Offices of the level today, and those ended without one successor that were valid in the period."""
        found = []
        for code in sorted(self.versions):
            office = self.on(code, self.day)
            if office is None or office.level != level:
                continue
            inside = any(o.valid_from < period.end and o.valid_to >= period.start for o in self.versions[code])
            if office.valid_on(self.day) or (inside and self.living(code, self.day) == code):
                found.append(office)
        return found


def _keep(kept: dict[Any, Any], key: object, value: object) -> None:
    if len(kept) >= KEPT:
        kept.clear()
    kept[key] = value


def tree_of(offices: pl.DataFrame) -> Tree:
    """The tree of a frame of versions."""
    versions: dict[str, list[Office]] = {}
    for row in offices.sort("code", "valid_from", nulls_last=False).iter_rows(named=True):
        versions.setdefault(row["code"], []).append(_office(row))
    return Tree({code: tuple(found) for code, found in versions.items()})


def _office(row: Mapping[str, Any]) -> Office:
    return Office(
        code=row["code"], name=row["name"] or row["code"], parent=row["parent_code"], level=row["level"],
        area=row["area"], peer_group=row["peer_group"], customers=row["customers"],
        valid_from=row["valid_from"] or BEGINNING, valid_to=row["valid_to"] or END,
        successors=successors_of(row.get("successor_code")),
    )  # fmt: skip


def successors_of(text: str | None) -> tuple[str, ...]:
    """The codes in a `successor_code`: `B`, or `B;C` after a split."""
    return tuple(code for part in BETWEEN_CODES.split(text or "") if (code := part.strip()))


def with_area(records: pl.DataFrame, tree: Tree) -> pl.DataFrame:
    """Fills an empty `area` from the office's version on the record's day (`office_code`, `day` as day number)."""
    if records["area"].null_count() == 0:
        return records
    wanted = records.filter(pl.col("area").is_null()).select("office_code", "day").unique()
    found = [_area_on(tree, code, day) for code, day in wanted.iter_rows()]
    areas = wanted.with_columns(pl.Series("_area", found, dtype=pl.String))
    joined = records.join(areas, on=["office_code", "day"], how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce("area", "_area").alias("area")).drop("_area")


def _area_on(tree: Tree, code: str | None, day: int | None) -> str | None:
    if code is None or day is None:
        return None
    office = tree.on(code, dt.date(1970, 1, 1) + dt.timedelta(days=day))
    return office.area if office else None


def day_of_month(tree: Tree, code: str, month: str) -> dt.date:
    """The day whose tree sums a hall-month or a measure: the month's last, or the office's last valid one."""
    return tree.last_valid_day(code, last_day_of(month))

"""Every other line month by month (专业指标): the registered measures of an office with all below it, or by office.

A measure has weight 0 unless an indicator of the rulebook scores it; then that indicator's target is shown with it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

import sqlalchemy as sa

from checks.judge.measures import months_that_count
from checks.measures import SUMMED, Measure, Measures, Threshold
from checks.periods import Period
from checks.rulebook.model import Edition, Indicator
from dashboard.database import Database
from dashboard.database.models import RECORD_TABLES
from dashboard.people import Viewer
from dashboard.queries.offices import Tree, require_visible

MONTHS = 15
"""How many months a picture shows, the last of them that of the period."""
OTHERS = "benchmark"
"""The group whose lines are of one company among others: what offices below report is not added to it."""
LEAST = 10
"""A ratio of fewer than this is shown and takes no place among others (p)."""


@dataclass(frozen=True, slots=True)
class Month:
    """One month: its value, that of the same month a year before, and how many rows it rests on."""

    month: str
    value: float | None
    year_before: float | None
    rows: int
    exact: Fraction | None = None
    denominator: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """One line of one office. `indicator` scores it, if any does."""

    measure: Measure
    indicator: Indicator | None
    office: str
    months: tuple[Month, ...]

    @property
    def last(self) -> Month | None:
        """The newest month with a value."""
        return next((month for month in reversed(self.months) if month.value is not None), None)

    @property
    def partial(self) -> frozenset[int]:
        """Places of the months for which fewer rows came than for the fullest one: somebody did not report."""
        full = max(month.rows for month in self.months)
        return frozenset(place for place, month in enumerate(self.months) if 0 < month.rows < full)

    @property
    def newest(self) -> Month:
        return self.months[-1]

    @property
    def beyond(self) -> Threshold | None:
        """The threshold that its newest value is farthest beyond. A limit of one office says nothing of a sum."""
        last = self.last
        if last is None or last.exact is None or (self.measure.unit in SUMMED and last.rows > 1):
            return None
        return self.measure.beyond(last.exact)


@dataclass(frozen=True, slots=True)
class Place:
    """An office in the league of one line: `rank` None where it has no value, too few, or the line only describes."""

    office: str
    month: Month
    rank: int | None
    to_best: float | None
    to_mean: float | None
    beyond: Threshold | None


@dataclass(frozen=True, slots=True)
class Position:
    """The place of an office among other companies (同业对标): `rank` of `of`, how far the best and the mean are."""

    rank: int
    of: int
    from_bottom: int
    to_best: float | None
    to_mean: float | None


Sums = Mapping[tuple[str, str, str], tuple[Fraction, Fraction, int]]
"""(measure, office, month) → Σ numerators, Σ denominators, rows."""


def all_lines(
    db: Database, viewer: Viewer, tree: Tree, known: Measures, edition: Edition, *, office: str, period: Period,
    as_of: datetime,
) -> list[Series]:  # fmt: skip
    """Every registered line of an office and everything below it, in the order of the registry."""
    require_visible(tree, office)
    months = shown_months(period, as_of)
    sums = _sums(db, viewer, dict.fromkeys(tree.below(office), office), months, None, _own_only(known))
    return [_series(measure, edition, office, months, sums) for measure in known.by_code.values()]


def line_by_office(
    db: Database, viewer: Viewer, tree: Tree, measure: Measure, edition: Edition, *, office: str, period: Period,
    as_of: datetime,
) -> list[Series]:  # fmt: skip
    """One line: the office first, then each that reports below it, or below each of its children."""
    require_visible(tree, office)
    months = shown_months(period, as_of)
    own_only = _own_only(Measures({measure.code: measure}))
    whole = _sums(db, viewer, dict.fromkeys(tree.below(office), office), months, measure.code, own_only)
    parts = {code: child for child in tree.children.get(office, ()) for code in tree.below(child)}
    sums = _sums(db, viewer, parts, months, measure.code, own_only)
    children = sorted({code for _, code, _ in sums}, key=lambda code: (tree.name(code), code))
    return [
        _series(measure, edition, office, months, whole),
        *(_series(measure, edition, child, months, sums) for child in children),
    ]


def league(whole: Series, children: Iterable[Series]) -> tuple[str, list[Place]] | None:
    """The children in the newest month of the whole, best first; None where nobody reported.

    Equal values share a place, the next is skipped. The mean of a rate is that of the whole, of a number the plain one.
    """
    last, listed = whole.last, list(children)
    if last is None or not listed:
        return None
    measure, index = whole.measure, whole.months.index(last)
    found = {one.office: one.months[index] for one in listed}
    ranked = {office: month.exact for office, month in found.items()
              if month.exact is not None and _takes_place(measure, month)}  # fmt: skip
    way = -1 if measure.direction == "more" else 1
    order = sorted(value * way for value in ranked.values())
    best = order[0] * way if order else None
    mean = last.exact
    if measure.unit in SUMMED and ranked:
        mean = sum(ranked.values(), Fraction()) / len(ranked)
    places = [
        Place(
            office, month, None if (value := ranked.get(office)) is None else order.index(value * way) + 1,
            _apart(month.exact, best), _apart(month.exact, mean), None if month.exact is None else
            measure.beyond(month.exact),
        )
        for office, month in found.items()
    ]  # fmt: skip
    return last.month, sorted(places, key=lambda one: (one.rank is None, one.rank or 0, one.office))


def _takes_place(measure: Measure, month: Month) -> bool:
    few = measure.unit == "ratio" and (month.denominator or 0) < LEAST
    return measure.direction != "none" and not few


def _apart(value: Fraction | None, other: Fraction | None) -> float | None:
    return None if value is None or other is None else float(value - other)


def position(series: Series, others: Mapping[str, Series]) -> Position | None:
    """Its place by the lines that it names; None where its rank of that month is not known. `others` by code."""
    last = series.last
    ranks = others.get(series.measure.rank or "")
    if last is None or ranks is None:
        return None
    index = series.months.index(last)
    place = ranks.months[index]
    if place.exact is None or not place.denominator:
        return None
    rank, of = int(place.exact), int(place.denominator)

    def apart(code: str | None) -> float | None:
        return _apart(last.exact, others[code].months[index].exact) if code is not None and code in others else None

    return Position(rank, of, of - rank + 1, apart(series.measure.best), apart(series.measure.mean))


def shown_months(period: Period, as_of: datetime) -> list[str]:
    """The months up to the period's last one that has ended by as-of, oldest first."""
    ended = months_that_count(period, as_of)
    last = ended[-1] if ended else f"{period.last_day:%Y-%m}"
    return [_earlier(last, back) for back in range(MONTHS - 1, -1, -1)]


def _earlier(month: str, back: int) -> str:
    place = int(month[:4]) * 12 + int(month[5:]) - 1 - back
    return f"{place // 12}-{place % 12 + 1:02d}"


def _own_only(known: Measures) -> frozenset[str]:
    return frozenset(
        code for code, measure in known.by_code.items() if measure.unit == "rank" or measure.group == OTHERS
    )


def _sums(
    db: Database, viewer: Viewer, groups: Mapping[str, str], months: Iterable[str], measure: str | None,
    own_only: Collection[str] = (),
) -> Sums:  # fmt: skip
    """Rows of the months and of those a year before, added up by the group of their office.

    `own_only`: lines of which only the rows of the group's own office count: there is no sum of ranks.
    """
    row = RECORD_TABLES["measures"].c
    asked = sorted({wanted for month in months for wanted in (month, _earlier(month, 12))})
    query = sa.select(row.indicator, row.office_code, row.period, row.numerator, row.denominator).where(
        row.period >= asked[0], row.period <= asked[-1]
    )
    if measure is not None:
        query = query.where(row.indicator == measure)
    if not viewer.sees_everything:
        query = query.where(row.office_code.in_(sorted(groups)))
    found: dict[tuple[str, str, str], tuple[Fraction, Fraction, int]] = defaultdict(lambda: (Fraction(), Fraction(), 0))
    with db.reading() as connection:
        for code, office, month, numerator, denominator in connection.execute(query):
            if office in groups and (code not in own_only or office == groups[office]):
                key = (code, groups[office], month)
                above, below, rows = found[key]
                found[key] = above + Fraction(numerator), below + Fraction(denominator), rows + 1
    return dict(found)


def _series(measure: Measure, edition: Edition, office: str, months: Iterable[str], sums: Sums) -> Series:
    indicator = next((i for i in edition.of_record("measures") if i.options["measure"] == measure.code), None)
    cells = tuple(
        _month(measure, month, sums.get((measure.code, office, month)),
               _value(measure, sums.get((measure.code, office, _earlier(month, 12)))))
        for month in months
    )  # fmt: skip
    return Series(measure, indicator, office, cells)


def _month(
    measure: Measure, month: str, sums: tuple[Fraction, Fraction, int] | None, before: Fraction | None
) -> Month:  # fmt: skip
    value, earlier = _value(measure, sums), None if before is None else float(before)
    if sums is None:
        return Month(month, None, earlier, 0)
    return Month(month, None if value is None else float(value), earlier, sums[2], value, sums[1])


def _value(measure: Measure, sums: tuple[Fraction, Fraction, int] | None) -> Fraction | None:
    """None where nothing was reported, or nothing to divide by."""
    return None if sums is None else measure.value(sums[0], sums[1])

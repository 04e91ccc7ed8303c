"""Every other line month by month (专业指标): the registered measures of an office with all below it, or by office.

A measure has weight 0 unless an indicator of the rulebook scores it; then that indicator's target is shown with it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

import sqlalchemy as sa

from checks.judge.measures import months_that_count
from checks.measures import Measure, Measures
from checks.periods import Period
from checks.rulebook.model import Edition, Indicator
from dashboard.database import Database
from dashboard.database.models import RECORD_TABLES
from dashboard.people import Viewer
from dashboard.queries.offices import Tree, require_visible

MONTHS = 15
"""How many months a picture shows, the last of them that of the period."""
SUMMED = ("count", "hours")
"""Units of which offices' numbers are added up; all others are numerator ÷ denominator."""


@dataclass(frozen=True, slots=True)
class Month:
    """One month: its value, that of the same month a year before, and how many rows it rests on."""

    month: str
    value: float | None
    year_before: float | None
    rows: int


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


Sums = Mapping[tuple[str, str, str], tuple[Fraction, Fraction, int]]
"""(measure, office, month) → Σ numerators, Σ denominators, rows."""


def all_lines(
    db: Database, viewer: Viewer, tree: Tree, known: Measures, edition: Edition, *, office: str, period: Period,
    as_of: datetime,
) -> list[Series]:  # fmt: skip
    """Every registered line of an office and everything below it, in the order of the registry."""
    require_visible(tree, office)
    months = shown_months(period, as_of)
    sums = _sums(db, viewer, dict.fromkeys(tree.below(office), office), months, None)
    return [_series(measure, edition, office, months, sums) for measure in known.by_code.values()]


def line_by_office(
    db: Database, viewer: Viewer, tree: Tree, measure: Measure, edition: Edition, *, office: str, period: Period,
    as_of: datetime,
) -> list[Series]:  # fmt: skip
    """One line: the office first, then each that reports below it, or below each of its children."""
    require_visible(tree, office)
    months = shown_months(period, as_of)
    whole = _sums(db, viewer, dict.fromkeys(tree.below(office), office), months, measure.code)
    parts = {code: child for child in tree.children.get(office, ()) for code in tree.below(child)}
    sums = _sums(db, viewer, parts, months, measure.code)
    children = sorted({code for _, code, _ in sums}, key=lambda code: (tree.name(code), code))
    return [
        _series(measure, edition, office, months, whole),
        *(_series(measure, edition, child, months, sums) for child in children),
    ]


def shown_months(period: Period, as_of: datetime) -> list[str]:
    """The months up to the period's last one that has ended by as-of, oldest first."""
    ended = months_that_count(period, as_of)
    last = ended[-1] if ended else f"{period.last_day:%Y-%m}"
    return [_earlier(last, back) for back in range(MONTHS - 1, -1, -1)]


def _earlier(month: str, back: int) -> str:
    place = int(month[:4]) * 12 + int(month[5:]) - 1 - back
    return f"{place // 12}-{place % 12 + 1:02d}"


def _sums(
    db: Database, viewer: Viewer, groups: Mapping[str, str], months: Iterable[str], measure: str | None
) -> Sums:  # fmt: skip
    """Rows of the months and of those a year before, added up by the group of their office."""
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
            if office in groups:
                key = (code, groups[office], month)
                above, below, rows = found[key]
                found[key] = above + Fraction(numerator), below + Fraction(denominator), rows + 1
    return dict(found)


def _series(measure: Measure, edition: Edition, office: str, months: Iterable[str], sums: Sums) -> Series:
    indicator = next((i for i in edition.of_record("measures") if i.options["measure"] == measure.code), None)
    cells = tuple(
        Month(
            month,
            _value(measure, sums.get((measure.code, office, month))),
            _value(measure, sums.get((measure.code, office, _earlier(month, 12)))),
            sums.get((measure.code, office, month), (0, 0, 0))[2],
        )
        for month in months
    )
    return Series(measure, indicator, office, cells)


def _value(measure: Measure, sums: tuple[Fraction, Fraction, int] | None) -> float | None:
    """None where nothing was reported, or nothing to divide by."""
    if sums is None:
        return None
    numerator, denominator, _ = sums
    if measure.unit in SUMMED:
        return float(numerator)
    return float(numerator / denominator) if denominator else None

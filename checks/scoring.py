"""From sums to points and scores (得分), exact until the one rounding (design §3.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm
from typing import cast

import numpy as np
from numpy.typing import NDArray

from checks.fairness import poisson, wilson
from checks.periods import Period
from checks.rounding import SCORE_PLACES, half_up
from checks.rulebook.loader import Rulebook
from checks.rulebook.model import Edition, Indicator

HUNDRED = Fraction(100)


@dataclass(slots=True)
class Sums:
    """What a row adds up for one indicator; numerator and denominator as printed (R3 in ones, T4 × 10,000)."""

    numerator: Fraction | int = 0
    denominator: Fraction | int = 0
    pending: int = 0
    unjudgeable: int = 0
    excluded: int = 0
    provisional: int = 0
    to_the_minute: int = 0


@dataclass(slots=True)
class Figure:
    """One indicator of one row: sums, value, points; `value` None is 缺项, never 0 and never 100."""

    indicator: Indicator
    sums: Sums
    value: Fraction | None
    points: Fraction | None
    low: float | None = None
    high: float | None = None
    marks: list[str] = field(default_factory=list)
    values: NDArray[np.float64] | None = None
    """The single values whose mean this is, where they are resampled (R3: records, H1: hall-months)."""
    no_interval: str | None = None
    """Why values that can be resampled gave no interval."""
    shrunken: float | None = None

    @property
    def lost(self) -> Fraction | None:
        """Weight − points."""
        return None if self.points is None else self.indicator.weight - self.points


@dataclass(slots=True)
class Row:
    """One office of a league with everything that is printed about it."""

    office: str
    name: str
    level: str
    peer_group: str | None
    n: int
    red_lines: int
    figures: dict[str, Figure]
    exact_score: Fraction | None = None
    score: Fraction | None = None
    """Published: two decimals, half up. Rank and grade use this one."""
    available_weight: Fraction = Fraction(0)
    total_weight: Fraction = Fraction(0)
    missing: list[str] = field(default_factory=list)
    reason: str | None = None
    rank: int | None = None
    rank_low: int | None = None
    rank_high: int | None = None
    group_rank: int | None = None
    group_low: int | None = None
    group_high: int | None = None
    shrunken_score: Fraction | None = None
    shrunken_rank: int | None = None
    better_than: frozenset[str] = frozenset()
    """Offices whose score lies below this one's by more than chance explains (`checks.pairs`)."""
    grade: str | None = None
    marks: list[str] = field(default_factory=list)
    """What must be known beside the score (`checks.marks`)."""

    @property
    def ranked(self) -> bool:
        return self.reason is None

    @property
    def withheld(self) -> bool:
        """Whether the company holds the score back because of a mark."""
        return self.reason in self.marks


def value_of(indicator: Indicator, sums: Sums, period: Period) -> Fraction | None:
    """Numerator ÷ denominator; T4's is brought to a quarter (design §3.5). None without a denominator."""
    if not sums.denominator:
        return None
    value = Fraction(sums.numerator) / Fraction(sums.denominator)
    return value * quarter_factor(period) if indicator.formula == "per_customers" else value


def quarter_factor(period: Period) -> Fraction:
    """Days of the quarter in which the period ends ÷ days of the period."""
    return Fraction(period.days_of_quarter, period.days)


def points_of(indicator: Indicator, value: Fraction | None) -> Fraction | None:
    """`w × clamp((x − floor) / (target − floor), 0, 1)`, for "less is better" too."""
    if value is None:
        return None
    # (value − floor) ÷ (target − floor) in plain integers: a league of 3,000 offices makes 60,000 of them
    floor, span = indicator.floor, indicator.span
    above = (value.numerator * floor.denominator - floor.numerator * value.denominator) * span.denominator
    below = value.denominator * floor.denominator * span.numerator
    if below < 0:
        above, below = -above, -below
    if above <= 0:
        return Fraction(0)
    return indicator.weight if above >= below else indicator.weight * Fraction(above, below)


def figures_of(
    edition: Edition, level: str, sums: Mapping[str, Sums], period: Period, only: str | None = None
) -> dict[str, Figure]:
    """All indicators of the level in the order of the rulebook (or only one of them)."""
    figures: dict[str, Figure] = {}
    for indicator in edition.at_level(level):
        if only is None or indicator.code == only:
            found = sums.get(indicator.code) or Sums()
            value = value_of(indicator, found, period)
            figures[indicator.code] = Figure(indicator, found, value, points_of(indicator, value))
    return figures


def compose(row: Row, edition: Edition, *, guarded: bool = True) -> None:
    """Score, available weight, missing indicators, and why the row is not ranked (design §3.2).

    Without `guarded` (a league of one indicator) the share of the weight is no reason.
    """
    present = [figure for figure in row.figures.values() if figure.points is not None]
    row.missing = [code for code, figure in row.figures.items() if figure.points is None]
    row.total_weight = exact_sum([figure.indicator.weight for figure in row.figures.values()])
    row.available_weight = exact_sum([figure.indicator.weight for figure in present])
    if row.available_weight:
        points = exact_sum([cast(Fraction, figure.points) for figure in present])
        row.exact_score = HUNDRED * points / row.available_weight
        row.score = half_up(row.exact_score, SCORE_PLACES)
    row.reason = _why_not_ranked(row, edition, guarded)


def exact_sum(fractions: Sequence[Fraction]) -> Fraction:
    """Their sum over one common denominator: reducing once instead of after each addition."""
    common = lcm(*(fraction.denominator for fraction in fractions))
    return Fraction(sum(fraction.numerator * (common // fraction.denominator) for fraction in fractions), common)


def _why_not_ranked(row: Row, edition: Edition, guarded: bool) -> str | None:
    if row.n < edition.guards.min_records:
        return "few_records"
    share = edition.guards.min_weight_share if guarded else Fraction(0)
    return "little_weight" if row.score is None or row.available_weight < share * row.total_weight else None


def with_intervals(rows: Iterable[Row], period: Period) -> None:
    """Sets `low` and `high` of every figure that carries an interval (design §3.3), all of one kind at once."""
    figures = [figure for row in rows for figure in row.figures.values() if figure.value is not None]
    factor = float(quarter_factor(period))
    _set(figures, "wilson", lambda k, n: wilson(k, n))
    _set(figures, "poisson", lambda k, n: cast(Bounds, tuple(b * 10_000 * factor / n for b in poisson(k / 10_000))))


Bounds = tuple[NDArray[np.float64], NDArray[np.float64]]


def _set(
    figures: Sequence[Figure],
    kind: str,
    interval: Callable[[NDArray[np.float64], NDArray[np.float64]], tuple[NDArray[np.float64], ...]],
) -> None:
    wanted = [figure for figure in figures if figure.indicator.interval == kind]
    if not wanted:
        return
    numerators = np.array([float(figure.sums.numerator) for figure in wanted])
    denominators = np.array([float(figure.sums.denominator) for figure in wanted])
    lows, highs = interval(numerators, denominators)
    for figure, low, high in zip(wanted, lows.tolist(), highs.tolist(), strict=True):
        figure.low, figure.high = low, high


def scoring_edition(rulebook: Rulebook, period: Period) -> Edition | None:
    """Weights, floors, targets and grades: the edition in force on the last day of the period (design §3)."""
    return rulebook.edition_on(period.last_day)

"""How sure the standing of every row is (排名的把握): rank intervals, groups, and the order of shrunken rates.

Only ranked rows compete. All of them are drawn together, also when ranks are counted among a peer group: what is known
of all offices tells how much of the differences is chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from checks.bootstrap import mean_interval, variances_of_means
from checks.pairs import differing, scores_with_error
from checks.periods import Period
from checks.rank_intervals import (
    Column,
    Measured,
    Ranks,
    counts,
    intervals,
    proportions,
    ranks_of,
    scores_of,
    seed_of,
    values,
)
from checks.rounding import SCORE_PLACES, half_up
from checks.scoring import HUNDRED, Figure, Row, points_of, quarter_factor
from checks.shrinkage import shrunken_counts, shrunken_proportions

Floats = NDArray[np.float64]


def with_bootstrap(rows: Iterable[Row], *seed: str) -> None:
    """Sets `low` and `high`, or why there are none, of the figures that carry their single values (R3, H1)."""
    for row in rows:
        for code, figure in row.figures.items():
            if figure.values is None or figure.value is None:
                continue
            found = mean_interval(figure.values, seed_of(*seed, row.office, code))
            if isinstance(found, str):
                figure.no_interval = found
            else:
                figure.low, figure.high = found


def with_rank_intervals(rows: Sequence[Row], period: Period, *seed: str) -> None:
    """Sets `rank_low`, `rank_high` of every ranked row, and the same within its peer group.

    An interval always holds the published rank: a row printed outside its own interval could not be understood.
    """
    ranked = [row for row in rows if row.rank is not None]
    if not ranked:
        return
    columns = columns_of(ranked, period)
    scores = scores_of(columns, np.random.default_rng(seed_of(*seed)))
    for row, low, high in zip(ranked, *_bounds(ranks_of(scores), [row.rank or 0 for row in ranked]), strict=True):
        row.rank_low, row.rank_high = low, high
    for members in _groups(ranked):
        group = [ranked[place] for place in members]
        ranks = published_ranks([row.score or Fraction(0) for row in group])
        bounds = _bounds(ranks_of(scores[:, members]), ranks)
        for row, rank, low, high in zip(group, ranks, *bounds, strict=True):
            row.group_rank, row.group_low, row.group_high = rank, low, high


def with_pairs(rows: Sequence[Row], period: Period) -> None:
    """Sets `better_than` of every ranked row: the offices that it really differs from, all pairs taken together."""
    ranked = [row for row in rows if row.rank is not None]
    if len(ranked) < 2:
        return
    columns = columns_of(ranked, period)
    scores, variances = scores_with_error(columns)
    really = differing(scores, variances)
    published_scores = np.array([float(row.score or 0) for row in ranked])
    codes = np.array([row.office for row in ranked], dtype=object)
    for place, row in enumerate(ranked):
        row.better_than = frozenset(codes[really[place] & (published_scores[place] > published_scores)])


def _bounds(drawn: Ranks, ranks: Sequence[int]) -> tuple[list[int], list[int]]:
    low, high = intervals(drawn)
    own = np.array(ranks, dtype=np.int32)
    return np.minimum(low, own).tolist(), np.maximum(high, own).tolist()


def _groups(rows: Sequence[Row]) -> list[list[int]]:
    found: dict[str | None, list[int]] = {}
    for place, row in enumerate(rows):
        found.setdefault(row.peer_group, []).append(place)
    return list(found.values())


def columns_of(rows: Sequence[Row], period: Period) -> list[Column]:
    """What every indicator measured, on a scale on which chance is known, and how it becomes points."""
    found = []
    for code in dict.fromkeys(code for row in rows for code in row.figures):
        figures = [row.figures.get(code) for row in rows]
        indicator = next(figure.indicator for figure in figures if figure)
        if indicator.weight and any(figure and figure.value is not None for figure in figures):
            found.append(Column(
                _measured(figures, period), float(indicator.weight), float(indicator.floor), float(indicator.span)
            ))  # fmt: skip
    return found


def _measured(figures: Sequence[Figure | None], period: Period) -> Measured:
    present = [figure if figure and figure.value is not None else None for figure in figures]
    kind = next(figure.indicator.interval for figure in present if figure)
    numerators = np.array([float(figure.sums.numerator) if figure else 0.0 for figure in present])
    denominators = np.array([float(figure.sums.denominator) if figure else 0.0 for figure in present])
    if kind == "wilson":
        return proportions(numerators, denominators)
    if kind == "poisson":
        return counts(numerators / 10_000, denominators / (10_000 * float(quarter_factor(period))))
    figures_shown = np.array([np.nan if figure is None else float(figure.value or 0) for figure in present])
    samples = [figure.values if figure and figure.values is not None else np.empty(0) for figure in present]
    resampled = any(len(sample) for sample in samples)
    return values(figures_shown, variances_of_means(samples) if resampled else np.zeros(len(present)))


def published_ranks(scores: Sequence[Fraction]) -> list[int]:
    """1, 1, 3: ties share a rank, the next is skipped (design §3.2)."""
    return [1 + sum(1 for other in scores if other > score) for score in scores]


def with_shrunken(rows: Sequence[Row], period: Period) -> None:
    """Sets `shrunken` of every figure that has a model of chance, and score and rank that these would give."""
    for code in dict.fromkeys(code for row in rows for code in row.figures):
        figures = [row.figures[code] for row in rows if code in row.figures and row.figures[code].value is not None]
        if figures:
            _shrink(figures, period)
    for row in rows:
        row.shrunken_score = _score_of(row) if row.rank is not None else None
    rank_shrunken(rows)


def rank_shrunken(rows: Sequence[Row]) -> None:
    """Sets `shrunken_rank`, counted among these rows."""
    ranked = [row for row in rows if row.shrunken_score is not None]
    for row, rank in zip(ranked, published_ranks([row.shrunken_score or Fraction(0) for row in ranked]), strict=True):
        row.shrunken_rank = rank


def _shrink(figures: Sequence[Figure], period: Period) -> None:
    numerators = np.array([float(figure.sums.numerator) for figure in figures])
    denominators = np.array([float(figure.sums.denominator) for figure in figures])
    kind = figures[0].indicator.interval
    if kind == "wilson":
        shrunken = shrunken_proportions(numerators, denominators)
    elif kind == "poisson":
        shrunken = shrunken_counts(numerators / 10_000, denominators) * 10_000 * float(quarter_factor(period))
    else:
        return
    for figure, value in zip(figures, shrunken.tolist(), strict=True):
        figure.shrunken = value


def _score_of(row: Row) -> Fraction:
    points = Fraction(0)
    for figure in row.figures.values():
        if figure.value is not None:
            value = figure.value if figure.shrunken is None else Fraction(figure.shrunken)
            points += points_of(figure.indicator, value) or 0
    return half_up(HUNDRED * points / row.available_weight, SCORE_PLACES)

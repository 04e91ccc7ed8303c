"""The pairs of offices that really differ (真有差别的两两): many comparisons, few of them by chance.

Every two offices are compared by a z-test on a scale on which chance is known; Holm's step-down procedure (1979) keeps
the probability that even one of all pairs is named without a difference at 5 %, whatever their number.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from checks.rank_intervals import Column, Floats

LEVEL = 0.05


def differing(figures: Floats, variances: Floats, level: float = LEVEL) -> NDArray[np.bool_]:
    """Whether first and second differ beyond chance: offices × offices, symmetric; NaN figures differ from nothing.

    Figures without sampling error differ whenever they are not equal.
    """
    first, second = np.triu_indices(len(figures), 1)
    gap = np.abs(figures[first] - figures[second])
    error = np.sqrt(variances[first] + variances[second])
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(error > 0, gap / error, np.where(gap > 0, np.inf, 0.0))
    # a pair that would not pass alone passes among many even less: of millions only the others need a p-value
    likely = np.flatnonzero(z > norm.isf(level / 2))
    found = np.zeros((len(figures), len(figures)), dtype=np.bool_)
    chosen = likely[_holm(2 * norm.sf(z[likely]), level, int((~np.isnan(gap)).sum()))]
    found[first[chosen], second[chosen]] = found[second[chosen], first[chosen]] = True
    return found


def _holm(p: Floats, level: float, tests: int) -> NDArray[np.int64]:
    """Places of the rejected ones: the smallest against level ÷ tests, the next against level ÷ (tests − 1), and so on.

    `p` may leave out tests whose p-value is above the level.
    """
    order = np.argsort(p, kind="stable")
    passed = p[order] <= level / (tests - np.arange(len(p)))
    return order[: len(p) if passed.all() else int(np.argmin(passed))]


def scores_with_error(columns: Sequence[Column]) -> tuple[Floats, Floats]:
    """Composite scores as measured and their sampling variance, by first-order propagation through the points.

    The slope is kept where points end at 0 or at the weight: the error is then overstated, never understated.
    """
    weight = sum(column.weight * column.measured.present for column in columns)
    scores = np.zeros(len(columns[0].measured.working))
    variances = np.zeros_like(scores)
    for column in columns:
        measured, present = column.measured, column.measured.present
        working = measured.working[present]
        value, step = measured.back(working), np.sqrt(measured.variance[present])
        spread = (measured.back(working + step) - measured.back(working - step)) / 2
        scores[present] += column.points(value.copy())
        variances[present] += (column.weight / column.span * spread) ** 2
    scale = 100 / np.asarray(weight, dtype=np.float64)
    return scores * scale, variances * scale**2

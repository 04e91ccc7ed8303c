"""How sure a rank is (排名区间): 95 % intervals of ranks from seeded draws (design §3.3).

Offices are noisy measurements of true values that themselves differ by an unknown spread. Drawing each office
around its own figure alone counts the noise twice and is far too sure of the extremes when true differences are
small (measured coverage 0.75–0.85 where 0.95 is promised; `mingcha bench fairness`). So the draws come from the
hierarchical normal model on a scale with known variance: spread from its posterior on a grid, then the common mean,
then every office shrunk towards it (Spiegelhalter & Goldstein 1996; Gelman, Bayesian Data Analysis §5.4).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ranks = NDArray[np.int32]

DRAWS = 4_000
LEVEL = 0.965
"""Share of the draws inside an interval: above 0.95, so that coverage found by simulation is ≥ 0.95 in every cell."""
GRID = 48
SMALLEST = 1e-9
PIECE = 60_000
"""Figures drawn at once."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures of all offices on a scale on which their sampling variance is known; NaN where an office has none.

    `back` turns the working scale into the printed value. `variance` 0 means known exactly.
    """

    working: Floats
    variance: Floats
    back: Callable[[Floats], Floats]

    @property
    def present(self) -> NDArray[np.bool_]:
        return ~np.isnan(self.working)


def proportions(numerators: Floats, denominators: Floats) -> Measured:
    """Rates: the arcsine scale of Anscombe (1948), variance 1 / (4n + 2)."""
    filled = denominators > 0
    safe = np.where(filled, denominators, 1.0)
    angle = np.arcsin(np.sqrt(np.clip((numerators + 0.375) / (safe + 0.75), 0, 1)))
    return Measured(
        np.where(filled, angle, np.nan), 1 / (4 * safe + 2), lambda x: np.sin(np.clip(x, 0, np.pi / 2)) ** 2
    )


def counts(events: Floats, exposures: Floats) -> Measured:
    """Events per exposure: the square-root scale, variance 1 / (4 · exposure)."""
    filled = exposures > 0
    safe = np.where(filled, exposures, 1.0)
    return Measured(
        np.where(filled, np.sqrt((events + 0.375) / safe), np.nan), 1 / (4 * safe), lambda x: np.maximum(x, 0) ** 2
    )


def values(figures: Floats, variances: Floats) -> Measured:
    """Figures with a variance of their own (bootstrap); variance 0 for those without sampling error."""
    return Measured(figures, variances, lambda x: x)


def seed_of(*parts: str) -> int:
    """The seed of all draws of a table: SHA-256 of period, level, edition and as-of (design §3.3)."""
    return int.from_bytes(hashlib.sha256("|".join(parts).encode()).digest()[:8], "big")


@dataclass(frozen=True, slots=True)
class Column:
    """One indicator of all offices and how its value becomes points: `weight × clamp((value − floor) ÷ span, 0, 1)`."""

    measured: Measured
    weight: float
    floor: float
    span: float

    def points(self, drawn: Floats) -> Floats:
        """Points of values; in place, for a league of 3,000 offices draws 250 million of them."""
        drawn -= self.floor
        drawn *= 1 / self.span
        np.clip(drawn, 0.0, 1.0, out=drawn)
        drawn *= self.weight
        return drawn


def draw(measured: Measured, generator: np.random.Generator, draws: int = DRAWS) -> Floats:
    """Plausible true values, draws × offices, on the printed scale; NaN where an office has no figure."""
    model = _Model(measured, generator, draws)
    drawn = np.full((draws, len(measured.working)), np.nan)
    drawn[:, model.present] = model.part(slice(None), generator)
    return drawn


def scores_of(columns: Sequence[Column], generator: np.random.Generator, draws: int = DRAWS) -> Floats:
    """Composite scores, draws × offices: every indicator drawn, made points, summed over those an office has.

    Drawn in pieces that stay in the processor's cache. Offices without any figure must not be among them.
    """
    offices = len(columns[0].measured.working)
    available = sum(column.weight * column.measured.present for column in columns)
    factor = 100.0 / np.asarray(available, dtype=np.float64)
    models = [_Model(column.measured, generator, draws) for column in columns]
    scores = np.zeros((draws, offices))
    step = max(1, PIECE // max(offices, 1))
    for start in range(0, draws, step):
        piece = slice(start, min(start + step, draws))
        for column, model in zip(columns, models, strict=True):
            points = column.points(model.part(piece, generator))
            if len(model.present) == offices:
                scores[piece] += points
            else:
                scores[piece, model.present] += points
        scores[piece] *= factor
    return scores


def ranks_of(scores: Floats) -> Ranks:
    """Rank of every office in every draw, 1 the highest, equal scores share one; draws × offices."""
    ranks = np.empty(scores.shape, dtype=np.int32)
    step = max(1, 10 * PIECE // max(scores.shape[1], 1))
    for start in range(0, len(scores), step):
        ranks[start : start + step] = _ranked(scores[start : start + step])
    return ranks


def _ranked(scores: Floats) -> Ranks:
    order = np.argsort(-scores, axis=1)
    ordered = np.take_along_axis(scores, order, axis=1)
    first = np.broadcast_to(np.arange(1, scores.shape[1] + 1, dtype=np.int32), scores.shape).copy()
    first[:, 1:][ordered[:, 1:] == ordered[:, :-1]] = 0
    np.maximum.accumulate(first, axis=1, out=first)
    ranks = np.empty(scores.shape, dtype=np.int32)
    np.put_along_axis(ranks, order, first, axis=1)
    return ranks


def intervals(ranks: Ranks, level: float = LEVEL) -> tuple[Ranks, Ranks]:
    """Lowest and highest plausible rank of each office: equal tails, then trimmed while `level` of the draws stay in.

    Ranks are whole numbers: rounded outwards alone, the intervals of few offices hold far more than they promise.
    """
    ordered = np.sort(ranks.T, axis=1)
    draws = ordered.shape[1]
    outside = int((1 - level) / 2 * draws)
    low, high = ordered[:, outside].copy(), ordered[:, draws - 1 - outside].copy()
    spare = np.full(len(low), draws - math.ceil(level * draws))
    inside = _between(ordered, low, high)
    spare -= draws - inside
    while True:
        lowest, highest = (ordered == low[:, None]).sum(axis=1), (ordered == high[:, None]).sum(axis=1)
        cheaper = np.minimum(lowest, highest)
        trim = (cheaper <= spare) & (low < high)
        if not trim.any():
            return low, high
        spare[trim] -= cheaper[trim]
        from_below = trim & (lowest <= highest)
        low[from_below] += 1
        high[trim & ~from_below] -= 1


def _between(ordered: Ranks, low: Ranks, high: Ranks) -> NDArray[np.int64]:
    return np.asarray(((ordered >= low[:, None]) & (ordered <= high[:, None])).sum(axis=1))


class _Model:
    """Draws of the true values of one indicator for the offices that have a figure: spread, then mean, then offices."""

    def __init__(self, measured: Measured, generator: np.random.Generator, draws: int) -> None:
        self.present = np.flatnonzero(measured.present)
        self.back, self.draws = measured.back, draws
        self.figures, variances = measured.working[self.present], measured.variance[self.present]
        self.exact = not variances.any()
        if self.exact:
            return
        spreads, weights, means, mean_variances = _posterior_of_spread(self.figures, variances)
        self.chosen = generator.choice(len(spreads), size=draws, p=weights)
        self.centre = means[self.chosen] + np.sqrt(mean_variances[self.chosen]) * generator.standard_normal(draws)
        between = spreads[:, None] ** 2
        self.pull = between / np.maximum(between + variances, 1e-300)
        self.noise = np.sqrt(self.pull * variances)

    def part(self, piece: slice, generator: np.random.Generator) -> Floats:
        """Values of a piece of the draws, draws × offices that have a figure."""
        if self.exact:
            return np.repeat(self.back(self.figures)[None, :], len(range(*piece.indices(self.draws))), axis=0)
        chosen, centre = self.chosen[piece], self.centre[piece, None]
        drawn = generator.standard_normal((len(chosen), len(self.figures)))
        drawn *= self.noise[chosen]
        drawn += self.pull[chosen] * (self.figures - centre)
        drawn += centre
        return self.back(drawn)


def _posterior_of_spread(figures: Floats, variances: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Grid of spreads with posterior weights (flat prior), and the mean with its variance at each."""
    # never quite 0: offices whose true values are equal then fall into any order, not all into rank 1
    spreads = np.linspace(SMALLEST, 3 * float(np.std(figures)) + 1e-6, GRID)
    total = np.maximum(variances, 1e-12) + spreads[:, None] ** 2
    precision = (1 / total).sum(axis=1)
    means = (figures / total).sum(axis=1) / precision
    misfit = ((figures - means[:, None]) ** 2 / total).sum(axis=1)
    logs = -0.5 * (np.log(precision) + np.log(total).sum(axis=1) + misfit)
    weights = np.exp(logs - logs.max())
    return spreads, weights / weights.sum(), means, 1 / precision

"""How sure a rank is (排名区间): 95 % intervals of ranks from seeded draws (design §3.3).

Offices are noisy measurements of true values that themselves differ by an unknown spread. Drawing each office
around its own figure alone counts the noise twice and is far too sure of the extremes when true differences are
small (measured coverage 0.75–0.85 where 0.95 is promised; `mingcha bench fairness`). So the draws come from the
hierarchical normal model on a scale with known variance: spread from its posterior on a grid, then the common mean,
then every office shrunk towards it (Spiegelhalter & Goldstein 1996; Gelman, Bayesian Data Analysis §5.4).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DRAWS = 4_000
LEVEL = 0.96
"""Share of the draws inside an interval; a little above 0.95, so that the coverage found by simulation is ≥ 0.95."""
GRID = 48


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


def draw(measured: Measured, generator: np.random.Generator, draws: int = DRAWS) -> Floats:
    """Plausible true values, draws × offices, on the printed scale; NaN where an office has no figure."""
    present = measured.present
    drawn = np.full((draws, len(measured.working)), np.nan)
    figures, variances = measured.working[present], measured.variance[present]
    if not variances.any():
        drawn[:, present] = measured.back(figures)
        return drawn
    drawn[:, present] = measured.back(_hierarchical(figures, variances, generator, draws))
    return drawn


def ranks_of(scores: Floats) -> NDArray[np.int64]:
    """Rank of every office in every draw, 1 the highest; draws × offices."""
    order = np.argsort(-scores, axis=1)
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.broadcast_to(np.arange(1, scores.shape[1] + 1), scores.shape), axis=1)
    return ranks


def intervals(ranks: NDArray[np.int64], level: float = LEVEL) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Lowest and highest plausible rank of each office; rounded outwards to whole ranks."""
    tail = (1 - level) / 2
    return (
        np.quantile(ranks, tail, axis=0, method="lower").astype(np.int64),
        np.quantile(ranks, 1 - tail, axis=0, method="higher").astype(np.int64),
    )


def _hierarchical(figures: Floats, variances: Floats, generator: np.random.Generator, draws: int) -> Floats:
    """Draws of the true working values: spread, then mean, then each office."""
    spreads, weights, means, mean_variances = _posterior_of_spread(figures, variances)
    chosen = generator.choice(len(spreads), size=draws, p=weights)
    centre = means[chosen] + np.sqrt(mean_variances[chosen]) * generator.standard_normal(draws)
    between = spreads[chosen, None] ** 2
    pull = between / (between + variances)
    noise = generator.standard_normal((draws, len(figures)))
    return np.asarray(centre[:, None] + pull * (figures - centre[:, None]) + np.sqrt(pull * variances) * noise)


def _posterior_of_spread(figures: Floats, variances: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Grid of spreads with posterior weights (flat prior), and the mean with its variance at each."""
    spreads = np.linspace(0, 3 * float(np.std(figures)) + 1e-6, GRID)
    total = np.maximum(variances, 1e-12) + spreads[:, None] ** 2
    precision = (1 / total).sum(axis=1)
    means = (figures / total).sum(axis=1) / precision
    misfit = ((figures - means[:, None]) ** 2 / total).sum(axis=1)
    logs = -0.5 * (np.log(precision) + np.log(total).sum(axis=1) + misfit)
    weights = np.exp(logs - logs.max())
    return spreads, weights / weights.sum(), means, 1 / precision

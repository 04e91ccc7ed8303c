"""Funnel limits (漏斗图界限): how far a rate may stray by chance at each volume (Spiegelhalter 2005, design §3.3).

95 % limits are drawn, 99.8 % limits call. Exact: binomial for proportions, Poisson for counts per volume.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, poisson

DRAWN = 0.95
CALLED = 0.998


def binomial_limits(
    rate: float, volumes: NDArray[np.float64], share: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Low and high of a proportion whose true value is `rate`, at each volume (≥ 1), holding `share` of the cases.

    Interpolated between whole counts (Spiegelhalter 2005), so that the lines are smooth, but never inside a count that
    chance reaches more often than its tail: a rate beyond a line has a tail probability below (1 − share) / 2.
    """
    volumes = np.maximum(np.floor(volumes), 1)
    low, high = _limits(binom, (1 - share) / 2, (volumes, rate))
    return np.clip(low / volumes, 0.0, 1.0), np.clip(high / volumes, 0.0, 1.0)


def poisson_limits(
    rate: float, volumes: NDArray[np.float64], share: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The same for counts: `rate` per unit of volume."""
    low, high = _limits(poisson, (1 - share) / 2, (rate * volumes,))
    return np.maximum(low / volumes, 0.0), high / volumes


def _limits(
    distribution: Any, tail: float, parameters: tuple[object, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Counts between which chance stays: P(X < low) and P(X > high) are both at most `tail`."""
    lower, upper = distribution.ppf(tail, *parameters), distribution.ppf(1 - tail, *parameters)
    below = distribution.cdf(lower, *parameters) - tail
    above = distribution.sf(upper - 1, *parameters) - tail
    return lower - _part(below, distribution.pmf(lower, *parameters)), upper + _part(
        above, distribution.pmf(upper, *parameters)
    )


def _part(excess: NDArray[np.float64], step: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much of a count's probability the tail does not need, as a part of that count."""
    part = np.divide(excess, step, out=np.zeros_like(excess), where=step > 0)
    return np.clip(part, 0.0, 1.0)

"""Funnel limits (漏斗图界限): how far a rate may stray by chance alone at each volume (Spiegelhalter 2005, design §3.3).

95 % limits are drawn, 99.8 % limits call. Exact: binomial for proportions, Poisson for counts per volume.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, poisson

DRAWN = 0.95
CALLED = 0.998


def binomial_limits(
    rate: float, volumes: NDArray[np.float64], share: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Low and high of a proportion whose true value is `rate`, at each volume (≥ 1), holding `share` of the cases.

    Interpolated between whole counts as Spiegelhalter does, so that the lines are smooth.
    """
    volumes = np.maximum(np.floor(volumes), 1)
    low, high = (_interpolated(binom, tail, (volumes, rate)) for tail in _tails(share))
    return np.clip(low / volumes, 0.0, 1.0), np.clip(high / volumes, 0.0, 1.0)


def poisson_limits(
    rate: float, volumes: NDArray[np.float64], share: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The same for counts: `rate` per unit of volume."""
    low, high = (_interpolated(poisson, tail, (rate * volumes,)) for tail in _tails(share))
    return np.maximum(low / volumes, 0.0), high / volumes


def _tails(share: float) -> tuple[float, float]:
    return (1 - share) / 2, (1 + share) / 2


def _interpolated(distribution: object, tail: float, parameters: tuple[object, ...]) -> NDArray[np.float64]:
    """The quantile less the part of its step that is not needed to reach the tail."""
    count = distribution.ppf(tail, *parameters)  # type: ignore[attr-defined]
    reached = distribution.cdf(count, *parameters)  # type: ignore[attr-defined]
    step = distribution.pmf(count, *parameters)  # type: ignore[attr-defined]
    part = np.divide(reached - tail, step, out=np.zeros_like(reached), where=step > 0)
    return np.asarray(count - part)

"""How sure a rate is (不确定性): Wilson and exact Poisson 95 % intervals (design §3.3)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv

Z95 = 1.959963984540054
"""Standard normal quantile of 0.975."""


def wilson(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Low and high of a proportion (Wilson 1927); denominators are above zero. The rate always lies between them."""
    rate = numerator / denominator
    square = Z95 * Z95
    centre = (rate + square / (2 * denominator)) / (1 + square / denominator)
    spread = np.sqrt(rate * (1 - rate) / denominator + square / (4 * denominator * denominator))
    half = Z95 * spread / (1 + square / denominator)
    # at 0 and at 1 an end is the rate itself, which floating point misses by its last digit
    return np.clip(centre - half, 0.0, rate), np.clip(centre + half, rate, 1.0)


def poisson(count: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Exact low and high of a Poisson count (Garwood 1936): gamma quantiles at count and count + 1."""
    low = np.where(count > 0, gammaincinv(np.maximum(count, 1), 0.025), 0.0)
    return low, gammaincinv(count + 1, 0.975)

"""How sure a mean is (均值的不确定性): seeded bootstrap intervals for R3 (over records) and H1 (over hall-months).

The percentile bootstrap (Efron 1979) with expanded tails: plain percentiles hold far less than 95 % of small samples,
so the tails are widened by Student's t (Hesterberg 2015, "What teachers should know about the bootstrap" §4.4). From
`MANY` values on the distribution that resampling would approach is written down instead (Cornish & Fisher 1938): the
same to well below the error of 4,000 resamples, and a league of any size costs the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, t

Floats = NDArray[np.float64]

RESAMPLES = 4_000
MANY = 50
SHARE = 0.95
PIECE = 1_000_000
"""Values drawn at once."""
PRIOR = 8.0
"""How many values' worth of everybody's variance an office's own variance is mixed with."""

TOO_FEW, NO_SPREAD = "too_few", "no_spread"


def mean_interval(values: Floats, seed: int) -> tuple[float, float] | str:
    """Low and high of the mean of independent values; or why there is none.

    `too_few`: a single value says nothing about spread. `no_spread`: all are equal, and resampling equal values would
    claim to know the mean exactly.
    """
    if len(values) < 2:
        return TOO_FEW
    if values.min() == values.max():
        return NO_SPREAD
    tail = _tail(len(values))
    if len(values) >= MANY:
        return _expanded(values, tail)
    means = _resampled(values, np.random.default_rng(seed))
    mean = float(values.mean())
    low, high = np.quantile(means, [tail, 1 - tail]).tolist()
    return min(low, mean), max(high, mean)


def variances_of_means(samples: Sequence[Floats]) -> Floats:
    """The sampling variance of every office's mean; the spread of few values leans on that of all offices."""
    sizes = np.array([len(values) for values in samples], dtype=np.float64)
    squares = np.array([float(((values - values.mean()) ** 2).sum()) if len(values) else 0.0 for values in samples])
    free = np.maximum(sizes - 1, 0).sum()
    pooled = squares.sum() / free if free else 0.0
    own = (PRIOR * pooled + squares) / (PRIOR + np.maximum(sizes - 1, 0))
    return np.asarray(own / np.maximum(sizes, 1))


def _tail(size: int) -> float:
    """The percentile whose normal deviate is Student's, widened by √(n ÷ (n − 1))."""
    widened = float(t.ppf((1 - SHARE) / 2, size - 1)) * np.sqrt(size / (size - 1))
    return float(norm.cdf(widened))


def _resampled(values: Floats, generator: np.random.Generator) -> Floats:
    """Means of so many samples drawn with replacement."""
    size = len(values)
    step = max(1, PIECE // size)
    parts = [
        values[generator.integers(0, size, (min(step, RESAMPLES - start), size))].mean(axis=1)
        for start in range(0, RESAMPLES, step)
    ]
    return np.concatenate(parts)


def _expanded(values: Floats, tail: float) -> tuple[float, float]:
    """Percentiles of the mean of a resample, from the sample's own moments (Cornish–Fisher, second order)."""
    size, mean, spread = len(values), float(values.mean()), float(values.std())
    scaled = (values - mean) / spread
    skew = float((scaled**3).mean()) / np.sqrt(size)
    tails = (float((scaled**4).mean()) - 3) / size
    z = np.array([norm.ppf(tail), norm.ppf(1 - tail)])
    quantile = z + (z**2 - 1) * skew / 6 + (z**3 - 3 * z) * tails / 24 - (2 * z**3 - 5 * z) * skew**2 / 36
    low, high = (mean + quantile * spread / np.sqrt(size)).tolist()
    return max(min(low, mean), float(values.min())), min(max(high, mean), float(values.max()))

"""Exact two-sided p-values and their correction for many offices looked at (p 值, 多重比较)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, hypergeom


def two_sided_binomial(hits: Sequence[int], trials: Sequence[int], share: float) -> NDArray[np.float64]:
    """Twice the smaller tail of Binomial(trials, share), at most 1: exact and conservative."""
    k, n = np.asarray(hits), np.asarray(trials)
    tails: NDArray[np.float64] = np.minimum(binom.cdf(k, n, share), binom.sf(k - 1, n, share))
    return np.minimum(1.0, 2 * tails)


def two_sided_table(a: Sequence[int], b: Sequence[int], c: Sequence[int], d: Sequence[int]) -> NDArray[np.float64]:
    """Twice the smaller tail of Fisher's exact test on the tables `a b / c d`, at most 1."""
    first, second, third, fourth = (np.asarray(part) for part in (a, b, c, d))
    whole, column, row = first + second + third + fourth, first + third, first + second
    tails: NDArray[np.float64] = np.minimum(
        hypergeom.cdf(first, whole, column, row), hypergeom.sf(first - 1, whole, column, row)
    )
    return np.minimum(1.0, 2 * tails)


def holm(p: Sequence[float]) -> list[float]:
    """Holm's step-down correction: the chance of even one false call among all is held, whatever depends on what."""
    order = sorted(range(len(p)), key=lambda index: p[index])
    adjusted, running = [1.0] * len(p), 0.0
    for place, index in enumerate(order):
        running = max(running, min(1.0, (len(p) - place) * p[index]))
        adjusted[index] = running
    return adjusted

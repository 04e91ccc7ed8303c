"""Shrunken rates (收缩率): what an office's rate would be expected to be, given how few records it has.

Empirical Bayes: the spread of the true rates is found from all offices (beta-binomial for proportions, gamma-Poisson
for counts, by moments: Kleinman 1973), and every rate moves towards the common one, the further the fewer its records.
Shown beside the published figure as another way to look at the order; it never replaces it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def shrunken_proportions(numerators: Floats, denominators: Floats) -> Floats:
    """Posterior means of proportions; denominators are above zero."""
    centre = float(numerators.sum() / denominators.sum())
    return _shrunken(numerators / denominators, denominators, centre, centre * (1 - centre))


def shrunken_counts(events: Floats, exposures: Floats) -> Floats:
    """Posterior means of events per exposure; exposures are above zero."""
    centre = float(events.sum() / exposures.sum())
    return _shrunken(events / exposures, exposures, centre, centre)


def _shrunken(rates: Floats, volumes: Floats, centre: float, of_one: float) -> Floats:
    """`of_one` is the variance of a single record; divided by that of the true rates it tells how many records' worth
    the common rate is. Where rates differ no more than chance makes them, all are the common one."""
    if rates.size < 2:
        return rates
    share = volumes / volumes.sum()
    found = float((share * (rates - centre) ** 2).sum())
    chance = float((share * (1 - share) * of_one / volumes).sum())
    between = (found - chance) / (1 - float((share**2).sum()))
    if between <= 0:
        return np.full_like(rates, centre)
    return np.asarray(centre + (rates - centre) * volumes / (volumes + of_one / between))

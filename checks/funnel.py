"""Funnel limits (漏斗图界限): how far a rate may stray by chance at each volume (Spiegelhalter 2005, design §3.3).

95 % limits are drawn, 99.8 % limits call. Exact: binomial for proportions, Poisson for counts per volume. Where offices
differ by more than chance as a whole (over-dispersion), the limits widen by an additive spread of true rates, found
from z-scores winsorised at 10 % as the English NHS does for its mortality indicator (SHMI): the method of moments of
DerSimonian & Laird. An office is held against all others, never against a mean that it made itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, poisson

from checks.rank_intervals import counts, proportions

Floats = NDArray[np.float64]
Kind = Literal["binomial", "poisson"]

DRAWN = 0.95
CALLED = 0.998
WINSORISED = 0.10
ABSORBED = 0.05
"""An office's volume as a part of all others' up to which their mean counts as known."""


@dataclass(frozen=True, slots=True)
class Scatter:
    """How offices differ: `centre` of all together, `spread` of true values beyond chance on the working scale."""

    kind: Kind
    centre: float
    spread: float


def scatter(kind: Kind, events: Floats, volumes: Floats) -> Scatter:
    """Centre and over-dispersion; volumes are above zero."""
    measured = proportions(events, volumes) if kind == "binomial" else counts(events, volumes)
    centre = float(events.sum() / volumes.sum())
    return Scatter(kind, centre, float(np.sqrt(_between(measured.working, measured.variance))))


def _between(working: Floats, variance: Floats) -> float:
    """Variance of the true values beyond chance; 0 where winsorised z-scores are no wider than chance makes them."""
    size, weights = working.size, 1 / variance
    if size < 3:
        return 0.0
    z = (working - (weights * working).sum() / weights.sum()) / np.sqrt(variance)
    tame = np.clip(z, *np.quantile(z, [WINSORISED, 1 - WINSORISED]))
    excess = float((tame**2).sum()) - (size - 1)
    return max(0.0, excess / float(weights.sum() - (weights**2).sum() / weights.sum()))


def limits(found: Scatter, volumes: Floats, share: float) -> tuple[Floats, Floats]:
    """The lines of the picture: low and high at each volume around the centre of all."""
    return _widened(found.kind, found.centre, volumes, share, found.spread**2 / _variance(found.kind, volumes))


def outside(found: Scatter, events: Floats, volumes: Floats, share: float) -> NDArray[np.int8]:
    """−1 below, +1 above the limits, 0 inside, each office against all others together.

    The others' mean is an estimate too: its own variance widens the limits, or two offices would call each other. Up
    to `ABSORBED` it is left out: the false calls that adds stay far below 0.4 %, and power rises (docs/fairness.md).
    """
    others, rest = events.sum() - events, volumes.sum() - volumes
    alone = rest <= 0
    rest = np.where(alone, 1.0, rest)
    extra = found.spread**2 / _variance(found.kind, volumes) + np.maximum(volumes / rest - ABSORBED, 0.0)
    # half an event either way: thirty of thirty do not prove that the others never fail
    centre = (others + 0.5) / (rest + (1.0 if found.kind == "binomial" else 0.0))
    low, high = _widened(found.kind, centre, volumes, share, extra)
    values = events / volumes
    called = (values > high).astype(np.int8) - (values < low).astype(np.int8)
    return np.where(alone, 0, called).astype(np.int8)


def _variance(kind: Kind, volumes: Floats) -> Floats:
    """Of chance, on the working scale (arcsine or square root)."""
    return np.asarray(1 / (4 * volumes + 2) if kind == "binomial" else 1 / (4 * volumes))


def _widened(kind: Kind, centre: float | Floats, volumes: Floats, share: float, extra: Floats) -> tuple[Floats, Floats]:
    """Exact limits, further from the centre as a variance larger by the part `extra` makes them."""
    low, high = (binomial_limits if kind == "binomial" else poisson_limits)(centre, volumes, share)
    factor = np.sqrt(1 + extra)
    low, high = centre - (centre - low) * factor, centre + (high - centre) * factor
    return np.maximum(low, 0.0), np.minimum(high, 1.0) if kind == "binomial" else high


def binomial_limits(rate: float | Floats, volumes: Floats, share: float) -> tuple[Floats, Floats]:
    """Low and high of a proportion whose true value is `rate`, at each volume (≥ 1), holding `share` of the cases.

    Interpolated between whole counts (Spiegelhalter 2005), so that the lines are smooth, but never inside a count that
    chance reaches more often than its tail: a rate beyond a line has a tail probability below (1 − share) / 2.
    """
    volumes = np.maximum(np.floor(volumes), 1)
    low, high = _limits(binom, (1 - share) / 2, (volumes, rate))
    return np.clip(low / volumes, 0.0, 1.0), np.clip(high / volumes, 0.0, 1.0)


def poisson_limits(rate: float | Floats, volumes: Floats, share: float) -> tuple[Floats, Floats]:
    """The same for counts: `rate` per unit of volume."""
    low, high = _limits(poisson, (1 - share) / 2, (rate * volumes,))
    return np.maximum(low / volumes, 0.0), high / volumes


def _limits(distribution: Any, tail: float, parameters: tuple[object, ...]) -> tuple[Floats, Floats]:
    """Counts between which chance stays: P(X < low) and P(X > high) are both at most `tail`."""
    lower, upper = distribution.ppf(tail, *parameters), distribution.ppf(1 - tail, *parameters)
    below = distribution.cdf(lower, *parameters) - tail
    above = distribution.sf(upper - 1, *parameters) - tail
    return lower - _part(below, distribution.pmf(lower, *parameters)), upper + _part(
        above, distribution.pmf(upper, *parameters)
    )


def _part(excess: Floats, step: Floats) -> Floats:
    """How much of a count's probability the tail does not need, as a part of that count."""
    part = np.divide(excess, step, out=np.zeros_like(excess), where=step > 0)
    return np.clip(part, 0.0, 1.0)

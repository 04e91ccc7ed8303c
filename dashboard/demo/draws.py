"""Random draws that anyone can repeat (可重复的随机): seeded by names, never by the clock."""

from __future__ import annotations

import hashlib
from datetime import date

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
"""Microseconds."""
NEVER = np.iinfo(np.int64).min
"""A stamp that was never made."""


def generator(*names: object) -> np.random.Generator:
    """A generator of its own for these names: the same names give the same draws in any order of calls."""
    digest = hashlib.sha256("|".join(["mingcha-demo", *map(str, names)]).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def midnight(day: date) -> int:
    """Microseconds of local midnight, counted as if the wall clock were UTC (the demo lives in one zone)."""
    return (day.toordinal() - date(1970, 1, 1).toordinal()) * DAY


def lognormal(rng: np.random.Generator, median: Floats | float, sigma: Floats | float, size: int) -> Floats:
    """Waiting times: many short ones, few long ones, half of them under `median`."""
    return np.asarray(median * np.exp(sigma * rng.standard_normal(size)), dtype=np.float64)


def whole_seconds(minutes: Floats) -> Ints:
    """Minutes as microseconds, cut to whole seconds: no system in this field writes fractions."""
    return (minutes * 60).astype(np.int64) * SECOND


def chance(rng: np.random.Generator, share: Floats | float, size: int) -> Flags:
    return np.asarray(rng.random(size) < share)


def time_of_day(rng: np.random.Generator, profile: Floats, size: int) -> Ints:
    """Microseconds after midnight, the hours drawn by `profile` (24 weights)."""
    hours = rng.choice(24, size=size, p=profile / profile.sum())
    return np.asarray(hours * HOUR + rng.integers(0, 3600, size) * SECOND, dtype=np.int64)

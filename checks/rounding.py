"""Exact numbers into printed ones (取整): half up, once (design §3.2)."""

from __future__ import annotations

from fractions import Fraction
from math import floor

SCORE_PLACES = 2
FIGURE_PLACES = 6


def half_up(value: Fraction | int, places: int) -> Fraction:
    """The nearest multiple of 10^-places, halves upwards; still exact."""
    factor = 10**places
    return Fraction(floor(value * factor + Fraction(1, 2)), factor)


def published(value: Fraction | int | None, places: int = FIGURE_PLACES) -> float | int | None:
    """The printed number: an int where it is whole, else the float nearest to the rounded decimal."""
    if value is None:
        return None
    rounded = half_up(value, places)
    return int(rounded) if rounded.denominator == 1 else rounded.numerator / rounded.denominator

"""Exact numbers into printed ones (取整): half up, once (design §3.2)."""

from __future__ import annotations

from fractions import Fraction

SCORE_PLACES = 2
FIGURE_PLACES = 6


def half_up(value: Fraction | int, places: int) -> Fraction:
    """The nearest multiple of 10^-places, halves upwards; still exact."""
    return Fraction(_units(value, places), 10**places)


def published(value: Fraction | int | None, places: int = FIGURE_PLACES) -> float | int | None:
    """The printed number: an int where it is whole, else the float nearest to the rounded decimal."""
    if value is None:
        return None
    if isinstance(value, int):
        return value
    units, factor = _units(value, places), int(10**places)
    return units // factor if units % factor == 0 else units / factor


def _units(value: Fraction | int, places: int) -> int:
    """How many 10^-places, halves upwards: in integers, which is ten times as fast as in fractions."""
    above, below = int(value.numerator), int(value.denominator)
    return (2 * above * int(10**places) + below) // (2 * below)

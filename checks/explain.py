"""Every lost point led back to records (得分说明): the parts add up to the cent (design §3.4)."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from fractions import Fraction
from math import floor
from typing import Any, TypeVar, cast

from checks.scoring import Row

Key = TypeVar("Key", bound=Hashable)
FULL_CENTS = 10_000


def largest_remainder(total: int, shares: Sequence[tuple[Key, Fraction]]) -> dict[Key, int]:
    """Whole units of each share that add up to `total`; what is left goes to the largest remainders, ties by key.

    Keys must order. The shares add up to less than one unit per share away from `total`.
    """
    whole = {key: floor(share) for key, share in shares}
    left = total - sum(whole.values())
    order = sorted(shares, key=lambda pair: (whole[pair[0]] - pair[1], cast(Any, pair[0])))
    for key, _ in order[:left]:
        whole[key] += 1
    return whole


def lost_cents(row: Row) -> dict[str, int]:
    """Score points in hundredths that each available indicator lost; together exactly 100.00 − score."""
    if row.score is None:
        return {}
    shares = [
        (code, FULL_CENTS * figure.lost / row.available_weight)
        for code, figure in row.figures.items()
        if figure.lost is not None
    ]
    return largest_remainder(FULL_CENTS - int(row.score * 100), shares)


def split(cents: int, shares: Mapping[tuple[str, ...], Fraction | int]) -> dict[tuple[str, ...], int]:
    """An indicator's cents over its losing records in proportion to their shares, ties by record number.

    A key begins with the record number; whatever follows only tells records of one number apart.
    """
    total = sum((Fraction(share) for share in shares.values()), Fraction(0))
    if not total:
        return dict.fromkeys(shares, 0)
    return largest_remainder(cents, [(key, cents * Fraction(share) / total) for key, share in shares.items()])

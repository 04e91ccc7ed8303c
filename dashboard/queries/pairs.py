"""Pairs of offices that really differ (确有差别的单位对), counted among the rows that somebody sees."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping
from typing import Any

NAMED_PAIRS = 40


def pairs_among(scores: Mapping[str, float], better_than: Mapping[str, Collection[str]]) -> dict[str, Any]:
    """`scores` of the ranked offices seen; who is better than whom (`checks.pairs`): the widest gaps are named."""
    differ = [(office, other) for office, others in better_than.items() for other in others if other in scores]
    widest = heapq.nsmallest(NAMED_PAIRS, differ, key=lambda pair: (scores[pair[1]] - scores[pair[0]], pair))
    return {
        "compared": len(scores) * (len(scores) - 1) // 2,
        "differ": len(differ),
        "widest": [list(pair) for pair in widest],
    }

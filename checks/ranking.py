"""Ranks and grades (排名, 等级), from the published score so that no two equal figures stand apart (design §3.2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from fractions import Fraction

from checks.rulebook.model import Edition
from checks.scoring import Row

CAPPED_LEVELS = ("hall", "station")
"""A red line caps the grade here; county and company only show the count."""


def rank(rows: Iterable[Row], edition: Edition) -> list[Row]:
    """Sets rank and grade; rows by rank, then code, those not ranked last. Ties share a rank, the next is skipped."""
    found = list(rows)
    scores = Counter(row.score for row in found if row.ranked and row.score is not None)
    ranks: dict[Fraction, int] = {}
    before = 0
    for score in sorted(scores, reverse=True):
        ranks[score] = before + 1
        before += scores[score]
    for row in found:
        row.rank = ranks[row.score] if row.ranked and row.score is not None else None
        row.grade = grade_of(row, edition)
    return sorted(found, key=lambda row: (row.rank is None, row.rank or 0, row.office))


def grade_of(row: Row, edition: Edition) -> str | None:
    """The grade of a ranked row; a red line caps it for halls and stations."""
    if not row.ranked or row.score is None:
        return None
    if row.red_lines and row.level in CAPPED_LEVELS:
        return edition.red_lines.caps_grade
    return next(grade.code for grade in edition.grades if row.score >= grade.from_score)

"""The nearest known word, for "did you mean …?" in messages."""

from __future__ import annotations

from collections.abc import Iterable

from rapidfuzz import process


def nearest(word: str, known: Iterable[str], *, cutoff: float = 50.0) -> str | None:
    """The known word most like `word`, or None when none is at all like it."""
    found = process.extractOne(word, list(known), score_cutoff=cutoff)
    return found[0] if found else None

"""The nearest known word, for remedies in messages."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like it, None when none is like it."""
    return next(iter(get_close_matches(word, [str(name) for name in known], n=1)), None)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`Did you mean 'x'?`, or the list of what is known."""
    names = [str(name) for name in known]
    close = closest(word, names)
    return f"Did you mean '{close}'?" if close else f"Known are {', '.join(names)}."

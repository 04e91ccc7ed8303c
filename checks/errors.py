"""What a rulebook, a calendar or a question about a period can have wrong with it."""

from __future__ import annotations


class RuleError(Exception):
    """A rulebook or calendar cannot be used; the message names file, key, value seen and remedy."""


class PeriodError(RuleError):
    """A period that cannot be read; the message shows the known forms."""

"""Errors that a person reads: what, where, the value seen, what to do."""

from __future__ import annotations


class MingchaError(Exception):
    """Something failed and the message says what and what to do; the command line ends with exit code 1."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(MingchaError):
    """The words of a call are off (unknown period, unknown level …); exit code 2."""

    exit_code = 2


class NotAllowedError(MingchaError):
    """The person may not see or do this (design §5.5)."""


class DatabaseUnusableError(MingchaError):
    """The database is locked, unreachable, or of another version."""

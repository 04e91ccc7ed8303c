"""What would be right in a record (更正内容): which columns may be corrected, and values as people type them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from collectors.records import RECORDS, Column
from dashboard.errors import UsageError
from dashboard.instants import LOCAL, to_micros
from dashboard.privacy import PERSONAL

DISPUTABLE = ("tickets", "repairs", "applications", "evaluations")
_KINDS = ("instant", "choice", "integer", "flag", "maybe")
_DIGITS = 9
_EARLIEST, _LATEST = 1970, 2199  # years; nothing of ours was before, and every page can show what lies between
_YES, _NO = ("yes", "true", "1", "是"), ("no", "false", "0", "否")


def correctable(record: str) -> tuple[Column, ...]:
    """Columns that a dispute may correct: stamps, choices, counts and the office; never number or customer."""
    kind = RECORDS[record]
    return tuple(
        column for column in kind.columns
        if column.name not in kind.key and column.name not in PERSONAL
        and (column.kind in _KINDS or column.name == kind.office)
    )  # fmt: skip


def typed(record: str, texts: Mapping[str, str]) -> dict[str, Any]:
    """Column → value as it is stored (instants in microseconds); an empty text is no value.

    UsageError names the column, the text seen and what is right.
    """
    known = {column.name: column for column in correctable(record)}
    found: dict[str, Any] = {}
    for name, text in texts.items():
        if name not in known:
            raise UsageError(f"'{name}' cannot be corrected.", f"These can: {', '.join(known)}.")
        found[name] = _value(known[name], text.strip())
    return found


def _value(column: Column, text: str) -> Any:
    if not text:
        if column.required:
            raise UsageError(f"'{column.name}' cannot be empty.")
        return None
    if column.kind == "instant":
        return _moment(column.name, text)
    if column.kind == "integer":
        if not text.isascii() or not text.isdigit() or len(text) > _DIGITS:
            raise UsageError(f"'{text}' is no number for {column.name}.")
        return int(text)
    if column.kind in ("flag", "maybe"):
        if text.lower() not in (*_YES, *_NO):
            raise UsageError(f"'{text}' is neither yes nor no for {column.name}.")
        return text.lower() in _YES
    if column.kind == "choice" and text not in column.values:
        raise UsageError(f"'{text}' is not possible for {column.name};", f"one of {', '.join(column.values)}.")
    return text


def _moment(name: str, text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"'{text}' is no time for {name}.", "Example: 2026-09-01 10:35:30") from error
    if not _EARLIEST <= moment.year <= _LATEST:
        raise UsageError(f"'{text}' is no time for {name}.", "Example: 2026-09-01 10:35:30")
    return to_micros(moment if moment.tzinfo else moment.replace(tzinfo=LOCAL))

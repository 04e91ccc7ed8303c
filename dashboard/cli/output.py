"""How commands print: a short table for people, JSON or CSV on stdout and nothing else, messages on stderr."""

from __future__ import annotations

import csv
import json
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from dashboard.errors import UsageError

LOCAL = ZoneInfo("Asia/Shanghai")


class Format(StrEnum):
    """Output formats of every command that lists."""

    table = "table"
    json = "json"
    csv = "csv"


def say(message: str) -> None:
    """A message for the person, on stderr."""
    print(message, file=sys.stderr)


def fail(message: str, code: int) -> NoReturn:
    from dashboard.privacy import harmless

    print(f"mingcha: {' '.join(harmless(message).split())}", file=sys.stderr)
    sys.exit(code)


def emit(
    document: Mapping[str, Any],
    output: Format,
    columns: Sequence[str] | Mapping[str, str] = (),
    *,
    rows: str = "rows",
) -> None:
    """Print `document`: whole as JSON, its `rows` flattened as CSV, or chosen `columns` (key → heading) as a table."""
    if output is Format.json:
        print(json.dumps(document, ensure_ascii=False, default=_plain, allow_nan=False))
    elif output is Format.csv:
        _write_csv([flatten(row) for row in document[rows]])
    else:
        headings = columns if isinstance(columns, Mapping) else {name: name for name in columns}
        _write_table([flatten(row) for row in document[rows]], headings)


def flatten(row: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested keys as `R1.value`; lists as JSON, except an `indicators` mapping whose name is left out."""
    flat: dict[str, Any] = {}
    for key, value in row.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            flat.update(flatten(value, "" if name == "indicators" else f"{name}."))
        else:
            flat[name] = json.dumps(value, ensure_ascii=False, default=_plain) if isinstance(value, list) else value
    return flat


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def iso(moment: datetime) -> str:
    """ISO 8601 with the offset of Asia/Shanghai, whole seconds where there are no fractions."""
    return moment.astimezone(LOCAL).isoformat()


def _write_csv(rows: list[dict[str, Any]]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([["" if row.get(name) is None else row[name] for name in names] for row in rows])


def _write_table(rows: list[dict[str, Any]], headings: Mapping[str, str]) -> None:
    names = headings or {name: name for row in rows for name in row}
    cells = [list(names.values()), *([_cell(row.get(name)) for name in names] for row in rows)]
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        print("  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: Any) -> str:
    if value is None:
        return "—"
    if isinstance(value, datetime):
        return value.astimezone(LOCAL).strftime("%Y-%m-%d %H:%M:%S")
    return f"{value:g}" if isinstance(value, float) else str(value)


def _width(text: str) -> int:
    """Columns on a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def parse_time(text: str | None, option: str = "--as-of") -> datetime | None:
    """`2026-10-11T00:00:00+08:00`; without an offset Asia/Shanghai; a plain day means its first second. UsageError."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{option} '{text}' is no time.", "Example: 2026-10-11T00:00:00+08:00") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=LOCAL)).astimezone(UTC)

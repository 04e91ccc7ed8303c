"""Where in a TOML file a key stands (行号): tomllib reads values and forgets their lines."""

from __future__ import annotations

import re
from collections.abc import Sequence

Key = Sequence[int | str]


def line_of(text: str, key: Key) -> int | None:
    """The line of a key such as `("steps", 2, "limits", 0, "amount")`, else of the nearest table around it.

    None for a key that the file does not begin to hold. Tables are written as headers, rows of an inline list one per
    line, which is how rulebooks are written.
    """
    lines = text.splitlines()
    found, first, last = None, 0, len(lines)
    for place, part in enumerate(key):
        following = key[place + 1] if place + 1 < len(key) else None
        if isinstance(part, int):
            continue
        hit = _below(lines, first, last, part, following if isinstance(following, int) else None)
        if hit is None:
            break
        found, (first, last) = hit[0], hit
    return None if found is None else found + 1


def _below(lines: list[str], first: int, last: int, name: str, index: int | None) -> tuple[int, int] | None:
    """The lines (first, one after the last) of a table, a row of a list, or a key between two lines."""
    header = re.compile(rf"\s*\[\[?{re.escape(name)}\]\]?\s*(#|$)")
    headers = [number for number in range(first, last) if header.match(lines[number])]
    if headers:
        number = headers[min(index or 0, len(headers) - 1)]
        return number, _next_header(lines, number + 1, last)
    assigned = re.compile(rf"""\s*["']?{re.escape(name)}["']?\s*=|.*[{{,]\s*{re.escape(name)}\s*=""")
    number = next((number for number in range(first, last) if assigned.match(lines[number])), -1)
    if number < 0:
        return None
    if index is None:
        return number, number + 1
    if not lines[number].rstrip().endswith("["):
        return number, number + 1
    rows = [row for row in range(number + 1, last) if lines[row].lstrip().startswith("{")]
    return (rows[index], rows[index] + 1) if index < len(rows) else (number, last)


def _next_header(lines: list[str], first: int, last: int) -> int:
    return next((number for number in range(first, last) if lines[number].startswith("[")), last)

"""A mapping as people keep it (映射文本): the `[[sources]]` table of a source as TOML, to copy or to save."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def as_toml(raw: Mapping[str, Any]) -> str:
    """One `[[sources]]` table. `raw` holds text, numbers, yes/no, lists and tables of these, as `parse_config` takes.

    What is empty is left out, except an empty list among columns: it says that the source has no such column.
    """
    plain = {key: value for key, value in raw.items() if not isinstance(value, Mapping) and value not in (None, "", [])}
    tables = {key: value for key, value in raw.items() if isinstance(value, Mapping) and value}
    lines = ["[[sources]]", *_lines(plain)]
    for name, table in tables.items():
        lines += _table(f"sources.{_key(name)}", table)
    return "\n".join(lines) + "\n"


def _table(path: str, table: Mapping[str, Any]) -> list[str]:
    inner = {key: value for key, value in table.items() if isinstance(value, Mapping)}
    own = {key: value for key, value in table.items() if key not in inner}
    lines = ["", f"[{path}]", *_lines(own)] if own else []
    for name, values in inner.items():
        lines += _table(f"{path}.{_key(name)}", values) if values else []
    return lines


def _lines(table: Mapping[str, Any]) -> list[str]:
    return [f"{_key(key)} = {_value(value)}" for key, value in table.items()]


def _key(text: str) -> str:
    return text if _BARE.fullmatch(text) else _text(text)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Sequence):
        return f"[{', '.join(map(_value, value))}]"
    return str(value)


def _text(text: str) -> str:
    """A basic string: JSON's escapes are TOML's, but for DEL, which JSON leaves as it is."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")

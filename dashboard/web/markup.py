"""HTML (标记) built from values: everything is escaped unless it was built here. Ticket text can never become a tag."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

VOID = frozenset({"img", "br", "hr", "col", "input", "link", "meta"})


class Safe(str):
    """Finished markup; plain text is `str` and gets escaped."""

    __slots__ = ()


def safe(*parts: object) -> Safe:
    """Parts joined, plain text escaped, None left out, iterables opened."""
    return Safe("".join(_flat(parts)))


def tag(name: str, /, *children: object, **attributes: object) -> Safe:
    """An element. `class_` gives `class`, `data_go` gives `data-go`; None or False leaves an attribute out."""
    opened = f"<{name}{''.join(_attribute(key, value) for key, value in attributes.items())}>"
    return Safe(opened if name in VOID else f"{opened}{safe(*children)}</{name}>")


def _attribute(key: str, value: object) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value), quote=True)}"'


def _flat(parts: Iterable[object]) -> Iterable[str]:
    for part in parts:
        if part is None:
            continue
        if isinstance(part, Safe):
            yield part
        elif isinstance(part, str):
            yield escape(part, quote=True)
        elif isinstance(part, Iterable):
            yield from _flat(part)
        else:
            yield escape(str(part), quote=True)

"""Errors in the language of who reads them (错误文案).

An error is raised as a finished English sentence: that is what the command line, the logs and `checks` (which knows no
catalogues) need. A page shows it in its own language: the sentence is matched against the catalogue's msgids with their
`{name}` fields, and the values found are put into the translation. What no msgid matches stays English.
"""

from __future__ import annotations

import re
from functools import cache

from dashboard.texts import catalogue, current_language, t

_LEAST_WORDS = 3
"""A msgid with fewer letters outside its fields would match anything."""


def said(error: Exception) -> str:
    """Message and hint of an error of ours, each in the current language."""
    parts = (getattr(error, "message", str(error)), getattr(error, "hint", ""))
    message, hint = (translated(part) if part else "" for part in parts)
    return f"{message}{hint}" if message.endswith("。") else f"{message} {hint}".strip()


def translated(sentence: str) -> str:
    """The sentence in the current language; as it is where no msgid matches it."""
    language = current_language()
    if language == "en":
        return sentence
    if sentence in catalogue(language):
        return t(sentence)
    for pattern, msgid in _patterns(language):
        if match := pattern.fullmatch(sentence):
            return t(msgid, **{name: _inside(value) for name, value in match.groupdict().items()})
    return sentence


def _inside(value: str) -> str:
    """A value may be a text of its own (the known forms of a period, a deed), or several (roles)."""
    known = catalogue(current_language())
    parts = [value] if value in known else value.split(", ")
    return "、".join(t(part) for part in parts) if all(part in known for part in parts) else value


@cache
def _patterns(language: str) -> list[tuple[re.Pattern[str], str]]:
    """The msgids that have fields, as patterns: those with the most words of their own first."""
    found = [msgid for msgid in catalogue(language) if "{" in msgid and _own_letters(msgid) >= _LEAST_WORDS]
    found.sort(key=lambda msgid: (-_own_letters(msgid), msgid))
    return [(re.compile(_as_pattern(msgid), re.DOTALL), msgid) for msgid in found]


def _as_pattern(msgid: str) -> str:
    seen: set[str] = set()
    pattern = ""
    for part in re.split(r"(\{[a-z]\w*\})", msgid):
        name = part[1:-1]
        if not re.fullmatch(r"\{[a-z]\w*\}", part):
            pattern += re.escape(part)
        elif name in seen:
            pattern += f"(?P={name})"
        else:
            seen.add(name)
            pattern += f"(?P<{name}>.+?)"
    return pattern


def _own_letters(msgid: str) -> int:
    return sum(character.isalpha() for character in re.sub(r"\{\w+[^}]*\}", "", msgid))

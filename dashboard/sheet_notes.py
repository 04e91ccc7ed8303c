"""Canned notes and search words for the items of the score sheet (复核用语), as data beside the sheet."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dashboard.texts import current_language

FILE = Path(__file__).with_name("sheet_notes.toml")


@dataclass(frozen=True, slots=True)
class ItemWords:
    """`initials`: those of the pinyin of the title, and of its parts. `notes`: in the current language."""

    initials: str
    notes: tuple[str, ...]


def item_words(code: str) -> ItemWords:
    """The words of an item of the sheet; nothing for one that the data do not know."""
    found = _known().get(code)
    if found is None:
        return ItemWords("", ())
    return ItemWords(str(found["initials"]), tuple(found["en" if current_language() == "en" else "zh"]))


@cache
def _known() -> dict[str, dict[str, list[str]]]:
    return dict(tomllib.loads(FILE.read_text(encoding="utf-8")))

"""Texts people read (文案): English msgids, Chinese by gettext catalogues, Chinese by default.

`t("…{n}…", n=3)` translates and fills in. Catalogues are the `.po` files under `catalogues/<language>/`,
one per area, read once.
"""

from __future__ import annotations

from contextvars import ContextVar
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

LANGUAGES = ("zh", "en")
DEFAULT_LANGUAGE = "zh"
CATALOGUES = Path(__file__).parent / "catalogues"

_language: ContextVar[str] = ContextVar("mingcha_language", default=DEFAULT_LANGUAGE)


def set_language(language: str) -> None:
    """Choose the language for this thread or task; an unknown one falls back to Chinese."""
    _language.set(language if language in LANGUAGES else DEFAULT_LANGUAGE)


def current_language() -> str:
    return _language.get()


@cache
def catalogue(language: str) -> dict[str, str]:
    """All translations of a language: msgid → text."""
    texts: dict[str, str] = {}
    for path in sorted((CATALOGUES / language).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=language, abort_invalid=True):
                if message.id and message.string:
                    texts[str(message.id)] = str(message.string)
    return texts


def t(msgid: str, /, *, language: str | None = None, **values: object) -> str:
    """The text in the current (or given) language with `{name}` fields filled in."""
    chosen = language or current_language()
    text = msgid if chosen == "en" else catalogue(chosen).get(msgid, msgid)
    return text.format(**values) if values else text

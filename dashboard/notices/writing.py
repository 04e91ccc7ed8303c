"""What a message says (通知文字): in the reader's language, with a link to the page of each thing."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from dashboard.instants import LOCAL, from_micros
from dashboard.queries.offices import Tree
from dashboard.settings import Settings
from dashboard.texts import t

TOPICS = {
    "warning": "early warning", "case": "violation", "dispute": "dispute of a record", "head": "head of the evidence",
    "account": "your account", "test": "test message",
}  # fmt: skip
"""Topics of notices; msgids."""
LINES = 20
"""A digest spells out so many notices; how many there are beside is said."""
_MOBILE = re.compile(r"(?<![0-9A-Za-z])(1[3-9]\d)\d{4}(\d{4})(?![0-9A-Za-z])")  # not within a hash


@dataclass(frozen=True, slots=True)
class Told:
    """One notice as it was entered; `values` is JSON."""

    topic: str
    words: str
    values: str
    link: str

    def text(self, language: str, tree: Tree) -> str:
        """The sentence in a language, offices by name and moments by local time."""
        given = {name: _shown(value, language, tree) for name, value in json.loads(self.values).items()}
        return _MOBILE.sub(r"\1****\2", t(self.words, language=language, **given))


def message(told: Sequence[Told], language: str, tree: Tree, settings: Settings, room: int) -> tuple[str, str]:
    """(title, body) of one message about these notices, the first of them on top.

    A digest spells out fewer where both would have more than `room` bytes: a channel refuses what is longer, each time.
    """
    if len(told) == 1:
        only = told[0]
        title = t("Mingcha: {topic}", language=language, topic=topic(only.topic, language))
        return title, f"{only.text(language, tree)}\n{address(settings, only.link)}"
    counts = Counter(topic(one.topic, language) for one in told)
    title = t("Mingcha: {n} notices", language=language, n=len(told))
    head = " · ".join(f"{words} {n}" for words, n in counts.most_common())
    lines = [f"• {one.text(language, tree)}\n  {address(settings, one.link)}" for one in told[:LINES]]
    door = address(settings, f"notices?{urlencode({'lang': language})}")
    for shown in range(len(lines), -1, -1):
        more = [t("and {n} more:", language=language, n=len(told) - shown)] if len(told) > shown else []
        body = "\n".join([head, "", *lines[:shown], *more, door])
        if len(title.encode()) + len(body.encode()) <= room:
            break
    return title, body


def topic(code: str, language: str) -> str:
    return t(TOPICS[code], language=language) if code in TOPICS else code


def address(settings: Settings, link: str) -> str:
    """Where a reader opens a page: below `[notices] base_url`, else where the web server listens."""
    base = settings.notices.base_url or f"http://{settings.web.address}:{settings.web.port}"
    return f"{base.rstrip('/')}/{link.lstrip('/')}"


def _shown(value: Any, language: str, tree: Tree) -> object:
    match value:
        case {"msgid": text}:
            return t(text, language=language)
        case {"zh": chinese, "en": english}:
            return chinese if language == "zh" else english
        case {"office": code}:
            return tree.name(code)
        case {"instant": micros}:
            return f"{from_micros(micros).astimezone(LOCAL):%Y-%m-%d %H:%M}"
        case None:
            return "—"
    return value

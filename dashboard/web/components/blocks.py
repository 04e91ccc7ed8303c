"""Blocks that every page is made of (版块): heading, figures, tables that turn into cards, tabs, honest states."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from dashboard.web.markup import Safe, safe, tag

FRAME = '<div class="mc">'
State = Literal["empty", "failed", "stale"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. `class_`: `num` right-aligned, `head` the title of the card on a phone, `keep` no break."""

    label: str
    class_: str = ""
    title: str = ""


def show(*parts: object) -> None:
    """Put finished markup on the page as one element."""
    st.html(finished(*parts))


def finished(*parts: object) -> Safe:
    """Markup as `show` puts it on the page; a finished one stays as it is, so that it can be kept."""
    if len(parts) == 1 and isinstance(parts[0], Safe) and parts[0].startswith(FRAME):
        return parts[0]
    return tag("div", *parts, class_="mc")


def heading(title: str, question: str) -> Safe:
    return tag("h1", title, tag("small", question))


def section(title: str, note: str = "") -> Safe:
    return tag("h2", title, tag("small", note) if note else None)


def says(sentence: str) -> Safe:
    """What may and what may not be concluded from the picture above."""
    return tag("p", sentence, class_="says")


def go(href: str, *content: object, title: str | None = None, class_: str = "") -> Safe:
    """A link that stays in the session on a plain click and opens a tab with a modifier."""
    return tag("a", *content, href=href, class_=f"mc-go {class_}".strip(), title=title)


def figure(value: object, words: str, *, href: str | None = None, tone: str = "", title: str = "") -> Safe:
    """One number with its words; with an address it is a door."""
    classes, inside = f"figure {tone}".strip(), safe(tag("b", value), tag("span", words))
    if href is None:
        return tag("div", inside, class_=classes, title=title or None)
    return go(href, inside, title=title or None, class_=classes)


def figures(items: Iterable[Safe]) -> Safe:
    return tag("div", *items, class_="figures")


def table(
    columns: Sequence[Column], rows: Iterable[Sequence[object]], *, chosen: int | None = None, label: str = ""
) -> Safe:
    """A table of finished cells; on a phone each row is a card. `chosen` marks one row."""
    head = tag("tr", [tag("th", c.label, class_=c.class_ or None, title=c.title or None, scope="col") for c in columns])
    body = [_row(columns, cells, index == chosen) for index, cells in enumerate(rows)]
    inside = tag("table", tag("thead", head), tag("tbody", body), class_="rows cards", aria_label=label or None)
    return tag("div", inside, class_="scroll")


def _row(columns: Sequence[Column], cells: Sequence[object], chosen: bool) -> Safe:
    return tag(
        "tr",
        [tag("td", cell, class_=c.class_ or None, data_label=c.label)
         for c, cell in zip(columns, cells, strict=True)],
        class_="chosen" if chosen else None,
    )  # fmt: skip


def tabs(items: Iterable[tuple[str, str, bool]], label: str) -> Safe:
    """Tabs as links (label, address, current): the choice is in the URL, not in a widget."""
    links = [
        tag("a", text, href=href, class_="mc-go", aria_current="page" if current else None)
        for text, href, current in items
    ]
    return tag("nav", links, class_="tabs", aria_label=label)


def choice(label: str, items: Iterable[tuple[str, str, bool]]) -> Safe:
    """Chips of which one is chosen (text, address, current), as links."""
    links = [
        tag("a", text, href=href, class_="mc-go chip", aria_current="true" if current else None)
        for text, href, current in items
    ]
    return tag("nav", tag("span", label, class_="quiet"), links, class_="chips", aria_label=label)


def state(kind: State, headline: str, *details: object) -> Safe:
    """An honest state: empty says what would be here, failed since when and why, stale what still holds."""
    return tag("div", tag("b", headline), [tag("p", detail) for detail in details if detail],
               class_=f"state {kind}", role="status")  # fmt: skip


def word(text: str, tone: str = "", title: str = "") -> Safe:
    """A word with a border: never colour alone."""
    return tag("span", text, class_=f"tag {tone}".strip(), title=title or None)


def facts(pairs: Iterable[tuple[str, object]]) -> Safe:
    return tag("dl", [(tag("dt", name), tag("dd", value)) for name, value in pairs], class_="facts")


def more(summary: str, *content: object, opened: bool = False) -> Safe:
    return tag("details", tag("summary", summary), *content, class_="more", open=opened)

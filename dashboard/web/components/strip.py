"""The strip on top of every page (顶条): what the page is about, how fresh it is, by which rules, and who looks.

One component of our own: native selects (a phone shows its own picker), the links of all pages (a click stays in the
session instead of loading the page anew) and the countdowns, which move by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import streamlit as st

from dashboard.texts import t

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Choice:
    """One select of the strip: options are (value, label, group); the group may be empty."""

    key: str
    label: str
    value: str
    options: tuple[tuple[str, str, str], ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of the strip. `tone` is '', 'soon' or 'breach' and always comes with words."""

    label: str
    value: str
    title: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """What the person did in the strip or on the page: `go` an address, `set` a choice, `person` a name, `what`
    a figure that was asked about."""

    kind: str
    key: str
    value: str


def strip(
    choices: list[Choice], facts: list[Fact], notes: list[str], person: Choice, account: str = ""
) -> Event | None:
    """Show the strip; the event of this run, if one brought it about. `account`: address of one's own account page,
    where people sign in; sign out stands beside it.

    Nothing in it changes from run to run by itself, so that the browser receives it once and keeps it.
    """
    data = {
        "choices": [_plain(choice) for choice in choices],
        "facts": [{"label": f.label, "value": f.value, "title": f.title, "tone": f.tone} for f in facts],
        "notes": notes,
        "person": _plain(person),
        "account": account,
        "words": {
            "over": t("over by {time}"), "d": t("{d} d {h} h"), "h": t("{h} h {m} min"), "m": t("{m} min {s} s"),
            "more": t("Scope and freshness"), "account": t("Account"), "leave": t("Sign out"),
        },
    }  # fmt: skip
    result = _component()(data=data, key="strip", on_event_change=lambda: None)
    return event_of(result.event)


def event_of(raw: Any) -> Event | None:
    """What the browser sent, if it has the form of an event; anything else is nobody's and is dropped."""
    if not isinstance(raw, dict) or raw.get("kind") not in ("go", "set", "person", "what"):
        return None
    return Event(str(raw["kind"]), str(raw.get("key", "")), str(raw.get("value", "")))


def address(link: str) -> tuple[str, dict[str, str]]:
    """Page slug and parameters of a link within the app."""
    parts = urlsplit(link)
    return parts.path.strip("/"), dict(parse_qsl(parts.query, keep_blank_values=False))


def _plain(choice: Choice) -> dict[str, Any]:
    return {
        "key": choice.key, "label": choice.label, "value": choice.value, "title": choice.title,
        "options": [list(option) for option in choice.options],
    }  # fmt: skip


@cache
def _component() -> Any:
    return st.components.v2.component(
        "mingcha_strip",
        html='<div class="mc-strip" data-ready="0"></div>',
        css=(FOLDER / "strip.css").read_text(encoding="utf-8"),
        js=(FOLDER / "strip.js").read_text(encoding="utf-8"),
        isolate_styles=False,
    )

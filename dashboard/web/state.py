"""What a page is about (页面状态): the strip without the person, held in the URL so that a link shows the same.

A page reads it with `here()`. Fragments run without the entry script, hence the copy in the session.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NoReturn
from urllib.parse import urlencode

import streamlit as st

from checks.periods import Period, parse_period
from checks.rulebook.model import Edition
from dashboard.bootstrap import Application
from dashboard.instants import from_micros
from dashboard.judging.rules import Rules, rules_of
from dashboard.people import Viewer
from dashboard.queries.freshness import Freshness
from dashboard.queries.offices import Tree
from dashboard.queries.staleness import Silent
from dashboard.texts import DEFAULT_LANGUAGE, LANGUAGES, set_language
from dashboard.web.palette import Palette, palette
from dashboard.web.signed_in import still

STRIP_KEYS = ("period", "office", "peer", "lang", "as_of")
FIRST_PAGE = "today"
"""The page at the bare address."""
_SESSION = "mingcha"
_PAGES = "mingcha_pages"


@dataclass(frozen=True, slots=True)
class Strip:
    """The part of the URL that every page shares. `office` and `peer` empty: all that the viewer may see."""

    period: str
    office: str | None
    peer: str | None
    lang: str
    as_of: str | None

    def parameters(self) -> dict[str, str]:
        """As query parameters; what is not chosen is left out."""
        values = {key: getattr(self, key) for key in STRIP_KEYS}
        return {key: value for key, value in values.items() if value}


@dataclass(frozen=True, slots=True)
class Here:
    """One page run: who looks, at what, from which database, as of when."""

    app: Application
    viewer: Viewer
    tree: Tree
    strip: Strip
    as_of: datetime
    """The moment for which everything on the page is true: that of the roll-ups, or the one asked for in the URL."""
    now: datetime
    asked: datetime | None
    """The as-of in the URL; None: the present."""
    theme: str
    version: str
    """Changes whenever the stored figures may have changed; part of every cache key."""
    fresh: Freshness
    silent: tuple[Silent, ...] = ()
    """Sources that have been silent for longer than expected, at the moment of the page."""

    @property
    def silence(self) -> tuple[str, ...]:
        """Part of every cache key: a source that falls silent marks figures without any change in the database."""
        return tuple(f"{one.source}\0{one.record}" for one in self.silent)

    @property
    def period(self) -> Period:
        return parse_period(self.strip.period)

    @property
    def colours(self) -> Palette:
        return palette(self.theme)

    @property
    def rules(self) -> Rules:
        return rules_of(self.app.settings, self.app.db)

    @property
    def edition(self) -> Edition:
        """The edition whose weights and grades the strip's period uses; the newest where none is in force."""
        period = parse_period(self.strip.period)
        return self.rules.rulebook.edition_on(period.last_day) or self.rules.rulebook.editions[-1]

    @property
    def period_end(self) -> datetime:
        """The last moment of the strip's period."""
        return from_micros(parse_period(self.strip.period).ends_at - 1)

    @property
    def below(self) -> frozenset[str]:
        """Codes within the strip's office and peer group, of those the viewer may see."""
        codes = self.tree.below(self.strip.office) if self.strip.office else frozenset(self.tree.offices)
        if self.strip.peer is None:
            return codes
        groups = (code for code in codes if code in self.tree.offices)
        tops = [code for code in groups if self.tree.offices[code].peer_group == self.strip.peer]
        return codes & frozenset[str]().union(*(self.tree.below(code) for code in tops))

    @property
    def scope(self) -> tuple[str, ...]:
        """What must be in the key of everything cached: role, offices in sight, and where the viewer works."""
        return (self.viewer.role, *sorted(self.viewer.offices), *(f"at {place}" for place in self.viewer.workplaces))

    def link(self, page: str, /, **parameters: object) -> str:
        """Address of a page within the app, carrying the strip along; None leaves a parameter out."""
        tree = {"tree": "today"} if tree_read() == "today" else {}
        merged: dict[str, object] = {**self.strip.parameters(), **tree, **parameters}
        kept = {key: str(value) for key, value in merged.items() if value is not None}
        return f"/{'' if page == FIRST_PAGE else page}?{urlencode(kept)}"


def remember(here: Here, pages: Mapping[str, Any]) -> None:
    """Keep the context and the registered pages by slug for this run, its fragments and its links."""
    st.session_state[_SESSION] = here
    st.session_state[_PAGES] = pages


def forget() -> None:
    """Nothing that a page knew is left for whoever is here now."""
    for key in list(st.session_state):
        del st.session_state[key]


def turn_to(slug: str, **parameters: str) -> NoReturn:
    """Go to another page of the app, carrying the strip along."""
    tree = {"tree": "today"} if tree_read() == "today" else {}
    merged = {**here().strip.parameters(), **tree, **parameters}
    st.switch_page(st.session_state[_PAGES][slug], query_params=merged)


def here() -> Here:
    """The context that the entry script made for this run; sets the language for this thread too.

    Callbacks and fragments run without the entry script: who signed in is asked for again, for a sign-in may have ended
    and rights may have changed. NotAllowedError when the person is not signed in any more.
    """
    found: Here = st.session_state[_SESSION]
    set_language(found.strip.lang)
    viewer = still(found.app, found.viewer)
    return found if viewer == found.viewer else replace(found, viewer=viewer)


def read_strip(parameters: Mapping[str, str], remembered: Strip | None, default: Callable[[], Strip]) -> Strip:
    """The strip of this run: the URL first, then what this session showed last, then the default."""
    base = remembered or default()
    if not any(key in parameters for key in STRIP_KEYS):
        return base
    lang = parameters.get("lang", base.lang)
    return Strip(
        period=parameters.get("period") or base.period,
        office=parameters.get("office") or None,
        peer=parameters.get("peer") or None,
        lang=lang if lang in LANGUAGES else DEFAULT_LANGUAGE,
        as_of=parameters.get("as_of") or None,
    )


def filter_value(name: str, allowed: tuple[str, ...] | None = None) -> str | None:
    """A page's own filter from the URL as plain text; a value that is not allowed counts as absent."""
    value = st.query_params.get(name)
    return value if value and (allowed is None or value in allowed) else None


def tree_read() -> str:
    """By which tree of offices figures are read: `day`, each record by its own, or `today`; part of the address."""
    return filter_value("tree", ("today",)) or "day"


def filter_number(name: str, default: int, least: int = 1, most: int = 1_000_000) -> int:
    """A whole number from the URL, kept within bounds; anything else is the default."""
    value = st.query_params.get(name, "")
    return min(max(int(value), least), most) if value.isascii() and value.isdigit() else default

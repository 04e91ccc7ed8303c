"""Queries with a memory (缓存): the key holds the viewer's scope, the as-of and the version of the stored figures.

Answers are shared by all sessions of the same scope and never changed in place. A new batch, judgement or decision
changes the version, so nothing stale is shown and nothing needs to be cleared.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import datetime
from threading import Lock
from typing import Any, TypeVar

import streamlit as st

from dashboard.bootstrap import Application
from dashboard.instants import LOCAL
from dashboard.judging.rules import rules_of
from dashboard.people import Viewer
from dashboard.queries import comparison as comparison_query
from dashboard.queries import explain as explain_query
from dashboard.queries import league as league_query
from dashboard.queries import records as records_query
from dashboard.queries import today as today_query
from dashboard.queries import violations as violations_query
from dashboard.queries import yesterday as yesterday_query
from dashboard.queries.comparison import Comparison
from dashboard.queries.offices import Tree
from dashboard.queries.today import Running, Sampled
from dashboard.queries.violations import Violation
from dashboard.queries.yesterday import Movement
from dashboard.rights import may
from dashboard.web.state import Here, tree_read

ENTRIES = 256
Made = TypeVar("Made")
_lock = Lock()


class _Place:
    """Where one answer is kept, or is being made."""

    def __init__(self) -> None:
        self.lock, self.made, self.value = Lock(), False, None


_kept: OrderedDict[Hashable, Any] = OrderedDict()
Scope = tuple[str, ...]


def kept(here: Here, name: str, *parts: Hashable, make: Callable[[], Made]) -> Made:
    """What `make` gives, remembered for this scope, figures, strip and theme; `parts` are the page's own filters.

    For finished markup and pictures: a league table costs 10 ms to write and nothing to keep.
    """
    key = (name, here.scope, here.version, here.silence, here.as_of, here.asked, here.strip, here.theme, tree_read(),
           *parts)  # fmt: skip
    with _lock:
        place = _kept.setdefault(key, _Place())
        _kept.move_to_end(key)
        while len(_kept) > ENTRIES:
            _kept.popitem(last=False)
    with place.lock:  # fifty sessions after a new judgement: one makes it, the others wait for that one
        if not place.made:
            place.value, place.made = make(), True
        return place.value  # type: ignore[no-any-return]


def league(here: Here, *, level: str, period: str | None = None) -> dict[str, Any]:
    """The league of the strip's period (or another) at a level, for all that the viewer may see (design §4.1)."""
    chosen = period or here.strip.period
    return _league(here.app, here.viewer, here.now, here.scope, here.version, here.silence, here.as_of,
                   here.asked is not None, chosen, level, tree_read())  # fmt: skip


def comparison(here: Here, *, level: str) -> Comparison:
    """How the offices of a level stood in the period before and a year before."""
    return _comparison(here.app, here.viewer, here.scope, here.version, here.as_of, here.asked is not None,
                       here.strip.period, level, tree_read())  # fmt: skip


@st.cache_resource(max_entries=ENTRIES, show_spinner=False)
def _comparison(
    _app: Application, _viewer: Viewer, scope: Scope, version: str, as_of: datetime, aside: bool, period: str,
    level: str, tree: str,
) -> Comparison:  # fmt: skip
    return comparison_query.comparison(
        _app.db, _viewer, rules_of(_app.settings, _app.db), period=period, level=level, now=as_of,
        as_of=as_of if aside else None, tree=tree,
    )  # fmt: skip


def explain(here: Here, *, office: str) -> dict[str, Any]:
    """Every point of an office, down to record numbers (design §3.4)."""
    return _explain(
        here.app, here.viewer, here.now, here.scope, here.version, here.silence, here.as_of, here.asked is not None,
        here.strip.period, office, here.strip.lang, tree_read(),
    )  # fmt: skip


@st.cache_resource(max_entries=ENTRIES, show_spinner=False)
def _league(
    _app: Application,
    _viewer: Viewer,
    _now: datetime,
    scope: Scope,
    version: str,
    silence: tuple[str, ...],
    as_of: datetime,
    aside: bool,
    period: str,
    level: str,
    tree: str,
) -> dict[str, Any]:
    rules = rules_of(_app.settings, _app.db)
    asked = as_of if aside else None
    return league_query.league(
        _app.db, _viewer, rules, period=period, level=level, now=as_of, as_of=asked, refresh=False, looked_at=_now,
        tree=tree,
    )  # fmt: skip


@st.cache_resource(max_entries=ENTRIES, show_spinner=False)
def _explain(
    _app: Application, _viewer: Viewer, _now: datetime, scope: Scope, version: str, silence: tuple[str, ...],
    as_of: datetime, aside: bool, period: str, office: str, lang: str, tree: str,
) -> dict[str, Any]:  # fmt: skip
    rules = rules_of(_app.settings, _app.db)
    asked = as_of if aside else None
    return explain_query.explain(
        _app.db, _viewer, rules, office=office, period=period, now=as_of, as_of=asked, refresh=False, looked_at=_now,
        tree=tree,
    )  # fmt: skip


def records(
    here: Here, *, record: str, indicator: str | None, verdict: str | None, limit: int, offset: int
) -> dict[str, Any]:
    """A page of judged records of the strip's period and office, newest first, with the total."""
    return _records(
        here.app, here.viewer, here.scope, here.version, here.as_of, here.asked is not None, here.strip.period,
        here.strip.office, record, indicator, verdict, limit, offset, tree_read(),
    )  # fmt: skip


@st.cache_resource(max_entries=ENTRIES, show_spinner=False)
def _records(
    _app: Application, _viewer: Viewer, scope: Scope, version: str, as_of: datetime, aside: bool, period: str,
    office: str | None, record: str, indicator: str | None, verdict: str | None, limit: int, offset: int, tree: str,
) -> dict[str, Any]:  # fmt: skip
    return records_query.records(
        _app.db, _viewer, rules_of(_app.settings, _app.db), record=record, period=period, now=as_of,
        as_of=as_of if aside else None, office=office, verdict=verdict, indicator=indicator, limit=limit,
        offset=offset, refresh=False, tree=tree,
    )  # fmt: skip


def open_clocks(here: Here) -> list[Running]:
    """Clocks that run or ran out, for all that the viewer may see; judged for the minute, not for the second."""
    return _open_clocks(here.app, here.viewer, here.tree, here.scope, here.version, _minute(here.now))


def movement(here: Here) -> Movement | None:
    """Who moved in the league since yesterday; None where it is not known, as for another moment than the present."""
    if here.asked is not None:
        return None
    hour = here.now.replace(minute=0, second=0, microsecond=0)
    return _movement(here.app, here.viewer, here.tree, here.now, here.scope, here.version, here.silence, hour)


@st.cache_resource(max_entries=32, show_spinner=False)
def _movement(
    _app: Application, _viewer: Viewer, _tree: Tree, _now: datetime, scope: Scope, version: str,
    silence: tuple[str, ...], hour: datetime,
) -> Movement | None:  # fmt: skip
    return yesterday_query.movement(_app.db, _viewer, rules_of(_app.settings, _app.db), _tree, now=_now)


def open_cases(here: Here) -> list[Violation]:
    """Open cases for all that the viewer may see; asked anew when anything happened to one, and each minute."""
    db, viewer = here.app.db, here.viewer
    if not may(viewer, "read violations"):
        return []
    asked = violations_query.revision(db, viewer), _minute(here.now), viewer.name
    return kept(here, "open cases", *asked, make=lambda: violations_query.ledger(
        db, viewer, rules=here.rules, as_of=here.now, ended=False))  # fmt: skip


def samples_today(here: Here) -> list[Sampled]:
    # what waits depends on who has judged what: one person's list must never be another's
    scope = (*here.scope, here.viewer.name)
    return _samples_today(here.app, here.viewer, scope, here.version, _minute(here.now))


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


@st.cache_resource(max_entries=32, show_spinner=False)
def _open_clocks(
    _app: Application, _viewer: Viewer, _tree: Tree, scope: Scope, version: str, as_of: datetime
) -> list[Running]:
    return today_query.open_clocks(_app.db, _viewer, rules_of(_app.settings, _app.db), _tree, as_of=as_of)


@st.cache_resource(max_entries=32, show_spinner=False)
def _samples_today(_app: Application, _viewer: Viewer, scope: Scope, version: str, as_of: datetime) -> list[Sampled]:
    day = as_of.astimezone(LOCAL).date().isoformat()
    slots = rules_of(_app.settings, _app.db).slots
    return today_query.samples_today(_app.db, _viewer, slots, day=day, as_of=as_of)

"""Queries with a memory (缓存): the key holds the viewer's scope, the as-of and the version of the stored figures.

Answers are shared by all sessions of the same scope and never changed in place. A new batch, judgement or decision
changes the version, so nothing stale is shown and nothing needs to be cleared.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import streamlit as st

from dashboard.bootstrap import Application
from dashboard.judging.rules import rules_of
from dashboard.people import Viewer
from dashboard.queries import explain as explain_query
from dashboard.queries import league as league_query
from dashboard.web.state import Here

ENTRIES = 256
Scope = tuple[str, ...]


def league(here: Here, *, level: str, period: str | None = None) -> dict[str, Any]:
    """The league of the strip's period (or another) at a level, for all that the viewer may see (design §4.1)."""
    chosen = period or here.strip.period
    return _league(here.app, here.viewer, here.scope, here.version, here.as_of, here.asked is not None, chosen, level)


def explain(here: Here, *, office: str) -> dict[str, Any]:
    """Every point of an office, down to record numbers (design §3.4)."""
    return _explain(
        here.app, here.viewer, here.scope, here.version, here.as_of, here.asked is not None, here.strip.period, office,
        here.strip.lang,
    )  # fmt: skip


@st.cache_resource(max_entries=ENTRIES, show_spinner=False)
def _league(
    _app: Application,
    _viewer: Viewer,
    scope: Scope,
    version: str,
    as_of: datetime,
    aside: bool,
    period: str,
    level: str,
) -> dict[str, Any]:
    rules = rules_of(_app.settings)
    asked = as_of if aside else None
    return league_query.league(
        _app.db, _viewer, rules, period=period, level=level, now=as_of, as_of=asked, refresh=False
    )


@st.cache_resource(max_entries=ENTRIES, show_spinner=False)
def _explain(
    _app: Application, _viewer: Viewer, scope: Scope, version: str, as_of: datetime, aside: bool, period: str,
    office: str, lang: str,
) -> dict[str, Any]:  # fmt: skip
    rules = rules_of(_app.settings)
    asked = as_of if aside else None
    return explain_query.explain(
        _app.db, _viewer, rules, office=office, period=period, now=as_of, as_of=asked, refresh=False
    )

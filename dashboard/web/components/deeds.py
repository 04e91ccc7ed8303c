"""Deeds on a page (操作): done in a callback, told once at the top of the run that follows."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from dashboard.error_texts import said
from dashboard.errors import MingchaError
from dashboard.texts import set_language, t
from dashboard.web import wiring
from dashboard.web.components.blocks import show, state
from dashboard.web.markup import tag
from dashboard.web.state import Here, here

DONE, PROBLEM = "mingcha_done", "mingcha_problem"


def told() -> None:
    """What the last click did, or why it was refused."""
    done, problem = st.session_state.pop(DONE, None), st.session_state.pop(PROBLEM, None)
    if done:
        show(tag("p", done, role="status"))
    if problem:
        show(state("failed", t("Nothing was changed."), problem))


def do(deed: Callable[[Here], str]) -> None:
    """Run a deed; it gives the sentence to tell."""
    try:
        page = here()
        set_language(page.strip.lang)
        st.session_state[DONE] = deed(page)
    except MingchaError as error:
        st.session_state[PROBLEM] = said(error)
    wiring.stale()


def typed(key: str) -> str:
    """What a person typed into the field of this key."""
    return str(st.session_state.get(key) or "").strip()

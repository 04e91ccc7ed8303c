"""The field of the search (搜索框): words stand in the address, a person's number never does."""

from __future__ import annotations

import streamlit as st

from dashboard.queries.search import LONGEST, Found, search
from dashboard.texts import t
from dashboard.web.components.deeds import do, typed
from dashboard.web.state import Here

WORDS, PERSON, FOUND = "search_words", "search_person", "search_found"


def field(may_ask_for_people: bool) -> None:
    """One field; who may ask for a person's number has a switch beside it."""
    st.session_state.setdefault(WORDS, st.query_params.get("q", "")[:LONGEST])
    with st.form("search", border=False):
        left, right = st.columns([5, 1], vertical_alignment="bottom")
        left.text_input(t("Number, name or word"), key=WORDS, max_chars=LONGEST)
        right.form_submit_button(t("Search"), type="primary", on_click=do, args=(_asked,), width="stretch")
        if may_ask_for_people:
            st.checkbox(t("A whole telephone or customer number (each such search is logged)"), key=PERSON)


def answer(page: Here) -> Found | None:
    """What the last question found; a link with words asks them anew. Kept for this one run alone if it is a person."""
    found: Found | None = st.session_state.pop(FOUND, None)
    words = st.query_params.get("q", "")
    if found is None and words:
        found = search(page.app.db, page.viewer, words, as_of=page.app.now())
    return found


def _asked(page: Here) -> str:
    """A person's number is asked here, once: neither the address nor a rerun repeats it."""
    words = typed(WORDS)
    st.query_params.pop("q", None)
    if st.session_state.get(PERSON):
        st.session_state[FOUND] = search(page.app.db, page.viewer, words, as_of=page.app.now(), person=True)
        st.session_state[PERSON], st.session_state[WORDS] = False, ""
    elif words:
        st.query_params["q"] = words
    return ""

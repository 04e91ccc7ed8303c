"""Closing a flag, or opening it again (关闭核查标记): a written reason, one action, told at the top of the next run."""

from __future__ import annotations

import streamlit as st

from dashboard.actions.flags import close_flag, reopen_flag
from dashboard.error_texts import said
from dashboard.errors import MingchaError
from dashboard.queries.flags import FlagRow
from dashboard.rights import may
from dashboard.texts import t
from dashboard.web import wiring
from dashboard.web.components.blocks import show, state
from dashboard.web.markup import tag
from dashboard.web.state import Here, here

DONE, PROBLEM = "flag_done", "flag_problem"
"""Session keys: what was done just now; why it was refused."""


def told() -> None:
    """What the last click did."""
    done, problem = st.session_state.pop(DONE, None), st.session_state.pop(PROBLEM, None)
    if done:
        show(tag("p", done, role="status"))
    if problem:
        show(state("failed", t("Nothing was changed."), problem))


def decide(page: Here, flag: FlagRow) -> None:
    """The form with the reason, for who keeps the data; nothing to decide once later data have settled it."""
    if not may(page.viewer, "close a flag") or flag.state == "cleared":
        return
    with st.form(f"flag_form_{flag.id}"):
        label = t("Why the numbers are right as they are") if flag.state == "open" else t("What is known now")
        st.text_input(label, key=_key(flag.id))
        button = t("Close the flag") if flag.state == "open" else t("Open it again")
        st.form_submit_button(button, type="primary", on_click=_decided, args=(flag.id, flag.state))


def _key(flag_id: int) -> str:
    return f"flag_why_{flag_id}"


def _decided(flag_id: int, before: str) -> None:
    page, why = here(), str(st.session_state.get(_key(flag_id), ""))
    deed, done = (
        (close_flag, t("The flag is closed.")) if before == "open" else (reopen_flag, t("The flag is open again."))
    )
    try:
        deed(page.app.db, by=page.viewer, flag_id=flag_id, why=why, at=page.app.now())
        st.session_state[DONE] = done
    except MingchaError as error:
        st.session_state[PROBLEM] = said(error)
    wiring.stale()

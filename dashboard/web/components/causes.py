"""Known causes under a control chart (已知原因): what was noted, and the form for who may note one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import streamlit as st

from dashboard.actions.causes import LONGEST, note_cause, withdraw_cause
from dashboard.error_texts import said
from dashboard.errors import MingchaError
from dashboard.instants import LOCAL
from dashboard.queries.causes import Cause
from dashboard.rights import may
from dashboard.texts import t
from dashboard.web.components.blocks import show, state
from dashboard.web.markup import tag
from dashboard.web.state import Here, here

CAUSE, DAY, DONE, PROBLEM = "cause_text", "cause_day", "cause_done", "cause_problem"
"""Session keys: the form's fields; what was done just now; why it was refused."""


def known_causes(page: Here, office: str, indicator: str, found: Sequence[Cause]) -> None:
    """What was noted, with its day and author; below it the form. Nothing for who may neither see nor note one."""
    done, problem = st.session_state.pop(DONE, None), st.session_state.pop(PROBLEM, None)
    if done:
        show(tag("p", done, role="status"))
    if problem:
        show(state("failed", t("Nothing was noted."), problem))
    noting = may(page.viewer, "note a known cause") and page.asked is None
    if not found and not noting:
        return
    with st.expander(t("Known causes")):
        for cause in found:
            told = t("{day} {cause}, says {by}", day=cause.day.isoformat(), cause=cause.cause, by=cause.by)
            show(tag("p", told))
            if noting:
                st.button(t("Withdraw"), key=f"cause_{cause.number}", on_click=_withdrawn, args=(cause.number,))
        if noting:
            _form(page.now.astimezone(LOCAL).date(), office, indicator)


def _form(today: date, office: str, indicator: str) -> None:
    with st.form("cause_form"):
        st.text_input(t("What changed the process"), key=CAUSE, max_chars=LONGEST)
        st.date_input(t("From which day on"), value=today, max_value=today, key=DAY)
        st.form_submit_button(
            t("Note the cause; the limits start anew there"), on_click=_noted, args=(office, indicator)
        )


def _noted(office: str, indicator: str) -> None:
    page, cause, day = here(), str(st.session_state.get(CAUSE, "")), st.session_state[DAY]
    try:
        note_cause(page.app.db, by=page.viewer, office=office, indicator=indicator, day=day, cause=cause,
                   at=page.app.now())  # fmt: skip
        st.session_state[DONE] = t("The cause is noted; the limits start anew from there.")
    except MingchaError as error:
        st.session_state[PROBLEM] = said(error)


def _withdrawn(number: int) -> None:
    page = here()
    try:
        withdraw_cause(page.app.db, by=page.viewer, number=number, at=page.app.now())
        st.session_state[DONE] = t("The note is withdrawn; it stays in the audit trail.")
    except MingchaError as error:
        st.session_state[PROBLEM] = said(error)

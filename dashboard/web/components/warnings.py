"""What a person does about a warning on its page (预警处置)."""

from __future__ import annotations

import streamlit as st

from dashboard.actions.warnings import deal_with
from dashboard.queries.warnings import Warned
from dashboard.rights import may
from dashboard.texts import t
from dashboard.web.components.blocks import says, show
from dashboard.web.components.deeds import do, typed
from dashboard.web.state import Here


def _key(warning: int, field: str) -> str:
    """Each warning has fields of its own: else what was typed for one would be kept with the next one opened."""
    return f"warning_{warning}_{field}"


def dealing(page: Here, one: Warned) -> None:
    """Acknowledge, hand on, act, close: one form, and every deed is kept."""
    if not may(page.viewer, "deal with a warning"):
        show(says(t("Office heads, managers and inspectors deal with warnings.")))
        return
    stations = [code for code, office in page.tree.offices.items() if office.level != "hall"]
    with st.form(f"warning_{one.id}"):
        st.text_input(t("What was done"), key=_key(one.id, "note"))
        left, right = st.columns(2)
        left.selectbox(t("Customer"), [None, True, False], key=_key(one.id, "satisfied"),
                       format_func=lambda said: t("not asked yet") if said is None else t("satisfied") if said
                       else t("not satisfied"))  # fmt: skip
        right.selectbox(t("Hand on to"), [None, *stations], key=_key(one.id, "to"),
                        format_func=lambda code: t("nobody") if code is None else page.tree.name(code))  # fmt: skip
        buttons = st.columns(4)
        for column, deed, words in zip(buttons, ("acknowledged", "acted", "handed_on", "closed"),
                                       (t("I have read it"), t("Note it"), t("Hand it on"), t("Close it")),
                                       strict=True):  # fmt: skip
            column.form_submit_button(words, type="primary" if deed == "closed" else "secondary", on_click=_deal,
                                      args=(one.id, deed), width="stretch")  # fmt: skip


def _deal(warning: int, deed: str) -> None:
    def done(page: Here) -> str:
        held = st.session_state
        to, satisfied = held[_key(warning, "to")], held[_key(warning, "satisfied")]
        deal_with(page.app.db, by=page.viewer, warning=warning, deed=deed, note=typed(_key(warning, "note")),
                  to_office=to, satisfied=satisfied, at=page.app.now())  # fmt: skip
        return t("Warning {n}: noted.", n=warning)

    do(done)

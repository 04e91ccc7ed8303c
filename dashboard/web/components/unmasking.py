"""Unmasking on the Record page (解除脱敏): one field, a reason, shown to this person for two minutes."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from dashboard.actions.unmasking import masked_fields, unmask
from dashboard.privacy import HIDDEN
from dashboard.queries.record import Record
from dashboard.rights import may
from dashboard.texts import t
from dashboard.web import display
from dashboard.web.components.blocks import facts, says, section, show
from dashboard.web.components.deeds import do, typed
from dashboard.web.state import Here
from dashboard.web.views import names

SHOWN = "mingcha_unmasked"
"""Session key: who asked, which record and field, the value, until when. Never in the address, never in a cache."""


def unmasking(page: Here, found: Record) -> None:
    """What was unmasked a moment ago, and the form for who may."""
    fields = [name for name in masked_fields(found.record.name) if found.values.get(name)]
    if not fields:
        return
    if not may(page.viewer, "unmask a field"):
        show(says(t("Personal fields are masked.")))
        return
    show(section(t("Masked fields"), t("every look is a line of the audit trail")))
    _shown(page, found)
    with st.form(f"unmask_{found.record.name}_{found.id}"):
        st.selectbox(t("Field"), fields, key=_key(found.record.name, found.id, "field"), format_func=names.column)
        st.text_input(t("What it is needed for"), key=_key(found.record.name, found.id, "reason"), max_chars=200)
        st.form_submit_button(t("Show for two minutes"), on_click=_asked, args=(found.record.name, found.id))


def _key(record: str, row_id: int, field: str) -> str:
    """Each record has fields of its own: a reason given for one is none for the next one opened."""
    return f"unmask_{record}_{row_id}_{field}"


def _asked(record: str, row_id: int) -> None:
    def deed(page: Here) -> str:
        field = str(st.session_state[_key(record, row_id, "field")])
        made = unmask(page.app.db, by=page.viewer, record=record, row_id=row_id, field=field,
                      reason=typed(_key(record, row_id, "reason")), at=page.app.now())  # fmt: skip
        st.session_state[SHOWN] = (page.viewer.name, record, row_id, field, made.value, made.until)
        return t("Shown until {moment}; the audit trail says so.", moment=f"{made.until.astimezone(display.LOCAL):%T}")

    do(deed)


def _shown(page: Here, found: Record) -> None:
    held: tuple[str, str, int, str, str | None, datetime] | None = st.session_state.get(SHOWN)
    if held is None:
        return
    person, record, row_id, field, value, until = held
    if page.app.now() >= until or (person, record, row_id) != (page.viewer.name, found.record.name, found.id):
        del st.session_state[SHOWN]  # over, another record, or another person at the same browser
        return
    show(facts([(names.column(field), value or HIDDEN)]))
    st.fragment(_forget, run_every=(until - page.app.now()).total_seconds() + 1)()


def _forget() -> None:
    """Runs again when the time is over, and takes the value off the page that stands open."""
    held = st.session_state.get(SHOWN)
    if held is not None and held[-1] <= datetime.now(held[-1].tzinfo):
        del st.session_state[SHOWN]
        st.rerun()

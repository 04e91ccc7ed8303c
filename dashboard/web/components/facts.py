"""Joining and parting evidence on a page (一事多证处理): a reason, then one of two words."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from dashboard.actions.facts import complaint, join, separate
from dashboard.queries.facts import Joined, Reference, Sighting
from dashboard.texts import t
from dashboard.web.components.deeds import do, typed
from dashboard.web.state import Here


def proposed(group: Sequence[Sighting], *, may: bool) -> None:
    """One fact or several? For who may say so."""
    if not may:
        return
    evidence = [one.reference for one in group]
    key = "_".join(f"{record}{number}" for record, number in evidence)
    with st.form(f"fact_form_{key}"):
        st.text_input(t("Why"), key=f"fact_why_{key}")
        left, right = st.columns(2)
        left.form_submit_button(t("It is one fact"), type="primary", width="stretch", on_click=do,
                                args=(_said(join, evidence, f"fact_why_{key}"),))  # fmt: skip
        right.form_submit_button(t("They are different"), width="stretch", on_click=do,
                                 args=(_said(separate, evidence, f"fact_why_{key}"),))  # fmt: skip


def standing(fact: Joined, *, may: bool) -> None:
    """A fact that stands: a complaint can be added to it, and it can be parted again."""
    if not may:
        return
    evidence = [one.reference for one in fact.sightings]
    why, ticket = f"fact_why_{fact.fact}", f"fact_ticket_{fact.fact}"
    with st.expander(t("Add a complaint, or part it again")), st.form(f"fact_form_{fact.fact}"):
        st.text_input(t("Number of the complaint"), key=ticket)
        st.text_input(t("Why"), key=why)
        left, right = st.columns(2)
        left.form_submit_button(t("Add the complaint"), width="stretch", on_click=do,
                                args=(lambda page: _added(page, evidence, ticket, why),))  # fmt: skip
        right.form_submit_button(t("Part it again"), width="stretch", on_click=do,
                                 args=(_said(separate, evidence, why),))  # fmt: skip


def _said(deed: Callable[..., str], evidence: Sequence[Reference], why: str) -> Callable[[Here], str]:
    def said(page: Here) -> str:
        fact = deed(page.app.db, by=page.viewer, evidence=evidence, reason=typed(why), at=page.app.now())
        return t("Kept as {fact}; it counts from now on.", fact=fact)

    return said


def _added(page: Here, evidence: Sequence[Reference], ticket: str, why: str) -> str:
    written = complaint(page.app.db, page.viewer, typed(ticket))
    fact = join(page.app.db, by=page.viewer, evidence=[*evidence, written], reason=typed(why), at=page.app.now())
    return t("Kept as {fact}; it counts from now on.", fact=fact)

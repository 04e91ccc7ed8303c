"""Proposing and publishing a freeze on its page (提请与发布): two forms, each an action."""

from __future__ import annotations

import streamlit as st

from dashboard.actions.freezing import (
    approve_restatement,
    propose,
    propose_restatement,
    publish,
)
from dashboard.instants import to_micros
from dashboard.people import same_person
from dashboard.queries.freezing import FreezeEvent
from dashboard.rights import may
from dashboard.texts import t
from dashboard.web.components.blocks import says, show
from dashboard.web.components.deeds import do, typed
from dashboard.web.state import Here
from dashboard.web.views.quarter import SHORT

PROPOSED, PUBLISHED, RESTATED = "quarter_propose_reason", "quarter_publish_reason", "quarter_restate_reason"


def proposing(page: Here) -> None:
    """The form of the first person."""
    if not may(page.viewer, "propose a freeze"):
        show(says(t("Evaluators and managers who see the whole company propose a freeze.")))
        return
    with st.form("quarter_propose"):
        st.text_input(t("Written reason, where the checklist is not met"), key=PROPOSED)
        st.form_submit_button(t("Score and propose"), type="primary", on_click=_propose, args=(page.strip.period,))


def publishing(page: Here, proposal: FreezeEvent) -> None:
    """The form of the second person; the first one is told why there is none."""
    if same_person(page.viewer, proposal.by, to_micros(proposal.at)):
        show(says(t("{name} proposed this; a second person publishes it.", name=proposal.by)))
        return
    if not may(page.viewer, "publish a freeze"):
        show(says(t("Who sees the whole company publishes a freeze.")))
        return
    with st.form("quarter_publish"):
        st.text_input(t("Written reason, where the checklist is not met"), key=PUBLISHED)
        st.form_submit_button(t("Publish {digest}", digest=proposal.digest[:SHORT]), type="primary",
                              on_click=_publish, args=(page.strip.period, proposal.digest))  # fmt: skip


def correcting(page: Here, waiting: FreezeEvent | None) -> None:
    """Forms of a correction: the first person's, and the second's while one waits."""
    if waiting is not None and may(page.viewer, "publish a freeze") and waiting.by != page.viewer.name:
        st.button(t("Approve {digest}", digest=waiting.digest[:SHORT]), type="primary", key="quarter_approve",
                  on_click=_approve, args=(page.strip.period, waiting.digest))  # fmt: skip
    elif waiting is not None:
        show(says(t("{name} proposed this; a second person approves it.", name=waiting.by)))
    if may(page.viewer, "propose a freeze"):
        with st.form("quarter_restate"):
            st.text_input(t("Why the correction is made"), key=RESTATED)
            st.form_submit_button(t("Propose what today's data would change"), on_click=_restate,
                                  args=(page.strip.period,))  # fmt: skip


def _restate(period: str) -> None:
    def deed(page: Here) -> str:
        done = propose_restatement(page.app, by=page.viewer, period=period, reason=typed(RESTATED))
        return t("The correction is proposed as {digest}.", digest=done["digest"][:SHORT])

    do(deed)


def _approve(period: str, digest: str) -> None:
    def deed(page: Here) -> str:
        approve_restatement(page.app, by=page.viewer, period=period, digest=digest)
        return t("The correction {digest} stands beside the frozen period.", digest=digest[:SHORT])

    do(deed)


def _propose(period: str) -> None:
    def deed(page: Here) -> str:
        done = propose(page.app, by=page.viewer, period=period, reason=typed(PROPOSED))
        return t("{period} is proposed as {digest}.", period=period, digest=done["digest"][:SHORT])

    do(deed)


def _publish(period: str, digest: str) -> None:
    def deed(page: Here) -> str:
        publish(page.app, by=page.viewer, period=period, digest=digest, reason=typed(PUBLISHED))
        return t("{period} is frozen as {digest}.", period=period, digest=digest[:SHORT])

    do(deed)

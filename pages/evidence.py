"""Evidence chain 存证: is everything still as it was entered, what goes by rule, and what is on hold?"""

import streamlit as st

from dashboard.error_texts import said
from dashboard.errors import MingchaError
from dashboard.queries.evidence_state import case_shown, evidence_state, told_of
from dashboard.rights import may
from dashboard.texts import t
from dashboard.web.components import deeds
from dashboard.web.components import evidence as forms
from dashboard.web.components.blocks import heading, says, section, show, state
from dashboard.web.state import filter_value, here
from dashboard.web.views import evidence as view

page = here()
viewer, now = page.viewer, page.now
question = t("Is everything still as it was entered, what goes by rule, and what is on hold?")
show(heading(t("Evidence chain"), question))
if not may(viewer, "read the evidence chain"):
    show(state("empty", t("The chain of evidence is read by inspectors, auditors and administrators.")))
    st.stop()
deeds.told()
found = evidence_state(page.app, viewer, now=now)
sample = filter_value("sample") or ""
show(
    view.overview(found, now),
    says(t("On SQLite the chain finds what was changed and cannot hinder it; heads kept elsewhere are the proof.")),
    section(t("Last verification")),
    view.verification(found, now, viewer.sees_everything),
    section(t("Signed heads"), t("compare with the files in the auditor's folder")),
    view.heads(found, now),
)
show(section(t("One case"), t("timeline, files, entries, and the package to hand over")))


def turn() -> None:
    st.query_params["sample"] = str(st.session_state["case_sample"]).strip()


st.text_input(t("Sample"), sample, key="case_sample", on_change=turn, placeholder="H0101-2026-09-01-1")
if sample:
    try:
        case = case_shown(page.app, viewer, sample)
    except MingchaError as error:
        show(state("failed", t("This could not be shown."), said(error)))
    else:
        show(view.case(case, told_of(case), page.link))
        forms.handing_over(page, sample)
show(
    section(t("Legal holds"), t("what nobody may remove, whatever its term")),
    view.holds(found.holds, now, page.tree.name),
)
forms.holding(page, found.holds, sample)
show(section(t("Past the first term")), view.terms(found, now), section(t("What the chain holds")), view.chain(found))

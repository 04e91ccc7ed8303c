"""One violation 违规: from the first frame to closing, and what is to be done next?"""

import streamlit as st

from dashboard.errors import NotAllowedError
from dashboard.queries.violation_looks import kinds_of_evidence, kinds_of_proof, looks_since
from dashboard.queries.violations import violation
from dashboard.rights import may
from dashboard.texts import t
from dashboard.web import books
from dashboard.web.components import deeds
from dashboard.web.components import violations as forms
from dashboard.web.components.blocks import go, heading, section, show, state
from dashboard.web.components.evidence import handing_over
from dashboard.web.components.letters import letters
from dashboard.web.state import filter_value, here
from dashboard.web.views import violations as view

page = here()
db, viewer, now = page.app.db, page.viewer, page.app.now()
number = filter_value("number") or ""
items = {item.code: books.title(item) for item in page.rules.rulebook.sheet.items}
try:
    story = violation(db, viewer, number, rules=page.rules, as_of=now) if may(viewer, "read violations") else None
except NotAllowedError:
    story = None
if story is None:
    show(
        heading(t("Violation"), ""),
        state(
            "empty",
            t("There is no such case, or it is outside what you may see."),
            go(page.link("violations"), t("All cases")),
        ),
    )
    st.stop()

show(heading(t("Violation {number}", number=number), t("From the first frame to closing: what is to be done next?")))
deeds.told()
show(view.head(story, items, page.tree, now, page.link))
kinds = kinds_of_evidence(db, viewer, story)
if kinds:
    show(section(t("What was seen"), t("blurred outside the review page")), view.pictures(viewer.name, kinds))
proofs = kinds_of_proof(db, viewer, story)
if proofs:
    judges = "pass" in story.may
    note = t("shown clearly to who re-checks; each look is logged") if judges else t("blurred outside the review page")
    show(section(t("Photographs of what was put right"), note), view.pictures(viewer.name, proofs, clear=judges))
if story.sources:
    show(section(t("How it became known")), view.sources(story, page.link))
show(section(t("What happened so far")), view.timeline(story.events, items, now))
show(section(t("Next")))
forms.dealing(page, story, items, looks_since(db, viewer, story))
letters(page, story)
sample = next((one.sample for one in story.sources if one.sample), None)
if sample is not None:
    handing_over(page, sample)

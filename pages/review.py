"""Hall review 抽查复核: is there a violation in this minute?"""

import streamlit as st

from dashboard.actions.review import REVIEWING_ROLES, decide, undo
from dashboard.error_texts import said
from dashboard.errors import MingchaError
from dashboard.queries.samples import review_item, review_queue
from dashboard.texts import t
from dashboard.web import wiring
from dashboard.web.components.blocks import heading, more, section, show, state, tabs
from dashboard.web.components.review import desk
from dashboard.web.state import filter_value, here
from dashboard.web.views import review as view

TURN, LAST, SKIPPED, PROBLEM = "review_turn", "review_last", "review_skipped", "review_problem"

page = here()
db, viewer, sheet, slots = page.app.db, page.viewer, page.rules.rulebook.sheet, page.app.settings.video.slot_table
flagged = filter_value("flagged", ("1",))
date = filter_value("date")
turn = st.session_state.setdefault(TURN, 0)
skipped = st.session_state.setdefault(SKIPPED, set())

waiting = [
    row for row in review_queue(db, viewer, slots=slots, as_of=page.now, date=date)
    if row["hall"] in page.below and (row["flagged"] or not flagged)
]  # fmt: skip
upcoming = [row for row in waiting if row["sample"] not in skipped] or waiting
wanted = filter_value("sample") or (upcoming[0]["sample"] if upcoming else None)


def link(flag: str | None) -> str:
    return page.link("review", flagged=flag, date=date)


show(
    heading(t("Hall review"), t("Is there a violation in this minute?")),
    tabs([(t("All that wait"), link(None), not flagged), (t("Flagged only"), link("1"), bool(flagged))], t("View")),
)
problem = st.session_state.pop(PROBLEM, None)
if problem:
    show(state("failed", t("The decision was not stored."), problem))
if wanted is None:
    show(
        state(
            "empty",
            t("Nothing waits for review."),
            t("Samples appear here as soon as their clip has been taken; five slots a day for every hall."),
        )
    )
    st.stop()

found = review_item(db, viewer, wanted, slots=slots, as_of=page.now)
decision = desk(view.item(found, sheet, page.tree, viewer.name, len(waiting), page.now), view.sheet_items(sheet),
                turn=turn, can_undo=st.session_state.get(LAST) is not None,
                read_only=viewer.role not in REVIEWING_ROLES)  # fmt: skip
if decision is not None:
    st.session_state[TURN] = turn + 1
    st.query_params.pop("sample", None)
    try:
        if decision.kind == "decide":
            decide(db, by=viewer, sample=decision.sample, decision=decision.decision, sheet=sheet,
                   item_code=decision.item_code, reason=decision.reason, findings=decision.findings,
                   at=page.app.now())  # fmt: skip
            st.session_state[LAST] = decision.sample
        elif decision.kind == "undo":
            st.query_params["sample"] = st.session_state[LAST]
            undo(db, by=viewer, sample=st.session_state.pop(LAST), at=page.app.now())
        else:
            skipped.add(decision.sample)
    except MingchaError as error:
        st.session_state[PROBLEM] = said(error)
    wiring.stale()
    st.rerun()
past = view.decisions(found, page.now)
if past:
    show(section(t("Decided so far")), past)
show(more(t("The queue: {n}", n=len(waiting)), view.queue(waiting[:200], wanted, page.tree, page.link)))

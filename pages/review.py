"""Hall review 抽查复核: is there a violation in this minute?"""

import streamlit as st

from dashboard.actions.desk import coming, next_sample
from dashboard.actions.review import claim, decide, put_back, undo
from dashboard.error_texts import said
from dashboard.errors import MingchaError
from dashboard.queries.review import Wanted, judged_on, last_own, review_item, review_queue, with_clip
from dashboard.reviewing.draw import desk_of
from dashboard.rights import may
from dashboard.texts import t
from dashboard.web import wiring
from dashboard.web.components import deeds
from dashboard.web.components.blocks import heading, more, section, show, state
from dashboard.web.components.keeping import keeping
from dashboard.web.components.review import Event, Shown, desk
from dashboard.web.display import day_begins
from dashboard.web.state import filter_number, filter_value, here
from dashboard.web.views import review as view

TURN, SKIPPED, PROBLEM = "review_turn", "review_skipped", "review_problem"

page = here()
db, viewer, sheet, slots = page.app.db, page.viewer, page.rules.rulebook.sheet, page.rules.slots
rules = desk_of(page.app.settings)
reviews = may(viewer, "decide about a sample")
turn = st.session_state.setdefault(TURN, 0)
skipped = st.session_state.setdefault(SKIPPED, set())
asked = filter_value("sample")
wanted = Wanted(
    halls=page.below, date=filter_value("date"), slot=filter_number("slot", 0, 0) or None,
    flagged=filter_value("show") == "flagged", item=filter_value("item", tuple(one.code for one in sheet.items)),
    not_checkable=filter_value("show") == "not_checkable",
)  # fmt: skip


def link(**changes: object) -> str:
    """An address of this page that keeps its filters."""
    kept = {"show": filter_value("show"), "date": wanted.date, "slot": wanted.slot, "item": wanted.item}
    return page.link("review", **{**kept, **changes})


def on_the_desk() -> tuple[str | None, bool]:
    """The sample to show, and whether somebody else has it."""
    if not reviews:
        return asked or (waiting[0]["sample"] if waiting else None), False
    if asked is None:
        return next_sample(db, by=viewer, desk=rules, slots=slots, waiting=waiting, wanted=wanted, skipped=skipped,
                           at=page.app.now()), False  # fmt: skip
    open_ones = {row["sample"] for row in every}
    return asked, asked in open_ones and not claim(db, by=viewer, sample=asked, desk=rules, at=page.app.now())


def act(event: Event) -> None:
    """Do what the person chose."""
    now = page.app.now()
    if event.kind == "undo":
        st.query_params["sample"] = undo(db, by=viewer, desk=rules, at=now)
        return
    st.query_params.pop("sample", None)
    if event.verdict is not None:
        decide(db, by=viewer, sample=event.sample, verdict=event.verdict, sheet=sheet, desk=rules, at=now)
    elif reviews:
        put_back(db, by=viewer, sample=event.sample)
        skipped.add(event.sample)


every = review_queue(db, viewer, slots=slots, as_of=page.now)
waiting = [row for row in every if wanted.fits(row)]
current, taken = on_the_desk()
if reviews and current is not None and asked is None and current not in {row["sample"] for row in every}:
    # given out with a known answer: it stands in the list and in its numbers like what waits, from the first look on
    every = review_queue(db, viewer, slots=slots, as_of=page.app.now())
    waiting = [row for row in every if wanted.fits(row)]
show(
    heading(t("Hall review"), t("Is there a violation in this minute?")),
    view.filters(every, wanted, slots.latest(), link),
)
problem = st.session_state.pop(PROBLEM, None)
if problem:
    show(state("failed", t("The decision was not stored."), problem))
if current is None:
    show(view.nothing_left(every, waiting))
    st.stop()

found = review_item(db, viewer, current, slots=slots, as_of=page.app.now())
if taken:
    found["state"] = "taken"
follows = coming(waiting, current, skipped) if reviews else None
today = judged_on(db, viewer, since=day_begins(page.now), as_of=page.now)
event = desk(
    view.item(found, sheet, page.tree, viewer.name, view.left(waiting, today), page.now),
    view.sheet_items(sheet),
    Shown(turn, view.last(last_own(db, viewer, as_of=page.now), page.tree) if reviews else None,
          view.ahead(with_clip(db, [follows]).get(follows), viewer.name) if follows else None, not reviews),
)  # fmt: skip
if event is not None and event.kind == "alive":
    if not claim(db, by=viewer, sample=event.sample, desk=rules, at=page.app.now()):
        st.session_state[PROBLEM] = t("The sample lies on another desk now: it was left alone for too long.")
        st.rerun()
elif event is not None:
    st.session_state[TURN] = turn + 1
    try:
        act(event)
    except MingchaError as error:
        st.session_state[PROBLEM] = said(error)
    wiring.stale()
    st.rerun()
past, opinions = view.decisions(found, page.now), view.judgements(found, page.now)
deeds.told()
if past:
    show(section(t("Decided so far")), past)
if opinions:
    show(section(t("Judged by"), t("each before knowing the others")), opinions)
if reviews and found["state"] == "settled":
    keeping(page, found, sheet)
show(more(t("The queue: {n}", n=len(waiting)), view.queue(waiting[:200], current, page.tree, link)))

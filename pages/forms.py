"""Supplier forms 三指定评价表: what do customers say who were told to take a certain company?"""

import streamlit as st

from dashboard.actions.forms import ENTER, HAND_OUT, draft_of
from dashboard.errors import MingchaError
from dashboard.queries import forms as queries
from dashboard.rights import may
from dashboard.texts import t
from dashboard.web import periods
from dashboard.web.components import forms as entering
from dashboard.web.components.blocks import heading, says, section, show, state, tabs
from dashboard.web.components.deeds import told
from dashboard.web.state import filter_number, filter_value, here
from dashboard.web.views import forms as view

PHONE = 620
"""Pixels: a form is entered on a phone beside the box and stays as wide on a desk."""

page = here()
db, viewer, now = page.app.db, page.viewer, page.app.now()
thresholds = queries.thresholds_of(page.app.settings)
reads = may(viewer, queries.READ)
looking = filter_value("view", ("boxes",)) if reads else None
number, scope = filter_number("draft", 0, least=0), frozenset(page.below)


def link(where: str = "forms", /, **changes: object) -> str:
    return page.link(where, **changes)


show(heading(t("Supplier forms"), t("What do customers say who were told to take a certain company?")))
if reads:
    show(tabs([(t("What came back"), link(), not looking), (t("Boxes and forms"), link(view="boxes"), bool(looking))],
              t("View")))  # fmt: skip
told()

if number and may(viewer, ENTER):
    try:
        opening, form = draft_of(db, page.app.settings, viewer, number)
    except MingchaError:
        show(state("empty", t("This draft is not there any more."), t("It was sent or deleted, or it is not yours.")))
        st.stop()
    with st.container(width=PHONE):
        entering.form_of(number, opening, form)
    st.stop()

if looking:
    found = queries.openings(db, viewer)
    mine, sheets = queries.drafts(db, viewer), queries.sheets(db, viewer)
    if mine:
        show(section(t("Not sent yet"), t("only you see these")), view.drafts(mine, now, link))
    show(section(t("Boxes that were opened"), t("by two inspectors, neither of them of that office")))
    if found:
        show(view.openings(found, page.tree, now))
        entering.at_openings(page, found)
    else:
        show(state("empty", t("No box has been opened yet."), t("Enter below which box was opened, and by whom.")))
    with st.container(width=PHONE):
        entering.opening(page)
    if sheets:
        show(section(t("Forms"), t("without who wrote them")), view.sheets(sheets, page.tree, now, link))
        with st.container(width=PHONE):
            entering.identity([sheet.number for sheet in sheets])
    st.stop()

back = queries.recovery(db, viewer, thresholds, offices=scope, period=page.period, as_of=page.as_of)
cards = queries.cards(db, viewer, offices=scope, period=page.period, as_of=page.as_of)
name = periods.name(page.strip.period)
show(section(t("Came back and accuse"), name))
if back:
    show(view.recovery(back, page.tree, link), says(view.reading(thresholds)))
else:
    show(state("empty", t("In {period} no form was handed out and none came back.", period=name)))
show(section(t("Notice cards and answer cards"), t("of what was accepted in {period}", period=name)))
if cards:
    show(view.cards(cards, page.tree, link))
else:
    show(state("empty", t("Nothing was accepted in {period}.", period=name)))
if may(viewer, HAND_OUT):
    with st.container(width=PHONE):
        entering.handed_out(page)

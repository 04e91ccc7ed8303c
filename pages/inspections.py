"""Inspect 现场检查: what do you see in this hall?"""

import streamlit as st

from dashboard.errors import NotAllowedError
from dashboard.instants import from_micros
from dashboard.queries.facts import facts, proposals
from dashboard.queries.inspections import draft, drafts, halls_to_inspect, kinds_of, submitted
from dashboard.rights import may
from dashboard.texts import t
from dashboard.web.components import deeds
from dashboard.web.components import facts as joining
from dashboard.web.components import inspections as forms
from dashboard.web.components.blocks import heading, says, section, show, state, tabs
from dashboard.web.state import filter_number, filter_value, here
from dashboard.web.views import inspections as view

PHONE = 620
"""Pixels: the sheet is made for a phone and stays as wide on a desk."""

page = here()
db, viewer, now = page.app.db, page.viewer, page.app.now()
items = forms.groups(page.rules.rulebook.sheet)
every = sum(map(len, items.values()))
looking = filter_value("view", ("facts",))
number = filter_number("draft", 0, least=0)


def link(where: str = "inspect", /, **changes: object) -> str:
    return page.link(where, **changes)


show(
    heading(t("Inspect"), t("What do you see in this hall?")),
    tabs([(t("Sheets"), link(), not looking), (t("One fact, seen in several ways"), link(view="facts"), bool(looking))],
         t("View")),
)  # fmt: skip
deeds.told()

if looking:
    start, until = from_micros(page.period.starts_at), from_micros(page.period.ends_at)
    proposed = proposals(db, viewer, since=start, until=until, as_of=page.now)
    standing = facts(db, viewer, as_of=page.now)
    titles = {item.code: item for item in page.rules.rulebook.sheet.items}
    show(section(t("May be one fact"), t("same hall, item and day, seen in different ways")))
    if not proposed:
        show(
            state("empty", t("Nothing waits."), t("What a sheet and a film of the same day both show is listed here."))
        )
    for group in [group for group in proposed if group[0].hall in page.below][:20]:
        show(view.sightings(group, titles, page.tree, page.now, link))
        joining.proposed(group, may=may(viewer, "join or part evidence"))
    show(says(t("Until a person says that it is one fact each counts; then the dearest counts once, the others stay as "
                "evidence.")))  # fmt: skip
    show(section(t("Joined by people")))
    if not standing:
        show(state("empty", t("Nothing has been joined yet.")))
    for fact in standing[:20]:
        show(section(fact.fact, view.standing(fact, page.now)))
        show(view.sightings(fact.sightings, titles, page.tree, page.now, link))
        joining.standing(fact, may=may(viewer, "join or part evidence"))
    st.stop()

kinds, halls = kinds_of(viewer), halls_to_inspect(db, viewer)
if not kinds:
    show(state("empty", t("Sheets are filled in by inspectors, reviewers and evaluators."),
               t("Heads and managers fill in mutual checks at halls that are not their own.")))  # fmt: skip
    st.stop()
if number:
    try:
        found = draft(db, viewer, number)
    except NotAllowedError:
        show(state("empty", t("This draft is not there any more."), t("It was sent or deleted, or it is not yours.")))
        st.stop()
    chosen = filter_value("group", tuple(items)) or next(iter(items))
    tab = [(view.group(code, several, found), link(draft=number, group=code), code == chosen)
           for code, several in items.items()]  # fmt: skip
    show(view.head(found, halls, every, page.now), tabs(tab, t("Part of the sheet")))
    with st.container(width=PHONE):
        forms.sheet_of(page, found, items[chosen])
        forms.ending(page, found)
    st.stop()

mine, sent = drafts(db, viewer), submitted(db, viewer)
if mine:
    show(section(t("Not sent yet"), t("only you see these")), view.drafts(mine, halls, every, page.now, link))
show(section(t("A new sheet")))
if halls:
    with st.container(width=PHONE):
        forms.beginning(page, kinds, halls)
else:
    show(state("empty", t("There is no hall that you may inspect."), t("Nobody inspects what they answer for.")))
if sent:
    show(section(t("Sent")), view.sent(sent, halls, page.now, link))
    with st.container(width=PHONE):
        forms.taking_back(sent)
show(says(t("A sheet counts like a confirmed film: each violation deducts once it is sent.")))

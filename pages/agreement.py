"""Agreement 复核一致性: would another reviewer decide the same, and do all ways of looking see the same?"""

import streamlit as st

from dashboard.queries.agreement import looking, reviewing
from dashboard.rights import may
from dashboard.texts import t
from dashboard.web.components.blocks import heading, says, section, show, state
from dashboard.web.state import here
from dashboard.web.views import agreement as view

page = here()
db, viewer, tree = page.app.db, page.viewer, page.tree
question = t("Would another reviewer decide the same, and do all ways of looking see the same?")
show(heading(t("Agreement"), question))
if not may(viewer, "read how reviewers agree"):
    show(state("empty", t("Agreement is read by inspectors, evaluators, auditors and administrators.")))
    st.stop()

found = reviewing(db, viewer, period=page.period, halls=page.below, as_of=page.now)
show(section(t("All reviewers together"), t("second looks drawn by lot, both people unknowing")), view.overall(found))
if found.pairs:
    said = t("A low pair says that two people see differently, not which of them is right: gold samples do.")
    show(section(t("Pair by pair")), view.pairs(found), says(said))
if found.items:
    titles = {item.code: item for item in page.rules.rulebook.sheet.items}
    said = t("An item on which people differ needs a clearer clause or an example, before it needs a reprimand.")
    note = t("only items that at least one of the two saw")
    show(section(t("Item by item"), note), view.items(found, titles), says(said))
if found.people:
    show(section(t("Reviewer by reviewer"), t("samples with a known answer, and how many violations each finds")),
         view.people(found),
         says(t("Stricter or milder is said only where chance alone would seldom do it (one in 500). Halls and hours "
                "are not alike for all: it is a reason to compare cases, no verdict on a person.")))  # fmt: skip
    show(section(t("Month by month"), t("violations of first looks")), view.months(found))
if not found.people:
    how = t("Second looks and gold samples come up in Hall review by themselves; their figures appear here.")
    show(state("empty", t("Nobody has judged blindly in this period."), how))

top = page.strip.office or (tree.roots[0].code if tree.roots else None)
offices = list(tree.children.get(top, ())) or [top] if top else []
rows = looking(db, viewer, tree, period=page.period, offices=offices, as_of=page.now)
show(section(t("Video, on-site, mutual and undercover checks side by side"),
             t("video: share of samples with a violation; sheets: share of the items looked at")))  # fmt: skip
if rows:
    show(view.ways(rows, tree, page.link),
         says(t("A large gap between two kinds of sheets, over the items both looked at, is a lead for inspectors and "
                "never a deduction: one of them may be looking away, or one may have come on a bad day. Video and "
                "sheets count different things and are not tested against each other.")))  # fmt: skip
else:
    show(state("empty", t("Nobody has looked at a hall in this period.")))

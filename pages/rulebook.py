"""Rulebook 规则: what are offices judged by, and since when?"""

import streamlit as st

from dashboard.queries.rulebook import touched
from dashboard.texts import t
from dashboard.web import periods
from dashboard.web.cached import kept
from dashboard.web.components.blocks import heading, says, section, show, state, tabs
from dashboard.web.state import filter_value, here
from dashboard.web.views import rulebook as view

DIFFERENCES = "differences"
page = here()
book = page.rules.rulebook
editions = {edition.code: edition for edition in book.editions}
chosen = filter_value("edition", (*editions, DIFFERENCES)) or page.edition.code
links = [(code, page.link("rulebook", edition=code), code == chosen) for code in editions]
if len(editions) > 1:
    links.append((t("Differences"), page.link("rulebook", edition=DIFFERENCES), chosen == DIFFERENCES))
show(heading(t("Rulebook"), t("What are offices judged by, and since when?")), tabs(links, t("Edition")))

if chosen == DIFFERENCES:
    older, newer = list(editions.values())[-2:]
    limits, numbers = view.difference(older, newer)
    codes = tuple(sorted({change.code for change in limits if change.counts}))
    touches = kept(page, "touched", codes, make=lambda: touched(
        page.app.db, page.viewer, page.rules, older=older, newer=newer, codes=codes, period=page.strip.period,
        as_of=page.as_of))  # fmt: skip
    show(
        section(f"{older.code} → {newer.code}", t("records of {period}", period=periods.name(page.strip.period))),
        view.changes(limits, touches, view.scored_codes(newer), page.link),
        says(t("Each record is judged by the edition of its own day. This counts what the other edition would say.")),
        view.numbers(numbers) if numbers else says(t("No floor, target or weight differs.")),
    )
    st.stop()

edition = editions[chosen]
show(view.summary(book, edition))
show(
    section(t("Limits"), t("law, promise and internal rule are three different thresholds")),
    view.steps(edition),
    says(t("The league scores the promise. A promise of an average becomes an internal rule for one case.")),
)
show(section(t("Indicators"), t("weights are proposals, to be set by the company")), view.indicators(edition))
show(section(t("Grades and red lines")), view.red_lines(edition))
if book.lines is None:
    show(state("empty", t("This rulebook has no lines of weight 0.")))
else:
    show(section(t("Lines of weight 0"), t("shown beside the score, never in it")), view.lines(book.lines.lines))
    show(section(t("Limits that are not judged"), t("known, but no record carries their times")),
         view.unjudged(book.lines.unjudged, edition))  # fmt: skip

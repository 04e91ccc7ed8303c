"""Violations 违规: what must be done, by whom, by when?"""

from collections import Counter

import streamlit as st

from dashboard.cases import words
from dashboard.queries.violations import MOST, Violation, ledger, revision
from dashboard.rights import may
from dashboard.texts import t
from dashboard.web import books
from dashboard.web.cached import kept
from dashboard.web.components import deeds
from dashboard.web.components import violations as forms
from dashboard.web.components.blocks import choice, go, heading, says, section, show, state, tabs
from dashboard.web.components.letters import circular
from dashboard.web.markup import Safe, safe
from dashboard.web.state import filter_number, filter_value, here
from dashboard.web.views import records
from dashboard.web.views import violations as view

FRESH_SECONDS = 15
"""The ledger is shown again without asking anew for so long, unless something happened to a case; countdowns move."""

page = here()
db, viewer, now = page.app.db, page.viewer, page.app.now()
titles = {item.code: books.title(item) for item in page.rules.rulebook.sheet.items}
ended = filter_value("view", ("ended",)) == "ended"
level = filter_value("level", view.CHOICES)
wanted = filter_value("state", tuple(words.STATES))
severity = filter_value("severity", tuple(words.GRAVE))
place = filter_number("page", 1)


def link(where: str = "violations", /, **changes: object) -> str:
    own = {"view": "ended" if ended else None, "level": level, "state": wanted, "severity": severity}
    return page.link(where, **({**own, **changes} if where == "violations" else changes))


show(
    heading(t("Violations"), t("What must be done, by whom, by when?")),
    tabs(
        [
            (t("Not ended"), page.link("violations"), not ended),
            (t("Ended"), page.link("violations", view="ended"), ended),
        ],
        t("View"),
    ),
)
deeds.told()
if not may(viewer, "read violations"):
    show(state("empty", t("Cases are shown to inspectors, managers, heads, evaluators and auditors.")))
    st.stop()
if not ended:
    forms.opening(page, titles)
asked = revision(db, viewer), int(now.timestamp()) // FRESH_SECONDS, ended
known = kept(page, "violations", *asked, make=lambda: ledger(db, viewer, rules=page.rules, as_of=now, ended=ended))


def overview() -> tuple[Safe | None, list[Violation]]:
    """Figures and filters over every case that is here (None: there is none), and what the filters leave."""
    every = [one for one in known if one.office in page.below]
    if not every:
        return None, []
    figures = None if ended else view.counts(
        every, now, lambda one: link(level=None if one == level else one, page=None))  # fmt: skip
    states, severities = Counter(one.state for one in every), Counter(one.severity for one in every)
    filters = (
        choice(t("State"), [(t("all"), link(state=None, page=None), wanted is None), *(
            (f"{t(words.STATES[code])} {n}", link(state=code, page=None), code == wanted)
            for code, n in states.most_common())]),
        choice(t("Severity"), [(t("all"), link(severity=None, page=None), severity is None), *(
            (f"{t(words.GRAVE[code])} {n}", link(severity=code, page=None), code == severity)
            for code, n in sorted(severities.items()))]),
    )  # fmt: skip
    return safe(figures, filters), [
        one for one in every
        if view.chosen(one, level, now) and wanted in (None, one.state) and severity in (None, one.severity)
    ]  # fmt: skip


def lines() -> tuple[Safe, list[Violation]]:
    """The page of the ledger that is asked for."""
    last = max(1, -(-len(found) // records.PAGE))
    shown = found[(min(place, last) - 1) * records.PAGE :][: records.PAGE]
    return safe(
        section(t("Ledger"), t("{n}, what ends first on top", n=len(found))),
        view.ledger(shown, titles, page.tree, now, link),
        records.pager(len(found), min(place, last), lambda other: link(page=other)),
    ), shown


chosen = level, wanted, severity
figures, found = kept(page, "violations in figures", *asked, *chosen, make=overview)
if figures is None:
    how = t("Confirmed reviews and sheets, overdue records, substantiated complaints and forms open a case.")
    show(state("empty", t("No case has ended yet.") if ended else t("No case is open."), how))
    st.stop()
if ended and len(known) >= MOST:
    show(says(t("The newest {n} are shown.", n=MOST)))
show(figures)
if not found:
    show(state("empty", t("No case fits what was chosen."), go(link(level=None, state=None, severity=None, page=None),
                                                               t("All cases"))))  # fmt: skip
    st.stop()
table, shown = kept(page, "violations in lines", *asked, *chosen, place, make=lines)
show(table)
if not ended:
    forms.bulk(page, shown, titles)
circular(page, shown, forms.called(page, shown, titles))
if may(viewer, "export violations"):
    forms.download(page, found, titles)
show(
    says(t("A machine or a rule only proposes; what stands here as confirmed was said by a person, who can be named."))
)

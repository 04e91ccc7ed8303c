"""Record 记录: what happened, minute by minute?"""

import streamlit as st

from dashboard.queries.beside import record_beside
from dashboard.queries.facts import beside as evidence_beside
from dashboard.queries.inspections import photographs_of
from dashboard.queries.record import record as find
from dashboard.queries.violation_looks import cases_about
from dashboard.texts import t
from dashboard.web.charts import timeline
from dashboard.web.charts.picture import draw
from dashboard.web.components import deeds, disputes
from dashboard.web.components.blocks import go, heading, section, show, state
from dashboard.web.components.unmasking import unmasking
from dashboard.web.markup import tag
from dashboard.web.state import filter_number, filter_value, here
from dashboard.web.views import beside, inspections, names
from dashboard.web.views import record as view

page = here()
kind, number = filter_value("record"), filter_value("number")
if not kind or not number:
    show(heading(t("Record"), t("What happened, minute by minute?")),
         state("empty", t("No record was chosen."), t("Open one from Today, Office or Records.")))  # fmt: skip
    st.stop()

found = find(page.app.db, page.viewer, page.rules, record=kind, number=number, as_of=page.as_of,
             system=filter_value("system"), row_id=filter_number("id", 0, least=0, most=1 << 53) or None)  # fmt: skip
show(heading(f"{names.record(kind)} {number}", t("What happened, minute by minute?")))
deeds.told()
if found.stamps:
    draw(timeline.picture(view.stamps(found), view.clocks(found, page.as_of), view.idle(found, page.rules.calendar),
                          page.as_of, number, page.theme), "timeline")  # fmt: skip
if found.verdicts:
    note = found.edition.code if found.edition else t("no edition was in force")
    show(section(t("Verdicts"), note), view.verdicts(found, page.now))
limits = record_beside(page.app.db, page.rules, record=kind, record_id=found.id, as_of=page.as_of)
by_limits = beside.of_record(limits, found, page.now)
if by_limits:
    show(by_limits)
if kind == "inspections":
    others = evidence_beside(page.app.db, page.viewer, record=kind, record_id=found.id, as_of=page.as_of)
    pictures = photographs_of(page.app.db, page.viewer, number, found.values["item_code"])
    if others:
        titles = {item.code: item for item in page.rules.rulebook.sheet.items}
        show(section(t("Seen in other ways too"), t("one fact: it deducts once, by the dearest")),
             inspections.sightings(others, titles, page.tree, page.now, page.link))  # fmt: skip
    if pictures:
        show(section(t("Photographs")), inspections.photographs(pictures, page.viewer.name))
cases = cases_about(page.app.db, page.viewer, record=kind, record_id=found.id)
if cases:
    show(section(t("Violations")), [tag("p", go(page.link("violation", number=one), one)) for one in cases])
left, right = st.columns(2, gap="large")
with left:
    show(
        section(t("What the source states")),
        view.attributes(found, page.tree, page.link),
        view.linked(found, page.link),
    )
    unmasking(page, found)
with right:
    show(view.versions(found, page.now))
disputes.on_record(page, found)

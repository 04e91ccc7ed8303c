"""Connections 业扩: which connections run out of time, and how long do they take?"""

from dashboard.queries.connection_board import board, standards_of
from dashboard.queries.connections import connections
from dashboard.queries.forms import recovery, thresholds_of
from dashboard.texts import t
from dashboard.web import periods
from dashboard.web.charts import ageing
from dashboard.web.charts.picture import draw
from dashboard.web.components.ask import ask, beside
from dashboard.web.components.blocks import heading, says, section, show, state
from dashboard.web.state import here, turn_to
from dashboard.web.views import connection_board as boards
from dashboard.web.views import connections as view
from dashboard.web.views import forms as supplier

page = here()
scope = frozenset(page.below)
asked = {"offices": scope, "period": page.period, "as_of": page.as_of}
found = connections(page.app.db, page.viewer, page.rules, **asked)
thresholds = thresholds_of(page.app.settings)
forms = recovery(page.app.db, page.viewer, thresholds, **asked)
name = periods.name(page.strip.period)

show(beside(heading(t("Connections"), t("Which connections run out of time, and how long do they take?")),
            ask("connections.days")))  # fmt: skip
if not (found.open or found.finished or forms):
    show(state("empty", t("No connection is open, and none was finished in {period}.", period=name),
               t("Import them: mingcha import applications FILE.")))  # fmt: skip
else:
    show(view.summary(found.open, found.finished, page.link), section(t("Open now"), t("by class, against the limit")))
    if any(flow.limit for flow in found.open):
        picked = draw(ageing.picture(found.open, page.tree.name, page.theme), "ageing", selects="number")
        if picked:
            turn_to("record", record="applications", number=picked)
    if found.open:
        show(view.open_flows(found.open, page.tree, page.now, page.link))
    else:
        show(state("empty", t("No connection is open.")))
    standing = board(page.app.db, page.viewer, page.rules, standards_of(page.app.settings), **asked)
    show(
        section(t("Archived on time, and what is stuck"), name), boards.archived(standing, page.link),
        section(t("Time limits by step"), t("law, promise and internal limit apart")),
        boards.steps(standing.cells, page.link),
        section(t("10 kV without energising"), t("open, natural days since acceptance")),
        boards.ages(standing.ages, page.link),
        section(t("Papers and visits"), t("of what was accepted in {period}", period=name)),
        boards.asked(standing.asked, page.link),
        section(t("Pauses")), boards.pauses(standing.pauses, page.link),
    )  # fmt: skip
    show(section(t("Finished in {period}", period=name)))
    if found.finished:
        show(
            view.finished_flows(found.finished, page.link, page.colours),
            says(t("Days are working days after the day of acceptance, pauses left out; the limit is that of the whole "
                   "flow, from acceptance to connection.")),
            section(t("Where the days go")), view.steps(found.legs),
        )  # fmt: skip
    else:
        show(state("empty", t("None was finished in {period}.", period=name)))
    if forms:
        show(beside(section(t("Designated-supplier forms"), t("what customers wrote in {period}", period=name)),
                    ask("connections.forms")),
             supplier.recovery(forms, page.tree, page.link), says(supplier.reading(thresholds)))  # fmt: skip

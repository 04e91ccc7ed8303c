"""Sources 数据源: what came in, what could not, and what is silent?"""

from dashboard.intake.collecting import configured_sources
from dashboard.queries.jobs import job_runs, process_state
from dashboard.queries.quarantine import quarantine_reasons, quarantined, raw_row
from dashboard.queries.sources import batches, source_states
from dashboard.texts import t
from dashboard.web.components.blocks import heading, says, section, show, state
from dashboard.web.state import filter_number, filter_value, here
from dashboard.web.views import sources as view

page = here()
db, viewer, now = page.app.db, page.viewer, page.now
source, reason, row = filter_value("source"), filter_value("reason"), filter_number("row", 0)


def link(**changes: object) -> str:
    return page.link("sources", **{"source": source, "reason": reason, **changes})


show(heading(t("Sources"), t("What came in, what could not, and who is silent?")))
found = source_states(db, viewer, configs=configured_sources(page.app.settings), as_of=now)
if found:
    show(section(t("Freshness of each source")), view.sources(found, now, link))
else:
    show(state("empty", t("No source is configured and nothing was imported."),
               t("Add [[sources]] to mingcha.toml, or run: mingcha import tickets FILE")))  # fmt: skip
show(
    section(t("Processes")),
    view.processes([process_state(db, viewer, kind, as_of=now) for kind in ("worker", "web")], now),
)

reasons = quarantine_reasons(db, viewer).to_dicts()
show(section(t("Quarantine"), t("rows that could not be stored; nothing is lost")))
if reasons:
    show(view.reasons(reasons, (reason, source), now, link))
else:
    show(state("empty", t("Nothing is in quarantine.")))
if reason:
    rows = quarantined(db, viewer, reason=reason, source=source, limit=200).to_dicts()
    show(section(view.reason_text(reason), source or ""), view.quarantined(rows, link))
if row:
    show(section(t("The row as read")), view.raw(raw_row(db, viewer, row)))

came = batches(db, viewer, as_of=now, source=source, limit=100).to_dicts()
show(
    section(t("Batches"), source or t("the last 100")),
    view.batches(came, now) if came else None,
    says(t("read = new + updated + unchanged + older + quarantined; skipped are titles, blanks and totals.")),
)
runs = job_runs(db, viewer, as_of=now, limit=100)
show(
    section(t("Job runs"), t("the last 100")),
    view.runs(runs, now) if runs else state("empty", t("No job has run yet: start the worker with mingcha up.")),
)

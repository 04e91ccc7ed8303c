"""Sources 数据源: what came in, what could not, and what is silent?"""

from dashboard.intake.collecting import configured_sources
from dashboard.queries.flags import batch_controls, flag_story, flags, open_flags
from dashboard.queries.jobs import job_runs, process_state
from dashboard.queries.quarantine import quarantine_reasons, quarantine_row, quarantined
from dashboard.queries.sources import batches, changed_headers, source_states
from dashboard.texts import t
from dashboard.web.components import flags as deeds
from dashboard.web.components.blocks import heading, says, section, show, state
from dashboard.web.state import filter_number, filter_value, here
from dashboard.web.views import flags as flag_view
from dashboard.web.views import sources as view

MOST_FLAGS = 100

page = here()
db, viewer, now = page.app.db, page.viewer, page.now
source, reason, row = filter_value("source"), filter_value("reason"), filter_number("row", 0)
flag, batch = filter_number("flag", 0), filter_number("batch", 0)


def link(**changes: object) -> str:
    return page.link("sources", **{"source": source, "reason": reason, **changes})


show(heading(t("Sources"), t("What came in, what could not, and who is silent?")))
deeds.told()
every_flag = open_flags(db, viewer, as_of=now)
found = source_states(db, viewer, configs=configured_sources(page.app.settings), as_of=now)
if found:
    show(section(t("Freshness of each source")), view.sources(found, now, link, flag_view.by_source(every_flag)))
else:
    show(state("empty", t("No source is configured and nothing was imported."),
               t("Add [[sources]] to mingcha.toml, or run: mingcha import tickets FILE")))  # fmt: skip
for changed in changed_headers(db, viewer, as_of=now):
    show(section(t("A header has changed"), changed.source), flag_view.header(changed, now, page.link("mapping")))

waiting = [one for one in every_flag if source in (None, one.source)]
show(section(t("Flags"), source or t("stated totals, cut-off files, missing days, unusual volume")))
if waiting:
    show(flag_view.listed(waiting[:MOST_FLAGS], page.tree, flag, now, link))
else:
    show(state("empty", t("Nothing looks wrong with what came.")))
if len(waiting) > MOST_FLAGS:
    show(says(t("{n} more flags are open; choose a source, or run: mingcha flags", n=len(waiting) - MOST_FLAGS)))
for one in flags(db, viewer, flag_id=flag) if flag else ():
    events = flag_story(db, viewer, flag)
    show(section(t("The flag")), flag_view.about(one, page.tree, now, link))
    show(flag_view.story(events, now) if events else None)
    deeds.decide(page, one)
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
    show(section(t("The row as read")), view.raw(quarantine_row(db, viewer, row)))

if batch:
    stated = batch_controls(db, viewer, batch)
    show(section(t("Stated totals"), t("batch {n}", n=batch)))
    show(flag_view.controls(stated) if stated else says(t("The file of this batch states no totals.")))
came = batches(db, viewer, as_of=now, source=source, limit=100).to_dicts()
show(
    section(t("Batches"), source or t("the last 100")),
    view.batches(came, now, link) if came else None,
    says(t("read = new + updated + unchanged + older + quarantined; skipped are titles, blanks and totals.")),
)
runs = job_runs(db, viewer, as_of=now, limit=100)
show(
    section(t("Job runs"), t("the last 100")),
    view.runs(runs, now) if runs else state("empty", t("No job has run yet: start the worker with mingcha up.")),
)

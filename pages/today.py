"""Today 今日: what needs me now?"""

from dashboard.intake.collecting import configured_sources
from dashboard.queries.quarantine import quarantine_reasons
from dashboard.queries.sources import source_states
from dashboard.queries.yesterday import DAY, accepted_since, first_imports, new_cases
from dashboard.texts import t
from dashboard.web import books, cached, display
from dashboard.web.components.ask import ask, beside
from dashboard.web.components.blocks import go, heading, says, section, show, state
from dashboard.web.state import filter_value, here
from dashboard.web.views import today as view
from dashboard.web.views import violations as cases_view

page = here()
db, viewer, now = page.app.db, page.viewer, page.now
only = filter_value("show", ("soon", "over", "all"))
clocks = [clock for clock in cached.open_clocks(page) if clock.office in page.below]
samples = [sample for sample in cached.samples_today(page) if sample.hall in page.below]
timed = [case for case in cached.open_cases(page) if case.office in page.below and case.due is not None]
cases_due = [case for case in timed if cases_view.chosen(case, cases_view.TODAY, now)]
sources = source_states(db, viewer, configs=configured_sources(page.app.settings), as_of=now)

show(heading(t("Today"), t("What needs me now?")), view.summary(clocks, samples, cases_due, sources, now, page.link))
asked = [
    clock for clock in clocks
    if only in (None, "all") or (clock.soon if only == "soon" else clock.deadline < now)
]  # fmt: skip
most = view.SHOWN if only is None else 500
running = sorted(asked, key=lambda clock: (clock.deadline < now, clock.deadline))
show(section(t("Open clocks"), t("{shown} of {n}, sorted by time left", shown=min(len(running), most),
                                 n=display.count(len(running)))))  # fmt: skip
if running:
    show(view.clocks(running, page.tree, page.edition, now, page.link, most),
         go(page.link("today", show="all"), t("show all")) if len(running) > most else None,
         says(t("A countdown tells how long the promise still lasts, not whether someone is on the way.")))  # fmt: skip
else:
    show(
        state(
            "empty", t("No clock is running."), t("Open tickets and repairs appear here with the time they have left.")
        )
    )

if timed:  # in the ledger's order: what ends first on top
    titles = {item.code: books.title(item) for item in page.rules.rulebook.sheet.items}
    told = t("{shown} of {n}, sorted by time left", shown=min(len(timed), view.SHOWN), n=display.count(len(timed)))
    show(section(t("Cases with a deadline"), told),
         cases_view.ledger(timed[: view.SHOWN], titles, page.tree, now, page.link),
         go(page.link("violations"), t("show all")) if len(timed) > view.SHOWN else None)  # fmt: skip

day = now.astimezone(display.LOCAL).date()
show(section(t("Samples of {day}", day=display.day(day, day))))
if samples:
    show(view.grid(samples, page.rules.slots.on(day), page.tree, page.link), view.grid_key())
else:
    show(
        state(
            "empty",
            t("No sample is planned for today."),
            t("The worker draws the moments of the day; the plan of a day is sealed the evening before."),
        )
    )

cases = new_cases(db, viewer, page.below, now=now)
happened = view.Happened(
    moved=cached.movement(page),
    cases=cases,
    quiet=[one for one in page.silent if one.since > now - DAY],
    accepted=accepted_since(db, viewer, page.tree, now=now),
    first=first_imports(db, viewer, now=now),
    quarantined=sum(row["rows"] for row in quarantine_reasons(db, viewer).to_dicts()),
)
show(
    beside(section(t("Since yesterday at this time")), ask("today.since")),
    view.happened(clocks, happened, page.tree, now, page.link),
)

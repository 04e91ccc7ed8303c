"""Quarantine 隔离区: what could not be stored, and how does it get in?"""

from dashboard.actions.quarantine import Chosen
from dashboard.queries.quarantine import quarantine_counts, quarantine_row, quarantined
from dashboard.texts import t
from dashboard.web.components import quarantine as mend
from dashboard.web.components.blocks import heading, says, section, show, state, tabs
from dashboard.web.state import filter_number, filter_value, here
from dashboard.web.views import quarantine as view

LIMIT = 200
page = here()
db, viewer, now = page.app.db, page.viewer, page.now
source, record, reason = filter_value("source"), filter_value("record"), filter_value("reason")
named, number = filter_value("named"), filter_number("row", 0)
kept = filter_value("state", tuple(view.STATES)) or "open"
chosen = {"source": source, "record": record, "reason": reason, "named": named}


def link(**changes: object) -> str:
    """An address with this page's filters."""
    shown = {**chosen, "state": None if kept == "open" else kept}
    return page.link("quarantine", **{**shown, **changes})


show(
    heading(t("Quarantine"), t("What could not be stored, and how does it get in?")),
    tabs([(t(words[0]), page.link("quarantine", state=None if code == "open" else code), code == kept)
          for code, words in view.STATES.items()], t("State")),
)  # fmt: skip
mend.told()
counts = quarantine_counts(db, viewer, state=kept).to_dicts()
unknown = view.unknown_names(counts) if kept == "open" else {}
if counts:
    show(view.totals(counts, unknown))
elif kept == "open":
    told = t("Rows that cannot be read or belong to no office would wait here; none is dropped.")
    show(state("empty", t("Nothing is in quarantine."), told))
else:
    show(state("empty", t("No row is in this state.")))

if number:
    found = quarantine_row(db, viewer, number)
    show(section(t("One row"), t("as read, and what became of it")))
    if found is not None:
        mend.one_row(page, found)
    elif viewer.sees_everything:
        show(state("empty", t("There is no row {n} in quarantine.", n=number)))
    else:
        show(state("empty", t("The raw row is shown only to those who see the whole company.")))
if unknown:
    show(section(t("Unknown office names"), t("say once which office is meant; all rows with that name are taken in")))
    mend.offices(page, unknown)
if counts:
    show(
        section(t("By source, reason and office"), t("a line opens its rows")), view.counted(counts, chosen, now, link)
    )
if counts and any(chosen.values()):
    rows = quarantined(db, viewer, record=record, reason=reason, source=source, office_named=named, state=kept,
                       limit=LIMIT).to_dicts()  # fmt: skip
    show(section(t("Quarantined rows"), t("the newest {n}", n=len(rows))))
    show(view.rows(rows, number, now, link) if rows else says(t("No row meets these filters any more.")))
    if rows and kept == "open":
        mend.take_in(page, Chosen(record=record, reason=reason, source=source, office_named=named))

"""Exclusions 剔除: what is left out of the figures, and who decided it?"""

from dashboard.queries.exclusions import exclusions, filing_seen, preview
from dashboard.texts import t
from dashboard.web.components import deeds
from dashboard.web.components import exclusions as forms
from dashboard.web.components.ask import ask, beside
from dashboard.web.components.blocks import heading, says, section, show, state
from dashboard.web.state import filter_number, here
from dashboard.web.views import exclusions as view

page = here()
db, viewer, now = page.app.db, page.viewer, page.app.now()
number = filter_number("number", 0)
rows = exclusions(db, viewer, now=now)


def link(**changes: object) -> str:
    return page.link("exclusions", **changes)


show(beside(heading(t("Exclusions"), t("What is left out of the figures, and who decided it?")),
            ask("exclusions.rates")))  # fmt: skip
deeds.told()
chosen = next((row for row in rows if row["number"] == number), None)
if rows:
    show(view.filings(rows, number, now, link))
else:
    how = t("Records of a declared disaster, a drill or a customer's cause can be left out by two people.")
    show(state("empty", t("Nothing has been filed."), how))
if chosen is not None:
    show(section(t("Exclusion {n}", n=number)), view.one(chosen, now))
    if chosen["whole"]:
        found = preview(db, viewer, page.rules, filing_seen(db, viewer, number), now=now)
        show(view.preview(found, {code: office.name for code, office in page.tree.offices.items()}, page.link))
    else:
        show(says(t("It names offices of others too; only your own are shown, without what it changes.")))
    forms.deciding(page, chosen)
show(section(t("File an exclusion"), t("first what it would change, then the filing")))
forms.drafting(page)
show(
    says(t("An exclusion holds from its approval on and never for a frozen period.")),
    says(t("Every record it leaves out is listed, and every rate is shown with and without.")),
)

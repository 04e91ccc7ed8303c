"""Hall reports 营业厅评价: how do the halls stand, and how sure is it?"""

from dashboard.exports.halls import rate_sentence
from dashboard.queries.hall_reports import company_scheme, hall_reports
from dashboard.texts import t
from dashboard.web import cached, periods
from dashboard.web.components import download
from dashboard.web.components.ask import ask, beside
from dashboard.web.components.blocks import choice, heading, says, section, show, state, tabs
from dashboard.web.state import filter_value, here
from dashboard.web.views import halls as view

TABS = {"months": "Monthly evaluation", "contest": "Quarterly contest", "province": "Provincial report",
        "rates": "Violation rate"}  # fmt: skip
page = here()
scheme = company_scheme(page.app.settings)
found = cached.kept(page, "hall reports", make=lambda: hall_reports(
    page.app.db, page.viewer, page.rules, scheme, period=page.strip.period, now=page.as_of, as_of=page.asked,
    refresh=False,
))  # fmt: skip
months = [one["month"] for one in found["months"]]
tab = filter_value("tab", tuple(TABS)) or "months"
month = filter_value("month", tuple(months)) or (months[-1] if months else None)


def link(where: str = "halls", /, **changes: object) -> str:
    """An address with this page's own filters where it stays here."""
    kept = {"tab": tab, "month": month} if where == "halls" else {}
    return page.link(where, **{**kept, **changes})


def mine(rows):
    """The rows of the strip's office and peer group."""
    return [row for row in rows if row["office"] in page.below]


show(beside(heading(t("Hall reports"), t("How do the halls stand, and how sure is it?")), ask(f"halls.{tab}")),
     tabs([(t(name), link(tab=key), key == tab) for key, name in TABS.items()], t("View")))  # fmt: skip
if not found["province"]["rows"] and not any(one["rows"] for one in found["months"]):
    show(state("empty", t("No hall was valid in this period, or none is yours to see."),
               t("Import offices of the level hall, then samples and inspections.")))  # fmt: skip
elif tab in ("months", "contest"):
    if tab == "months":
        rows = next((one["rows"] for one in found["months"] if one["month"] == month), [])
        show(choice(t("Month"), [(periods.name(one), link(month=one), one == month) for one in months]))
    else:
        rows = found["contest"]["rows"]
        show(section(periods.name(found["quarter"])))
    show(
        view.evaluation(mine(rows), scheme.month if tab == "months" else scheme.quarter, page.link),
        says(t("— means missing: neither 0 nor 100; the other parts carry its weight. Weights marked (p) are "
               "proposals.")),
        says(t("A table of its own: nothing of it enters the score of the league.")),
    )  # fmt: skip
elif tab == "province":
    show(view.province(mine(found["province"]["rows"]), page.link),
         says(t("Confirmed by a person or stated on a sheet; one fact once.")))  # fmt: skip
else:
    show(view.rates(mine(found["violation_rates"]["rows"]), page.link), says(rate_sentence()),
         says(t("Where many samples are not decided yet the rate may lean: what looks suspicious is often decided "
                "first.")))  # fmt: skip
download.hall_reports(page, scheme, found)

"""League 排名: who is better, and is it real?"""

from dashboard.queries.funnel import funnel
from dashboard.texts import t
from dashboard.web import books, cached, periods
from dashboard.web.charts import funnel as funnel_chart
from dashboard.web.charts.picture import draw
from dashboard.web.components import download
from dashboard.web.components.blocks import heading, says, section, show, state, tabs
from dashboard.web.state import filter_value, here, turn_to
from dashboard.web.views import league as view
from dashboard.web.views import marks

LEVELS = {"county": "Counties", "station": "Stations", "hall": "Halls"}
TABS = {"score": "Whole score", "indicator": "One indicator", "peers": "Peers"}

page = here()
level = filter_value("level", tuple(LEVELS)) or "station"
tab = filter_value("tab", tuple(TABS)) or "score"
edition = page.edition
indicators = [i for i in edition.at_level(level) if i.weight > 0]
code = filter_value("indicator", tuple(i.code for i in indicators)) or indicators[0].code
indicator = edition.indicator(code)
rows = view.chosen(cached.league(page, level=level)["rows"], page.tree, page.strip)


def link(where: str = "league", /, **changes: object) -> str:
    """An address with this page's own filters where it stays here."""
    kept = {"level": level, "tab": tab, "indicator": filter_value("indicator")} if where == "league" else {}
    return page.link(where, **{**kept, **changes})


show(
    heading(t("League"), t("Who is better, and is it real?")),
    tabs([(t(name), link(level=key, indicator=None), key == level) for key, name in LEVELS.items()], t("Level")),
    tabs([(t(name), link(tab=key), key == tab) for key, name in TABS.items()], t("View")),
)
if not rows:
    show(state("empty", t("No office of this level was valid in this period, or none is yours to see."),
               t("Import offices first: mingcha import offices FILE, then tickets and repairs.")))  # fmt: skip
elif tab == "score":
    before = periods.before(page.strip.period)
    earlier = {row["office"]: row for row in cached.league(page, level=level, period=before)["rows"]} if before else {}
    show(view.score_table(rows, earlier, edition, link), marks.lines_key(view.lines(rows)),
         says(t("A rank is not a verdict: offices whose intervals overlap may differ by chance. "
                "Weights and grades are those of {edition}.", edition=edition.code)),
         says(view.missing_note(rows)))  # fmt: skip
    download.workbook(page)
elif tab == "peers":
    for name, table in view.peer_tables(rows, {o.code: o.peer_group for o in page.tree.offices.values()}, link):
        show(section(name), table)
    show(says(t("Only ranked offices are compared, each with those of its own group.")))
else:
    known = [i for i in indicators if i.code not in view.missing_everywhere(rows) or i.code == code]
    show(tabs([(f"{i.code} {books.title(i)}", link(indicator=i.code), i.code == code) for i in known], t("Indicator")))
    found = funnel(rows, indicator)
    if found is None:
        show(state("empty", t("No funnel: this indicator has no known limits of chance, or nothing is judged yet.")))
    else:
        office = draw(funnel_chart.picture(found, indicator, page.theme, page.strip.office), "funnel", selects="office")
        if office:
            turn_to("office", office=office, indicator=code)
    show(section(f"{code} {books.title(indicator)}", view.definition(indicator)),
         view.indicator_table(rows, indicator, found, link))  # fmt: skip

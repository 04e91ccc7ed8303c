"""League 排名: who is better, and is it real?"""

from dashboard.queries.funnel import funnel
from dashboard.queries.movement import movement
from dashboard.texts import t
from dashboard.web import books, cached, periods
from dashboard.web.charts import funnel as funnel_chart
from dashboard.web.charts.picture import draw
from dashboard.web.components import download
from dashboard.web.components.blocks import finished, heading, says, section, show, state, tabs
from dashboard.web.state import filter_value, here, turn_to
from dashboard.web.views import league as view
from dashboard.web.views import marks
from dashboard.web.views import movement as moved_view

LEVELS = {"county": "Counties", "station": "Stations", "hall": "Halls"}
TABS = {"score": "Whole score", "indicator": "One indicator", "peers": "Peers", "moved": "What moved"}

page = here()
level = filter_value("level", tuple(LEVELS)) or "station"
tab = filter_value("tab", tuple(TABS)) or "score"
edition = page.edition
indicators = [indicator for indicator in edition.at_level(level) if indicator.weight > 0]
code = filter_value("indicator", tuple(indicator.code for indicator in indicators)) or indicators[0].code
indicator = edition.indicator(code)
rows = cached.kept(
    page,
    "league rows",
    level,
    make=lambda: view.chosen(cached.league(page, level=level)["rows"], page.tree, page.strip),
)


def link(where: str = "league", /, **changes: object) -> str:
    """An address with this page's own filters where it stays here."""
    kept = {"level": level, "tab": tab, "indicator": filter_value("indicator")} if where == "league" else {}
    return page.link(where, **{**kept, **changes})


def head() -> list[object]:
    return [
        heading(t("League"), t("Who is better, and is it real?")),
        tabs([(t(name), link(level=key, indicator=None), key == level) for key, name in LEVELS.items()], t("Level")),
        tabs([(t(name), link(tab=key), key == tab) for key, name in TABS.items()], t("View")),
    ]


def whole_score() -> list[object]:
    before = periods.before(page.strip.period)
    earlier = {row["office"]: row for row in cached.league(page, level=level, period=before)["rows"]} if before else {}
    warning = t(
        "A rank is not a verdict: offices whose intervals overlap may differ by chance. "
        "Weights and grades are those of {edition}.",
        edition=edition.code,
    )
    return [view.score_table(rows, earlier, edition, link), marks.lines_key(view.lines(rows)), says(warning),
            says(view.missing_note(rows))]  # fmt: skip


def peers() -> list[object]:
    groups = {office.code: office.peer_group for office in page.tree.offices.values()}
    found = [(section(name), table) for name, table in view.peer_tables(rows, groups, link)]
    return [*found, says(t("Only ranked offices are compared, each with those of its own group."))]


def what_moved() -> list[object]:
    found = movement(page.app.db, page.viewer, page.rules, period=page.strip.period, level=level, now=page.as_of,
                     refresh=False)  # fmt: skip
    rest = moved_view.came_and_went(found["rows"], link)
    about = t("from {before} to {period}", before=periods.name(found["before"]), period=periods.name(found["period"]))
    return [section(t("What moved"), about), moved_view.moved(found, link),
            *((section(t("Ranked in one of the two periods only")), rest) if rest else ())]  # fmt: skip


def choice() -> object:
    known = [one for one in indicators if one.code not in view.missing_everywhere(rows) or one.code == code]
    return tabs([(f"{one.code} {books.title(one)}", link(indicator=one.code), one.code == code) for one in known],
                t("Indicator"))  # fmt: skip


def one_indicator() -> list[object]:
    return [section(f"{code} {books.title(indicator)}", view.definition(indicator)),
            view.indicator_table(rows, indicator, funnel(rows, indicator), link)]  # fmt: skip


def drawn_funnel() -> funnel_chart.Picture | None:
    found = funnel(rows, indicator)
    return funnel_chart.picture(found, indicator, page.theme, page.strip.office) if found else None


filters = (level, tab, code, filter_value("indicator"))
if not rows:
    show(*head(), state("empty", t("No office of this level was valid in this period, or none is yours to see."),
                        t("Import offices first: mingcha import offices FILE, then tickets and repairs.")))  # fmt: skip
elif tab == "score":
    show(cached.kept(page, "league score", *filters, make=lambda: finished(*head(), *whole_score())))
    download.workbook(page)
elif tab == "moved":
    show(cached.kept(page, "league moved", *filters, make=lambda: finished(*head(), *what_moved())))
elif tab == "peers":
    show(cached.kept(page, "league peers", *filters, make=lambda: finished(*head(), *peers())))
else:
    show(cached.kept(page, "league head", *filters, make=lambda: finished(*head(), choice())))
    picture = cached.kept(page, "league funnel", *filters, make=drawn_funnel)
    if picture is None:
        show(state("empty", t("No funnel: this indicator has no known limits of chance, or nothing is judged yet.")))
    else:
        office = draw(picture, "funnel", selects="office")
        if office:
            turn_to("office", office=office, indicator=code)
    show(cached.kept(page, "league indicator", *filters, make=lambda: finished(*one_indicator())))

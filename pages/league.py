"""League 排名: who is better, and is it real?"""

import streamlit as st

from dashboard.instants import LOCAL
from dashboard.queries.funnel import funnel
from dashboard.queries.movement import movement
from dashboard.queries.weekly import weekly
from dashboard.texts import t
from dashboard.web import books, cached, periods
from dashboard.web.charts import funnel as funnel_chart
from dashboard.web.charts.picture import draw
from dashboard.web.components import changes, download
from dashboard.web.components.ask import ask, beside
from dashboard.web.components.blocks import finished, heading, says, section, show, state, tabs
from dashboard.web.state import filter_value, here, turn_to
from dashboard.web.views import certainty, comparison, marks
from dashboard.web.views import league as view
from dashboard.web.views import movement as moved_view

LEVELS = {"county": "Counties", "station": "Stations", "hall": "Halls"}
SHOWN = 500
"""Rows of a table at once; of more, the best."""
TABS = {"score": "Whole score", "indicator": "One indicator", "peers": "Peers", "moved": "What moved"}

page = here()
level = filter_value("level", tuple(LEVELS)) or "station"
tab = filter_value("tab", tuple(TABS)) or "score"
edition = page.edition
indicators = [indicator for indicator in edition.at_level(level) if indicator.weight > 0]
code = filter_value("indicator", tuple(indicator.code for indicator in indicators)) or indicators[0].code
indicator = edition.indicator(code)
document = cached.league(page, level=level)
rows = cached.kept(page, "league rows", level, make=lambda: view.chosen(document["rows"], page.tree, page.strip))


def link(where: str = "league", /, **changes: object) -> str:
    """An address with this page's own filters where it stays here."""
    kept = {"level": level, "tab": tab, "indicator": filter_value("indicator")} if where == "league" else {}
    return page.link(where, **{**kept, **changes})


def head() -> list[object]:
    return [
        beside(heading(t("League"), t("Who is better, and is it real?")), ask("league.rank")),
        tabs([(t(name), link(level=key, indicator=None), key == level) for key, name in LEVELS.items()], t("Level")),
        tabs([(t(name), link(tab=key), key == tab) for key, name in TABS.items()], t("View")),
        changes.note(page, link),
    ]


def whole_score() -> list[object]:
    then = cached.comparison(page, level=level)
    until = min(page.as_of, page.period_end).astimezone(LOCAL).date()
    clocks = [one.code for one in edition.at_level(level) if one.counts_in_n]
    weeks = weekly(page.app.db, page.viewer, page.tree, clocks, until=until) if page.asked is None else {}
    sentences = (
        certainty.more_rows(len(rows), SHOWN),
        certainty.score_sentence(edition.code),
        view.missing_note(rows),
        *comparison.notes(then, edition),
    )
    return [view.score_table(rows[:SHOWN], comparison.rows(then.previous), weeks, edition, link,
                             comparison.rows(then.year_before)), marks.lines_key(view.lines(rows)),
            [says(sentence) for sentence in sentences if sentence]]  # fmt: skip


def aside() -> list[object]:
    return [certainty.pairs_of_scores(document["pairs"], rows), certainty.shrunken(rows, link)]


def peers() -> list[object]:
    groups = {office.code: office.peer_group for office in page.tree.offices.values()}
    found = [
        (beside(section(name), ask("league.group")), table) for name, table in view.peer_tables(rows, groups, link)
    ]
    return [*found, says(certainty.peers_sentence())]


def what_moved() -> list[object]:
    found = movement(page.app.db, page.viewer, page.rules, period=page.strip.period, level=level, now=page.as_of,
                     refresh=False)  # fmt: skip
    rest = moved_view.came_and_went(found["rows"], link)
    about = t("from {before} to {period}", before=periods.name(found["before"]), period=periods.name(found["period"]))
    return [beside(section(t("What moved"), about), ask("league.moved")), moved_view.moved(found, link),
            *((section(t("Ranked in one of the two periods only")), rest) if rest else ())]  # fmt: skip


def choice() -> object:
    known = [one for one in indicators if one.code not in view.missing_everywhere(rows) or one.code == code]
    return tabs([(f"{one.code} {books.title(one)}", link(indicator=one.code), one.code == code) for one in known],
                t("Indicator"))  # fmt: skip


def one_indicator() -> list[object]:
    found = funnel(rows, indicator)
    return [section(f"{code} {books.title(indicator)}", view.definition(indicator)),
            view.indicator_table(rows, indicator, found, link, SHOWN), says(certainty.more_rows(len(rows), SHOWN)),
            certainty.pairs_of_indicator(found) if found else ""]  # fmt: skip


def drawn_funnel(which: str) -> funnel_chart.Picture | None:
    shown = edition.indicator(which)
    found = funnel(rows, shown)
    return funnel_chart.picture(found, shown, page.theme, page.strip.office) if found else None


def beside_the_score() -> None:
    """The funnel of the indicator by which these offices lost most: is the order above more than chance?"""
    costly = view.costliest(rows, edition)
    if costly is None:
        return
    title = t("Costliest here: {code} {title}", code=costly, title=books.title(edition.indicator(costly)))
    show(section(title), tabs([(t("Any other indicator"), link(tab="indicator", indicator=costly), False)], t("View")))
    picture = cached.kept(page, "league funnel", level, costly, make=lambda: drawn_funnel(costly))
    office = draw(picture, "score-funnel", selects="office") if picture else None
    if office:
        turn_to("office", office=office, indicator=costly)


filters = (level, tab, code, filter_value("indicator"))
if not rows:
    show(*head(), state("empty", t("No office of this level was valid in this period, or none is yours to see."),
                        t("Import offices first: mingcha import offices FILE, then tickets and repairs.")))  # fmt: skip
elif tab == "score":
    show(cached.kept(page, "league head", *filters, make=lambda: finished(*head())))
    left, right = st.columns([76, 24], gap="small")
    with left:
        show(cached.kept(page, "league score", *filters, make=lambda: finished(*whole_score())))
    with right:
        beside_the_score()
        show(cached.kept(page, "league aside", *filters, make=lambda: finished(*aside())))
    download.workbook(page)
elif tab == "moved":
    show(cached.kept(page, "league moved", *filters, make=lambda: finished(*head(), *what_moved())))
elif tab == "peers":
    show(cached.kept(page, "league peers", *filters, make=lambda: finished(*head(), *peers())))
else:
    show(cached.kept(page, "league head", *filters, make=lambda: finished(*head(), choice())))
    picture = cached.kept(page, "league funnel", level, code, make=lambda: drawn_funnel(code))
    if picture is None:
        show(state("empty", t("No funnel: this indicator has no known limits of chance, or nothing is judged yet.")))
    else:
        office = draw(picture, "funnel", selects="office")
        if office:
            turn_to("office", office=office, indicator=code)
    show(cached.kept(page, "league indicator", *filters, make=lambda: finished(*one_indicator())))

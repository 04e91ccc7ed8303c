"""Lines 专业指标: how does every other line of work go, month by month?"""

from dashboard.intake.registry import known_measures
from dashboard.queries.lines import all_lines, league, line_by_office, position
from dashboard.queries.opinion import event_rules, events
from dashboard.queries.plain_records import plain_records
from dashboard.texts import t
from dashboard.web import periods
from dashboard.web.components.ask import ask, beside
from dashboard.web.components.blocks import go, heading, says, section, show, state
from dashboard.web.state import filter_value, here
from dashboard.web.views import lines as view
from dashboard.web.views import office as office_view

page = here()
measures = known_measures(page.app.settings)
code = filter_value("measure", tuple(measures.by_code))
roots = page.tree.roots
office = page.strip.office or (roots[0].code if len(roots) == 1 else None)


def link(where: str = "lines", /, **changes: object) -> str:
    """An address that keeps the chosen line where it stays here."""
    kept = {"measure": code} if where == "lines" else {}
    return page.link(where, **{**kept, **changes})


def conclusion() -> object:
    return says(t(
        "The line is this year, the grey one the year before, hatched months were not reported: they are neither good "
        "nor bad. A hollow dot: not every office reported. Months of offices of different size are added up by "
        "numerator and denominator, not averaged. A picture tells how a line moved, not why."
    ))  # fmt: skip


def opinion(below: str) -> None:
    """Events of public opinion with their clocks, where there are any."""
    clocks = event_rules(page.rules.warned.by_code)
    found = events(page.app.db, page.viewer, page.tree, clocks, office=below, period=page.period, as_of=page.as_of)
    if found:
        show(section(t("Public-opinion events"), t("{n} in all", n=len(found))), *map(says, view.events_said(found)),
             view.events_table(found, page.tree, page.as_of, page.link))  # fmt: skip


show(beside(heading(t("Lines"), t("How does every other line of work go, month by month?")), ask("lines.value")))
if office is None:
    show(office_view.office_list(roots, link) if roots
         else state("empty", t("No office is yours to see, or none has been imported yet.")))  # fmt: skip
elif code is None:
    found = all_lines(page.app.db, page.viewer, page.tree, measures, page.edition, office=office, period=page.period,
                      as_of=page.as_of)  # fmt: skip
    told = [series for series in found if series.last]
    opinion(office)
    if not told:
        show(state("empty", t("No measure of {period} or the months before it is there.",
                              period=periods.name(page.strip.period)),
                   t("Import them: mingcha import measures FILE, one row per line, office and month.")))  # fmt: skip
    else:
        by_code = {series.measure.code: series for series in told}
        show(section(page.tree.name(office), t("{n} lines, up to {month}", n=len(told), month=told[0].newest.month)))
        for title, group in view.grouped(told):
            show(
                section(title),
                *(view.standing(one, place) for one in group if (place := position(one, by_code)) is not None),
                view.pictures(group, lambda one: view.title(one.measure), lambda one: link(measure=one.measure.code),
                              page.colours),
            )  # fmt: skip
        show(
            conclusion(), view.as_table(told, lambda one: view.title(one.measure)),
            view.silent([series for series in found if not series.last]),
        )  # fmt: skip
else:
    measure = measures.by_code[code]
    found = line_by_office(page.app.db, page.viewer, page.tree, measure, page.edition, office=office,
                           period=page.period, as_of=page.as_of)  # fmt: skip
    told = [series for series in found if series.last]
    rows, total = plain_records(page.app.db, page.viewer, page.tree, record="measures", period=page.period,
                                office=office, indicator=code, limit=60)  # fmt: skip
    show(go(link(measure=None), t("← all lines")), section(view.title(measure), view.definition(measure)))
    if measure.group == "opinion":
        opinion(office)
    if told:
        places = league(found[0], found[1:])
        show(view.pictures(told, lambda one: page.tree.name(one.office), lambda one: link(office=one.office),
                           page.colours))  # fmt: skip
        if places is not None:
            show(section(t("League of this line"), places[0]), view.league_table(places, found[0], page.tree, link),
                 says(t("Places are of this month alone; an office with fewer than 10 takes none.")))  # fmt: skip
        show(conclusion(), view.as_table(told, lambda one: page.tree.name(one.office)))  # fmt: skip
    else:
        show(state("empty", t("Nobody reports this line here.")))
    show(
        section(t("Rows of {period}", period=periods.name(page.strip.period)), t("{n} in all", n=total)),
        view.measure_rows(rows, page.tree, {code: view.title(measure)}, link),
        go(link("records", record="measures", indicator=code), t("all of them")) if total > len(rows) else None,
    )

"""Office 单位: why this score?"""

import streamlit as st

from dashboard.queries.beside import office_beside
from dashboard.queries.causes import causes
from dashboard.queries.red_lines import red_lines
from dashboard.queries.trend import trend
from dashboard.queries.weightless import weightless
from dashboard.rights import may
from dashboard.texts import t
from dashboard.web import cached, display, periods
from dashboard.web.cached import kept
from dashboard.web.charts import trend as trend_chart
from dashboard.web.charts import waterfall
from dashboard.web.charts.picture import draw
from dashboard.web.components import changes
from dashboard.web.components.blocks import go, heading, says, section, show, state, tabs
from dashboard.web.components.causes import known_causes
from dashboard.web.state import filter_value, here, turn_to
from dashboard.web.views import beside, comparison, violations, what
from dashboard.web.views import office as view

CASES_SHOWN = 5

QUESTION = "Why this score?"
STEPS = {"week": "By week", "month": "By month"}

page = here()
tops = page.tree.roots
code = page.strip.office or (tops[0].code if len(tops) == 1 and tops[0].level != "company" else None)
if code is None:
    show(heading(t("Office"), t(QUESTION)))
    show(view.office_list([o for o in page.tree.offices.values() if o.level in ("county", "station")], page.link)
         if tops else state("empty", t("No office is yours to see, or none has been imported yet.")))  # fmt: skip
    st.stop()

document = cached.explain(page, office=code)
level = document["level"]
edition = page.edition
known = [indicator.code for indicator in edition.at_level(level) if indicator.weight > 0]
league = cached.league(page, level=level)
row = next((found for found in league["rows"] if found["office"] == code), None)
then = cached.comparison(page, level=level)
lost = view.losses(document, edition)
worst = max(lost, key=lambda loss: loss.lost).code if lost else known[0]
chosen = filter_value("indicator", tuple(known))
step = filter_value("step", tuple(STEPS)) or "week"


def link(where: str = "office", /, **changes: object) -> str:
    """An address with the office and this page's own filters where it stays here."""
    kept = {"indicator": chosen, "step": step} if where == "office" else {}
    return page.link(where, **{**kept, **changes})


show(view.path(page.tree, code, link), heading(document["name"], t(QUESTION)),
     changes.note(page, link, page.tree.below(code)))  # fmt: skip
if row is None or (document["score"] is None and not document["withheld"]):
    show(state("empty", t("Nothing was judged here in {period}.", period=periods.name(page.strip.period)),
               t("A score appears with the first judged ticket, repair or sample of the period.")))  # fmt: skip
    st.stop()

show(view.summary(row, comparison.rows(then.previous).get(code), comparison.rows(then.year_before).get(code),
                  sum(1 for r in league["rows"] if r["ranked"]), link),
     view.marked(document), [says(sentence) for sentence in comparison.notes(then, edition)])  # fmt: skip
if row["red_line"]:
    events = red_lines(page.app.db, page.viewer, page.rules, office=code, period=page.strip.period, as_of=page.as_of)
    show(section(t("Red lines")), view.red_lines(events, page.now, link))
left, right = st.columns([1, 1], gap="large")
with left:
    if document["withheld"]:
        show(state("stale", t("The score is withheld until then."), *view.sentences(document)))
    else:
        show(section(t("From 100 to {score}", score=display.score(document["score"]))))
        picture = waterfall.picture(lost, document["score"], document["name"], page.theme)
        picked = draw(picture, "waterfall", selects="code")
        if picked and picked != chosen:
            turn_to("office", office=code, indicator=picked)
with right:
    indicator = edition.indicator(chosen or worst)
    show(section(f"{indicator.code} {view.books.title(indicator)}"),
         tabs([(t(name), link(step=key), key == step) for key, name in STEPS.items()], t("Step of time")))  # fmt: skip
    points = trend(page.app.db, page.viewer, page.rules, page.tree, office=code, indicator=indicator, step=step,
                   as_of=min(page.as_of, page.period_end))  # fmt: skip
    if points:
        noted = causes(page.app.db, page.tree, office=code, indicator=indicator.code)
        draw(trend_chart.picture(points, indicator, document["name"], step, page.theme, noted), "trend")
        known_causes(page, code, indicator.code, noted)
    else:
        show(state("empty", t("This indicator has no value by week or month."), view.league.definition(indicator)))
show(what.panel(row["indicators"][indicator.code], indicator, edition, page.as_of))
show(
    section(t("The indicators")), view.indicators(document, row["indicators"], edition, chosen or "", page.as_of, link)
)
show(
    section(t("Records that cost most"), chosen or t("all indicators")),
    view.worst_records(document, edition, chosen, page.now, link),
    says(t("Each record carries an equal share of its indicator's loss; R3 and H1 by how far they missed.")),
)
halls = [r for r in cached.league(page, level="hall")["rows"] if r["office"] in page.tree.below(code)]
if halls and level != "hall":
    show(section(t("Halls")), view.halls(halls, link))
show(view.left_out(document, link))
if may(page.viewer, "read violations") and page.asked is None:
    own = page.tree.below(code)
    cases = [one for one in cached.open_cases(page) if one.office in own]
    if cases:
        titles = {item.code: view.books.title(item) for item in page.rules.rulebook.sheet.items}
        show(section(t("Violations"), t("{n}, what ends first on top", n=len(cases))),
             violations.ledger(cases[:CASES_SHOWN], titles, page.tree, page.now, page.link),
             go(page.link("violations", office=code), t("All cases")))  # fmt: skip

shown = filter_value("beside", ("yes",)) is not None and level != "hall"
if level != "hall":
    show(tabs([(t("By law, promise and internal rule"), link(beside=None if shown else "yes"), shown)],
              t("Beside the score")))  # fmt: skip
if shown:
    asked = {"office": code, "period": page.strip.period}
    limits, lines = kept(page, "beside", code, page.strip.period, make=lambda: (
        office_beside(page.app.db, page.viewer, page.rules, now=page.as_of, **asked),
        weightless(page.app.db, page.viewer, page.rules, as_of=page.as_of, indicators=row["indicators"], **asked),
    ))  # fmt: skip
    show(beside.of_office(limits))
    show(section(t("Lines of weight 0"), t("shown beside the score, never in it")), beside.of_lines(lines))

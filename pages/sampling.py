"""Sampling 抽查安排: why this hall, why this minute?"""

from datetime import date, timedelta

import streamlit as st

from dashboard.actions.slots import next_free_day
from dashboard.queries.draws import draw_of
from dashboard.queries.extra_samples import extra_samples
from dashboard.queries.hall_days import filings, hall_month
from dashboard.rights import may
from dashboard.texts import t
from dashboard.web import display
from dashboard.web.components import deeds
from dashboard.web.components import sampling as forms
from dashboard.web.components.blocks import go, heading, says, section, show, state, tabs
from dashboard.web.state import filter_value, here
from dashboard.web.views import sampling as view

page = here()
db, viewer, rules, settings = page.app.db, page.viewer, page.rules, page.app.settings
today = page.now.astimezone(display.LOCAL).date()
halls = sorted(code for code in page.below if code in page.tree.offices and page.tree.offices[code].level == "hall")
hall = filter_value("hall", tuple(halls)) or (halls[0] if halls else "")
shown = filter_value("view", tuple(view.TITLES)) or "hours"


def chosen_day() -> date:
    try:
        return date.fromisoformat(filter_value("day") or "")
    except ValueError:
        return today


def link(**changes: object) -> str:
    kept = {"view": None if shown == "hours" else shown, "hall": hall or None}
    return page.link("sampling", **{**kept, **changes})


def turn(parameter: str, key: str) -> None:
    st.query_params[parameter] = str(st.session_state[key])


day = chosen_day()
show(
    heading(t("Sampling"), t("Why this hall, why this minute?")),
    tabs(
        [(t(title), link(view=None if one == "hours" else one), one == shown) for one, title in view.TITLES.items()],
        t("View"),
    ),
)
deeds.told()
if not halls:
    show(state("empty", t("There is no hall here."), t("Halls come with the file of offices.")))
    st.stop()
if shown == "hours":
    left, right = st.columns([3, 1])
    left.selectbox(t("Hall"), halls, halls.index(hall), key="sampling_hall", format_func=page.tree.name,
                   on_change=turn, args=("hall", "sampling_hall"))  # fmt: skip
    right.date_input(t("Month of"), day, key="sampling_day", on_change=turn, args=("day", "sampling_day"))
    show(
        view.month(
            hall_month(db, viewer, rules, hall=hall, year=day.year, month=day.month), page.tree.name(hall), today
        )
    )
    show(section(t("File days"), t("closures, other hours, openings, faults")))
    forms.filing(page, halls, hall)
    since = today - timedelta(days=90)
    filed = [one for one in filings(db, viewer, rules, since=since, until=today + timedelta(days=400))
             if one.hall in page.below]  # fmt: skip
    late = sum(one.too_late for one in filed)
    show(
        section(
            t("Filings"), t("{n} days since {day}, {late} filed late", n=len(filed), day=display.day(since), late=late)
        )
    )
    if filed:
        show(view.late_by_hall(filed, page.tree) if late else "", view.filings(filed[:200], page.tree, page.now))
    else:
        show(
            state("empty", t("Nothing was filed."), t("Without a filing a hall is open on working days, 08:30–17:30."))
        )
elif shown == "slots":
    show(view.slots(rules.slots, today))
    show(
        says(t("In every slot that lies wholly in its opening hours a hall owes one sample: a minute drawn at random."))
    )
    show(section(t("Change the slots"), t("from a day whose plan nobody has sealed yet")))
    forms.slots(page, rules.slots, next_free_day(db, page.now))
elif shown == "draw":
    st.date_input(t("Day"), day, key="sampling_drawn", on_change=turn, args=("day", "sampling_drawn"))
    plan = draw_of(db, settings, viewer, day, now=page.now)
    if plan["commitment"] is None and day < today:
        show(
            state("empty", t("Nobody sealed this day: nothing was drawn."), t("The worker was not there yet, or down."))
        )
        st.stop()
    show(view.draw(plan, page.now))
    show(says(t("The commitment was fixed before the day; the seed told afterwards opens it and gives every moment.")))
    call = view.recompute(plan, {slot.number: slot for slot in rules.slots.on(day)})
    if call:
        show(says(t("Anyone can recompute it with docs/verify_draw.py, which needs nothing of this system:")))
        st.code(call, language="shell", wrap_lines=True)
    rows = [row for row in plan["rows"] if row["hall"] in page.below]
    if rows:
        show(view.moments(rows, page.tree, page.link))
    else:
        show(state("empty", t("No sample is due on this day."), t("No hall with a camera is open in a slot.")))
    show(says(t("Whoever reads the worker's secret file can foresee the draw; nobody else can.")))
elif not may(viewer, "see samples asked for outside the draw"):
    show(state("empty", t("Inspectors see what is asked for outside the draw.")))
else:
    show(section(t("Ask for a sample"), t("after a complaint or a tip")))
    forms.asking(page, halls, hall)
    asked = [one for one in extra_samples(db, viewer) if one.hall in page.below]
    show(section(t("Samples outside the draw")))
    if asked:
        show(view.extras(asked, page.tree, page.now, page.link))
    else:
        show(state("empty", t("Nobody asked for a sample outside the draw.")))
    show(says(t("They are marked, and never part of a rate or a hall's score: nobody's figures depend on how often "
                "they are looked at on purpose.")), go(page.link("review"), t("Hall review")))  # fmt: skip

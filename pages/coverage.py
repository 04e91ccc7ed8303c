"""Coverage 覆盖日历: which samples of this hall were judged?"""

from datetime import date, timedelta

import streamlit as st

from dashboard.queries.coverage import coverage
from dashboard.texts import t
from dashboard.web import display
from dashboard.web.components.blocks import heading, section, show, state, tabs
from dashboard.web.state import filter_value, here
from dashboard.web.views import coverage as view
from dashboard.web.views.today import grid_key

page = here()
today = page.now.astimezone(display.LOCAL).date()
halls = sorted(code for code in page.below if code in page.tree.offices and page.tree.offices[code].level == "hall")
hall = filter_value("hall", tuple(halls)) or (halls[0] if halls else "")


def chosen_month() -> date:
    try:
        return date.fromisoformat(f"{filter_value('month') or ''}-01")
    except ValueError:
        return today.replace(day=1)


def link(where: str = "coverage", /, **changes: object) -> str:
    kept = {"hall": hall or None} if where == "coverage" else {}
    return page.link(where, **{**kept, **changes})


def turn() -> None:
    st.query_params["hall"] = str(st.session_state["coverage_hall"])


month = chosen_month()
before, after = (month - timedelta(days=1)).replace(day=1), (month + timedelta(days=32)).replace(day=1)
show(heading(t("Coverage"), t("Which samples of this hall were judged?")))
if not halls:
    show(state("empty", t("There is no hall here."), t("Halls come with the file of offices.")))
    st.stop()
st.selectbox(t("Hall"), halls, halls.index(hall), key="coverage_hall", format_func=page.tree.name, on_change=turn)
rows = coverage(page.app.db, page.viewer, page.rules, hall=hall, year=month.year, month=month.month, as_of=page.now)
show(
    tabs(
        [
            (f"‹ {t('month before')}", link(month=f"{before:%Y-%m}"), False),
            (f"{month:%Y-%m}", link(month=f"{month:%Y-%m}"), True),
            (f"{t('month after')} ›", link(month=f"{after:%Y-%m}"), False),
        ],
        t("Month of"),
    ),
    section(page.tree.name(hall), f"{month:%Y-%m}"),
    view.month(rows, page.tree.name(hall), today, link),
    grid_key(),
)

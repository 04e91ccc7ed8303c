"""What if 试算: who would move by other weights, targets or limits, and why?"""

import streamlit as st

from dashboard.errors import MingchaError
from dashboard.queries.what_if import what_if
from dashboard.texts import t
from dashboard.web import periods
from dashboard.web.cached import kept
from dashboard.web.components.blocks import heading, says, section, show, state, tabs
from dashboard.web.state import filter_value, here
from dashboard.web.views import what_if as view

LEVELS = {"station": "Stations", "county": "Counties", "hall": "Halls"}
NAMES = {"weight": "Weight", "floor": "Floor", "target": "Target"}
page = here()
edition = page.edition
level = filter_value("level", tuple(LEVELS)) or "station"
show(
    heading(t("What if"), t("Who would move by other weights, targets or limits, and why?")),
    tabs([(t(name), page.link("whatif", level=code), code == level) for code, name in LEVELS.items()], t("Level")),
    view.watermark(),
)
known, limits = view.indicators(edition, level), view.limits(edition)
left, right = st.columns(2, gap="large")
with left:
    codes = st.multiselect(
        t("Indicators to change"), list(known), format_func=known.__getitem__, key="try_codes", placeholder=t("choose")
    )
    chosen = {}
    for code in codes:
        values = view.numbers(edition.indicator(code))
        cells = st.columns(3)
        chosen[code] = {
            name: cell.number_input(
                f"{code} {t(NAMES[name])}",
                value=values[name],
                key=f"try_{code}_{name}",
                format="%.3f",
                step=1.0 if name == "weight" else 0.01,
            )
            for cell, name in zip(cells, NAMES, strict=True)
        }
with right:
    picked = st.multiselect(
        t("Limits to change"), list(limits), format_func=limits.__getitem__, key="try_limits", placeholder=t("choose")
    )
    now = {limit.code: limit.amount for step in edition.steps for limit in step.limits}
    amounts = {
        code: int(st.number_input(limits[code], value=now[code], min_value=1, step=1, key=f"try_{code}"))
        for code in picked
    }
change = view.change_of(edition, chosen, amounts)
show(section(periods.name(page.strip.period), edition.code))
if change.is_empty:
    show(says(t("Choose an indicator or a limit and change a number; until then this is the real league.")))
try:
    found = kept(
        page,
        "what_if",
        level,
        change.digest,
        make=lambda: what_if(
            page.app.db,
            page.viewer,
            page.rules,
            change,
            period=page.strip.period,
            level=level,
            now=page.as_of,
            as_of=page.as_of if page.asked else None,
        ),
    )
except (MingchaError, view.RuleError) as error:
    show(state("failed", t("This cannot be tried."), str(error)))
    st.stop()
if not any(row.after.score is not None for row in found.rows):
    show(state("empty", t("Nothing was judged here in {period}.", period=periods.name(page.strip.period))))
    st.stop()
show(view.result(found, page.link))

"""How old the open flows are (账龄): a lane per class, a dot per flow at the share of its limit that is used."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import altair as alt
import polars as pl

from dashboard.queries.connections import CLASSES, Flow
from dashboard.texts import current_language, t
from dashboard.web import display
from dashboard.web.charts.picture import Picture, arrow, finished
from dashboard.web.components.blocks import Column
from dashboard.web.palette import palette
from dashboard.web.views import names

SCHEMA = {"number": pl.String, "lane": pl.String, "place": pl.Int64, "share": pl.Float64, "state": pl.String,
          "label": pl.String, "told": pl.String}  # fmt: skip
SOON = 0.75
"""Three quarters of the time used: about to breach, as on the page Today."""
MOST = 2.0
"""Further beyond the limit a flow stands at the edge: the lanes must stay readable."""


def picture(flows: Sequence[Flow], office_name: Any, theme: str) -> Picture:
    """The flows that have a limit, over time first."""
    limited = [flow for flow in flows if flow.limit]
    rows = [_row(flow, office_name(flow.office)) for flow in limited]
    late = sum(1 for row in rows if row["state"] == "late")
    soon = sum(1 for row in rows if row["state"] == "soon")
    lanes = len({row["lane"] for row in rows})
    return Picture(
        spec=_spec(theme, current_language(), lanes),
        data={"rows": arrow(rows, SCHEMA)},
        alt=t("Open connections by class and share of their limit: {late} over it, {soon} past three quarters, "
              "{n} in all.", late=late, soon=soon, n=len(rows)),
        says=t("A dot is one open connection at the share of its working days that is used, pauses left out; the line "
               "is the limit. A dot near the line is no fault yet: it says what to look at first."),
        columns=[Column(t("Number"), "head"), Column(t("Class")), Column(t("Working days"), "num"),
                 Column(t("Limit"), "num")],
        rows=[(flow.number, names.value(flow.kind or ""), flow.days, flow.limit) for flow in limited],
    )  # fmt: skip


def state_of(flow: Flow) -> str:
    """`late`, `soon` or `running` of a flow with a limit."""
    share = flow.days / flow.limit if flow.limit else 0.0
    return "late" if share > 1 or flow.state == "late" else "soon" if share >= SOON else "running"


def _row(flow: Flow, office: str) -> dict[str, Any]:
    share = flow.days / (flow.limit or 1)
    state = state_of(flow)
    told = t("{number} · {office} · {days} of {limit} working days", number=flow.number, office=office,
             days=flow.days, limit=flow.limit or 0)  # fmt: skip
    return {
        "number": flow.number, "lane": names.value(flow.kind or ""), "share": min(share, MOST), "state": state,
        "place": CLASSES.index(flow.kind) if flow.kind in CLASSES else len(CLASSES),
        "label": display.rate(share, 0) if state == "late" else "", "told": told,
    }  # fmt: skip


@cache
def _spec(theme: str, _language: str, lanes: int) -> dict[str, Any]:
    colours = palette(theme)
    base = alt.Chart(alt.NamedData("rows"))
    axis = alt.Axis(labelLimit=150, labelFontSize=13, ticks=False, domain=False, labelColor=colours.text, grid=True)
    y = alt.Y("lane:N", sort=alt.EncodingSortField("place", op="min"), title=None, axis=axis)
    x = alt.X("share:Q", title=t("share of the limit used"), scale=alt.Scale(domain=[0, MOST]),
              axis=alt.Axis(format=".0%", tickCount=8))  # fmt: skip
    order = ["running", "soon", "late"]
    tone = alt.Color("state:N", scale=alt.Scale(domain=order, range=[colours.accent, colours.soon, colours.breach]),
                     legend=None)  # fmt: skip
    shape = alt.Shape("state:N", scale=alt.Scale(domain=order, range=["circle", "diamond", "triangle-right"]),
                      legend=None)  # fmt: skip
    pick = alt.selection_point(name="pick", fields=["number"])
    limit = alt.Chart(alt.NamedData("rows")).transform_aggregate(n="count()").transform_calculate(at="1", text=_limit())
    return finished(
        alt.layer(
            limit.mark_rule(color=colours.breach, strokeDash=[5, 3]).encode(x="at:Q"),
            limit.mark_text(align="left", baseline="top", dx=4, color=colours.breach).encode(
                x="at:Q", y=alt.value(0), text="text:N"),
            base.mark_point(filled=True, size=85, opacity=0.8, cursor="pointer").encode(
                x=x, y=y, color=tone, shape=shape, tooltip=[alt.Tooltip("told:N", title=t("Connection"))],
            ).add_params(pick),
            base.mark_text(align="left", dx=8, fontSize=11).encode(x=x, y=y, text="label:N", color=tone),
        ).properties(height=46 * max(lanes, 1) + 20),
        colours,
    )  # fmt: skip


def _limit() -> str:
    """A Vega expression that is just the word."""
    return f"'{t('limit')}'"

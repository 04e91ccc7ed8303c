"""The waterfall (瀑布图): from 100 down to the score, one bar per indicator, the largest loss first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import altair as alt
import polars as pl

from dashboard.texts import current_language, t
from dashboard.web import display
from dashboard.web.charts.picture import Picture, arrow, finished
from dashboard.web.components.blocks import Column
from dashboard.web.palette import palette

SCHEMA = {"code": pl.String, "label": pl.String, "start": pl.Float64, "end": pl.Float64, "lost": pl.Float64,
          "text": pl.String, "kind": pl.String, "place": pl.Int64}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Loss:
    """What one indicator cost, in points of the score."""

    code: str
    title: str
    lost: float


def picture(losses: Sequence[Loss], score: float, office: str, theme: str) -> Picture:
    """From 100 to the score. Indicators that lost nothing are left to the table."""
    ordered = sorted(losses, key=lambda loss: (-loss.lost, loss.code))
    rows, level = [], 100.0
    for place, loss in enumerate(loss for loss in ordered if loss.lost > 0):
        rows.append({"code": loss.code, "label": f"{loss.code} {loss.title}", "start": level,
                     "end": level - loss.lost, "lost": loss.lost, "text": f"−{display.score(loss.lost)}",
                     "kind": "lost", "place": place})  # fmt: skip
        level -= loss.lost
    rows.append({"code": "", "label": t("Score"), "start": 0.0, "end": score, "lost": 0.0,
                 "text": display.score(score), "kind": "score", "place": len(rows)})  # fmt: skip
    worst = ordered[0] if ordered and ordered[0].lost > 0 else None
    return Picture(
        spec=_spec(theme, current_language(), len(rows), _floor(score)),
        data={"rows": arrow(rows, SCHEMA)},
        alt=t("Waterfall of {office}: from 100 to {score}; most was lost by {worst}.", office=office,
              score=display.score(score), worst=f"{worst.code} {worst.title}" if worst else t("none")),
        says=t("The parts add up to 100 − score exactly. They tell where points were lost, not yet why: "
               "open an indicator to see its records."),
        columns=[Column(t("Indicator"), "head"), Column(t("Points lost"), "num")],
        rows=[(f"{loss.code} {loss.title}", display.score(loss.lost)) for loss in ordered],
    )  # fmt: skip


def _floor(score: float) -> int:
    """Where the axis begins: losses are lengths, so the empty part below the score may be cut, in steps of ten."""
    return max(int(score // 10) * 10 - 10, 0)


@cache
def _spec(theme: str, _language: str, bars: int, floor: int) -> dict[str, Any]:
    colours = palette(theme)
    base = alt.Chart(alt.NamedData("rows"))
    axis = alt.Axis(labelLimit=210, labelFontSize=13, ticks=False, domain=False, labelColor=colours.text)
    y = alt.Y("label:N", sort=alt.EncodingSortField("place"), title=None, axis=axis)
    x = alt.X(
        "start:Q", title=None, scale=alt.Scale(domain=[floor, 100], clamp=True), axis=alt.Axis(grid=True, tickCount=5)
    )
    pick = alt.selection_point(name="pick", fields=["code"])
    tone = alt.Scale(domain=["lost", "score"], range=[colours.breach, colours.accent])
    bar = base.mark_bar(height=16, cursor="pointer").encode(
        y=y, x=x, x2="end:Q", color=alt.Color("kind:N", scale=tone, legend=None),
        tooltip=[alt.Tooltip("label:N", title=t("Indicator")), alt.Tooltip("text:N", title=t("Points"))],
    ).add_params(pick)  # fmt: skip
    edge = alt.X("end:Q")
    text = (
        base.transform_filter("datum.kind == 'lost'").mark_text(align="right", dx=-5).encode(y=y, x=edge, text="text:N")
    )
    total = base.transform_filter("datum.kind == 'score'").mark_text(
        align="left", dx=5, fontWeight="bold"
    ).encode(y=y, x=edge, text="text:N")  # fmt: skip
    return finished(alt.layer(bar, text, total).properties(height=26 * bars + 10), colours)

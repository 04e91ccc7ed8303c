"""A rate over weeks or months (走势): dots with their Wilson interval, the target as a line, n beside every dot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any

import altair as alt
import polars as pl

from checks.rulebook.model import Indicator
from dashboard.queries.trend import Point
from dashboard.texts import current_language, t
from dashboard.web import books, display
from dashboard.web.charts.picture import Picture, arrow, finished
from dashboard.web.components.blocks import Column
from dashboard.web.palette import palette

SCHEMA = {"label": pl.String, "place": pl.Int64, "value": pl.Float64, "low": pl.Float64, "high": pl.Float64,
          "n": pl.Int64, "shown": pl.String}  # fmt: skip


def picture(points: Sequence[Point], indicator: Indicator, office: str, step: str, theme: str) -> Picture:
    percent = books.percent(indicator)
    text = display.rate if percent else display.score
    labels = [label_of(point.start, step) for point in points]
    rows = [
        {"label": labels[place], "place": place, "value": p.value, "low": p.low, "high": p.high, "n": p.n,
         "shown": text(p.value)}
        for place, p in enumerate(points)
    ]  # fmt: skip
    target = [{"target": float(indicator.target), "text": t("target {value}", value=text(float(indicator.target)))}]
    judged = [(label, p.value) for label, p in zip(labels, points, strict=True) if p.value is not None]
    last_label, last = judged[-1] if judged else (display.NONE, None)
    return Picture(
        spec=_spec(theme, current_language(), percent),
        data={"rows": arrow(rows, SCHEMA), "target": arrow(target, {"target": pl.Float64, "text": pl.String})},
        alt=t("{title} of {office} over time; last: {value} in {label}.", title=books.title(indicator), office=office,
              value=text(last), label=last_label),
        says=t("Whiskers are 95 % intervals: two dots whose whiskers overlap widely may differ by chance alone. "
               "The last dot may still change while records are pending."),
        columns=[Column(t("Time"), "head"), Column(t("Value"), "num"), Column("95 %", "num"), Column("n", "num")],
        rows=[(label, text(p.value), f"{text(p.low)} – {text(p.high)}" if p.low is not None else display.NONE,
               display.count(p.n)) for label, p in zip(labels, points, strict=True)],
    )  # fmt: skip


def label_of(start: date, step: str) -> str:
    """`9/14` for the week from that Monday, `2026-09` for a month."""
    return f"{start:%Y-%m}" if step == "month" else f"{start.month}/{start.day}"


@cache
def _spec(theme: str, _language: str, percent: bool) -> dict[str, Any]:
    colours = palette(theme)
    base = alt.Chart(alt.NamedData("rows"))
    x = alt.X(
        "label:N", sort=alt.EncodingSortField("place"), title=None, axis=alt.Axis(labelAngle=0, labelOverlap=True)
    )
    y = alt.Y("value:Q", title=None, scale=alt.Scale(zero=False),
              axis=alt.Axis(format=".0%" if percent else ".2f", grid=True, tickCount=4))  # fmt: skip
    hover = [alt.Tooltip("label:N", title=t("Time")), alt.Tooltip("shown:N", title=t("Value")),
             alt.Tooltip("n:Q", title="n")]  # fmt: skip
    target = alt.Chart(alt.NamedData("target"))
    return finished(
        alt.layer(
            target.mark_rule(color=colours.soon, strokeDash=[5, 3]).encode(y="target:Q"),
            target.mark_text(align="left", baseline="bottom", dx=4, dy=-1, color=colours.soon).encode(
                x=alt.value(0), y="target:Q", text="text:N"
            ),
            base.mark_rule(color=colours.quiet).encode(x=x, y="low:Q", y2="high:Q"),
            base.mark_line(strokeWidth=1.5, color=colours.accent).encode(x=x, y=y),
            base.mark_point(filled=True, size=60, color=colours.accent).encode(x=x, y=y, tooltip=hover),
            base.mark_text(dy=12, baseline="top", color=colours.quiet, fontSize=11).encode(x=x, y="low:Q", text="n:Q"),
        ).properties(height=230),
        colours,
    )

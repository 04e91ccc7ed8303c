"""A rate over weeks or months (走势): an XmR chart with limits and signals, the target as a line, n at every dot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any

import altair as alt
import polars as pl

from checks.control_chart import FIRM, Chart, xmr
from checks.rulebook.model import Indicator
from dashboard.queries.causes import Cause
from dashboard.queries.trend import Point
from dashboard.texts import current_language, t
from dashboard.web import books, display
from dashboard.web.charts.picture import Picture, arrow, finished
from dashboard.web.components.blocks import Column
from dashboard.web.palette import palette

SCHEMA = {"label": pl.String, "place": pl.Int64, "value": pl.Float64, "low": pl.Float64, "high": pl.Float64,
          "n": pl.Int64, "shown": pl.String, "signal": pl.String, "said": pl.String, "phase": pl.Int64,
          "mean": pl.Float64, "least": pl.Float64, "most": pl.Float64, "cause": pl.String}  # fmt: skip
SIGNALS = {
    "beyond_limits": "beyond the limits", "shift": "seven on one side of the mean",
    "trend": "six in a row rising or falling", "two_of_three": "two of three near a limit",
}  # fmt: skip


def picture(
    points: Sequence[Point], indicator: Indicator, office: str, step: str, theme: str, causes: Sequence[Cause] = ()
) -> Picture:
    """`causes`: notes of persons at which the limits start anew."""
    percent = books.percent(indicator)
    text = display.rate if percent else display.score
    labels = [label_of(point.start, step) for point in points]
    begun = [(place, cause) for cause in causes for place in [_first_from(points, cause.day)] if place is not None]
    chart = xmr([point.value for point in points], [place for place, _ in begun])
    said = [t(", ").join(t(SIGNALS[rule]) for rule in rules) for rules in chart.signals]
    rows = [
        {"label": labels[place], "place": place, "value": p.value, "low": p.low, "high": p.high, "n": p.n,
         "shown": text(p.value), "signal": "yes" if chart.signals[place] else "no", "said": said[place] or display.NONE,
         "cause": t(", ").join(cause.cause for at, cause in begun if at == place), **_limits(chart, place, percent)}
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
        says=_sentence(chart),
        columns=[Column(t("Time"), "head"), Column(t("Value"), "num"), Column("95 %", "num"), Column("n", "num"),
                 Column(t("Signal of change"))],
        rows=[(label, text(p.value), f"{text(p.low)} – {text(p.high)}" if p.low is not None else display.NONE,
               display.count(p.n), signal) for label, p, signal in zip(labels, points, said, strict=True)],
    )  # fmt: skip


def _first_from(points: Sequence[Point], day: date) -> int | None:
    """The first step that lies wholly after a cause; None where the picture shows nothing on one of its sides."""
    place = next((place for place, point in enumerate(points) if point.start >= day), None)
    return place or None


def _limits(chart: Chart, place: int, percent: bool) -> dict[str, Any]:
    """Mean and limits of the phase of a point, a rate's kept between 0 and 1."""
    number, phase = next((n, p) for n, p in enumerate(chart.phases) if p.start <= place < p.end)
    low, high = phase.low, phase.high
    if percent and low is not None and high is not None:
        low, high = max(low, 0.0), min(high, 1.0)
    return {"phase": number, "mean": phase.mean, "least": low, "most": high}


def _sentence(chart: Chart) -> str:
    """What may and may not be concluded, of the phase that goes on."""
    now = chart.phases[-1]
    if now.low is None:
        return t("Too few points for limits: nothing may be concluded from the ups and downs yet.")
    found = any(chart.signals[now.start : now.end])
    first = (
        t("Marked dots differ by more than this process has always varied: worth asking what changed.") if found else
        t("No signal: the ups and downs are what this process always does; they explain nothing and need no reason.")
    )  # fmt: skip
    firm = "" if now.firm else " " + t("With fewer than {n} points the limits are a trial.", n=FIRM)
    end = t("Within the limits does not mean good enough: look at the target. The last dot may still change.")
    return f"{first}{firm} {end}"


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
    marked = alt.Scale(domain=["yes", "no"], range=[colours.breach, colours.accent])
    shape = alt.Scale(domain=["yes", "no"], range=["diamond", "circle"])
    hover.append(alt.Tooltip("said:N", title=t("Signal of change")))
    return finished(
        alt.layer(
            target.mark_rule(color=colours.soon, strokeDash=[5, 3]).encode(y="target:Q"),
            target.mark_text(align="left", baseline="bottom", dx=4, dy=-1, color=colours.soon).encode(
                x=alt.value(0), y="target:Q", text="text:N"
            ),
            *(
                base.mark_line(color=colours.quiet, strokeWidth=1, strokeDash=dash).encode(
                    x=x, y=f"{name}:Q", detail="phase:N"
                )
                for name, dash in (("mean", [1, 0]), ("least", [2, 3]), ("most", [2, 3]))
            ),
            # of the same rows, for a second dataset on this axis would undo the order of its weeks
            base.mark_rule(color=colours.text, strokeDash=[1, 2]).encode(
                x=x, opacity=alt.condition("datum.cause != ''", alt.value(1), alt.value(0))
            ),
            base.mark_text(align="left", baseline="bottom", dx=4, y="height", dy=-4, color=colours.text).encode(
                x=x, text="cause:N"
            ),
            base.mark_rule(color=colours.quiet).encode(x=x, y="low:Q", y2="high:Q"),
            base.mark_line(strokeWidth=1.5, color=colours.accent).encode(x=x, y=y),
            base.mark_point(filled=True, size=60).encode(
                x=x,
                y=y,
                tooltip=hover,
                color=alt.Color("signal:N", scale=marked, legend=None),
                shape=alt.Shape("signal:N", scale=shape, legend=None),
            ),
            base.mark_text(dy=12, baseline="top", color=colours.quiet, fontSize=11).encode(x=x, y="low:Q", text="n:Q"),
        ).properties(height=250),
        colours,
    )

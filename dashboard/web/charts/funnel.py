"""The funnel (漏斗图): volume across, rate upwards, limits of chance as lines, only those outside named."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import altair as alt
import polars as pl

from checks.rulebook.model import Indicator
from dashboard.queries.funnel import Dot, Funnel
from dashboard.texts import current_language, t
from dashboard.web import books, display
from dashboard.web.charts.picture import Picture, arrow, finished
from dashboard.web.components.blocks import Column
from dashboard.web.palette import palette

LINE_SCHEMA = {"volume": pl.Float64, "low95": pl.Float64, "high95": pl.Float64, "low998": pl.Float64,
               "high998": pl.Float64}  # fmt: skip
DOT_SCHEMA = {"office": pl.String, "name": pl.String, "volume": pl.Float64, "value": pl.Float64, "call": pl.String,
              "label": pl.String, "shown": pl.String}  # fmt: skip


def picture(found: Funnel, indicator: Indicator, theme: str, chosen: str | None = None) -> Picture:
    """The funnel of one indicator; `chosen` is an office to be named whatever its place."""
    percent = books.percent(indicator)
    named = _labelled(found, chosen)
    dots = [
        {"office": d.office, "name": d.name, "volume": d.volume, "value": d.value, "call": d.call,
         "label": d.name if d.office in named else "", "shown": value_text(d.value, percent)}
        for d in found.dots
    ]  # fmt: skip
    low, high = _window(found)
    lines = [
        {name: value if name == "volume" or low <= value <= high else None
         for name, value in zip(LINE_SCHEMA, line, strict=True)}
        for line in found.lines
    ]  # fmt: skip
    middle = [{"overall": found.overall, "target": float(indicator.target),
               "text": t("all together {value}", value=value_text(found.overall, percent))}]  # fmt: skip
    worse, better = _named(found, "worse"), _named(found, "better")
    return Picture(
        spec=_spec(theme, current_language(), percent),
        data={
            "dots": arrow(dots, DOT_SCHEMA), "lines": arrow(lines, LINE_SCHEMA),
            "ends": arrow(_ends(found), {"volume": pl.Float64, "value": pl.Float64, "text": pl.String}),
            "middle": arrow(middle, {"overall": pl.Float64, "target": pl.Float64, "text": pl.String}),
        },
        alt=t("Funnel of {title}: {n} offices, all together {value}; called worse: {worse}; called better: {better}.",
              title=books.title(indicator), n=len(found.dots), value=value_text(found.overall, percent),
              worse=worse or t("none"), better=better or t("none")),
        says=_sentence(worse, better),
        columns=[Column(t("Office"), "head"), Column(t("Volume"), "num"), Column(t("Value"), "num"),
                 Column(t("Reading"))],
        rows=[(d.name, display.count(round(d.volume)), value_text(d.value, percent), t(READINGS[d.call]))
              for d in sorted(found.dots, key=lambda d: (READING_ORDER.index(d.call), d.name))],
    )  # fmt: skip


READINGS = {
    "inside": "within chance", "drawn": "outside 95 %, not called", "better": "better than chance explains",
    "worse": "worse than chance explains",
}  # fmt: skip
READING_ORDER = ("worse", "better", "drawn", "inside")


def value_text(value: float | None, percent: bool) -> str:
    return display.rate(value) if percent else display.score(value)


def _window(found: Funnel) -> tuple[float, float]:
    """Where lines are drawn: about the dots. A volume of two would otherwise press the others to the upper edge."""
    values = [found.overall, *(dot.value for dot in found.dots)]
    room = 0.35 * max(max(values) - min(values), 0.02 * abs(found.overall))
    return min(values) - room, max(values) + room


def _ends(found: Funnel) -> list[dict[str, Any]]:
    """The names of the limits, written at the right end of the lower lines."""
    volume, low95, _, low998, _ = found.lines[-1]
    return [{"volume": volume, "value": low95, "text": "95 %"}, {"volume": volume, "value": low998, "text": "99.8 %"}]


def _labelled(found: Funnel, chosen: str | None) -> set[str]:
    """Offices to be named: the chosen one, then those called, the farthest first, where no other name is in the way."""
    lowest = min(dot.value for dot in found.dots)
    height = max(max(dot.value for dot in found.dots) - lowest, 1e-9)
    volumes = [math.log(dot.volume) for dot in found.dots]
    width = max(max(volumes) - min(volumes), 1e-9)
    wanted = [dot for dot in found.dots if dot.office == chosen or dot.call in ("better", "worse")]
    wanted.sort(key=lambda dot: (dot.office != chosen, -abs(dot.value - found.overall)))
    placed: list[Dot] = []
    for dot in wanted:
        free = all(
            abs(math.log(dot.volume / other.volume)) / width > 0.14 or abs(dot.value - other.value) / height > 0.07
            for other in placed
        )
        if free:
            placed.append(dot)
    return {dot.office for dot in placed}


def _named(found: Funnel, call: str) -> str:
    chosen: list[Dot] = [dot for dot in found.dots if dot.call == call]
    return t(", ").join(f"{dot.name}" for dot in sorted(chosen, key=lambda dot: dot.value)[:8])


def _sentence(worse: str, better: str) -> str:
    if not worse and not better:
        return t("No office lies outside the 99.8 % limits: differences of this size arise by chance; "
                 "the order of these offices says nothing about who works better.")  # fmt: skip
    return t(
        "Only offices outside the 99.8 % limits are called: worse {worse}; better {better}. "
        "About the order of all others this picture allows no conclusion.",
        worse=worse or t("none"),
        better=better or t("none"),
    )


@cache
def _spec(theme: str, _language: str, percent: bool) -> dict[str, Any]:
    colours = palette(theme)
    number = ".0%" if percent else ".2f"
    x = alt.X("volume:Q", scale=alt.Scale(type="log", nice=False), title=t("Judged records (volume)"),
              axis=alt.Axis(format="~s", tickCount=6))  # fmt: skip
    y = alt.Y("value:Q", title=None, scale=alt.Scale(zero=False, nice=not percent),
              axis=alt.Axis(format=number, grid=True, tickCount=6))  # fmt: skip
    layers = [
        alt.Chart(alt.NamedData("lines"))
        .mark_line(strokeWidth=1, color=colours.quiet, strokeDash=dash)
        .encode(x=x, y=y_of)
        for dash, names in (([2, 3], ("low95", "high95")), ([1, 0], ("low998", "high998")))
        for y_of in (alt.Y(f"{name}:Q") for name in names)
    ]
    middle = alt.Chart(alt.NamedData("middle"))
    layers += [
        middle.mark_rule(color=colours.accent, strokeWidth=1).encode(y="overall:Q"),
        middle.mark_text(align="left", baseline="bottom", dx=4, dy=-2, color=colours.accent).encode(
            x=alt.value(0), y="overall:Q", text="text:N"
        ),
        alt.Chart(alt.NamedData("ends"))
        .mark_text(align="right", baseline="top", dy=3, fontSize=11, color=colours.quiet)
        .encode(x=x, y=y, text="text:N"),
    ]
    return finished(alt.layer(*layers, *_dots(x, y, colours, number)).properties(height=380), colours)


def _dots(x: Any, y: Any, colours: Any, number: str) -> list[Any]:
    pick = alt.selection_point(name="pick", fields=["office"])
    dots = alt.Chart(alt.NamedData("dots"))
    tone = alt.Scale(domain=list(READING_ORDER), range=[colours.breach, colours.accent, colours.soon, colours.quiet])
    shape = alt.Scale(domain=list(READING_ORDER), range=["triangle-down", "triangle-up", "diamond", "circle"])
    hover = [alt.Tooltip("name:N", title=t("Office")), alt.Tooltip("shown:N", title=t("Value")),
             alt.Tooltip("volume:Q", title=t("Volume"), format=",")]  # fmt: skip
    return [
        dots.mark_point(filled=True, opacity=0.9).encode(
            x=x, y=y, tooltip=hover, color=alt.Color("call:N", scale=tone, legend=None),
            shape=alt.Shape("call:N", scale=shape, legend=None),
            size=alt.condition("datum.label != ''", alt.value(110), alt.value(55)),
        ).add_params(pick),
        dots.mark_text(align="center", baseline="bottom", dy=-8, color=colours.text).encode(x=x, y=y, text="label:N"),
    ]  # fmt: skip

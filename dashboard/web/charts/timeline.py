"""The timeline of a record (时间轴): a lane per stamp, the clock that ends there as a bar, its deadline as a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import altair as alt
import polars as pl

from dashboard.texts import current_language, t
from dashboard.web import display
from dashboard.web.charts.picture import Picture, arrow, finished
from dashboard.web.components.blocks import Column
from dashboard.web.palette import palette

LOCAL_HOURS = timedelta(hours=8)
SCHEMA = {"lane": pl.String, "place": pl.Int64, "start": pl.Datetime("ms", "UTC"), "end": pl.Datetime("ms", "UTC"),
          "text": pl.String, "state": pl.String, "kind": pl.String}  # fmt: skip
HOURS = (
    "utchours(datum.value) == 0 && utcminutes(datum.value) == 0 "
    "? utcFormat(datum.value, '%-m/%-d') : utcFormat(datum.value, '%H:%M')"
)
"""The axis in 24 hours, a midnight as its day; times are local ones written as UTC (see `_local`)."""
STATES = ("on_time", "late", "pending", "unjudgeable", "excluded")


@dataclass(frozen=True, slots=True)
class Stamp:
    """One lane: when the step happened (None: empty)."""

    name: str
    title: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Clock:
    """One judged clock, drawn in the lane of its end stamp. `end` None: still open, drawn up to now."""

    lane: str
    label: str
    start: datetime
    end: datetime | None
    deadline: datetime
    state: str


def picture(
    stamps: Sequence[Stamp], clocks: Sequence[Clock], idle: Sequence[tuple[datetime, datetime]], now: datetime,
    number: str, theme: str,
) -> Picture:  # fmt: skip
    """Stamps and clocks of one record; `idle` are spans that no working-day clock counts."""
    last = max([clock.deadline for clock in clocks] + [clock.end or now for clock in clocks], default=None)
    first = min([s.at for s in stamps if s.at] + [clock.start for clock in clocks], default=now)
    edge = last + (last - first) * 0.06 if last else max([s.at for s in stamps if s.at], default=now)
    rows = [*_stamps(stamps, edge), *_clocks(stamps, clocks, edge, now), *_idle(idle, first, edge)]
    late = [clock.label for clock in clocks if clock.state == "late"]
    return Picture(
        spec=_spec(theme, current_language(), len(stamps), tuple(sorted({row["kind"] for row in rows}))),
        data={"rows": arrow(rows, SCHEMA)},
        alt=t("Timeline of {number}; late: {late}.", number=number, late=t(", ").join(late) or t("none")),
        says=t("A bar is a clock from its start to its end, the line across it the deadline; shaded days do not count. "
               "Times are as the source states them: this picture does not tell whether they are true."),
        columns=[Column(t("Step"), "head"), Column(t("Time"), "num")],
        rows=[(stamp.title, display.exact(stamp.at)) for stamp in stamps],
    )  # fmt: skip


def _local(value: datetime) -> datetime:
    """Wall-clock time of Asia/Shanghai written as UTC, for the axis is UTC.

    Without a zone the browser would take it as a time of its own zone and shift it.
    """
    return value.astimezone(display.LOCAL).replace(tzinfo=UTC)


def _stamps(stamps: Sequence[Stamp], edge: datetime) -> list[dict[str, Any]]:
    """A stamp beyond the edge stands on it with an arrow: an archive a week later must not squeeze the minutes."""
    rows = []
    for place, stamp in enumerate(stamps):
        beyond = stamp.at is not None and stamp.at > edge
        text = t("empty") if stamp.at is None else f"{display.moment(stamp.at, edge)}{' →' if beyond else ''}"
        at = _local(min(stamp.at, edge)) if stamp.at else None
        kind = "empty" if stamp.at is None else "beyond" if beyond else "stamp"
        rows.append(
            {"lane": stamp.title, "place": place, "start": at, "end": at, "text": text, "state": "", "kind": kind}
        )
    return rows


def _clocks(stamps: Sequence[Stamp], clocks: Sequence[Clock], edge: datetime, now: datetime) -> list[dict[str, Any]]:
    places = {stamp.name: (place, stamp.title) for place, stamp in enumerate(stamps)}
    rows = []
    for clock in clocks:
        place, lane = places[clock.lane]
        end = min(clock.end or max(now, clock.start), edge)
        common = {"lane": lane, "place": place, "state": clock.state, "text": clock.label}
        rows.append({**common, "start": _local(clock.start), "end": _local(end), "kind": "clock"})
        deadline = _local(clock.deadline)
        rows.append({**common, "start": deadline, "end": deadline, "kind": "deadline",
                     "text": t("limit {time}", time=display.moment(clock.deadline, now))})  # fmt: skip
    return rows


def _idle(idle: Sequence[tuple[datetime, datetime]], first: datetime, edge: datetime) -> list[dict[str, Any]]:
    return [
        {"lane": None, "place": 0, "start": _local(max(start, first)), "end": _local(min(end, edge)), "text": "",
         "state": "", "kind": "idle"}
        for start, end in idle if start < edge and end > first
    ]  # fmt: skip


@cache
def _spec(theme: str, _language: str, lanes: int, kinds: tuple[str, ...]) -> dict[str, Any]:
    """Only layers that have rows are drawn: Vega warns about the extent of an empty one."""
    colours = palette(theme)
    base = alt.Chart(alt.NamedData("rows"))
    hours = alt.Axis(grid=True, labelOverlap=True, tickCount=7, labelExpr=HOURS, offset=4, domain=False)
    x = alt.X("start:T", title=None, scale=alt.Scale(type="utc", padding=12), axis=hours)
    axis = alt.Axis(labelLimit=130, labelFontSize=13, ticks=False, domain=False, labelColor=colours.text, grid=False)
    y = alt.Y("lane:N", sort=alt.EncodingSortField("place", op="min"), title=None, axis=axis)
    tones = [colours.accent, colours.breach, colours.soon, colours.quiet, colours.quiet]
    tone = alt.Color("state:N", scale=alt.Scale(domain=list(STATES), range=tones), legend=None)

    def only(kind: str) -> Any:
        return base.transform_filter(f"datum.kind == '{kind}'")

    layers = {
        "idle": [only("idle").mark_rect(color=colours.quiet, opacity=0.16).encode(x=x, x2="end:T")],
        "clock": [
            only("clock").mark_bar(height=9, opacity=0.75).encode(
                x=x, x2="end:T", y=y, color=tone, tooltip=[alt.Tooltip("text:N", title=t("Clock"))])
        ],
        "deadline": [
            only("deadline").mark_tick(thickness=3, height=26, orient="vertical").encode(
                x=x, y=y, color=tone, tooltip=[alt.Tooltip("text:N", title=t("Deadline"))]),
            only("deadline").mark_text(align="right", baseline="top", dx=-4, dy=6, fontSize=11).encode(
                x=x, y=y, color=tone, text="text:N"),
        ],
        "stamp": [
            only("stamp").mark_point(filled=True, size=75, color=colours.text).encode(x=x, y=y),
            only("stamp").mark_text(align="left", baseline="bottom", dx=5, dy=-3).encode(x=x, y=y, text="text:N"),
        ],
        "beyond": [only("beyond").mark_text(align="right", baseline="bottom", dy=-3).encode(x=x, y=y, text="text:N")],
        "empty": [
            only("empty").mark_text(align="left", color=colours.quiet).encode(x=alt.value(6), y=y, text="text:N")
        ],
    }  # fmt: skip
    drawn = [layer for kind, found in layers.items() if kind in kinds for layer in found]
    return finished(alt.layer(*drawn).properties(height=44 * lanes), colours)

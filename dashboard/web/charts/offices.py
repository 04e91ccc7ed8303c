"""Offices over time (单位沿革图): the versions of one as bars, and changes as marks on a line of days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import altair as alt
import polars as pl

from checks.office_effects import OfficeChange
from checks.office_history import Version
from checks.offices import BEGINNING
from dashboard.texts import current_language, t
from dashboard.web import display
from dashboard.web.charts.picture import Picture, arrow, finished
from dashboard.web.components.blocks import Column
from dashboard.web.palette import palette

SCHEMA = {"lane": pl.String, "place": pl.Int64, "start": pl.Datetime("ms", "UTC"), "end": pl.Datetime("ms", "UTC"),
          "text": pl.String, "said": pl.String, "code": pl.String, "kind": pl.String}  # fmt: skip
KINDS = {
    "opened": "opened", "renamed": "renamed", "moved": "placed elsewhere", "merged": "merged", "split": "split",
    "closed": "dissolved", "adjusted": "adjusted",
}  # fmt: skip
"""Kinds of changes → msgid, in the order of their lanes."""
MARGIN = dt.timedelta(days=45)
LABELLED = 12
"""More marks than this carry no names: they would lie on each other; hovering tells them."""
DAYS = "utcFormat(datum.value, '%Y-%m-%d')"


def versions_picture(
    versions: Sequence[Version], named: Callable[[str | None], str], today: dt.date, theme: str
) -> Picture:
    """Name, office above, peer group and customers of one office, each a lane of bars with the value written on it."""
    first = min((one.valid_from for one in versions if one.valid_from > BEGINNING), default=today)
    last = max([today, *(one.valid_to or one.valid_from for one in versions)])
    edges = first - 8 * MARGIN, last + 2 * MARGIN
    values = {lane: [value(one, named) for one in versions] for lane, value in _LANES.items()}
    rows = [
        row for place, lane in enumerate(_LANES) for row in _bars(versions, values[lane], t(lane), place, edges)
    ]  # fmt: skip
    rows.append(_row("", 0, today, today, t("today"), kind="today"))
    name = versions[-1].name
    return Picture(
        spec=_bars_spec(theme, current_language()),
        data={"rows": arrow(rows, SCHEMA)},
        alt=t("The versions of {name}: {n}.", name=name, n=len(versions)),
        says=t("A new bar is a new version from its first day; the line is today. "
               "Figures of a day use the version of that day."),
        columns=[Column(t("First day"), "head"), Column(t("Last day"), "num"), *(Column(t(lane)) for lane in _LANES)],
        rows=[
            (_from(one), one.valid_to.isoformat() if one.valid_to else t("open"),
             *(value(one, named) for value in _LANES.values()))
            for one in versions
        ],
    )  # fmt: skip


def _from(version: Version) -> str:
    return t("always") if version.valid_from == BEGINNING else version.valid_from.isoformat()


_LANES: dict[str, Callable[[Version, Callable[[str | None], str]], str]] = {
    "Name": lambda one, named: one.name,
    "Office above": lambda one, named: named(one.parent_code),
    "Peer group": lambda one, named: one.peer_group or display.NONE,
    "Customers": lambda one, named: display.count(one.customers),
}


def _bars(
    versions: Sequence[Version], values: Sequence[str], lane: str, place: int, edges: tuple[dt.date, dt.date]
) -> list[dict[str, Any]]:
    """One bar as long as the value stays the same."""
    rows: list[dict[str, Any]] = []
    for version, value in zip(versions, values, strict=True):
        start, end = max(version.valid_from, edges[0]), min(version.valid_to or edges[1], edges[1])
        same = rows and rows[-1]["text"] == value and rows[-1]["end"] >= _moment(start - dt.timedelta(days=2))
        if same:
            rows[-1] |= {"end": _moment(end), "kind": "now" if version.valid_to is None else "before"}
            continue
        rows.append(_row(lane, place, start, end, value, kind="now" if version.valid_to is None else "before"))
    return rows


def changes_picture(
    changes: Sequence[OfficeChange], said: Callable[[OfficeChange], str], today: dt.date, theme: str
) -> Picture:
    """A mark per change, a lane per kind, today as a line; a click chooses the office."""
    kinds = [kind for kind in KINDS if any(change.kind == kind for change in changes)]
    names = _names(changes) if len(changes) <= LABELLED else {}
    rows = [
        _row(t(KINDS[change.kind]), kinds.index(change.kind), change.day, change.day,
             names.get((change.day, change.kind, change.code), ""),
             kind="mark", said=said(change), code=change.code)
        for change in changes
    ]  # fmt: skip
    rows.append(_row("", 0, today, today, t("today"), kind="today"))
    return Picture(
        spec=_marks_spec(theme, current_language(), len(kinds)),
        data={"rows": arrow(rows, SCHEMA)},
        alt=t("{n} changes of offices on a line of days.", n=len(changes)),
        says=t("Each mark is the first day of a change. Figures of both sides of a mark are of different offices: "
               "compare them by today's tree."),
        columns=[Column(t("Day"), "head keep"), Column(t("What")), Column(t("Office")), Column(t("In words"), "wide")],
        rows=[(change.day.isoformat(), t(KINDS[change.kind]), change.name, said(change)) for change in changes],
    )  # fmt: skip


def _names(changes: Sequence[OfficeChange]) -> dict[tuple[dt.date, str, str], str]:
    """What is written beside a mark: marks of one kind and day lie on each other and share one label."""
    shared: dict[tuple[dt.date, str], list[OfficeChange]] = {}
    for change in changes:
        shared.setdefault((change.day, change.kind), []).append(change)
    return {(*place, group[0].code): t(", ").join(one.name for one in group) for place, group in shared.items()}


def _row(
    lane: str, place: int, start: dt.date, end: dt.date, text: str, *, kind: str, said: str = "", code: str = ""
) -> dict[str, Any]:
    return {"lane": lane, "place": place, "start": _moment(start), "end": _moment(end), "text": text, "said": said,
            "code": code, "kind": kind}  # fmt: skip


def _moment(day: dt.date) -> dt.datetime:
    """Midnight as UTC, for the axis is UTC: a day is a day in a browser of any zone."""
    return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)


def _x(colours: Any) -> Any:
    axis = alt.Axis(grid=True, tickCount=6, labelOverlap=True, labelExpr=DAYS, gridColor=colours.rule, domain=False)
    return alt.X("start:T", title=None, scale=alt.Scale(type="utc", padding=14), axis=axis)


def _y(colours: Any) -> Any:
    axis = alt.Axis(labelLimit=130, labelFontSize=13, ticks=False, domain=False, labelColor=colours.text, grid=False)
    return alt.Y("lane:N", sort=alt.EncodingSortField("place", op="min"), title=None, axis=axis)


def _today(base: Any, colours: Any) -> list[Any]:
    line = base.transform_filter("datum.kind == 'today'")
    return [
        line.mark_rule(color=colours.quiet, strokeDash=[4, 3]).encode(x=_x(colours)),
        line.mark_text(align="left", baseline="top", dx=4, color=colours.quiet, fontSize=11).encode(
            x=_x(colours), y=alt.value(0), text="text:N"),
    ]  # fmt: skip


@cache
def _bars_spec(theme: str, _language: str) -> dict[str, Any]:
    colours = palette(theme)
    base = alt.Chart(alt.NamedData("rows"))
    bars = base.transform_filter("datum.kind != 'today'")
    tone = alt.condition("datum.kind == 'now'", alt.value(colours.accent), alt.value(colours.quiet))
    layers = [
        bars.mark_bar(height=7, opacity=0.8, yOffset=9, cornerRadius=2).encode(
            x=_x(colours), x2="end:T", y=_y(colours), color=tone, tooltip=[alt.Tooltip("text:N", title=t("Value"))]),
        bars.mark_text(align="left", baseline="bottom", dx=2, dy=2, limit=230).encode(
            x=_x(colours), y=_y(colours), text="text:N"),
        *_today(base, colours),
    ]  # fmt: skip
    return finished(alt.layer(*layers).properties(height=44 * len(_LANES)), colours)


@cache
def _marks_spec(theme: str, _language: str, lanes: int) -> dict[str, Any]:
    colours = palette(theme)
    base = alt.Chart(alt.NamedData("rows"))
    marks = base.transform_filter("datum.kind == 'mark'")
    pick = alt.selection_point(name="pick", fields=["code"], on="click", nearest=False)
    point = marks.mark_point(shape="diamond", filled=True, size=110, color=colours.accent).encode(
        x=_x(colours), y=_y(colours), tooltip=[alt.Tooltip("said:N", title=t("In words"))])  # fmt: skip
    names = marks.mark_text(align="left", baseline="middle", dx=9, fontSize=11, limit=150).encode(
        x=_x(colours), y=_y(colours), text="text:N")  # fmt: skip
    layers = [point.add_params(pick), names, *_today(base, colours)]
    return finished(alt.layer(*layers).properties(height=36 * max(lanes, 1) + 10), colours)

"""What every chart is made of (图的组成): a finished spec, Arrow data, words for those who cannot see it, a table.

Altair costs 50 ms a chart and the finished Vega-Lite dict nothing: specs are built once per (chart, language, theme)
and only the data travel (field-notes §3.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import altair as alt
import polars as pl
import pyarrow as pa
import streamlit as st

from dashboard.texts import t
from dashboard.web.components.blocks import Column, more, says, show, table
from dashboard.web.components.blocks import finished as finished_markup
from dashboard.web.markup import Safe
from dashboard.web.palette import Palette

FONT = "PingFang SC, Microsoft YaHei, Noto Sans CJK SC, sans-serif"


@dataclass(frozen=True)
class Picture:
    """One chart, ready to be shown. `says` tells what may and what may not be concluded."""

    spec: dict[str, Any]
    data: dict[str, bytes]
    """Arrow IPC by dataset name."""
    alt: str
    says: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[object]] = field(repr=False)

    @cached_property
    def words(self) -> Safe:
        """The sentence and the table view, written once."""
        return finished_markup(says(self.says), more(t("As a table"), table(self.columns, self.rows, label=self.alt)))


def draw(picture: Picture, key: str, *, selects: str | None = None) -> str | None:
    """The chart, its sentence and its table view. With `selects` a click gives that field of the mark clicked."""
    spec = {**picture.spec, "datasets": dict(picture.data)}
    options: dict[str, Any] = {"width": "stretch", "theme": None, "key": key, "alt": picture.alt}
    chosen = None
    if selects is None:
        st.vega_lite_chart(None, spec, **options)
    else:
        event = st.vega_lite_chart(None, spec, on_select="rerun", selection_mode="pick", **options)
        chosen = _picked(event, selects)
    show(picture.words)
    return chosen


def _picked(event: Any, name: str) -> str | None:
    points = event["selection"].get("pick") or []
    return str(points[0][name]) if points and points[0].get(name) is not None else None


def arrow(rows: Sequence[dict[str, Any]], schema: dict[str, Any]) -> bytes:
    """Rows as Arrow IPC with named types, so that an empty chart has its columns too; serialised once."""
    table = pl.DataFrame(list(rows), schema=schema, orient="row").to_arrow(compat_level=pl.CompatLevel.oldest())
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def finished(chart: Any, colours: Palette) -> dict[str, Any]:
    """The Vega-Lite dict of an Altair chart in our style."""
    with alt.data_transformers.enable("default"):
        spec: dict[str, Any] = chart.properties(background="transparent").to_dict()
    return {**spec, "config": configuration(colours), "autosize": {"type": "fit-x", "contains": "padding"},
            "usermeta": {"embedOptions": {"renderer": "svg", "actions": False}}}  # fmt: skip


def configuration(colours: Palette) -> dict[str, Any]:
    """Quiet axes, no frame, the system's fonts: data carry the colour."""
    words = {"labelColor": colours.quiet, "titleColor": colours.quiet, "labelFont": FONT, "titleFont": FONT}
    return {
        "font": FONT,
        "view": {"stroke": None},
        "axis": {**words, "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "grid": False,
                 "domainColor": colours.rule, "tickColor": colours.rule, "gridColor": colours.rule},
        "text": {"font": FONT, "color": colours.text, "fontSize": 12},
        "rule": {"color": colours.quiet},
        "legend": {**words, "disable": True},
        "bar": {"color": colours.accent},
        "point": {"color": colours.accent, "filled": True, "size": 70},
        "line": {"color": colours.accent, "strokeWidth": 2},
    }  # fmt: skip

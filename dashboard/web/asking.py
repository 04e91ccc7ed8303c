"""Answers to "What is this number?" (这个数字是什么): written when somebody asks, in a window above the page."""

from __future__ import annotations

import streamlit as st

from dashboard.texts import t
from dashboard.web import cached, periods
from dashboard.web.components.ask import CELL, ROW, SEPARATOR
from dashboard.web.components.blocks import show, state
from dashboard.web.markup import Safe
from dashboard.web.state import Here
from dashboard.web.views import figures, what


def answer(here: Here, asked: str) -> None:
    """Open the window; Escape, a click beside it or its cross close it."""
    told = explained(here, asked)
    st.dialog(t("What is this number?"), width="large")(lambda: show(told))()


def explained(here: Here, asked: str) -> Safe:
    """What is known of a figure by the name that its button carries; a name of nothing is answered so."""
    kind, *parts = asked.split(SEPARATOR)
    if kind in (ROW, CELL) and parts:
        return _of_league(here, kind, parts)
    if kind in figures.NAMES or kind in map(figures.page_of, figures.NAMES):
        counts = {name: int(number) for name, _, number in (part.partition("=") for part in parts)
                  if name in what.COUNTS and number.isdecimal()}  # fmt: skip
        return what.of_figures(kind, counts, here.edition, periods.name(here.strip.period), here.as_of)
    return _nothing()


def _of_league(here: Here, kind: str, parts: list[str]) -> Safe:
    office = here.tree.offices.get(parts[0])
    rows = cached.league(here, level=office.level)["rows"] if office else []
    row = next((row for row in rows if row["office"] == parts[0]), None)
    if row is None:
        return _nothing()
    if kind == ROW:
        return what.of_row(row, here.edition, here.as_of)
    cell = row["indicators"].get(parts[-1])
    return what.of_cell(cell, here.edition.indicator(parts[-1]), here.edition, here.as_of) if cell else _nothing()


def _nothing() -> Safe:
    return state("empty", t("Nothing is known of this figure in this period."))

"""Choices of the Mapping page (映射选项): sheet and header, a column of ours for each of theirs, words, the source."""

from __future__ import annotations

from dataclasses import dataclass
from glob import escape
from typing import Any

import streamlit as st

from collectors.base import CollectorError
from collectors.headers import recognise
from collectors.records import RECORDS
from collectors.suggest import targets
from dashboard.actions.sources import INBOX, save_source
from dashboard.error_texts import said
from dashboard.errors import MingchaError
from dashboard.queries.mapping import Look, Preview, Sheet
from dashboard.texts import t
from dashboard.web import uploads
from dashboard.web.components.blocks import section, show, state
from dashboard.web.state import Here, filter_value
from dashboard.web.uploads import Dropped
from dashboard.web.views import mapping as view
from dashboard.web.views import names

NOTHING = ""
SAVED = "mapping_saved"
"""Session key: the file of the source that was saved just now."""
WORDS = 12
EVERY = ("10m", "1h", "1d")
SILENCE = ("", "1h", "3h", "1d", "7d")


@dataclass(frozen=True)
class Layout:
    """Where the table is: the look of the chosen sheet and the keys of a source that say so."""

    look: Look
    sheet: Sheet
    keys: dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """What was said about the source to be saved."""

    keys: dict[str, Any]
    strict: bool
    with_file: bool
    replace: bool


def record() -> str:
    """The kind of record that the file holds; the address may say so."""
    kinds = {kind: names.record(kind) for kind in RECORDS}
    asked = list(kinds).index(filter_value("record", tuple(kinds)) or "tickets")
    return st.selectbox(t("Kind of record"), list(kinds), asked, format_func=kinds.__getitem__, key="map_record")


def layout(here: Here, file: Dropped, record: str) -> Layout | None:
    """Sheet and header; None (and said so) where the file has no table."""
    first = uploads.look(here, file, record=record, sheet=None, header_rows=None, skip_until=None)
    if first.chosen is None:
        show(state("failed", t("No table was found in the file."), first.error))
        return None
    several = len(first.sheets) > 1
    cells = st.columns(3 if several else 2)
    rows, begin = cells[-2:]
    with cells[0]:
        chosen = _sheet(first, file)
    found = uploads.look(here, file, record=record, sheet=chosen, header_rows=None, skip_until=None)
    with rows:
        found_so = t("as found")
        depth = st.selectbox(t("Rows of the header"), [None, 1, 2, 3], key=f"map_depth_{file.digest}",
                             format_func=lambda n: str(n or found_so))  # fmt: skip
    with begin:
        marks: dict[str | None, str] = {None: found_so}
        marks |= {line.mark: f"{line.number}: {line.text}" for line in found.lines if line.mark}
        until = st.selectbox(t("Header begins in line"), list(marks), key=f"map_begin_{file.digest}_{chosen}",
                             format_func=marks.__getitem__)  # fmt: skip
    look = uploads.look(here, file, record=record, sheet=chosen, header_rows=depth, skip_until=until)
    if look.chosen is None:
        show(state("failed", t("No table was found in the file."), look.error))
        return None
    sheets = [escape(chosen)] if chosen and several else []
    return Layout(look, look.chosen, {"sheets": sheets, "header_rows": depth, "skip_until": until})


def _sheet(first: Look, file: Dropped) -> str | None:
    sheets = [sheet.name for sheet in first.sheets]
    best = sheets.index(first.chosen.name) if first.chosen else 0
    if len(sheets) < 2:
        return sheets[0] if sheets else None
    return st.selectbox(t("Sheet"), sheets, best, key=f"map_sheet_{file.digest}")


def columns(file: Dropped, record: str, layout: Layout) -> dict[str, Any]:
    """`columns` of the source: every choice, and an empty list for what would be recognised but was taken away."""
    show(section(t("Columns"), t("left what the file has, right what it means here")))
    labels = {NOTHING: t("not used"), **{name: view.column_name(name) for name in targets(record)}}
    offered = list(labels)
    chosen: dict[str, list[int]] = {}
    recognised: set[str] = set()
    for found in layout.look.suggestions:
        theirs, ours = st.columns([3, 2], vertical_alignment="center")
        with theirs:
            show(view.source_column(found))
        if found.how == "minutes" or not found.header:
            continue
        if found.how == "known" and found.column:
            recognised.add(found.column)
        key = f"map_{file.digest}_{record}_{layout.sheet.name}_{layout.sheet.above}_{found.index}"
        with ours:
            picked = st.selectbox(found.header, offered, offered.index(found.column or NOTHING), key=key,
                                  format_func=labels.__getitem__,
                                  label_visibility="collapsed")  # fmt: skip
        if picked:
            chosen.setdefault(picked, []).append(found.index)
    left_out: dict[str, list[str]] = {name: [] for name in sorted(recognised - set(chosen))}
    ordered = {name: _headers(layout.sheet, record, name, chosen[name]) for name in targets(record) if name in chosen}
    return {**ordered, **left_out}


def _headers(sheet: Sheet, record: str, column: str, indexes: list[int]) -> str | list[str]:
    """The headers of a column; of several the dictionary's favourite first, for the first that is filled counts."""
    favourites = recognise(record, sheet.header).get(column, [])
    indexes = sorted(indexes, key=lambda index: favourites.index(index) if index in favourites else len(favourites))
    heads = list(dict.fromkeys(sheet.header[index] for index in indexes))
    return heads[0] if len(heads) == 1 else heads


def words(made: Preview, file: Dropped) -> dict[str, dict[str, str]]:
    """`values` of the source: what the words mean that an enumeration does not know."""
    if not made.words:
        return {}
    show(section(t("Words that are not known"), t("say what they mean, or leave them")))
    found: dict[str, dict[str, str]] = {}
    for column, seen in made.words.items():
        known = RECORDS[made.record].column(column).values
        labels = {NOTHING: t("not known"), **{value: names.value(value) for value in known}}
        cells = st.columns(3)
        for number, (text, rows) in enumerate(seen.most_common(WORDS)):
            with cells[number % 3]:
                key = f"map_word_{file.digest}_{column}_{text}"
                label = f"{names.column(column)}: {text} ×{rows}"
                picked = st.selectbox(label, list(labels), key=key, format_func=labels.__getitem__)
            if picked:
                found.setdefault(column, {})[text] = picked
    return found


def source(file: Dropped) -> Wanted:
    """Name, folder and rhythm of the source."""
    stem = file.name.rsplit(".", 1)[0][:40]
    first, second, third, fourth = st.columns(4)
    with first:
        name = st.text_input(t("Name of the source"), "".join(c for c in stem if c.isalnum() or c in "-_") or "export",
                             key="map_name").strip()  # fmt: skip
    with second:
        path = st.text_input(t("Folder and pattern"), f"{INBOX}/{name}/*", key=f"map_path_{name}").strip()
    with third:
        every = st.selectbox(t("Asked every"), EVERY, key="map_every")
    with fourth:
        none = t("no expectation")
        silence = st.selectbox(t("Expected within"), SILENCE, key="map_within", format_func=lambda text: text or none)
    strict = st.checkbox(t("Refuse a file as a whole when its header has changed"), value=True, key="map_strict")
    with_file = st.checkbox(t("Put this file into the folder as the first one"), value=True, key="map_first")
    replace = st.checkbox(t("Replace a source of this name that was saved here before"), key="map_replace")
    keys = {"name": name, "path": path, "every": every, "expect_within": silence or None}
    return Wanted(keys, strict, with_file, replace)


def save(here: Here, file: Dropped, raw: dict[str, Any], wanted: Wanted, *, possible: bool) -> None:
    """The button, and what became of it."""
    if not st.button(t("Save as a source"), type="primary", disabled=not possible, key="map_save"):
        return
    first = (file.name, file.content) if wanted.with_file else None
    try:
        path = save_source(
            here.app.db, here.app.settings, by=here.viewer, raw=raw, replace=wanted.replace, first_file=first,
            at=here.app.now(),
        )  # fmt: skip
    except (MingchaError, CollectorError) as error:
        show(state("failed", t("The source was not saved."), said(error)))
    else:
        st.session_state[SAVED] = f"{path.parent.name}/{path.name}"
        st.rerun()

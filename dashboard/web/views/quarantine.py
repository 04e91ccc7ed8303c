"""What waits in quarantine (隔离区页): counts, names no office answers to, rows, and one row with its story."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from dashboard.queries.quarantine import Event, QuarantinedRow
from dashboard.texts import t
from dashboard.web import display
from dashboard.web.components.blocks import Column, facts, figure, figures, go, table, word
from dashboard.web.markup import Safe, safe, tag
from dashboard.web.views import names
from dashboard.web.views.sources import base_name, reason_text

Row = Mapping[str, Any]
Link = Callable[..., str]
UNKNOWN_OFFICE = "unknown_office"
STATES = {"open": ("waiting", "breach"), "replayed": ("taken in", "fine"), "dismissed": ("set aside", "soon")}
DEEDS = {
    "corrected": "put right", "office_named": "its office was named", "refused": "tried again, refused",
    "replayed": "was taken in", "dismissed": "was set aside", "reopened": "put back",
}  # fmt: skip
SHOWN = ("tickets", "repairs", "applications", "evaluations", "samples")
"""Kinds of record that have a page of their own."""
MOST = 200
"""Lines of the counts at most; the others are said to be there."""


def totals(counts: Sequence[Row], unknown: Mapping[str, int]) -> Safe:
    rows = sum(row["rows"] for row in counts)
    return figures([
        figure(display.count(rows), t("rows"), tone="breach" if rows else ""),
        figure(display.count(sum(row["times"] for row in counts)), t("times read, overlapping exports included")),
        figure(display.count(len(unknown)), t("unknown office names"), tone="soon" if unknown else ""),
    ])  # fmt: skip


def unknown_names(counts: Sequence[Row]) -> dict[str, int]:
    """Office names that no office answers to → rows that wait for them, most first."""
    found: dict[str, int] = {}
    for row in counts:
        if row["reason"] == UNKNOWN_OFFICE and row["office_named"]:
            found[row["office_named"]] = found.get(row["office_named"], 0) + row["rows"]
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def counted(counts: Sequence[Row], chosen: Mapping[str, str | None], now: datetime, link: Link) -> Safe:
    """Source × reason × office; a line opens its rows."""
    columns = [Column(t("Reason"), "head main"), Column(t("Source")), Column(t("Records")),
               Column(t("Office as written"), "wide"), Column(t("Rows"), "num"), Column(t("Times read"), "num"),
               Column(t("Since"), "num")]  # fmt: skip
    body = [
        [go(link(**_key(row), row=None), reason_text(row["reason"])), row["source"], names.record(row["record"]),
         row["office_named"] or display.NONE, display.count(row["rows"]), display.count(row["times"]),
         _moment(row["since"], now)]
        for row in counts[:MOST]
    ]  # fmt: skip
    place = next((index for index, row in enumerate(counts) if _key(row) == chosen), None)
    rest = tag("p", t("and {n} more lines", n=len(counts) - MOST), class_="quiet") if len(counts) > MOST else None
    return safe(table(columns, body, chosen=place, label=t("Quarantine")), rest)


def _key(row: Row) -> dict[str, str | None]:
    return {"source": row["source"], "record": row["record"], "reason": row["reason"], "named": row["office_named"]}


def rows(found: Sequence[Row], chosen: int, now: datetime, link: Link) -> Safe:
    columns = [Column(t("Number"), "head keep"), Column(t("Reason")), Column(t("Office as written")),
               Column(t("Column")), Column(t("Value seen"), "wide"), Column(t("File")), Column(t("Row"), "num"),
               Column(t("Since"), "num")]  # fmt: skip
    body = [
        [go(link(row=row["id"]), row["number"] or t("no number")), reason_text(row["reason"]),
         row["office_named"] or display.NONE, names.column(row["column_name"]) if row["column_name"] else display.NONE,
         tag("code", row["value"][:80]) if row["value"] else display.NONE, base_name(row["file"]),
         display.count(row["row_no"]), _moment(row["since"], now)]
        for row in found
    ]  # fmt: skip
    place = next((index for index, row in enumerate(found) if row["id"] == chosen), None)
    return table(columns, body, chosen=place, label=t("Quarantined rows"))


def waiting(named: str, n: int) -> Safe:
    return tag("p", tag("b", named), " ", word(t("{n} rows wait", n=display.count(n)), "soon"))


def about(found: QuarantinedRow, now: datetime, link: Link) -> Safe:
    """Why the row is here, where it came from; once taken in, where it is now."""
    row = found.row
    text, tone = STATES[row["state"]]
    where = names.column(row["column_name"]) if row["column_name"] else ""
    value = tag("code", row["value"][:200]) if row["value"] else ""
    place = safe(row["source"], " · ", base_name(row["file"]), " ", row["sheet"] or "", " · ",
                 t("row {n}", n=row["row_no"]))  # fmt: skip
    stored = row["state"] == "replayed" and row["number"] and row["record"] in SHOWN
    record = go(link("record", record=row["record"], number=row["number"]), row["number"]) if stored else row["number"]
    return facts([
        (t("State"), word(t(text), tone)),
        (t("Reason"), safe(reason_text(row["reason"]), " ", where, " ", value)),
        (names.record(row["record"]), record or t("no number")),
        (t("Came from"), place),
        (t("Since"), _moment(row["since"], now)),
        (t("Brought again by"), _sightings(found.sightings)),
    ])  # fmt: skip


def _sightings(found: Sequence[tuple[int, int]]) -> str:
    return t(", ").join(t("batch {batch}, row {row}", batch=batch, row=row) for batch, row in found) or display.NONE


def cells(found: QuarantinedRow) -> Safe:
    """As read; beside it what a person put in its place."""
    columns = [Column(t("Column"), "head main"), Column(t("As read"), "wide"), Column(t("Put right"), "wide")]
    heads = [*found.cells, *(name for name in found.corrections if name not in found.cells)]
    body = [[names.column(head), _code(found.cells.get(head)), _code(found.corrections.get(head))] for head in heads]
    return table(columns, body, label=t("The row as read"))


def _code(text: str | None) -> Safe | str:
    return tag("code", text) if text else display.NONE


def story(events: Sequence[Event], now: datetime) -> Safe:
    columns = [Column(t("At"), "num"), Column(t("Person"), "head main"), Column(t("What was done")),
               Column(t("Details"), "wide")]  # fmt: skip
    body = [
        [tag("span", display.moment(event.at, now), title=display.exact(event.at)), event.by,
         t(DEEDS[event.action]) if event.action in DEEDS else event.action,
         t(", ").join(f"{name}: {value}" for name, value in event.detail.items())]
        for event in events
    ]  # fmt: skip
    return table(columns, body, label=t("What was done"))


def _moment(at: int | None, now: datetime) -> Safe:
    value = display.from_micros(at)
    return tag("span", display.moment(value, now), title=display.exact(value))

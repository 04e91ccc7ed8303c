"""Leads for an inspector (线索页): what was looked for, how often it was seen, and the records to open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from checks.authenticity.catalogue import Signal
from dashboard.queries.offices import Tree
from dashboard.texts import t
from dashboard.web import display
from dashboard.web.components.blocks import Column, go, says, state, table, word
from dashboard.web.markup import Safe, safe, tag
from dashboard.web.views import names
from dashboard.web.views.office import as_time

Row = Mapping[str, Any]
Link = Callable[..., str]
PAGE = 100
HOLM = "Holm's correction: how surprising among all that were looked at"
SENTENCES = {
    "changed_after_breach": "changed {amount} after the deadline: {changes}",
    "hidden_late": "late by its own times, reported as in time",
    "pause_saved": "without its pause it would have been {amount} late",
    "easier_area": "by the stricter area it would have been {amount} late",
    "reopened_as_enquiry": "{amount} after fault ticket {other} was closed",
    "impossible_order": "{step} lies {amount} before {other}",
    "identical_stamps": "{n} steps at the same moment, from {step} to {other}",
    "quick_arrival": "arrived {amount} after dispatch",
    "same_minute_arrivals": "one of {n} arrivals of the team in that minute",
    "bulk_close": "one of {n} records of the office closed in that minute",
    "same_caller": "one of {n} satisfied ratings from the same telephone",
}  # fmt: skip
CONCLUSIONS = {
    "test": "A small p says that chance alone seldom does this; it does not say why. Honest causes exist: ask first.",
    "leads": "A lead is a reason to open the record, not a finding: nothing is deducted, and honest causes exist.",
}


def title(signal: Signal, lang: str) -> str:
    return signal.title if lang == "zh" else signal.title_en


def overview(found: Sequence[Row], known: Mapping[str, Signal], chosen: str, lang: str, link: Link) -> Safe:
    """All signals with their counts; one is chosen by its line."""
    columns = [Column(t("Signal"), "head main keep"), Column(t("Looks for"), "wide"), Column(t("Seen"), "num")]
    body = [
        [go(link(signal=row["code"], page=None), title(known[row["code"]], lang)), t(known[row["code"]].looks_for),
         display.count(row["count"])]
        for row in found
    ]  # fmt: skip
    place = next((number for number, row in enumerate(found) if row["code"] == chosen), None)
    return table(columns, body, chosen=place, label=t("Signals"))


def heaped(rows: Sequence[Row], link: Link) -> Safe:
    """Every office and limit with enough records around it: how many just inside, and how many chance would put."""
    if not rows:
        return state("empty", t("Too few records lie around a limit to tell."))
    columns = [
        Column(t("Office"), "head main"), Column(t("Indicator")), Column(t("Limit"), "num"),
        Column(t("Just inside"), "num"), Column(t("Beside"), "num"), Column(t("Expected"), "num"),
        Column(t("p"), "num"), Column(t("p, all offices"), "num", t(HOLM)),
        Column(t("Called")),
    ]  # fmt: skip
    body = [
        [go(link("records", office=row["office"], record=None, indicator=row["indicator"]), row["name"]),
         row["indicator"], display.duration(row["limit"] / 1e6), display.count(row["inside"]),
         display.count(row["beside"]), display.rounded(row["expected"], 1), chance(row["p"]),
         chance(row["p_adjusted"]), called(row)]
        for row in rows
    ]  # fmt: skip
    return safe(table(columns, body, label=t("Heaping at a limit")), says(t(
        "Where nothing happens at a limit, the stretch that ends at it holds a third of the records around it."
    )))  # fmt: skip


def migrated(rows: Sequence[Row], link: Link) -> Safe:
    """Complaints against softer types, this period and the one before."""
    if not rows:
        return state("empty", t("Too few complaints to compare two periods."))
    columns = [
        Column(t("Office"), "head main"), Column(t("Complaints"), "num"), Column(t("before"), "num"),
        Column(t("Opinions, enquiries"), "num"), Column(t("before"), "num"), Column(t("p"), "num"),
        Column(t("p, all offices"), "num"), Column(t("Called")),
    ]  # fmt: skip
    body = [
        [go(link("records", office=row["office"], record="tickets"), row["name"]), display.count(row["complaints"]),
         display.count(row["complaints_before"]), display.count(row["softer"]), display.count(row["softer_before"]),
         chance(row["p"]), chance(row["p_adjusted"]), called(row)]
        for row in rows
    ]  # fmt: skip
    return table(columns, body, label=t("Complaints turned into other types"))


def called(row: Row) -> Safe | str:
    return word(t("beyond chance"), "soon") if row["called"] else t("within chance")


def chance(p: float) -> str:
    """A probability as people read it: three decimals, or below a thousandth."""
    return "< 0.001" if p < 0.001 else display.rounded(p, 3)


def by_office(rows: Sequence[Row], tree: Tree, link: Link) -> Safe:
    """How many leads each office has, most first."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["office_code"]] = counts.get(row["office_code"], 0) + 1
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    columns = [Column(t("Office"), "head main"), Column(t("Records"), "num")]
    body = [[go(link(office=code, page=None), tree.name(code)), display.count(count)] for code, count in ordered[:20]]
    return table(columns, body, label=t("By office"))


def leads(rows: Sequence[Row], tree: Tree, now: datetime, link: Link) -> Safe:
    """The records of a signal, each a door, with what was seen in it."""
    columns = [Column(t("Number"), "head keep"), Column(t("Records")), Column(t("Office"), "keep"),
               Column(t("When"), "num"), Column(t("What was seen"), "wide")]  # fmt: skip
    body = [_lead(row, tree, now, link) for row in rows]
    return table(columns, body, label=t("Leads"))


def _lead(row: Row, tree: Tree, now: datetime, link: Link) -> list[object]:
    moment = as_time(row["at"])
    return [
        names.door(link, row["record"], row["number"]), names.record(row["record"]),
        tree.name(row["office_code"]), tag("span", display.moment(moment, now), title=display.exact(moment)),
        sentence(row),
    ]  # fmt: skip


def sentence(row: Row) -> str:
    """What was seen, in words with the record's own figures."""
    amount, other = row["amount"], row["other"] or ""
    return t(
        SENTENCES[row["signal"]],
        amount=display.duration(amount), n=display.count(amount),
        step=names.column(row["step"]) if row["step"] else "",
        other=names.column(other), changes="、".join(names.column(name) for name in other.split(", ") if name),
    )  # fmt: skip

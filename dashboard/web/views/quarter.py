"""The way of a period to its signature (季度评价页): checklist, snapshot, events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from dashboard.freezing.checklist import WORDS
from dashboard.queries.freezing import FreezeEvent
from dashboard.texts import t
from dashboard.web import display
from dashboard.web.components.blocks import Column, facts, table, word
from dashboard.web.markup import Safe, safe, tag
from dashboard.web.views import names

ACTIONS = {
    "proposed": "proposed", "published": "published", "restatement_proposed": "restatement proposed",
    "restatement_approved": "restatement approved",
}  # fmt: skip
SHORT = 12
"""Characters of a digest that are shown."""


def checklist(conditions: Sequence[Mapping[str, Any]]) -> Safe:
    """Every condition with what stands against it."""
    columns = [
        Column(t("Condition"), "head main"),
        Column(t("State")),
        Column(t("Open items"), "num"),
        Column(t("For example")),
    ]
    return table(columns, [_condition(one) for one in conditions], label=t("Checklist"))


def _condition(one: Mapping[str, Any]) -> list[object]:
    if one["met"]:
        mark = word(t("met"), "fine")
    elif one["reason_is_enough"]:
        mark = word(t("needs a written reason"), "soon")
    else:
        mark = word(t("stands in the way"), "breach")
    examples = ", ".join(one["examples"])
    return [t(WORDS[one["code"]]), mark, display.count(one["open"]), examples or display.NONE]


def made_by(header: Mapping[str, Any], digest: str) -> Safe:
    """What a snapshot pins."""
    return facts([
        (t("Snapshot"), tag("code", digest)),
        (t("As of"), display.exact(datetime.fromisoformat(header["as_of"]))),
        (t("Rulebook"), f"{header['rulebook']['edition']} {header['rulebook']['digest'][:SHORT]}"),
        (t("Calendar"), f"{header['calendar']['name']} {header['calendar']['digest'][:SHORT]}"),
        (t("Version of the program"), header["program"]),
    ])  # fmt: skip


WHY = {
    "rulebook": "rulebook", "calendar": "calendar", "slots": "slots", "program": "program", "judges": "judges",
    "as_of": "as-of", "decisions": "decisions of people", "offices": "offices", "cameras": "cameras",
    "tickets": "tickets", "repairs": "repairs", "applications": "applications", "evaluations": "evaluations",
    "measures": "measures", "samples": "samples", "hall_days": "opening days", "inspections": "inspections",
    "derived": "what follows from records that the snapshot does not list",
}  # fmt: skip
MOVED = 200
"""Rows of a correction at most on the page; the command gives them all."""


def moved(told: Mapping[str, Any], link: Callable[..., str]) -> Safe:
    """Who would have stood where, by which indicators and records; and what made the difference."""
    why = "; ".join(f"{t(WHY[one['what']])}: {', '.join(one['examples'][:5]) or display.count(one['count'])}"
                    for one in told["why"])  # fmt: skip
    columns = [
        Column(t("Office"), "head main"), Column(t("Score"), "num"), Column(t("Rank"), "num"), Column(t("Grade")),
        Column(t("Change of score"), "num"), Column(t("By indicator"), "wide"), Column(t("Records behind"), "wide"),
    ]  # fmt: skip
    body = [
        [row["name"], _pair(row["score"], display.score), _pair(row["rank"], str), _pair(row["grade"], str),
         display.signed(row["change"]), _parts(row), _behind(row, link)]
        for row in told["rows"][:MOVED]
    ]  # fmt: skip
    return safe(tag("p", t("What made the difference: {why}", why=why)) if why else None, table(columns, body))


def _pair(pair: Sequence[Any], written: Callable[[Any], str]) -> str:
    """The figure as frozen, and as it would be where that differs."""
    told = [display.NONE if one is None else written(one) for one in pair]
    return told[0] if told[0] == told[1] else f"{told[0]} → {told[1]}"


def _parts(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{one['code']} {display.signed(one['change'])}" for one in row["indicators"] if one["change"])


def _behind(row: Mapping[str, Any], link: Callable[..., str]) -> object:
    found = {(one["record"], one["number"]) for line in row["indicators"] for one in line["records"]}
    shown = [[names.door(link, record, number), " "] for record, number in sorted(found)[:5]]
    return safe(shown, f"+{len(found) - 5}" if len(found) > 5 else "")


def events(found: Sequence[FreezeEvent], now: datetime) -> Safe:
    columns = [Column(t("What"), "head main"), Column(t("By whom")), Column(t("When"), "num"), Column(t("Digest")),
               Column(t("Written reason"))]  # fmt: skip
    rows = [
        [t(ACTIONS[one.action]), one.by, tag("span", display.moment(one.at, now), title=display.exact(one.at)),
         tag("code", one.digest[:SHORT]), one.reason or display.NONE]
        for one in reversed(found)
    ]  # fmt: skip
    return table(columns, rows, label=t("What was done"))

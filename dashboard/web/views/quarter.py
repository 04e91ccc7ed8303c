"""The way of a period to its signature (季度评价页): checklist, snapshot, events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from dashboard.freezing.checklist import WORDS
from dashboard.queries.freezing import FreezeEvent
from dashboard.texts import t
from dashboard.web import display
from dashboard.web.components.blocks import Column, facts, table, word
from dashboard.web.markup import Safe, tag

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


def events(found: Sequence[FreezeEvent], now: datetime) -> Safe:
    columns = [Column(t("What"), "head main"), Column(t("By whom")), Column(t("When"), "num"), Column(t("Digest")),
               Column(t("Written reason"))]  # fmt: skip
    rows = [
        [t(ACTIONS[one.action]), one.by, tag("span", display.moment(one.at, now), title=display.exact(one.at)),
         tag("code", one.digest[:SHORT]), one.reason or display.NONE]
        for one in reversed(found)
    ]  # fmt: skip
    return table(columns, rows, label=t("What was done"))

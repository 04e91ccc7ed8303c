"""Disputes of records on their page (数据异议): who says what is wrong, until when, and what was decided."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from collectors.records import RECORDS
from dashboard.instants import LOCAL, from_micros
from dashboard.queries.disputes import Counts, Dispute, Proof
from dashboard.queries.offices import Tree
from dashboard.texts import t
from dashboard.web import display
from dashboard.web.components.blocks import Column, facts, figure, figures, go, table, word
from dashboard.web.markup import Safe, safe
from dashboard.web.views import names
from dashboard.web.views.today import countdown

Link = Callable[..., str]
STATES = {
    "open": "waits for a decision", "overdue": "decision overdue", "corrected": "record corrected",
    "excluded": "exclusion filed", "refused": "dispute refused", "withdrawn": "taken back",
}  # fmt: skip
"""States; msgids."""
TONES = {"overdue": "breach", "open": "soon", "corrected": "fine", "excluded": "fine"}
WISHES = {"correction": "correct the record", "exclusion": "leave the record out"}
"""What is asked for; msgids."""


def overview(found: Sequence[Dispute]) -> Safe:
    """How many wait, how many too long, how many were decided how."""
    states: list[str] = [one.state for one in found]
    return figures([
        figure(display.count(states.count(state)), t(words), tone=TONES[state]
               if state == "overdue" and states.count(state) else "")
        for state, words in STATES.items()
    ])  # fmt: skip


def waiting(found: Sequence[Dispute], chosen: str | None, tree: Tree, now: datetime, link: Link) -> Safe:
    """Open ones, the deadline that ends first on top; a line opens its story."""
    columns = [Column(t("Time left"), "num"), Column(t("Dispute"), "head keep"), Column(t("Record"), "keep"),
               Column(t("Office"), "keep"), Column(t("Asked for"), "wide"),
               Column(t("Disputed by"), "keep")]  # fmt: skip
    body = [
        [countdown(one.due, now), go(link("disputes", dispute=one.number), one.number), _door(one, link),
         tree.name(one.office), t(WISHES[one.wish]), safe(one.by, " ", display.moment(one.at, now))]
        for one in found
    ]  # fmt: skip
    place = next((index for index, one in enumerate(found) if one.number == chosen), None)
    return table(columns, body, chosen=place, label=t("Open disputes"))


def decided(found: Sequence[Dispute], chosen: str | None, tree: Tree, now: datetime, link: Link) -> Safe:
    """Decided ones, and how."""
    columns = [Column(t("Decided on"), "num keep"), Column(t("Dispute"), "head keep"), Column(t("Record"), "keep"),
               Column(t("Office"), "keep"), Column(t("Outcome of the dispute")),
               Column(t("Decided by"), "keep")]  # fmt: skip
    body = [
        [display.moment(one.decided_at, now), go(link("disputes", dispute=one.number), one.number), _door(one, link),
         tree.name(one.office), _state(one), one.decided_by or display.NONE]
        for one in found
    ]  # fmt: skip
    place = next((index for index, one in enumerate(found) if one.number == chosen), None)
    return table(columns, body, chosen=place, label=t("Decided disputes"))


def offices(found: Sequence[Counts], tree: Tree) -> Safe:
    """Counts and outcomes per office."""
    columns = [Column(t("Office"), "head keep"), Column(t("Disputes filed"), "num"), Column(t("Open ones"), "num"),
               Column(t("Too late"), "num"), Column(t("Corrected"), "num"), Column(t("Excluded by dispute"), "num"),
               Column(t("Refused"), "num"), Column(t("Taken back"), "num")]  # fmt: skip
    body = [[tree.name(one.office), *(display.count(n) for n in (one.filed, one.open, one.late, one.corrected,
             one.excluded, one.refused, one.withdrawn))] for one in found]  # fmt: skip
    return table(columns, body, label=t("Disputes per office"))


def story(one: Dispute, holds: Collection[int], tree: Tree, now: datetime, link: Link) -> Safe:
    """One dispute from its filing to its decision."""
    said: list[tuple[str, object]] = [
        (t("Record"), safe(names.record(one.record), " ", _door(one, link))), (t("Office"), tree.name(one.office)),
        (t("State"), _state(one)), (t("Disputed by"), f"{one.by} {display.moment(one.at, now)}"),
        (t("Asked for"), t(WISHES[one.wish])), (t("What is wrong"), one.reason),
        *((names.column(name), shown(one.record, name, value)) for name, value in one.wanted.items()),
        (t("Decision until"), display.moment(one.due, now)),
    ]  # fmt: skip
    if one.decided_at is not None:
        said.append((t("Decided on"), f"{display.moment(one.decided_at, now)} {one.decided_by}"))
        said.append((t("Reason of the decision"), one.decision or display.NONE))
    if "exclusion" in one.detail:
        number = one.detail["exclusion"]
        words = t("Exclusion {n} holds.", n=number) if number in holds else t(
            "Exclusion {n} waits for a second person.", n=number)  # fmt: skip
        said.append((t("Exclusion of the record"), go(link("exclusions"), words)))
    if "columns" in one.detail:
        said.append((t("Corrected columns"), t(", ").join(names.column(name) for name in one.detail["columns"])))
    return facts(said)


def shown(record: str, name: str, value: Any) -> str:
    """A stored value as people read it."""
    if value is None:
        return display.NONE
    if RECORDS[record].column(name).kind == "instant":
        return f"{from_micros(value).astimezone(LOCAL):%Y-%m-%d %H:%M:%S}"
    return names.value(value)


def proof(one: Proof) -> str:
    return f"{one.name} · {max(one.bytes // 1000, 1)} kB · SHA-256 {one.sha256[:12]}…"


def _state(one: Dispute) -> Safe:
    return word(t(STATES[one.state]), TONES.get(one.state, ""))


def _door(one: Dispute, link: Link) -> Safe:
    return go(link("record", record=one.record, number=one.record_number, id=one.record_id), one.record_number)

"""Events of public opinion (舆情事件): tickets whose source says so, each with the clocks of its response.

The clocks are the rules of early warning that wait for a stamp (`checks.warnings.catalogue.WaitRule`), so that the page
and the warning never differ.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from checks.clock import MINUTE
from checks.periods import Period
from checks.warnings.catalogue import Rule, WaitRule
from dashboard.database import Database
from dashboard.database.models import RECORD_TABLES
from dashboard.instants import from_micros, to_micros
from dashboard.people import Viewer
from dashboard.queries.offices import Tree, require_visible
from dashboard.secrecy import hidden_numbers

MOST = 200
"""So many events, the newest; in a quarter there are few."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One clock of an event: `done` is when it was met, None while nobody has met it; both aware UTC."""

    rule: WaitRule
    due: datetime
    done: datetime | None
    state: Literal["on_time", "late", "running", "overdue"]


@dataclass(frozen=True, slots=True)
class Event:
    """A ticket that came from public opinion. `responsible`: yes, no or partly (substantiated); None: not decided."""

    number: str
    office: str
    source: str
    severity: str | None
    at: datetime
    responsible: str | None
    answers: tuple[Answer, ...]


def event_rules(rules: Mapping[str, Rule]) -> tuple[WaitRule, ...]:
    """The clocks of events among the rules of early warning."""
    return tuple(rule for rule in rules.values() if isinstance(rule, WaitRule) and rule.record == "tickets")


def events(
    db: Database,
    viewer: Viewer,
    tree: Tree,
    clocks: Sequence[WaitRule],
    *,
    office: str,
    period: Period,
    as_of: datetime,
) -> list[Event]:
    """Events of an office and everything below it, accepted in the period up to `as_of`, the newest first.

    A stamp that came later than `as_of` is not there yet. Test calls, withdrawn and merged ones are left out, and those
    whose reporter must stay hidden from the viewer.
    """
    require_visible(tree, office)
    if not clocks:
        return []
    table = RECORD_TABLES["tickets"]
    row = table.c
    wanted = {row[name] for rule in clocks for name in (rule.start, rule.empty, rule.column)}
    named = sa.or_(*(row[rule.column].contains(word, autoescape=True) for rule in clocks for word in rule.words))
    query = (
        sa.select(row.ticket_no, row.office_code, row.source, row.severity, row.accepted_at, row.substantiated,
                  *(wanted - {row.accepted_at, row.source, row.severity, row.substantiated}))
        .where(named, row.accepted_at >= period.starts_at, row.accepted_at < period.ends_at,
               row.accepted_at <= to_micros(as_of), row.simulated.is_not(True), row.withdrawn.is_not(True),
               row.parent_ticket_no.is_(None), _below(row.office_code, tree.below(office)))
        .order_by(row.accepted_at.desc(), row.id.desc()).limit(MOST)
    )  # fmt: skip
    with db.reading() as connection:
        rows = [dict(one) for one in connection.execute(query).mappings()]
    hidden = hidden_numbers(db, viewer, "tickets", [one["ticket_no"] for one in rows])
    return [_event(one, clocks, as_of) for one in rows if one["ticket_no"] not in hidden]


def _below(column: sa.ColumnElement[str], offices: Collection[str]) -> sa.ColumnElement[bool]:
    return column.in_(sorted(offices))


def _event(row: Mapping[str, Any], clocks: Sequence[WaitRule], as_of: datetime) -> Event:
    answers = tuple(
        _answer(row, rule, to_micros(as_of)) for rule in clocks
        if row[rule.start] is not None and any(word in (row[rule.column] or "") for word in rule.words)
    )  # fmt: skip
    return Event(row["ticket_no"], row["office_code"], row["source"] or "", row["severity"],
                 from_micros(row["accepted_at"]), row["substantiated"], answers)  # fmt: skip


def _answer(row: Mapping[str, Any], rule: WaitRule, now: int) -> Answer:
    due, done = row[rule.start] + rule.minutes * MINUTE, row[rule.empty]
    if done is None or done > now:
        return Answer(rule, from_micros(due), None, "overdue" if now > due else "running")
    return Answer(rule, from_micros(due), from_micros(done), "on_time" if done <= due else "late")

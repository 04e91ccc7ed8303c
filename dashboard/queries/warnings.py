"""Early warnings as people see them (预警清单): open ones by what breaches first, each with its level and its story."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Literal

import sqlalchemy as sa

from checks.warnings.catalogue import Rule, shipped
from checks.warnings.escalation import Level, level
from dashboard.database import Database
from dashboard.database.models import WARNING_EVENTS, WARNINGS
from dashboard.instants import from_micros, to_micros
from dashboard.people import Viewer
from dashboard.queries.offices import visible_tree

State = Literal["open", "acknowledged", "closed", "moot"]
MOST = 10_000


@dataclass(frozen=True, slots=True)
class Deed:
    """What a person did about a warning: acknowledged, handed_on, acted or closed. `at` is aware UTC."""

    deed: str
    to_office: str | None
    note: str | None
    satisfied: bool | None
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Warned:
    """One warning. Times are aware UTC; `office` is who has it: the record's, or the one it was handed on to."""

    id: int
    record: str
    number: str
    office: str
    rule: Rule
    since: datetime
    due: datetime | None
    state: State
    level: Level
    closed_at: datetime | None
    deeds: tuple[Deed, ...]


def warnings(db: Database, viewer: Viewer, *, as_of: datetime, closed: bool = False) -> list[Warned]:
    """Open warnings that hold at `as_of`, by deadline, then since when; with `closed` the ended ones, newest first.

    Those of records at offices out of the viewer's sight are left out, whomever they were handed on to.
    """
    seen = visible_tree(db, viewer).offices
    row = WARNINGS.c
    query = sa.select(WARNINGS).where(row.since <= to_micros(as_of))
    query = query.where(row.closed_at.is_not(None) if closed else row.closed_at.is_(None))
    order = (row.closed_at.desc(), row.id.desc()) if closed else (row.due.is_(None), row.due, row.since, row.id)
    with db.reading() as connection:
        found = connection.execute(query.order_by(*order)).mappings()
        visible = (one for one in found if viewer.sees_everything or one["office_code"] in seen)
        rows = list(islice(visible, MOST))
        deeds = _deeds(connection, [one["id"] for one in rows])
    return [_warned(one, deeds.get(one["id"], ()), as_of) for one in rows if one["rule"] in shipped()]


def _deeds(connection: sa.Connection, ids: Sequence[int]) -> Mapping[int, tuple[Deed, ...]]:
    found: dict[int, list[Deed]] = {}
    event = WARNING_EVENTS.c
    for start in range(0, len(ids), 500):
        query = sa.select(WARNING_EVENTS).where(event.warning_id.in_(ids[start : start + 500])).order_by(event.id)
        for row in connection.execute(query):
            deed = Deed(row.deed, row.to_office, row.note, row.satisfied, row.by, from_micros(row.at))
            found.setdefault(row.warning_id, []).append(deed)
    return {warning: tuple(deeds) for warning, deeds in found.items()}


def _warned(row: Mapping[Any, Any], deeds: tuple[Deed, ...], as_of: datetime) -> Warned:
    since, due = from_micros(row["since"]), None if row["due"] is None else from_micros(row["due"])
    ended = None if row["closed_at"] is None else from_micros(row["closed_at"])
    answered = any(deed.deed != "handed_on" for deed in deeds)
    state: State = "acknowledged" if answered else "open"
    if ended is not None:
        state = "closed" if row["closed_why"] == "closed" else "moot"
    handed = next((deed.to_office for deed in reversed(deeds) if deed.deed == "handed_on"), None)
    return Warned(
        row["id"], row["record"], row["number"], handed or row["office_code"] or "", shipped()[row["rule"]], since,
        due, state, level(since, due, ended or as_of, acknowledged=answered), ended, deeds,
    )  # fmt: skip

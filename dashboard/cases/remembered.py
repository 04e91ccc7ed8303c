"""Standings that this process has folded already (案件现状): a case is folded anew only when its last event is another.

The events stay the truth: what is kept is bound to the id of the last one, and to what else its folding depends on.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from checks.violations import machine
from checks.violations.machine import Due, Event, Standing
from dashboard.cases.stored import Book, clock_of, parts
from dashboard.database import Database
from dashboard.database.models import VIOLATION_EVENTS, VIOLATIONS
from dashboard.instants import from_micros
from dashboard.judging.rules import Rules

MOST = 50_000
"""Cases that are kept; beyond them everything is forgotten, and folded anew as it is asked for."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """Where a case stands, and what ends first by this calendar and these slots."""

    key: tuple[Any, ...]
    standing: Standing
    due: Due | None


_known: WeakKeyDictionary[Database, dict[int, Remembered]] = WeakKeyDictionary()


def rows_with_last_event() -> sa.Select[Any]:
    """Rows of VIOLATIONS, each with the id of its last event as `last_event`."""
    row, event = VIOLATIONS.c, VIOLATION_EVENTS.c
    last = sa.and_(event.violation_id == row.id, event.seq == row.last_seq)
    return sa.select(VIOLATIONS, event.id.label("last_event")).select_from(VIOLATIONS.outerjoin(VIOLATION_EVENTS, last))


def standings(db: Database, book: Book, rows: Sequence[Mapping[str, Any]], rules: Rules) -> list[Remembered]:
    """The standing of each of these rows of `rows_with_last_event`, in their order; who judged a case is not in it."""
    known = _known.setdefault(db, {})
    book_of_days = rules.calendar.digest, rules.slots
    keys = {row["id"]: (row["last_event"], row["severity"], bool(row["restricted"]), *book_of_days) for row in rows}
    found = {row["id"]: kept for row in rows if (kept := known.get(row["id"])) and kept.key == keys[row["id"]]}
    missing = [row for row in rows if row["id"] not in found]
    clock, events = clock_of(rules), _events(book, [int(row["id"]) for row in missing])
    fresh = dict[int, Remembered]()
    for row in missing:
        now = machine.fold(events[row["id"]], row["severity"], secret=bool(row["restricted"]))
        fresh[row["id"]] = Remembered(keys[row["id"]], now, machine.due(now, clock))
    if len(known) + len(fresh) > MOST:  # others may be reading: what they found they hold themselves
        known.clear()
    known.update(fresh)
    found |= fresh
    return [found[row["id"]] for row in rows]


def _events(book: Book, ids: Sequence[int]) -> dict[int, list[Event]]:
    """The events as far as folding asks for them: of what a deed brought along only the severity."""
    found: dict[int, list[Event]] = defaultdict(list)
    row = VIOLATION_EVENTS.c
    columns = (row.violation_id, row.seq, row.deed, row.by, row["at"], row.what)
    for part in parts(ids):
        query = sa.select(*columns).where(row.violation_id.in_(part)).order_by(row.violation_id, row.seq)
        for one in book.rows(query):
            what = json.loads(one["what"]) if '"severity"' in one["what"] else {}
            found[one["violation_id"]].append(Event(one["seq"], one["deed"], one["by"], from_micros(one["at"]), what))
    return found

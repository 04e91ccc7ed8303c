"""What is over before it was told (已无须通知): a level of a warning that ended, of a step of a case that was done or
suspended, a dispute that was decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from checks.violations import machine
from dashboard.cases.stored import Book, clock_of, load
from dashboard.database import Database
from dashboard.database.models import DISPUTE_DECISIONS, DISPUTES, VIOLATIONS, WARNINGS
from dashboard.judging.rules import rules_of
from dashboard.settings import Settings

_CHUNK = 500


def over(db: Database, settings: Settings, rows: Sequence[Any]) -> set[int]:
    """Ids of those rows (id, topic, key) that would tell what does not hold any more. Deeds are told all the same."""
    warned = {int(row.key.split(" ")[1]) for row in rows if row.topic == "warning" and _is_level(row.key)}
    disputed = {row.key.split(" ")[1] for row in rows if row.topic == "dispute"}
    steps = {row.id: step for row in rows if row.topic == "case" and (step := _step(row.key)) is not None}
    ended_steps = _ended_steps(db, settings, steps)
    if not warned and not disputed:
        return ended_steps
    closed = sa.select(WARNINGS.c.id).where(WARNINGS.c.closed_at.is_not(None))
    decided = sa.select(DISPUTES.c.number).join(DISPUTE_DECISIONS, DISPUTE_DECISIONS.c.dispute_id == DISPUTES.c.id)
    with db.reading() as connection:
        ended = _among(connection, closed, WARNINGS.c.id, sorted(warned))
        done = _among(connection, decided, DISPUTES.c.number, sorted(disputed))
    return ended_steps | {
        row.id for row in rows
        if (row.topic == "warning" and _is_level(row.key) and int(row.key.split(" ")[1]) in ended)
        or (row.topic == "dispute" and not row.key.endswith(" decided") and row.key.split(" ")[1] in done)
    }  # fmt: skip


def _is_level(key: str) -> bool:
    parts = key.split(" ")
    return len(parts) == 3 and parts[0] == "warning" and parts[1].isdigit()


def _step(key: str) -> tuple[str, str, int] | None:
    """(case, step, returns) of a level of a case: `case <number> <step> <returns> [early] <level>`."""
    parts = key.split(" ")
    return (parts[1], parts[2], int(parts[3])) if len(parts) >= 5 and parts[0] == "case" else None


def _ended_steps(db: Database, settings: Settings, steps: Mapping[int, tuple[str, str, int]]) -> set[int]:
    """Ids of those whose step does not run any more."""
    if not steps:
        return set()
    clock = clock_of(rules_of(settings, db))
    running: set[tuple[str, str, int]] = set()
    with db.reading() as connection:
        book, numbers = Book(connection), sorted({number for number, _, _ in steps.values()})
        for start in range(0, len(numbers), _CHUNK):
            named = sa.select(VIOLATIONS).where(VIOLATIONS.c.number.in_(numbers[start : start + _CHUNK]))
            for case in load(book, book.rows(named)):
                now = case.standing
                running |= {(case.number, one.step, now.returns) for one in machine.running(now, clock)}
    return {row_id for row_id, step in steps.items() if step not in running}


def _among(connection: sa.Connection, query: sa.Select[Any], column: sa.Column[Any], values: Sequence[Any]) -> set[Any]:
    found: set[Any] = set()
    for start in range(0, len(values), _CHUNK):
        found.update(connection.execute(query.where(column.in_(values[start : start + _CHUNK]))).scalars())
    return found

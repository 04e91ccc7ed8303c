"""What is over before it was told (已无须通知): a level of a warning that ended, a dispute that was decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from dashboard.database import Database
from dashboard.database.models import DISPUTE_DECISIONS, DISPUTES, WARNINGS

_CHUNK = 500


def over(db: Database, rows: Sequence[Any]) -> set[int]:
    """Ids of those rows (id, topic, key) that would tell what does not hold any more. Deeds are told all the same."""
    warned = {int(row.key.split(" ")[1]) for row in rows if row.topic == "warning" and _is_level(row.key)}
    disputed = {row.key.split(" ")[1] for row in rows if row.topic == "dispute"}
    if not warned and not disputed:
        return set()
    closed = sa.select(WARNINGS.c.id).where(WARNINGS.c.closed_at.is_not(None))
    decided = sa.select(DISPUTES.c.number).join(DISPUTE_DECISIONS, DISPUTE_DECISIONS.c.dispute_id == DISPUTES.c.id)
    with db.reading() as connection:
        ended = _among(connection, closed, WARNINGS.c.id, sorted(warned))
        done = _among(connection, decided, DISPUTES.c.number, sorted(disputed))
    return {
        row.id for row in rows
        if (row.topic == "warning" and _is_level(row.key) and int(row.key.split(" ")[1]) in ended)
        or (row.topic == "dispute" and not row.key.endswith(" decided") and row.key.split(" ")[1] in done)
    }  # fmt: skip


def _is_level(key: str) -> bool:
    parts = key.split(" ")
    return len(parts) == 3 and parts[0] == "warning" and parts[1].isdigit()


def _among(connection: sa.Connection, query: sa.Select[Any], column: sa.Column[Any], values: Sequence[Any]) -> set[Any]:
    found: set[Any] = set()
    for start in range(0, len(values), _CHUNK):
        found.update(connection.execute(query.where(column.in_(values[start : start + _CHUNK]))).scalars())
    return found

"""The draw of a day as everybody may see it (抽样公示): from what is stored, never from the secret.

The secret belongs to the worker alone; pages learn the seed once it is revealed, and a moment once its slot is over.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from collectors.video.plan import SlotSpan, ends_at, moment_of
from dashboard.database import Database
from dashboard.database.models import RECORD_TABLES
from dashboard.instants import from_micros
from dashboard.people import Viewer
from dashboard.queries.offices import visible_tree
from dashboard.sampling.days import DueSlot, due_slots
from dashboard.sampling.sealing import sealed_day
from dashboard.settings import Settings


def draw_of(db: Database, settings: Settings, viewer: Viewer, day: date, *, now: datetime) -> dict[str, Any]:
    """`date, commitment, sealed_at, seed, rows` as the `plan` document of design §4.1, without reading the secret.

    Each row says whether its slot has `ended`. Before the seed is revealed a moment is known from the samples that
    were taken; None where there is none.
    """
    known = sealed_day(db, day)
    seen = visible_tree(db, viewer).offices
    dues = [due for due in due_slots(db, settings, day) if due.hall in seen]
    seed = bytes.fromhex(known.seed) if known is not None and known.seed else None
    taken = {} if seed is not None else _taken(db, day)
    return {
        "date": day.isoformat(),
        "commitment": known.commitment if known else None,
        "sealed_at": known.sealed_at if known else None,
        "seed": seed.hex() if seed is not None else None,
        "rows": [
            {"hall": due.hall, "date": day.isoformat(), "slot": due.slot.number,
             "ended": now >= ends_at(day, due.slot),
             "planned_at": _moment(due, day, seed, taken) if now >= ends_at(day, due.slot) else None}
            for due in dues
        ],
    }  # fmt: skip


def _moment(due: DueSlot, day: date, seed: bytes | None, taken: dict[tuple[str, int], datetime]) -> datetime | None:
    slot = SlotSpan(due.slot.number, due.slot.starts, due.slot.ends)
    return taken.get((due.hall, slot.number)) if seed is None else moment_of(seed, due.hall, day, slot)


def _taken(db: Database, day: date) -> dict[tuple[str, int], datetime]:
    row = RECORD_TABLES["samples"].c
    query = sa.select(row.hall_code, row.slot, row.planned_at).where(row.date == day.isoformat(), row.slot.is_not(None))
    with db.reading() as connection:
        return {(one.hall_code, one.slot): from_micros(one.planned_at) for one in connection.execute(query)
                if one.planned_at is not None}  # fmt: skip

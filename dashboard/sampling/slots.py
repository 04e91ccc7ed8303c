"""The slots of a day (时段): `[video.slots]` begins the table, later changes hold from a day that nobody has drawn yet.

Days that were sealed keep the slots they were sealed with: what was drawn and judged by them stays checkable.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from checks.judge.samples import SlotDays, SlotTime
from dashboard.database import Database
from dashboard.database.models import PLAN_DAYS, SLOT_TABLES
from dashboard.instants import to_micros
from dashboard.people import Viewer
from dashboard.settings import Settings, parse_slot

BEGINNING = "0001-01-01"
LOCK = 20261121
"""Number of PostgreSQL's advisory lock: slots change before a day is sealed, or after it is; SQLite has one writer."""


def stored_slots(db: Database | None, settings: Settings) -> SlotDays:
    """The slots of every day; without a database, or before the first day was sealed, those of the configuration."""
    if db is None:
        return SlotDays(configured_slots(settings))
    with db.reading() as connection:
        return slots_of((tuple(row) for row in connection.execute(stored())), configured_slots(settings))


def stored() -> sa.Select[Any]:
    """The query for every stored table: the day from which it holds, and its slots."""
    row = SLOT_TABLES.c
    return sa.select(row.valid_from, row.slots).order_by(row.valid_from, row.id)


def configured_slots(settings: Settings) -> tuple[SlotTime, ...]:
    """What `[video.slots]` says now."""
    return tuple(SlotTime(slot.number, slot.starts, slot.ends) for slot in settings.video.slot_table)


def slots_on(db: Database, settings: Settings, day: date) -> tuple[SlotTime, ...]:
    """The slots of a local day, by number."""
    return stored_slots(db, settings).on(day)


def adopt(connection: Connection, settings: Settings, day: date, *, by: Viewer, now: datetime) -> None:
    """Before `day` is sealed: what the configuration says by now holds from that day on, or from the first free one.

    Only what changed in the file since it was read last; a table that a person chose on the page stays otherwise.
    Until the end of the transaction nobody else seals a day or changes slots.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
    row = SLOT_TABLES.c
    said = said_by(settings)
    last = connection.execute(sa.select(row.configured).order_by(row.id.desc()).limit(1)).scalar()
    if last == said:
        return
    sealed = connection.execute(sa.select(sa.func.max(PLAN_DAYS.c.date))).scalar()
    free = day if sealed is None else max(day, date.fromisoformat(sealed) + timedelta(days=1))
    since = BEGINNING if last is None else free.isoformat()
    enter(connection, since, settings.video.slots, said, by=by, now=now)


def enter(
    connection: Connection, since: str, slots: dict[str, str], configured: str, *, by: Viewer, now: datetime
) -> None:
    """One more table, from a local day on."""
    values = {"valid_from": since, "slots": _text(slots), "configured": configured, "by": by.name, "at": to_micros(now)}
    connection.execute(sa.insert(SLOT_TABLES).values(values))


def said_by(settings: Settings) -> str:
    """`[video.slots]` as text: by it a later change of the file is noticed."""
    return _text(settings.video.slots)


def _text(slots: dict[str, str]) -> str:
    return json.dumps(dict(sorted(slots.items(), key=lambda item: int(item[0]))), ensure_ascii=False)


def slots_of(rows: Iterable[tuple[Any, ...]], configured: tuple[SlotTime, ...]) -> SlotDays:
    """The slots of every day out of the rows of `stored`; `configured` where there are none."""
    first, changes = configured, list[tuple[date, tuple[SlotTime, ...]]]()
    for since, text in rows:
        slots = _slots(json.loads(text))
        if since == BEGINNING:
            first = slots
        elif slots != (changes[-1][1] if changes else first):
            changes.append((date.fromisoformat(since), slots))
    return SlotDays(first, tuple(changes))


def _slots(said: dict[str, Any]) -> tuple[SlotTime, ...]:
    found = [parse_slot(number, span) for number, span in said.items()]
    return tuple(SlotTime(slot.number, slot.starts, slot.ends) for slot in sorted(found, key=lambda one: one.number))

"""Changing the slots (时段调整): from a day that nobody has sealed yet, so that no drawn moment moves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from itertools import pairwise

import sqlalchemy as sa

from collectors.video.plan import CLIP_SECONDS
from dashboard.actions import audit
from dashboard.database import Database
from dashboard.database.models import PLAN_DAYS
from dashboard.errors import UsageError
from dashboard.instants import LOCAL
from dashboard.people import Viewer
from dashboard.rights import require
from dashboard.sampling.slots import adopt, enter, said_by
from dashboard.settings import Settings, Slot, parse_slot


def change_slots(
    db: Database, settings: Settings, *, by: Viewer, since: date, slots: Mapping[str, str], at: datetime
) -> None:
    """Let `slots` (number → "08:30-09:10", local) hold from the day `since` on, in every hall.

    UsageError for a day that is sealed or has begun, and for slots that overlap, are too short or cannot be read;
    NotAllowedError for anyone but an administrator of the whole company.
    """
    require(by, "change the slots")
    require_sound(slots)
    with db.session() as connection:
        adopt(connection, settings, at.astimezone(LOCAL).date() + timedelta(days=1), by=by, now=at)
        first = first_free_day(connection, at)
        if since < first:
            raise UsageError(f"The plan of {since} is sealed or has begun.", f"The first free day is {first}.")
        enter(connection, since.isoformat(), dict(slots), said_by(settings), by=by, now=at)
        audit.record(connection, by, "change_slots", since.isoformat(), str(dict(slots)), at=at)


def next_free_day(db: Database, now: datetime) -> date:
    """The first local day from which other slots may hold."""
    with db.reading() as connection:
        return first_free_day(connection, now)


def first_free_day(connection: sa.Connection, now: datetime) -> date:
    """The first local day whose plan is neither sealed nor begun."""
    last = connection.execute(sa.select(sa.func.max(PLAN_DAYS.c.date))).scalar()
    tomorrow = now.astimezone(LOCAL).date() + timedelta(days=1)
    return max(tomorrow, date.fromisoformat(last) + timedelta(days=1)) if last else tomorrow


def require_sound(slots: Mapping[str, str]) -> tuple[Slot, ...]:
    """The slots in order; UsageError for those that cannot be used together."""
    if not slots:
        raise UsageError("A day needs at least one slot.", 'Example: 1 = "08:30-09:10"')
    try:
        found = sorted((parse_slot(number, span) for number, span in slots.items()), key=lambda slot: slot.starts)
    except ValueError as error:
        raise UsageError(f"{error}.") from error
    for slot in found:
        seconds = (slot.ends.hour - slot.starts.hour) * 3600 + (slot.ends.minute - slot.starts.minute) * 60
        if seconds <= CLIP_SECONDS:
            raise UsageError(f"Slot {slot.number} lasts {seconds} s.", f"A clip lasts {CLIP_SECONDS} s.")
    for before, after in pairwise(found):
        if after.starts < before.ends:
            raise UsageError(f"Slots {before.number} and {after.number} overlap.", "Let one end before the next.")
    return tuple(found)

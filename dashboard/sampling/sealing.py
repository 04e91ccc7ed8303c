"""The plan of a day (抽样计划): sealed the evening before, revealed after the last slot (design §4.1 *Plan*)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa

from collectors.video.plan import LOCAL, SlotSpan, commitment_of, ends_at, moment_of, secret_of, seed_of
from dashboard.actions import audit
from dashboard.database import Database
from dashboard.database.models import PLAN_DAYS
from dashboard.errors import MingchaError
from dashboard.instants import from_micros, to_micros
from dashboard.people import Viewer
from dashboard.queries.offices import visible_tree
from dashboard.sampling.days import DueSlot, due_slots
from dashboard.sampling.slots import adopt, slots_on
from dashboard.settings import Settings


class PlanError(MingchaError):
    """The plan's secret is missing, or is another one than the day was sealed with."""


@dataclass(frozen=True, slots=True)
class PlanDay:
    """What is stored of a day: its commitment, when that was sealed, and the seed once it may be known."""

    day: date
    commitment: str
    sealed_at: datetime
    seed: str | None


def seal(db: Database, settings: Settings, day: date, *, by: Viewer, now: datetime) -> PlanDay:
    """Store the day's commitment; a day already sealed stays as it is. Run it the evening before.

    Sealed late it says so: `sealed_at` is the truth. PlanError without a secret.
    """
    known = sealed_day(db, day)
    if known is not None:
        return known
    commitment = commitment_of(seed_of(read_secret(settings), day))
    with db.session() as connection:
        already = connection.execute(sa.select(PLAN_DAYS.c.date).where(PLAN_DAYS.c.date == day.isoformat())).first()
        if already is None:
            adopt(connection, settings, day, by=by, now=now)
            row = {"date": day.isoformat(), "commitment": commitment, "sealed_at": to_micros(now)}
            connection.execute(sa.insert(PLAN_DAYS).values(row))
            audit.record(connection, by, "seal_plan", day.isoformat(), commitment, at=now)
    sealed = sealed_day(db, day)
    assert sealed is not None
    return sealed


def reveal(db: Database, settings: Settings, day: date, *, by: Viewer, now: datetime) -> PlanDay | None:
    """Store the day's seed once its last slot has ended; before that, or for a day never sealed, nothing happens."""
    known = sealed_day(db, day)
    if known is None or known.seed is not None or now < last_end(db, settings, day):
        return known
    seed = seed_for(db, settings, day)
    with db.session() as connection:
        connection.execute(
            sa.update(PLAN_DAYS)
            .where(PLAN_DAYS.c.date == day.isoformat(), PLAN_DAYS.c.seed.is_(None))
            .values(seed=seed.hex(), revealed_at=to_micros(now))
        )
        audit.record(connection, by, "reveal_plan", day.isoformat(), at=now)
    return sealed_day(db, day)


def plan_document(db: Database, settings: Settings, viewer: Viewer, day: date, *, now: datetime) -> dict[str, Any]:
    """The `plan` document of design §4.1; a moment is null until its slot has ended, the seed until the last has."""
    known = sealed_day(db, day)
    seen = visible_tree(db, viewer).offices
    due_here = [due for due in due_slots(db, settings, day) if due.hall in seen]
    seed = seed_for(db, settings, day) if any(now >= ends_at(day, due.slot) for due in due_here) else None
    if seed is None and now >= last_end(db, settings, day) and known is not None:
        seed = seed_for(db, settings, day)
    return {
        "date": day.isoformat(),
        "commitment": known.commitment if known else commitment_of(seed_of(read_secret(settings), day)),
        "sealed_at": known.sealed_at if known else None,
        "seed": seed.hex() if seed is not None and now >= last_end(db, settings, day) else None,
        "rows": [_plan_row(due, day, seed, now) for due in due_here],
    }


def _plan_row(due: DueSlot, day: date, seed: bytes | None, now: datetime) -> dict[str, Any]:
    known = seed is not None and now >= ends_at(day, due.slot)
    planned = moment_of(seed, due.hall, day, due.slot) if seed is not None and known else None
    return {"hall": due.hall, "date": day.isoformat(), "slot": due.slot.number, "planned_at": planned}


def sealed_day(db: Database, day: date) -> PlanDay | None:
    with db.reading() as connection:
        row = connection.execute(sa.select(PLAN_DAYS).where(PLAN_DAYS.c.date == day.isoformat())).first()
    return PlanDay(day, row.commitment, from_micros(row.sealed_at), row.seed) if row else None


def seed_for(db: Database, settings: Settings, day: date) -> bytes:
    """The day's seed: the revealed one, else drawn from the secret. PlanError if that is not the one sealed with."""
    known = sealed_day(db, day)
    if known is not None and known.seed is not None:
        return bytes.fromhex(known.seed)
    seed = seed_of(read_secret(settings), day)
    if known is not None and commitment_of(seed) != known.commitment:
        raise PlanError(
            f"The plan of {day} was sealed with another secret than {settings.plan.secret_file} holds now.",
            "Put the secret of that evening back; a plan that cannot be opened cannot be taken.",
        )
    return seed


def read_secret(settings: Settings) -> bytes:
    """The secret of `[plan] secret_file`. PlanError if there is none that could keep a secret."""
    path = settings.path(settings.plan.secret_file)
    try:
        secret = secret_of(path.read_bytes())
    except OSError as error:
        raise PlanError(f"The plan's secret {path} cannot be read: {error.strerror}.", "Run: mingcha init") from error
    if len(secret) < 16:
        raise PlanError(f"The plan's secret {path} holds {len(secret)} bytes, too few.", "Remove it, run: mingcha init")
    return secret


def last_end(db: Database, settings: Settings, day: date) -> datetime:
    """When the day's last slot ends, whichever halls are open: then the seed may be known."""
    ends = [ends_at(day, SlotSpan(slot.number, slot.starts, slot.ends)) for slot in slots_on(db, settings, day)]
    return max(ends, default=datetime.combine(day, time.max, LOCAL))

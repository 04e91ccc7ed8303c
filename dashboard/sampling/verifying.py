"""Whether the draw was kept (核验): seeds open their commitments, moments are the drawn ones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from checks.judge.samples import SlotDays
from collectors.video.plan import LOCAL, SlotSpan, commitment_of, moment_of
from dashboard.database import Database
from dashboard.database.models import BATCHES, LOOKS, PLAN_DAYS, RECORD_TABLES
from dashboard.instants import from_micros
from dashboard.sampling.days import SOURCE
from dashboard.sampling.sealing import last_end
from dashboard.sampling.slots import stored_slots
from dashboard.settings import Settings

Problem = dict[str, str]


def verify_plans(db: Database, settings: Settings, *, now: datetime) -> dict[str, Any]:
    """The `verify` document of design §4.1: plan commitments and the moments of our own samples."""
    with db.reading() as connection:
        days = connection.execute(sa.select(PLAN_DAYS).order_by(PLAN_DAYS.c.date)).all()
        moments = list(_our_moments(connection))
    seeds = {row.date: bytes.fromhex(row.seed) for row in days if row.seed}
    drawn = _undrawn(moments, seeds, stored_slots(db, settings))
    problems = [*_unopened(db, days, settings), *drawn]
    checked = len(days) + sum(1 for row in moments if row.date in seeds)
    return {"ok": not problems, "checked": checked, "problems": problems, "notes": list(_sealed_late(days))}


def _our_moments(connection: Connection) -> Iterator[Any]:
    """Samples we took ourselves, also those of which no picture came: imported ones were drawn elsewhere."""
    sample = RECORD_TABLES["samples"].c
    seen = sample.sample_id.in_(sa.select(LOOKS.c.sample_id))
    stored = sample.batch_id.in_(sa.select(BATCHES.c.id).where(BATCHES.c.source == SOURCE))
    query = sa.select(sample.sample_id, sample.hall_code, sample.date, sample.slot, sample.planned_at)
    yield from connection.execute(query.where(sa.or_(seen, stored)).distinct()).all()


def _unopened(db: Database, days: Any, settings: Settings) -> Iterator[Problem]:
    for row in days:
        day = date.fromisoformat(row.date)
        if row.seed and commitment_of(bytes.fromhex(row.seed)) != row.commitment:
            yield {"kind": "commitment", "what": f"{day}: the revealed seed is not the one that was sealed"}
        if row.seed and row.revealed_at and from_micros(row.revealed_at) < last_end(db, settings, day):
            yield {"kind": "revealed_early", "what": f"{day}: the seed was revealed before the last slot had ended"}


def _sealed_late(days: Any) -> Iterator[Problem]:
    """Days whose plan was not sealed the evening before (the day of installation, a worker that was down)."""
    for row in days:
        sealed = from_micros(row.sealed_at).astimezone(LOCAL)
        if sealed.date().isoformat() >= row.date:
            yield {"kind": "sealed_late", "what": f"{row.date}: the plan was sealed on {sealed:%Y-%m-%d %H:%M:%S}"}


def _undrawn(moments: Any, seeds: dict[str, bytes], slots: SlotDays) -> Iterator[Problem]:
    for row in moments:
        slot = next((one for one in slots.on(date.fromisoformat(row.date)) if one.number == row.slot), None)
        if row.date not in seeds or row.slot is None:
            continue
        if slot is None:
            yield {"kind": "moment", "what": f"{row.sample_id}: slot {row.slot} is none of the slots of that day"}
            continue
        span = SlotSpan(slot.number, slot.starts, slot.ends)
        drawn = moment_of(seeds[row.date], row.hall_code, date.fromisoformat(row.date), span)
        if from_micros(row.planned_at) != drawn:
            stored = from_micros(row.planned_at).astimezone(LOCAL)
            yield {"kind": "moment", "what": f"{row.sample_id}: stored {stored.isoformat()}, drawn {drawn.isoformat()}"}

"""How fresh everything is (数据截至): when the figures were made, and from how old data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from dashboard.database import Database
from dashboard.database.models import BATCHES, FREEZE_EVENTS, JUDGED_THROUGH, META, REVIEWS
from dashboard.instants import from_micros
from dashboard.people import Viewer

DEMO_PREPARING = "demo_preparing"


@dataclass(frozen=True, slots=True)
class Freshness:
    """Facts of the strip. No row here belongs to an office, so the scope of the viewer does not narrow them."""

    judged_at: datetime | None
    """As-of of the roll-ups; None before the first judgement."""
    oldest_source: str | None
    oldest_at: datetime | None
    """When the source that has been silent longest last brought a file."""
    version: str
    """Changes with every batch, judgement and decision."""
    preparing: str | None
    """What the demo is still preparing, as the worker wrote it."""


def freshness(db: Database, viewer: Viewer) -> Freshness:
    with db.reading() as connection:
        judged = connection.execute(sa.select(sa.func.min(JUDGED_THROUGH.c.as_of))).scalar()
        batch = connection.execute(sa.select(sa.func.max(BATCHES.c.id))).scalar()
        review = connection.execute(sa.select(sa.func.max(REVIEWS.c.id))).scalar()
        frozen = connection.execute(sa.select(sa.func.max(FREEZE_EVENTS.c.id))).scalar()
        silent = connection.execute(_silent_longest()).first()
        preparing = connection.execute(sa.select(META.c.value).where(META.c.key == DEMO_PREPARING)).scalar()
    return Freshness(
        judged_at=None if judged is None else from_micros(judged),
        oldest_source=None if silent is None else silent.source,
        oldest_at=None if silent is None else from_micros(silent.last),
        version=f"{judged}.{batch}.{review}.{frozen}",
        preparing=preparing or None,
    )


def _silent_longest() -> sa.Select[tuple[str, int]]:
    last = sa.func.max(BATCHES.c.finished_at).label("last")
    brought = sa.and_(BATCHES.c.state == "done", BATCHES.c.replay_of.is_(None))
    return sa.select(BATCHES.c.source, last).where(brought).group_by(BATCHES.c.source).order_by(last).limit(1)

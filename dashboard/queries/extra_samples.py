"""Samples that somebody asked for outside the draw (定向抽查), and what came of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from dashboard.database import Database
from dashboard.database.models import EXTRA_SAMPLES, RECORD_TABLES
from dashboard.instants import from_micros
from dashboard.people import Viewer
from dashboard.queries.offices import visible_tree
from dashboard.rights import require

"""The reason may come from a complaint: the hall's own people do not read it."""


@dataclass(frozen=True, slots=True)
class Extra:
    """A sample asked for. Times are aware UTC; `outcomes` are those of its cameras, empty while none was tried."""

    sample: str
    hall: str
    moment: datetime
    reason: str
    document: str | None
    by: str
    at: datetime
    outcomes: tuple[str, ...]


def extra_samples(db: Database, viewer: Viewer, *, limit: int = 200) -> list[Extra]:
    """The newest ones of the viewer's halls. NotAllowedError for roles that may not read why."""
    require(viewer, "see samples asked for outside the draw")
    seen = visible_tree(db, viewer).offices
    row, look = EXTRA_SAMPLES.c, RECORD_TABLES["samples"].c
    query = sa.select(EXTRA_SAMPLES).order_by(row.id.desc()).limit(limit)
    with db.reading() as connection:
        rows = [found for found in connection.execute(query) if found.hall_code in seen]
        looks = sa.select(look.sample_id, look.outcome).where(look.sample_id.in_([one.sample_id for one in rows]))
        outcomes: dict[str, list[str]] = {}
        for found in connection.execute(looks.order_by(look.camera_code)):
            outcomes.setdefault(found.sample_id, []).append(found.outcome)
    return [
        Extra(one.sample_id, one.hall_code, from_micros(one.moment), one.reason, one.document, one.by,
              from_micros(one.at), tuple(outcomes.get(one.sample_id, ())))
        for one in rows
    ]  # fmt: skip

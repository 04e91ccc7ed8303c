"""Cases to learn from (典型案例): what was kept of decided samples, for everybody.

A hall out of sight stays unnamed: what was done well or badly there may be learnt from, whose it was is not told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dashboard.database import Database
from dashboard.database.models import EVIDENCE, KEPT_CASES, RECORD_TABLES
from dashboard.instants import to_micros
from dashboard.people import Viewer
from dashboard.queries.offices import visible_tree


@dataclass(frozen=True, slots=True)
class KeptCase:
    """A case. `hall`, `date` and `sample` are None where the hall is out of sight; `kind` is highlight or typical."""

    id: int
    kind: str
    item: str | None
    note: str
    hall: str | None
    date: str | None
    sample: str | None
    picture: int | None
    """The evidence that shows it: a clip, of which `second` is the moment, or a frame."""
    second: float | None


def standing_cases(at: datetime) -> sa.ColumnElement[bool]:
    """The condition on `kept_cases`: kept by then and not dropped by then."""
    row, other = KEPT_CASES.c, KEPT_CASES.alias("dropped").c
    dropped = sa.exists().where(other.withdraws == row.id, other["at"] <= to_micros(at))
    return sa.and_(row.withdraws.is_(None), row["at"] <= to_micros(at), ~dropped)


def kept_cases(db: Database, viewer: Viewer, *, as_of: datetime) -> list[KeptCase]:
    """All cases that are kept, the newest first."""
    row, look = KEPT_CASES.c, RECORD_TABLES["samples"].c
    place = sa.select(look.sample_id, look.hall_code, look.date).distinct().subquery()
    query = (
        sa.select(KEPT_CASES, place.c.hall_code, place.c.date)
        .join(place, place.c.sample_id == row.sample_id)
        .where(standing_cases(as_of)).order_by(row.id.desc())
    )  # fmt: skip
    seen = visible_tree(db, viewer).offices
    with db.reading() as connection:
        rows = connection.execute(query).mappings().all()
        pictures = _pictures(connection, [one["sample_id"] for one in rows])
    return [_case(one, pictures, viewer.sees_everything or one["hall_code"] in seen) for one in rows]


def _case(row: Mapping[Any, Any], pictures: Sequence[Any], told: bool) -> KeptCase:
    own = [one for one in pictures if one.sample_id == row["sample_id"]]
    camera = [one for one in own if row["camera_code"] in (None, one.camera_code)] or own
    clip = next((one for one in camera if one.kind == "clip"), None)
    shown = clip or next(iter(camera), None)
    second = None if clip is None else row["second"] or 0.0
    hall, date, sample = (row["hall_code"], row["date"], row["sample_id"]) if told else (None, None, None)
    return KeptCase(row["id"], row["kind"], row["item_code"], row["note"], hall, date, sample,
                    None if shown is None else shown.id, second)  # fmt: skip


def _pictures(connection: Connection, samples: Sequence[str]) -> Sequence[Any]:
    rows = EVIDENCE.c
    query = sa.select(rows.id, rows.sample_id, rows.camera_code, rows.kind)
    wanted = query.where(rows.sample_id.in_(samples), rows.kind.in_(("clip", "frame")))
    return connection.execute(wanted.order_by(rows.camera_code, rows.id)).all()

"""Asking for a sample outside the draw (定向抽查): after a complaint or a tip, marked, and never part of a rate."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from dashboard.actions import audit
from dashboard.database import Database
from dashboard.database.models import EXTRA_SAMPLES, RECORD_TABLES
from dashboard.errors import UsageError
from dashboard.evidence import chain
from dashboard.instants import LOCAL, to_micros
from dashboard.people import Viewer
from dashboard.queries.offices import require_visible, visible_tree
from dashboard.rights import require

LOOK_BACK = timedelta(days=31)
"""Recorders keep about a month."""
LOCK = 20261120
"""Number of PostgreSQL's advisory lock under which samples get their numbers; SQLite has one writer anyway."""


def ask_for_sample(
    db: Database, *, by: Viewer, hall: str, moment: datetime | None, reason: str, document: str | None, at: datetime
) -> str:
    """Order one minute of every camera of the hall, from `moment` (aware; None: now); returns the sample's number.

    UsageError for a moment to come or too long ago, a hall without a camera, or no reason; NotAllowedError for who may
    not ask.
    """
    require(by, "ask for a sample")
    if require_visible(visible_tree(db, by), hall).level != "hall":
        raise UsageError(f"'{hall}' is no hall.", "Choose a hall.")
    if not reason.strip():
        raise UsageError("A sample outside the draw needs its reason.", "Name the complaint or the tip.")
    start = moment or at
    if start > at or start < at - LOOK_BACK:
        raise UsageError(f"The minute at {start.astimezone(LOCAL):%Y-%m-%d %H:%M} cannot be had.",
                         f"Recorders keep the last {LOOK_BACK.days} days.")  # fmt: skip
    with db.session() as connection:
        _require_camera(connection, hall, past=moment is not None and at - start > timedelta(minutes=1))
        day = start.astimezone(LOCAL).date().isoformat()
        number = _next_number(connection, f"X-{hall}-{day}-")
        values = {"sample_id": number, "hall_code": hall, "moment": to_micros(start), "reason": reason.strip(),
                  "document": (document or "").strip() or None, "by": by.name, "at": to_micros(at)}  # fmt: skip
        chain.enter(connection, EXTRA_SAMPLES, values, by=by, at=at)
        audit.record(connection, by, "ask_for_sample", number, reason.strip(), at=at)
    return number


def _next_number(connection: sa.Connection, begins: str) -> str:
    """The next of that hall and day; whoever asks at the same moment waits for the end of this transaction."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
    numbers = EXTRA_SAMPLES.c.sample_id
    there = sa.select(sa.func.count()).where(numbers.startswith(begins, autoescape=True))
    return f"{begins}{connection.execute(there).scalar_one() + 1}"


def _require_camera(connection: sa.Connection, hall: str, *, past: bool) -> None:
    camera = RECORD_TABLES["cameras"].c
    rows = connection.execute(sa.select(camera.playback_url).where(camera.hall_code == hall)).scalars().all()
    if not rows:
        raise UsageError(f"Hall '{hall}' has no camera.", "Import its cameras first.")
    if past and not any(rows):
        raise UsageError(f"No camera of hall '{hall}' keeps recordings.", "Ask for a minute from now on.")

"""The polygons of one camera at a moment (画面标绘)."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from collectors.video.windows import Window, WindowError
from dashboard.database.models import RECORD_TABLES
from dashboard.instants import to_micros
from dashboard.judging.drawn import ENDED, OLD, state_at, states_of
from dashboard.sampling.days import windows_of

CAMERA = RECORD_TABLES["cameras"].c


def windows_at(connection: Connection, camera: str | None, moment: datetime | None) -> tuple[Window, ...]:
    """The polygons of a camera at an aware moment (None: now); none for a camera that is unknown or drawn wrongly."""
    row = connection.execute(sa.select(CAMERA.windows, CAMERA.waiting_area).where(CAMERA.code == camera)).first()
    if row is None or camera is None:
        return ()
    ended = connection.execute(ENDED.where(OLD.code == camera)).all()
    states = states_of(ended, {camera: (row.windows, row.waiting_area)})[camera]
    held = state_at(states, None if moment is None else to_micros(moment))
    try:
        return windows_of(camera, held.windows, held.waiting)
    except WindowError:
        return ()  # what cannot be read shows nothing: everything is blurred

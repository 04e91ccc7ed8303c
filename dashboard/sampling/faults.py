"""Equipment faults (设备故障): opened by the first look that cannot judge, closed by the first that can again.

A camera that shows nothing is never "no violation": its fault stays open and visible, per cause, until a look of the
same camera is captured. A look that was missed says nothing about the camera and leaves its faults as they are.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dashboard.database.models import CAMERA_FAULTS
from dashboard.instants import to_micros


def note(
    connection: Connection, *, camera: str, hall: str, sample: str, outcome: str, cause: str | None, at: datetime
) -> None:
    """Enter what a look says of its camera's equipment, in the transaction that stores its outcome.

    `at` is the look's moment (aware). Looks may be concluded out of order (a recording is waited for): one that is
    older than what a fault says already changes nothing.
    """
    if outcome == "captured":
        _close(connection, camera, sample, to_micros(at), but=None)
    elif outcome == "not_checkable" and cause is not None:
        _close(connection, camera, sample, to_micros(at), but=cause)
        _open(connection, camera, hall, sample, cause, to_micros(at))


def _close(connection: Connection, camera: str, sample: str, at: int, *, but: str | None) -> None:
    """End the camera's open faults; one that gave way to another cause has ended too."""
    table = CAMERA_FAULTS.c
    mine = [table.camera_code == camera, table.closed_at.is_(None), table.last_at < at]
    others = [] if but is None else [table.cause != but]
    ended = {"closed_at": at, "closing_sample_id": sample}
    connection.execute(sa.update(CAMERA_FAULTS).where(*mine, *others).values(ended))


def _open(connection: Connection, camera: str, hall: str, sample: str, cause: str, at: int) -> None:
    table = CAMERA_FAULTS.c
    mine = sa.and_(table.camera_code == camera, table.cause == cause, table.closed_at.is_(None))
    seen = {"last_at": at, "last_sample_id": sample, "looks": table.looks + 1}
    if connection.execute(sa.update(CAMERA_FAULTS).where(mine, table.last_at < at).values(seen)).rowcount:
        return
    known = connection.execute(sa.select(table.id).where(table.camera_code == camera, table.last_at >= at)).first()
    if known is None:
        values = {"camera_code": camera, "hall_code": hall, "cause": cause, "sample_id": sample, "opened_at": at,
                  "last_sample_id": sample, "last_at": at, "looks": 1}  # fmt: skip
        connection.execute(sa.insert(CAMERA_FAULTS).values(values))

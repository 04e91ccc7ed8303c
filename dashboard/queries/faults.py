"""Equipment faults of cameras (设备故障): which cameras cannot be judged by, since when, and why."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from checks.judge.samples import SlotDays
from dashboard.database import Database
from dashboard.database.models import CAMERA_FAULTS, RECORD_TABLES
from dashboard.instants import from_micros, to_micros
from dashboard.people import Viewer
from dashboard.queries.offices import visible_tree
from dashboard.queries.told import told

Row = dict[str, Any]


def camera_faults(
    db: Database, viewer: Viewer, *, slots: SlotDays, as_of: datetime, hall: str | None = None, open_only: bool = True
) -> list[Row]:
    """Faults that the viewer may see, open ones first, then the latest.

    Keys: camera, camera_name, hall, hall_name, cause, opened_at, last_at, looks, closed_at (aware, None while open),
    sample (which opened it), closing_sample. A fault that closed after `as_of` is still open.
    Of a slot that has not ended the times say its beginning only.
    """
    table, at = CAMERA_FAULTS.c, to_micros(as_of)
    tree = visible_tree(db, viewer)
    conditions = [table.opened_at <= at]
    conditions += [sa.or_(table.closed_at.is_(None), table.closed_at > at)] if open_only else []
    conditions += [table.hall_code == hall] if hall is not None else []
    conditions += [] if viewer.sees_everything else [table.hall_code.in_(sorted(tree.offices))]
    query = sa.select(CAMERA_FAULTS).where(*conditions).order_by(table.opened_at.desc(), table.id.desc())
    with db.reading() as connection:
        found = connection.execute(query).mappings().all()
        names = _names(connection)
    rows = [_told(_row(row, names, tree.offices, at), slots, as_of) for row in found]
    return sorted(rows, key=lambda row: row["closed_at"] is not None)


def _told(row: Row, slots: SlotDays, as_of: datetime) -> Row:
    times = ("opened_at", "last_at", "closed_at")
    return {**row, **{name: told(row[name], slots, as_of) for name in times if row[name] is not None}}


def _names(connection: sa.Connection) -> dict[str, str | None]:
    camera = RECORD_TABLES["cameras"].c
    return {row.code: row.name for row in connection.execute(sa.select(camera.code, camera.name))}


def _row(row: sa.RowMapping, names: dict[str, str | None], offices: Any, at: int) -> Row:
    closed = row["closed_at"] if row["closed_at"] is not None and row["closed_at"] <= at else None
    office = offices.get(row["hall_code"])
    return {
        "camera": row["camera_code"],
        "camera_name": names.get(row["camera_code"]),
        "hall": row["hall_code"],
        "hall_name": office.name if office else None,
        "cause": row["cause"],
        "opened_at": from_micros(row["opened_at"]),
        "last_at": from_micros(row["last_at"]),
        "looks": row["looks"],
        "closed_at": from_micros(closed) if closed is not None else None,
        "sample": row["sample_id"],
        "closing_sample": row["closing_sample_id"] if closed is not None else None,
    }

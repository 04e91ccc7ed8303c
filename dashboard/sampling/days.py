"""Which halls owe a sample on a day, in which slots, seen by which cameras (应抽样本)."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from checks.judge.samples import slot_is_due
from collectors.video.plan import SlotSpan
from collectors.video.windows import WAITING, Window, WindowError, parse_windows
from dashboard.database import Database
from dashboard.database.models import EXTRA_SAMPLES, HISTORY_TABLES, RECORD_TABLES
from dashboard.errors import UsageError
from dashboard.instants import LOCAL, from_micros, to_micros
from dashboard.judging.rules import rules_of
from dashboard.nearest import nearest
from dashboard.settings import Settings

SOURCE = "sampling"
"""Source of the batches in which our own samples are stored."""
LOOK_BACK = timedelta(days=31)
"""How far back looks without an outcome are still taken: recorders keep about a month."""


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera as imported. `url` and `playback_url` may hold passwords: they are never shown."""

    code: str
    hall: str
    name: str | None
    url: str | None
    playback_url: str | None
    windows: tuple[Window, ...]
    reference: Path | None
    since: datetime
    """When we first heard of it (aware)."""
    fault: str | None = None
    """Why its windows cannot be used, if they cannot: its minute is taken all the same."""

    def __repr__(self) -> str:
        return f"Camera({self.code})"


@dataclass(frozen=True, slots=True)
class DueSlot:
    """A slot that a hall owes."""

    hall: str
    hall_name: str
    slot: SlotSpan
    cameras: tuple[Camera, ...]

    @property
    def number(self) -> int:
        return self.slot.number

    def sample_id(self, day: date) -> str:
        return f"{self.hall}-{day.isoformat()}-{self.slot.number}"


@dataclass(frozen=True, slots=True)
class Asked:
    """A minute of a hall that somebody asked for outside the draw (定向抽查): it belongs to no slot."""

    hall: str
    hall_name: str
    sample: str
    moment: datetime
    cameras: tuple[Camera, ...]
    waiting: tuple[Camera, ...]
    """Those that have no outcome yet."""
    number: None = None

    def sample_id(self, day: date) -> str:
        return self.sample


Due = DueSlot | Asked
"""What is taken: a slot that a hall owes, or a minute that was asked for."""


def due_slots(db: Database, settings: Settings, day: date) -> list[DueSlot]:
    """Slots of the day in which halls with a camera are open, by hall, then slot."""
    rules = rules_of(settings, db)
    calendar, slots = rules.calendar, rules.slots.on(day)
    with db.reading() as connection:
        halls = _halls(connection, day)
        opening = _hall_days(connection, day)
        cameras = _cameras(connection, settings)
    found = []
    for code, name in sorted(halls.items()):
        for slot in slots:
            span = SlotSpan(slot.number, slot.starts, slot.ends)
            due = slot_is_due(day, slot, opening.get(code), calendar)
            if due and cameras[code]:
                found.append(DueSlot(code, name, span, tuple(cameras[code])))
    return found


def asked_for(db: Database, settings: Settings, now: datetime) -> list[Asked]:
    """Minutes asked for outside the draw whose moment has come, if a camera of the hall has no outcome yet."""
    row, look = EXTRA_SAMPLES.c, RECORD_TABLES["samples"].c
    final = sa.select(look.sample_id, look.camera_code).where(look.outcome != "planned")
    recent = sa.and_(row.moment <= to_micros(now), row.moment > to_micros(now - LOOK_BACK))
    with db.reading() as connection:
        asked = connection.execute(sa.select(EXTRA_SAMPLES).where(recent).order_by(row.id)).all()
        if not asked:
            return []
        taken = connection.execute(final.where(look.sample_id.in_([one.sample_id for one in asked])))
        done = {tuple(one) for one in taken}
        cameras, names = _cameras(connection, settings), _halls(connection, now.astimezone(LOCAL).date())
    found = []
    for one in asked:
        own = tuple(cameras[one.hall_code])
        waiting = tuple(camera for camera in own if (one.sample_id, camera.code) not in done)
        name = names.get(one.hall_code, one.hall_code)
        found.append(Asked(one.hall_code, name, one.sample_id, from_micros(one.moment), own, waiting))
    return [one for one in found if one.waiting]


def camera_of(db: Database, settings: Settings, code: str) -> Camera:
    """The camera of that code; UsageError names the nearest."""
    with db.reading() as connection:
        known = {camera.code: camera for several in _cameras(connection, settings).values() for camera in several}
    if code in known:
        return known[code]
    guess = nearest(code, known)
    hint = f"Did you mean '{guess}'?" if guess else "Import cameras first: mingcha import cameras FILE"
    raise UsageError(f"There is no camera '{code}'.", hint)


def cameras_of(db: Database, settings: Settings, hall: str) -> list[Camera]:
    """The cameras of a hall, by code."""
    with db.reading() as connection:
        return list(_cameras(connection, settings)[hall])


def _halls(connection: Connection, day: date) -> dict[str, str]:
    """Code → name of the halls valid on the day."""
    office = RECORD_TABLES["offices"].c
    query = sa.select(office.code, office.name).where(
        office.level == "hall",
        sa.func.coalesce(office.valid_from, "") <= day.isoformat(),
        sa.func.coalesce(office.valid_to, "9999-12-31") >= day.isoformat(),
    )
    return {row.code: row.name for row in connection.execute(query.order_by(office.valid_from))}


def _hall_days(connection: Connection, day: date) -> dict[str, Mapping[str, object]]:
    row = RECORD_TABLES["hall_days"].c
    query = sa.select(row.hall_code, row.open, row.opens, row.closes, row.filed_at).where(row.date == day.isoformat())
    return {found["hall_code"]: dict(found) for found in connection.execute(query).mappings()}


def _cameras(connection: Connection, settings: Settings) -> defaultdict[str, list[Camera]]:
    table, old = RECORD_TABLES["cameras"], HISTORY_TABLES["cameras"].c
    earliest = sa.select(old.code, sa.func.min(old.version_at).label("since")).group_by(old.code)
    since = {row.code: row.since for row in connection.execute(earliest)}
    found: defaultdict[str, list[Camera]] = defaultdict(list)
    for row in connection.execute(sa.select(table).order_by(table.c.code)).mappings():
        first = min(row["version_at"], since.get(row["code"], row["version_at"]))
        found[row["hall_code"]].append(_camera(row, settings, from_micros(first)))
    return found


def _camera(row: Any, settings: Settings, since: datetime) -> Camera:
    reference = (
        settings.path(row["reference_image"].replace("{camera}", row["code"])) if row["reference_image"] else None
    )
    windows: tuple[Window, ...] = ()
    fault = None
    try:
        windows = windows_of(row["code"], row["windows"], row["waiting_area"])
    except WindowError as error:
        fault = str(error)
    return Camera(
        code=row["code"],
        hall=row["hall_code"],
        name=row["name"],
        url=row["url"],
        playback_url=row["playback_url"],
        windows=windows,
        reference=reference,
        since=since,
        fault=fault,
    )


def windows_of(camera: str, windows: str | None, waiting: str | None) -> tuple[Window, ...]:
    """Windows and waiting area as imported. WindowError names the camera."""
    where = f"Camera {camera}, windows"
    found = parse_windows(windows, where) if windows else ()
    if not waiting or any(window.name == WAITING for window in found):
        return found
    try:
        area = json.loads(waiting)
    except json.JSONDecodeError as error:
        raise WindowError(f"Camera {camera}, waiting_area is not JSON: {error.msg}.") from error
    polygon = area.get("polygon") if isinstance(area, dict) else area
    return (*found, *parse_windows(json.dumps([{"name": WAITING, "polygon": polygon}]), f"Camera {camera}, waiting"))

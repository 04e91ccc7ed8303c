"""Cameras of the halls (摄像机): how each answered last, what is drawn on its picture, where a picture can be had."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from checks.judge.samples import SlotDays
from collectors.video.windows import Window, WindowError
from dashboard.database import Database
from dashboard.database.models import BATCHES, EVIDENCE, HISTORY_TABLES, LOOKS, RECORD_TABLES
from dashboard.errors import UsageError
from dashboard.instants import from_micros, to_micros
from dashboard.intake.by_hand import STATE
from dashboard.people import Viewer
from dashboard.queries.offices import require_visible, visible_tree
from dashboard.queries.told import told
from dashboard.sampling.days import windows_of
from dashboard.settings import Settings

CAMERA, SAMPLE, OLD = RECORD_TABLES["cameras"].c, RECORD_TABLES["samples"].c, HISTORY_TABLES["cameras"].c
DECIDED = ("captured", "missed", "not_checkable")
EDGE_SECONDS = 1.0
"""A moment this near to the beginning of a clip may be half decoded."""


@dataclass(frozen=True, slots=True)
class CameraState:
    """One camera as the list shows it. `outcome` None: never looked at. Addresses and passwords are not here."""

    code: str
    name: str | None
    hall: str
    windows: int
    places: int
    has_reference: bool
    drawing_fault: str | None
    outcome: str | None
    cause: str | None
    looked_at: datetime | None
    problems: tuple[str, ...]
    offset_seconds: float | None


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment of a stored clip: evidence, seconds from its beginning, how many people were counted then."""

    evidence: int
    taken_at: datetime | None
    second: float
    people: int | None


@dataclass(frozen=True, slots=True)
class CameraDetail:
    """One camera with its drawing. `version` is the batch that its present version came with."""

    code: str
    name: str | None
    hall: str
    version: int
    windows: tuple[Window, ...]
    fault: str | None
    reference: Path | None


@dataclass(frozen=True, slots=True)
class Drawing:
    """One change that a person made: `kind` is `drawing` or `reference`."""

    at: datetime
    by: str
    kind: str
    names: tuple[str, ...]


def cameras(
    db: Database, viewer: Viewer, *, halls: Iterable[str], slots: SlotDays, as_of: datetime
) -> list[CameraState]:
    """The cameras of these halls that the viewer may see, by hall and code.

    `looked_at` of a slot that has not ended is the beginning of the slot.
    """
    wanted = sorted(set(halls) & set(visible_tree(db, viewer).offices))
    columns = (CAMERA[name] for name in ("code", "name", "hall_code", "windows", "waiting_area", "reference_image"))
    query = sa.select(*columns).where(CAMERA.hall_code.in_(wanted)).order_by(CAMERA.hall_code, CAMERA.code)
    with db.reading() as connection:
        rows = connection.execute(query).all()
        last = _last_samples(connection, as_of)
        seen = _last_looks(connection, as_of)
    found = [_state(row, last.get(row.code), seen.get(row.code, {})) for row in rows]
    return [replace(one, looked_at=told(one.looked_at, slots, as_of)) if one.looked_at else one for one in found]


def camera(db: Database, viewer: Viewer, settings: Settings, code: str) -> CameraDetail:
    """One camera. UsageError if there is none, NotAllowedError if its hall is out of sight."""
    with db.reading() as connection:
        row = connection.execute(sa.select(RECORD_TABLES["cameras"]).where(CAMERA.code == code)).first()
    if row is None:
        raise UsageError(f"There is no camera '{code}'.")
    require_visible(visible_tree(db, viewer), row.hall_code)
    windows, fault = _windows(code, row.windows, row.waiting_area)
    place = row.reference_image
    reference = settings.path(place.replace("{camera}", code)) if place else None
    return CameraDetail(code, row.name, row.hall_code, row.batch_id, windows, fault, reference)


def drawings(db: Database, viewer: Viewer, settings: Settings, code: str) -> list[Drawing]:
    """What people changed about the camera, newest first."""
    camera(db, viewer, settings, code)
    mine = sa.union(
        sa.select(CAMERA.batch_id).where(CAMERA.code == code), sa.select(OLD.batch_id).where(OLD.code == code)
    )
    query = sa.select(BATCHES.c.started_at, BATCHES.c.by, BATCHES.c.details).where(
        BATCHES.c.state == STATE, BATCHES.c.record == "cameras", BATCHES.c.id.in_(mine)
    )
    with db.reading() as connection:
        rows = connection.execute(query.order_by(BATCHES.c.id.desc())).all()
    told = [(row, json.loads(row.details)) for row in rows]
    return [
        Drawing(from_micros(row.started_at), row.by, one["kind"], tuple(one.get("windows", ()))) for row, one in told
    ]


def quiet_moments(
    db: Database, viewer: Viewer, settings: Settings, code: str, *, slots: SlotDays, as_of: datetime, limit: int = 12
) -> list[Moment]:
    """The quietest moment of each of the camera's newest clips, newest clip first: fewest people, longest so.

    None of a slot that has not ended: the picture's own clock would tell its moment.
    """
    camera(db, viewer, settings, code)
    clip, look = EVIDENCE.c, LOOKS.c
    both = EVIDENCE.join(LOOKS, sa.and_(look.sample_id == clip.sample_id, look.camera_code == clip.camera_code))
    query = sa.select(clip.id, clip.taken_at, look.result).select_from(both)
    query = query.where(clip.camera_code == code, clip.kind == "clip").order_by(clip.id.desc()).limit(limit)
    with db.reading() as connection:
        rows = connection.execute(query).all()
    found = [_quietest(row.id, row.taken_at, json.loads(row.result)) for row in rows]
    return [one for one in found if one.taken_at is None or told(one.taken_at, slots, as_of) == one.taken_at]


def latest_quiet(moments: Iterable[Moment]) -> Moment | None:
    """The newest moment with nobody in the picture, else the one with the fewest people."""
    known = list(moments)
    empty = (one for one in known if one.people == 0)
    return next(empty, min(known, key=lambda one: 99 if one.people is None else one.people, default=None))


def _quietest(evidence: int, taken_at: int | None, look: Mapping[str, Any]) -> Moment:
    """Fewest people first, then the middle of the longest stretch with as few."""
    at = None if taken_at is None else from_micros(taken_at)
    series = [(second, count) for second, count in look.get("people", {}).get("series", ()) if count is not None]
    if not series:
        return Moment(evidence, at, EDGE_SECONDS, None)
    fewest = min(count for _, count in series)
    runs: list[list[float]] = [[]]
    for second, count in series:
        if count == fewest:
            runs[-1].append(second)
        elif runs[-1]:
            runs.append([])
    longest = max(runs, key=len)
    return Moment(evidence, at, float(longest[len(longest) // 2]) + 0.5, int(fewest))


def _state(row: Any, last: Any, look: Mapping[str, Any]) -> CameraState:
    windows, fault = _windows(row.code, row.windows, row.waiting_area)
    staffed = sum(window.is_staffed for window in windows)
    clock = look.get("clock") or {}
    return CameraState(
        row.code, row.name, row.hall_code, staffed, len(windows) - staffed, row.reference_image is not None, fault,
        last.outcome if last else None, last.cause if last else None, from_micros(last.at) if last else None,
        tuple(look.get("camera", {}).get("problems", ())), clock.get("offset_seconds"),
    )  # fmt: skip


def _windows(code: str, windows: str | None, waiting: str | None) -> tuple[tuple[Window, ...], str | None]:
    try:
        return windows_of(code, windows, waiting), None
    except WindowError as error:
        return (), error.message


def _last_samples(connection: Connection, as_of: datetime) -> dict[str, Any]:
    """Camera → how its newest look ended: outcome, cause, at (microseconds)."""
    done = SAMPLE.outcome.in_(DECIDED) & (SAMPLE.planned_at <= to_micros(as_of))
    newest = sa.select(SAMPLE.camera_code, sa.func.max(SAMPLE.planned_at).label("at")).where(done)
    last = newest.group_by(SAMPLE.camera_code).subquery()
    query = sa.select(SAMPLE.camera_code, SAMPLE.outcome, SAMPLE.cause, last.c.at).join(
        last, sa.and_(last.c.camera_code == SAMPLE.camera_code, last.c.at == SAMPLE.planned_at)
    )
    return {row.camera_code: row for row in connection.execute(query.where(done))}


def _last_looks(connection: Connection, as_of: datetime) -> dict[str, Mapping[str, Any]]:
    """Camera → the document of its newest look."""
    newest = sa.select(sa.func.max(LOOKS.c.id)).where(LOOKS.c.looked_at <= to_micros(as_of))
    query = sa.select(LOOKS.c.camera_code, LOOKS.c.result).where(LOOKS.c.id.in_(newest.group_by(LOOKS.c.camera_code)))
    return {row.camera_code: json.loads(row.result) for row in connection.execute(query)}

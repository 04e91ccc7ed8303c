"""What the recorders of a day's halls do not hold (录像缺段): between the first and the last slot that was due.

The widest gap of a camera becomes a candidate (item F04) of the sample nearest to it; a person decides.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from collectors.video.gaps import gaps, held_by
from collectors.video.plan import LOCAL
from collectors.video.recordings import Template
from dashboard.database import Database
from dashboard.database.models import FINDINGS, RECORD_TABLES
from dashboard.instants import to_micros
from dashboard.sampling.days import Camera, due_slots
from dashboard.settings import Settings

ITEM = "F04"
SAW = "index of the recordings"
"""What stands in `findings.detector`: no picture was looked at."""
TITLES = {ITEM: "The recorder holds no picture"}
LEAST_HELD = 0.5
"""A recorder that holds less of the day keeps parts only (on motion, on call): what it lacks tells nothing."""


def gaps_of_day(
    db: Database, settings: Settings, day: date, halls: Collection[str], *, now: datetime
) -> tuple[list[dict[str, Any]], int]:
    """(rows with camera, hall, from, to, seconds, continuous; how many cameras were asked).

    Only recordings in folders are asked. `continuous`: the recorder held at least half of the day's span.
    """
    spans: defaultdict[str, list[datetime]] = defaultdict(list)
    cameras: dict[str, Camera] = {}
    for due in due_slots(db, settings, day):
        if due.hall in halls:
            for camera in due.cameras:
                if camera.playback_url and "://" not in camera.playback_url:
                    cameras[camera.code] = camera
                    spans[camera.code] += [datetime.combine(day, edge, LOCAL)
                                           for edge in (due.slot.starts, due.slot.ends)]  # fmt: skip
    rows = []
    for code, camera in sorted(cameras.items()):
        template = Template(camera.playback_url or "", code, settings.home)
        start, end = min(spans[code]), min(max(spans[code]), now)
        lacking = gaps(held_by(template, start, end), start, end)
        missing = sum((ends - begins).total_seconds() for begins, ends in lacking)
        continuous = missing <= (1 - LEAST_HELD) * (end - start).total_seconds()
        for begins, ends in lacking:
            rows.append({"camera": code, "hall": camera.hall, "from": begins, "to": ends,
                         "seconds": int((ends - begins).total_seconds()), "continuous": continuous})  # fmt: skip
    return rows, len(cameras)


def note_gaps(db: Database, settings: Settings, day: date, *, now: datetime) -> int:
    """Enter the widest gap of each camera as a candidate, once; how many are new. Call it once the day is over.

    A camera that held less than half of the day is left out, and so is one whose hall has no captured look to judge.
    """
    halls = {due.hall for due in due_slots(db, settings, day)}
    rows, _ = gaps_of_day(db, settings, day, halls, now=now)
    widest: dict[str, dict[str, Any]] = {}
    for row in rows:
        known = widest.get(row["camera"])
        if row["continuous"] and (known is None or row["seconds"] > known["seconds"]):
            widest[row["camera"]] = row
    with db.session() as connection:
        return sum(_enter(connection, day, row, now) for _, row in sorted(widest.items()))


def _enter(connection: Connection, day: date, row: dict[str, Any], now: datetime) -> bool:
    """One candidate at the camera's captured look nearest to the gap; False if there is none, or it is known."""
    sample, finding = RECORD_TABLES["samples"].c, FINDINGS.c
    begins = to_micros(row["from"])
    looks = sa.select(sample.sample_id, sample.planned_at).where(
        sample.hall_code == row["hall"], sample.camera_code == row["camera"], sample.date == str(day),
        sample.outcome == "captured", sample.slot.is_not(None),
    )  # fmt: skip
    found = connection.execute(looks.order_by(sa.func.abs(sample.planned_at - begins), sample.sample_id)).all()
    told = sa.select(finding.id).where(
        finding.camera_code == row["camera"], finding.item_code == ITEM, finding.detector == SAW,
        finding.sample_id.in_([one.sample_id for one in found]),
    )  # fmt: skip
    if not found or connection.execute(told).first():
        return False
    said = {"windows": [], "problem": None, "title": TITLES[ITEM], "seconds": row["seconds"]}
    connection.execute(
        sa.insert(FINDINGS).values(
            sample_id=found[0].sample_id, hall_code=row["hall"], camera_code=row["camera"], item_code=ITEM,
            observed_at=begins, duration_proven=True, source="detector", detector=SAW,
            why=json.dumps(said), created_at=to_micros(now),
        )
    )  # fmt: skip
    return True

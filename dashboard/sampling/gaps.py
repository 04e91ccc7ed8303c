"""What the recorders of a day's halls do not hold (录像缺段): between the first and the last slot that was due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from collectors.video.gaps import gaps, held_by
from collectors.video.plan import LOCAL
from collectors.video.recordings import Template
from dashboard.database import Database
from dashboard.sampling.days import Camera, due_slots
from dashboard.settings import Settings


def gaps_of_day(
    db: Database, settings: Settings, day: date, halls: Collection[str], *, now: datetime
) -> tuple[list[dict[str, Any]], int]:
    """(rows with camera, hall, from, to, seconds; how many cameras were asked). Only recordings in folders are."""
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
        for begins, ends in gaps(held_by(template, start, end), start, end):
            rows.append({"camera": code, "hall": camera.hall, "from": begins, "to": ends,
                         "seconds": int((ends - begins).total_seconds())})  # fmt: skip
    return rows, len(cameras)

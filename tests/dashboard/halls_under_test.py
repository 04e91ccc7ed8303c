"""A small company with halls, cameras and recordings, for the tests of sampling."""

from __future__ import annotations

import importlib.util
import json
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from collectors.video.persons import NoDetector
from collectors.video.plan import LOCAL, SlotSpan, moment_of, seed_of
from collectors.video.recordings import Template
from dashboard.database.models import EVIDENCE, FINDINGS, LOOKS, RECORD_TABLES
from dashboard.instants import to_micros
from dashboard.people import Viewer, system_viewer
from dashboard.sampling.taking import take_due
from dashboard.settings import PlanSettings, Settings, VideoSettings

DAY = date(2026, 9, 1)
SLOTS = {"1": "10:00-10:20", "2": "14:00-14:20"}
SECRET = "0123456789abcdef0123456789abcdef"
PLAYBACK = "rec/{camera}/%Y%m%d/%H%M.mp4"
HALL, CAMERA = "H001", "H001-1"
LINEAGE = {"version_at": 0, "content_hash": 0, "batch_id": 0, "row_no": 0}
INSPECTOR = Viewer("张检", "inspector", frozenset({"*"}))


def scenes():
    path = Path(__file__).parents[1] / "scenes.py"
    if "mingcha_test_scenes" not in sys.modules:
        spec = importlib.util.spec_from_file_location("mingcha_test_scenes", path)
        sys.modules["mingcha_test_scenes"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules["mingcha_test_scenes"])
    return sys.modules["mingcha_test_scenes"]


class Halls:
    """The database, its settings, and what stands in the recorder."""

    def __init__(self, db, home: Path) -> None:
        self.db, self.home = db, home
        self.settings = Settings(
            home=home,
            plan=PlanSettings(secret_file="plan.secret"),
            video=VideoSettings(person_model="none", evidence_dir="evidence", slots=SLOTS),
        )
        (home / "plan.secret").write_text(SECRET + "\n")
        self.scenes = scenes()

    # --- what is there

    def insert(self, record, **values):
        with self.db.session() as connection:
            connection.execute(sa.insert(RECORD_TABLES[record]).values({**LINEAGE, **values}))

    def hall(self, code=HALL, name="城关营业厅"):
        self.insert("offices", code=code, name=name, level="hall", valid_from="2020-01-01")

    def camera(self, code=CAMERA, *, hall=HALL, playback=PLAYBACK, windows=("1",), **values):
        polygons = [{"name": name, "polygon": [list(point) for point in self.scenes.WINDOW]} for name in windows]
        self.insert("cameras", **{"code": code, "hall_code": hall, "name": f"{code} 全景", "playback_url": playback,
                                  "windows": json.dumps(polygons) if windows else None, **values})  # fmt: skip

    def moment(self, slot=1, *, hall=HALL, day=DAY):
        return moment_of(seed_of(SECRET.encode(), day), hall, day, self.span(slot))

    def span(self, slot):
        found = next(one for one in self.settings.video.slot_table if one.number == slot)
        return SlotSpan(found.number, found.starts, found.ends)

    def film(self, picture_at, *, slot=1, camera=CAMERA, hall=HALL, day=DAY, rate=2):
        """Two files of a minute each that hold the drawn moment; `picture_at(second)` counts from the moment."""
        moment = self.moment(slot, hall=hall, day=day)
        first = moment.replace(second=0)
        for begins in (first, first + timedelta(minutes=1)):
            shift = (begins - moment).total_seconds()
            path = Template(PLAYBACK, camera, self.home).at(begins)
            self.scenes.write(path, 60, lambda second, shift=shift: picture_at(second + shift), rate=rate, key_every=4)

    def sampled(self, slot=1, *, hall=HALL, day=DAY, items=("R02",), outcome="captured", seconds=60):
        """A sample as the worker would have stored it, with a clip and a candidate for each item; its number."""
        camera, at = f"{hall}-1", to_micros(self.moment(slot, hall=hall, day=day))
        sample = f"{hall}-{day}-{slot}"
        self.insert("samples", sample_id=sample, hall_code=hall, camera_code=camera, date=str(day), slot=slot,
                    planned_at=at, captured_at=at, outcome=outcome, version_at=at)  # fmt: skip
        result = {"seconds": seconds, "people": {"series": []}, "windows": [], "camera": {"problems": []}}
        found = {"sample_id": sample, "camera_code": camera}
        with self.db.session() as connection:
            look = {**found, "looked_at": at, "detector": "test", "result": json.dumps(result)}
            connection.execute(sa.insert(LOOKS).values(look))
            clip = {**found, "kind": "clip", "path": "clip.mp4", "sha256": "0" * 64, "bytes": 1, "created_at": at}
            connection.execute(sa.insert(EVIDENCE).values(clip))
            for item in items:
                one = {**found, "hall_code": hall, "item_code": item, "observed_at": at, "starts": 0.0, "ends": 60.0,
                       "confidence": 0.9, "duration_proven": False, "source": "detector", "created_at": at}  # fmt: skip
                connection.execute(sa.insert(FINDINGS).values(one))
        return sample

    # --- what happens

    def take(self, now, **options):
        return take_due(self.db, self.settings, now.astimezone(UTC), system_viewer(), detector=NoDetector(), **options)

    def later(self, slot=1, **delta):
        return self.moment(slot) + timedelta(**(delta or {"seconds": 70}))

    # --- what is stored

    def looks(self):
        sample = RECORD_TABLES["samples"].c
        query = sa.select(sample.camera_code, sample.slot, sample.outcome, sample.cause).order_by(
            sample.date, sample.slot, sample.camera_code
        )
        return [tuple(row) for row in self.rows(query)]

    def rows(self, query):
        with self.db.reading() as connection:
            return connection.execute(query).all()

    def findings(self):
        return self.rows(sa.select(FINDINGS).order_by(FINDINGS.c.id))

    def evidence(self):
        return self.rows(sa.select(EVIDENCE).order_by(EVIDENCE.c.id))

    def documents(self):
        return [json.loads(row.result) for row in self.rows(sa.select(LOOKS).order_by(LOOKS.c.id))]

    def files(self):
        folder = self.home / "evidence"
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def local(text):
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL)

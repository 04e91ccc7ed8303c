"""A small company whose facts are known by hand: canonical csv files, brought in through the real import.

Third quarter of 2026. Four stations, two halls. What a person can write down about it:

* 西坝供电所 is the worst: R1 30 of 49 = 61.2 %; 南庄供电所 the best: R1 50 of 50 = 100.0 %;
  东河供电所 38 of 40 = 95.0 %.
* 北岭供电所 has 6 records and is not ranked.
* Repair XB-001 of 西坝 (rural, 90 minutes) was accepted 1 July 09:00:00 and reached 10:35:30: 5 min 30 s over.
* Repair DH-040 of 东河 was accepted 30 September 09:00 and nobody has arrived: its 90 minutes end at 10:30.
* Complaint C-XB-01 was answered on the sixth working day (limit five): late.
* One row of repairs names an office nobody knows: it is in quarantine.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import sqlalchemy as sa

from collectors.mapping import SpreadsheetConfig, parse_config
from collectors.video.encode import write_video
from dashboard.database import Database
from dashboard.database.migrate import migrate
from dashboard.database.models import EVIDENCE, FINDINGS, LOOKS, RECORD_TABLES
from dashboard.instants import to_micros
from dashboard.intake import import_file
from dashboard.judging.present import bring_up_to_date
from dashboard.judging.rules import rules_of
from dashboard.people import system_viewer
from dashboard.settings import load

PERIOD = "2026-Q3"
PERSON = "沈岚"
KEEPER = "秦怀瑾"
"""Keeps sources: may map an export."""
CONFIGURATION = """
[company]
name = "示范市供电公司"

[people]
"沈岚" = { role = "inspector", offices = ["*"] }
"许立" = { role = "office_head", offices = ["990102"] }
"秦怀瑾" = { role = "evaluator", offices = ["*"] }
"""
OFFICES = (
    ("99", "示范市供电公司", "", "company", "", "", ""),
    ("9901", "甲县供电公司", "99", "county", "", "", ""),
    ("9902", "乙县供电公司", "99", "county", "", "", ""),
    ("990101", "东河供电所", "9901", "station", "rural", "农网", "12000"),
    ("990102", "西坝供电所", "9901", "station", "rural", "农网", "9000"),
    ("990201", "南庄供电所", "9902", "station", "rural", "城网", "15000"),
    ("990202", "北岭供电所", "9902", "station", "rural", "农网", "800"),
    ("H0101", "东河营业厅", "990101", "hall", "", "", ""),
    ("H0201", "南庄营业厅", "990201", "hall", "", "", ""),
)
REPAIRS = (("990101", "DH", 40, 1), ("990102", "XB", 49, 19), ("990201", "NZ", 50, 0), ("990202", "BL", 6, 0))
"""(station, prefix, repairs, how many of the first arrive 95 min 30 s after acceptance, the others after 40 min)."""
CAMERAS = (("K1", "H0101", "1号窗口"), ("K2", "H0201", "1号窗口"))


def write_files(folder: Path) -> list[tuple[str, Path]]:
    """(record, path) of the csv files in the order of their import."""
    office = ("code", "name", "parent_code", "level", "area", "peer_group", "customers")
    camera = ("code", "hall_code", "name")
    made = [
        ("offices", office, OFFICES),
        ("cameras", camera, CAMERAS),
        ("tickets", TICKET, list(tickets())),
        ("repairs", REPAIR, list(repairs())),
        ("samples", SAMPLE, list(samples())),
        ("inspections", INSPECTION, [("J-1", "mutual", "H0201", "2026-08-12 10:00:00", "R05", "violation", "1")]),
    ]
    return [(record, _write(folder / f"{record}.csv", header, rows)) for record, header, rows in made]


REPAIR = ("repair_no", "office_code", "team", "customer_no", "accepted_at", "dispatched_at", "arrived_at",
          "restored_at", "replied_at", "reported_arrival_late")  # fmt: skip


def repairs() -> Iterator[Sequence[str]]:
    """One repair a day and station, accepted at 09:00; restored two hours after arrival."""
    for office, prefix, count, late in REPAIRS:
        for number in range(1, count + 1):
            accepted = datetime(2026, 7, 1, 9) + timedelta(days=number - 1)
            took = timedelta(minutes=95, seconds=30) if number <= late else timedelta(minutes=40)
            if (prefix, number) == ("DH", 40):
                yield (f"{prefix}-{number:03d}", office, "一班", "8040", "2026-09-30 09:00:00", "2026-09-30 09:02:00",
                       "", "", "", "")  # fmt: skip
                continue
            arrived = accepted + took
            stamps = (accepted, accepted + timedelta(minutes=2), arrived, arrived + timedelta(hours=2),
                      arrived + timedelta(hours=2, minutes=10))  # fmt: skip
            reported = "yes" if number <= late and number % 2 else "no" if number <= late else ""
            customer = f"{office}{number:03d}"
            yield (
                f"{prefix}-{number:03d}",
                office,
                "一班",
                customer,
                *(f"{stamp:%F %T}" for stamp in stamps),
                reported,
            )
    yield ("XX-001", "无此供电所", "", "", "2026-07-01 09:00:00", "", "", "", "", "")


TICKET = (
    "ticket_no",
    "type",
    "office_code",
    "accepted_at",
    "contacted_at",
    "replied_at",
    "satisfaction",
    "substantiated",
)


def tickets() -> Iterator[Sequence[str]]:
    """Two complaints and ten enquiries a station; the first complaint of 西坝 is answered a working day too late."""
    for office, prefix, _, _ in REPAIRS[:3]:
        for number in range(1, 3):
            late = prefix == "XB" and number == 1
            replied = "2026-07-14 10:00:00" if late else "2026-07-10 10:00:00"
            told = ("2026-07-06 10:00:00", "2026-07-06 15:00:00", replied)
            felt = ("dissatisfied", "yes") if late else ("satisfied", "no")
            yield (f"C-{prefix}-{number:02d}", "complaint", office, *told, *felt)
        for number in range(1, 11):
            day = datetime(2026, 8, 3, 9) + timedelta(days=number - 1)
            answered = day + timedelta(hours=5)
            yield (
                f"E-{prefix}-{number:02d}",
                "enquiry",
                office,
                f"{day:%F %T}",
                "",
                f"{answered:%F %T}",
                "satisfied",
                "",
            )


SAMPLE = ("sample_id", "hall_code", "camera_code", "date", "slot", "planned_at", "captured_at", "outcome", "cause")
SLOTS = ("08:40:00", "10:20:00", "12:30:00", "14:50:00", "17:00:00")


def samples() -> Iterator[Sequence[str]]:
    """Five slots of both halls on 29 and 30 September: one missed by the recorder, one behind a covered lens."""
    for day in ("2026-09-29", "2026-09-30"):
        for camera, hall, _ in CAMERAS:
            for slot, at in enumerate(SLOTS, start=1):
                outcome, cause = "captured", ""
                if (day, hall, slot) == ("2026-09-29", "H0101", 3):
                    outcome, cause = "missed", "recording_missing"
                if (day, hall, slot) == ("2026-09-29", "H0201", 4):
                    outcome, cause = "not_checkable", "occluded"
                planned = f"{day} {at}"
                yield (f"{hall}-{day}-{slot}", hall, camera, day, str(slot), planned, planned, outcome, cause)


INSPECTION = ("inspection_no", "kind", "hall_code", "at", "item_code", "result", "count")


def _write(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def make_company(home: Path, *, filled: bool = True) -> Path:
    """A folder with mingcha.toml and a migrated database, filled through the import and judged. Returns the folder."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "mingcha.toml").write_text(CONFIGURATION, encoding="utf-8")
    settings = load({}, home)
    db = Database(f"sqlite:///{home / 'mingcha.db'}")
    migrate(db)
    if filled:
        now = datetime.now(UTC)
        for record, path in write_files(home):
            config = parse_config(SpreadsheetConfig, {"name": record, "record": record}, "the test company")
            import_file(db, by=system_viewer(), path=path, config=config, now=now, name=path.name)
        bring_up_to_date(db, rules_of(settings), now)
        add_looks(home)
    db.engine.dispose()
    return home


WINDOW = "1号窗口"
SAMPLE_FLAGGED = "H0101-2026-09-30-1"
CLIP_SECONDS = 12


def add_looks(home: Path) -> None:
    """What the worker would have stored of 30 September, slots 1 and 2 of 东河营业厅: clip, frames, a candidate.

    In the first the clerk leaves at second 5 (R02 flagged to the end), in the second nothing is flagged.
    """
    folder = home / "var" / "evidence"
    folder.mkdir(parents=True, exist_ok=True)
    write_video(folder / "clip.mp4", _pictures())
    cv2.imwrite(str(folder / "frame.jpg"), _hall(6.0))
    db = Database(f"sqlite:///{home / 'mingcha.db'}")
    at = to_micros(datetime(2026, 9, 30, 2, tzinfo=UTC))
    with db.session() as connection:
        for number, present in ((1, [[0, 5]]), (2, [[0, CLIP_SECONDS]])):
            _store_look(connection, f"H0101-2026-09-30-{number}", "K1", present, at)
        why = json.dumps({"windows": [WINDOW], "seconds": 7})
        flagged = {
            "hall_code": "H0101",
            "camera_code": "K1",
            "item_code": "R02",
            "starts": 5.0,
            "ends": 12.0,
            "confidence": 0.9,
            "duration_proven": False,
            "source": "detector",
            "detector": "test",
            "why": why,
        }
        connection.execute(
            sa.insert(FINDINGS).values(sample_id=SAMPLE_FLAGGED, observed_at=at, created_at=at, **flagged)
        )
    db.engine.dispose()


def _store_look(connection: Any, sample: str, camera: str, present: list[list[float]], at: int) -> None:
    """The look, clip and frame of a sample in which somebody is at the window in these spans."""
    people = [[second, int(any(first <= second < last for first, last in present))] for second in range(CLIP_SECONDS)]
    seen = {"seconds": CLIP_SECONDS, "detector": "test", "camera": {"checkable": True, "problems": []},
            "people": {"series": people}, "windows": [{"name": WINDOW, "present": present}],
            "motion": [1.5 + (second % 3) for second in range(CLIP_SECONDS)]}  # fmt: skip
    connection.execute(sa.insert(LOOKS).values(sample_id=sample, camera_code=camera, looked_at=at, detector="test",
                                               result=json.dumps(seen)))  # fmt: skip
    piece = {"sample_id": sample, "camera_code": camera, "sha256": "0" * 64, "bytes": 1, "created_at": at}
    connection.execute(sa.insert(EVIDENCE).values(**piece, kind="clip", path="clip.mp4"))
    connection.execute(sa.insert(EVIDENCE).values(**piece, kind="frame", path="frame.jpg", second=6.0))


def _pictures() -> Iterator[tuple[float, Any]]:
    for frame in range(CLIP_SECONDS * 5):
        yield frame / 5, _hall(frame / 5)


def _hall(second: float) -> Any:
    """A counter, a clerk until second 5, and the second written into the picture."""
    picture = np.full((180, 320, 3), 214, np.uint8)
    cv2.rectangle(picture, (40, 110), (280, 170), (96, 120, 150), -1)
    if second < 5:
        cv2.circle(picture, (160, 70), 18, (120, 150, 200), -1)
        cv2.rectangle(picture, (135, 88), (185, 120), (120, 70, 40), -1)
    cv2.putText(picture, f"{second:04.1f}", (8, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (20, 20, 20), 1)
    return picture


def add_waiting(home: Path, most: int) -> list[str]:
    """More samples of both halls that wait for review, until so many do; the oldest first. Nothing is flagged."""
    db = Database(f"sqlite:///{home / 'mingcha.db'}")
    at = to_micros(datetime(2026, 9, 30, 2, tzinfo=UTC))
    sample = RECORD_TABLES["samples"].c
    with db.session() as connection:
        have = set(connection.execute(sa.select(LOOKS.c.sample_id)).scalars())
        query = sa.select(sample.sample_id, sample.camera_code).where(sample.outcome == "captured")
        for row in connection.execute(query.order_by(sample.date.desc(), sample.slot, sample.hall_code)).all():
            if row.sample_id not in have and len(have) < most:
                have.add(row.sample_id)
                _store_look(connection, row.sample_id, row.camera_code, [[0, CLIP_SECONDS]], at)
    db.engine.dispose()
    return sorted(have)

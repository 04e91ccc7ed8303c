"""Every planned look ends in exactly one outcome, whatever happens on the way."""

import hashlib
import os
import subprocess
import sys
import time
from datetime import UTC, date, timedelta

import numpy as np
import pytest
import sqlalchemy as sa

from checks.judge.samples import SlotDays
from collectors.video.decode import VideoError
from collectors.video.witnesses import MEASURED
from dashboard.database.models import BATCHES, EVIDENCE, LOOKS, PLAN_DAYS, RECORD_TABLES
from dashboard.instants import from_micros, to_micros
from dashboard.queries.samples import samples
from dashboard.sampling import capture, storing

HALL, CAMERA = "H001", "H001-1"


@pytest.fixture(autouse=True)
def _strong_witnesses(monkeypatch):
    """Made-up scenes and no detector: taken as strong enough, so that findings can be seen at all."""
    monkeypatch.setitem(MEASURED, ("none", False), 0.95)


def everyone(halls):
    return halls.scenes.room_with((-100, 200))


def nobody(halls):
    return halls.scenes.room_with()


def listed(halls, now):
    from dashboard.people import system_viewer

    return samples(halls.db, system_viewer(), slots=SlotDays(halls.settings.video.slot_table), as_of=now)


# --- the usual way ---------------------------------------------------------------------------------------------------


def test_nothing_is_known_before_the_moment_has_come(halls):
    halls.hall()
    halls.camera()
    assert halls.take(halls.moment() - timedelta(seconds=1)) == []
    assert halls.looks() == []


def test_at_the_moment_there_is_a_row_and_its_time_stays_hidden_until_the_slot_has_ended(halls):
    halls.hall()
    halls.camera()
    now = halls.moment()
    assert halls.take(now) == []
    assert halls.looks() == [(CAMERA, 1, "planned", None)]
    assert listed(halls, now)[0]["planned_at"] is None
    end = now.replace(hour=10, minute=20, second=0)
    assert listed(halls, end - timedelta(seconds=1))[0]["planned_at"] is None
    assert listed(halls, end)[0]["planned_at"] == halls.moment()


def test_a_minute_is_taken_from_the_recorder_with_clip_look_and_hash(halls):
    halls.hall()
    halls.camera()
    halls.film(everyone(halls))
    (taken,) = halls.take(halls.later())
    assert (taken.outcome, taken.cause) == ("captured", None)
    assert halls.looks() == [(CAMERA, 1, "captured", None)]
    (clip,) = halls.evidence()
    path = halls.home / "evidence" / clip.path
    assert (clip.kind, clip.hall_name) == ("clip", "城关营业厅")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == clip.sha256
    assert path.stat().st_size == clip.bytes
    (document,) = halls.documents()
    assert document["sha256"] == clip.sha256
    assert document["windows"][0]["present_ratio"] > 0.95
    assert halls.findings() == []


def test_an_empty_window_becomes_a_candidate_with_its_frames(halls):
    halls.hall()
    halls.camera()
    halls.film(nobody(halls))
    halls.take(halls.later())
    (finding,) = halls.findings()
    assert (finding.item_code, finding.source, finding.duration_proven) == ("R01", "detector", False)
    assert from_micros(finding.observed_at) == halls.moment()
    frames = [row for row in halls.evidence() if row.kind == "frame"]
    assert len(frames) == 3
    assert {row.finding_id for row in frames} == {finding.id}
    for row in frames:
        assert hashlib.sha256((halls.home / "evidence" / row.path).read_bytes()).hexdigest() == row.sha256


def test_every_slot_that_is_over_is_taken_and_the_others_wait(halls):
    halls.hall()
    halls.camera()
    halls.film(everyone(halls), slot=1)
    assert len(halls.take(halls.later(1))) == 1
    halls.film(everyone(halls), slot=2)
    assert [look.slot for look in halls.take(halls.later(2))] == [2]
    assert [row[2] for row in halls.looks()] == ["captured", "captured"]


def test_only_the_wanted_day_and_slot_are_taken(sqlite_halls):
    halls = sqlite_halls
    halls.hall()
    halls.camera()
    halls.film(everyone(halls), slot=1)
    halls.film(everyone(halls), slot=2)
    taken = halls.take(halls.later(2), only_day=halls.moment().date(), only_slot=2)
    assert [look.slot for look in taken] == [2]


# --- what goes wrong -------------------------------------------------------------------------------------------------


def test_a_hole_is_waited_for_and_then_the_office_s(halls):
    """The file of the minute may still be open; eleven minutes after its end it should have been closed."""
    halls.hall()
    halls.camera()
    halls.film(everyone(halls), slot=2)  # the recorder is there
    assert halls.take(halls.later(1)) == []
    assert halls.looks() == [(CAMERA, 1, "planned", None)]
    assert halls.take(halls.later(1, seconds=719)) == []
    halls.take(halls.later(1, seconds=720))
    assert halls.looks() == [(CAMERA, 1, "missed", "recording_missing")]


def test_a_recording_that_appears_late_is_still_taken(halls):
    halls.hall()
    halls.camera()
    halls.film(everyone(halls), slot=2)
    halls.take(halls.later(1))
    halls.film(everyone(halls), slot=1)
    halls.take(halls.later(1, minutes=5))
    assert halls.looks() == [(CAMERA, 1, "captured", None)]


def test_a_recorder_that_is_not_there_is_offline(halls):
    halls.hall()
    halls.camera()
    halls.take(halls.later())
    assert halls.looks() == [(CAMERA, 1, "not_checkable", "offline")]


def test_a_dark_camera_is_not_checkable_and_a_candidate_with_its_clip(halls):
    halls.hall()
    halls.camera()
    halls.film(lambda second: np.zeros((180, 320, 3), np.uint8))
    halls.take(halls.later())
    assert halls.looks() == [(CAMERA, 1, "not_checkable", "black")]
    assert [row.item_code for row in halls.findings()] == ["F03"]
    assert {row.kind for row in halls.evidence()} == {"clip", "frame"}


def test_a_live_camera_whose_moment_nobody_saw_is_missed_by_us(halls):
    halls.hall()
    halls.camera(playback=None, url="rtsp://cam:hunter2@127.0.0.1:1/live")
    halls.take(halls.later(seconds=121))
    assert halls.looks() == [(CAMERA, 1, "missed", "worker_down")]


def test_a_live_camera_that_does_not_answer_is_offline_and_its_password_is_stored_nowhere(sqlite_halls):
    halls = sqlite_halls
    halls.hall()
    halls.camera(playback=None, url="rtsp://cam:hunter2@127.0.0.1:1/live")
    (taken,) = halls.take(halls.moment())
    assert halls.looks() == [(CAMERA, 1, "not_checkable", "offline")]
    assert "hunter2" not in (taken.detail or "")
    with halls.db.session() as connection:
        connection.execute(sa.update(RECORD_TABLES["cameras"]).values(url=None))
        everything = "\n".join(connection.connection.driver_connection.iterdump())
    assert "hunter2" not in everything


def test_a_camera_without_any_address_is_offline(sqlite_halls):
    sqlite_halls.hall()
    sqlite_halls.camera(playback=None)
    sqlite_halls.take(sqlite_halls.moment())
    assert sqlite_halls.looks() == [(CAMERA, 1, "not_checkable", "offline")]


def test_a_full_disk_is_ours(sqlite_halls, monkeypatch):
    def full(*_args, **_options):
        raise VideoError("clip.mp4: No space left on device.", reason="disk_full")

    monkeypatch.setattr(capture, "stretch_of", full)
    sqlite_halls.hall()
    sqlite_halls.camera()
    sqlite_halls.take(sqlite_halls.later())
    assert sqlite_halls.looks() == [(CAMERA, 1, "missed", "disk_full")]
    assert sqlite_halls.files() == []


def test_windows_drawn_on_another_picture_leave_the_minute_to_the_eye(sqlite_halls):
    halls = sqlite_halls
    halls.hall()
    halls.camera(windows=())
    with halls.db.session() as connection:
        polygon = '[{"name": "1", "polygon": [[0, 0], [1900, 0], [1900, 1000]]}]'
        connection.execute(sa.update(RECORD_TABLES["cameras"]).values(windows=polygon))
    halls.film(nobody(halls))
    (taken,) = halls.take(halls.later())
    assert taken.outcome == "captured"
    assert "lies outside the picture" in taken.detail
    assert halls.findings() == []


def test_a_camera_imported_with_bad_windows_stops_no_other_hall(sqlite_halls):
    halls = sqlite_halls
    halls.hall()
    halls.camera(windows=())
    with halls.db.session() as connection:
        connection.execute(sa.update(RECORD_TABLES["cameras"]).values(windows="[{"))
    halls.film(everyone(halls))
    (taken,) = halls.take(halls.later())
    assert taken.outcome == "captured"
    assert "not JSON" in taken.detail


# --- once and only once ----------------------------------------------------------------------------------------------


def test_taking_again_changes_nothing(halls):
    halls.hall()
    halls.camera()
    halls.film(nobody(halls))
    halls.take(halls.later())
    before = (halls.looks(), halls.findings(), halls.evidence(), halls.files())
    assert halls.take(halls.later(minutes=30)) == []
    assert (halls.looks(), halls.findings(), halls.evidence(), halls.files()) == before


def test_of_two_who_conclude_the_same_look_one_wins_and_the_other_s_files_go(halls, monkeypatch):
    halls.hall()
    halls.camera()
    halls.film(nobody(halls))
    conclude, again = storing.conclude, []

    def twice(db, due, outcome, root, *, by, now):
        again.append(conclude(db, due, outcome, root, by=by, now=now))
        again.append(conclude(db, due, outcome, root, by=by, now=now))
        return again[0]

    monkeypatch.setattr(storing, "conclude", twice)
    assert len(halls.take(halls.later())) == 1
    assert again == [True, False]
    assert len(halls.findings()) == 1
    assert len(halls.files()) == len(halls.evidence()) == 4


KILLED = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from datetime import datetime
from collectors.video.persons import NoDetector
from dashboard.database import Database
from halls_under_test import Halls

class Slow(NoDetector):
    side = 64
    def look(self, picture):
        print("looking", flush=True)
        time.sleep(60)

import dashboard.sampling.taking as taking
from dashboard.people import system_viewer
halls = Halls(Database(sys.argv[2]), Path(sys.argv[3]))
taking.take_due(halls.db, halls.settings, datetime.fromisoformat(sys.argv[4]), system_viewer(), detector=Slow())
"""


def test_a_run_killed_in_the_middle_of_a_look_loses_nothing_and_takes_nothing_twice(sqlite_halls, request):
    halls = sqlite_halls
    halls.hall()
    halls.camera()
    halls.film(everyone(halls))
    here = str(request.path.parent)
    now = halls.later().astimezone(UTC).isoformat()
    command = [sys.executable, "-c", KILLED, here, str(halls.db.url), str(halls.home), now]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert run.stdout.readline().strip() == "looking"
    finally:
        run.kill()
        run.wait()
        run.stdout.close()
    assert halls.looks() == [(CAMERA, 1, "planned", None)]
    halls.take(halls.later())
    assert halls.looks() == [(CAMERA, 1, "captured", None)]
    assert [row.path for row in halls.evidence()] == [name for name in halls.files() if not name.startswith(".taking")]
    old = time.time() - 2 * 86_400
    for folder in (halls.home / "evidence" / ".taking").iterdir():
        os.utime(folder, (old, old))
    halls.take(halls.later(hours=1))
    assert [name for name in halls.files() if name.startswith(".taking")] == []


def test_a_folder_left_by_a_kill_between_files_and_row_is_replaced(sqlite_halls):
    halls = sqlite_halls
    halls.hall()
    halls.camera()
    halls.film(everyone(halls))
    left = halls.home / "evidence" / "2026" / "09" / "01" / "H001-2026-09-01-1" / CAMERA / "frame-of-a-dead-run.jpg"
    left.parent.mkdir(parents=True)
    left.write_text("orphan")
    halls.take(halls.later())
    assert halls.files() == [row.path for row in halls.evidence()]


def test_judging_sees_each_outcome_as_a_new_batch(sqlite_halls):
    halls = sqlite_halls
    halls.hall()
    halls.camera()
    halls.film(everyone(halls))
    halls.take(halls.later())
    batches = halls.rows(sa.select(BATCHES).order_by(BATCHES.c.id))
    assert [(row.source, row.record, row.new, row.updated, row.state) for row in batches] == [
        ("sampling", "samples", 1, 0, "done"),
        ("sampling", "samples", 0, 1, "done"),
    ]
    (row,) = halls.rows(sa.select(RECORD_TABLES["samples"]))
    assert row.batch_id == batches[-1].id


# --- which slots are due ---------------------------------------------------------------------------------------------


def test_a_closed_hall_owes_nothing_and_a_closure_filed_too_late_still_does(halls):
    halls.hall()
    halls.camera()
    start = halls.moment().replace(hour=10, minute=0, second=0)
    halls.insert("hall_days", hall_code=HALL, date="2026-09-01", open=False, filed_at=to_micros(start))
    halls.film(everyone(halls), slot=1)
    halls.film(everyone(halls), slot=2)
    assert halls.take(halls.later(2)) == []
    with halls.db.session() as connection:
        late = to_micros(start + timedelta(seconds=1))
        connection.execute(sa.update(RECORD_TABLES["hall_days"]).values(filed_at=late))
    assert [look.slot for look in halls.take(halls.later(2))] == [1]


def test_a_day_off_owes_nothing_unless_the_hall_opened(sqlite_halls):
    halls, sunday = sqlite_halls, date(2026, 9, 6)
    halls.hall()
    halls.camera()
    halls.film(everyone(halls), day=sunday)
    now = halls.moment(day=sunday) + timedelta(seconds=70)
    assert halls.take(now) == []
    halls.insert("hall_days", hall_code=HALL, date="2026-09-06", open=True, opens="09:00", closes="12:00")
    assert [look.slot for look in halls.take(now)] == [1]


def test_days_on_which_nobody_worked_are_made_up_for_and_said(halls):
    """Sealed on the first day; the worker was away on the second; on the third it takes what the recorder kept."""
    halls.hall()
    halls.camera()
    halls.camera("H001-2", playback=None, url="rtsp://127.0.0.1:1/live", windows=("2",))
    halls.film(everyone(halls), slot=1)
    halls.film(everyone(halls), slot=2)
    halls.take(halls.later(1, seconds=125))
    second = date(2026, 9, 2)
    halls.film(everyone(halls), slot=1, day=second)
    halls.take(halls.moment(1, day=date(2026, 9, 3)) - timedelta(hours=1))
    assert halls.looks() == [
        ("H001-1", 1, "captured", None), ("H001-2", 1, "missed", "worker_down"),
        ("H001-1", 2, "captured", None), ("H001-2", 2, "missed", "worker_down"),
        ("H001-1", 1, "captured", None), ("H001-2", 1, "missed", "worker_down"),
        ("H001-1", 2, "missed", "recording_missing"), ("H001-2", 2, "missed", "worker_down"),
    ]  # fmt: skip
    days = halls.rows(sa.select(PLAN_DAYS).order_by(PLAN_DAYS.c.date))
    assert [(row.date, row.seed is not None) for row in days] == [("2026-09-01", True), ("2026-09-02", True),
                                                                 ("2026-09-03", False)]  # fmt: skip


def test_a_camera_that_joins_owes_nothing_for_the_days_before(sqlite_halls):
    """Its hall's past plans were sealed without it; on the day it joins, and in a plan sealed later, it belongs."""
    halls, third = sqlite_halls, date(2026, 9, 3)
    halls.hall()
    halls.camera("H001-1")
    for slot in (1, 2):
        halls.film(everyone(halls), slot=slot)
        halls.film(everyone(halls), slot=slot, day=third)
    halls.take(halls.later(2))
    joined = halls.moment(1, day=third) - timedelta(hours=1)
    halls.camera("H001-2", playback=None, windows=("2",), version_at=to_micros(joined))
    halls.take(halls.moment(2, day=third) + timedelta(seconds=70))
    sample = RECORD_TABLES["samples"].c
    days = halls.rows(sa.select(sample.date).where(sample.camera_code == "H001-2").distinct())
    assert [row.date for row in days] == ["2026-09-02", "2026-09-03"]  # the second was sealed late, on the third


# --- several cameras -------------------------------------------------------------------------------------------------


def two_cameras(halls, one, other):
    halls.hall()
    halls.camera("H001-1", windows=("1",))
    halls.camera("H001-2", windows=("2",))
    halls.film(one, camera="H001-1")
    halls.film(other, camera="H001-2")
    halls.take(halls.later())
    return [(row.item_code, row.camera_code) for row in halls.findings()]


def test_both_windows_empty_is_one_candidate_of_the_hall_with_frames_of_both(halls):
    assert two_cameras(halls, nobody(halls), nobody(halls)) == [("R01", "H001-1")]
    frames = halls.rows(sa.select(EVIDENCE.c.camera_code, EVIDENCE.c.finding_id).where(EVIDENCE.c.kind == "frame"))
    assert {row.camera_code for row in frames} == {"H001-1", "H001-2"}
    assert len({row.finding_id for row in frames}) == 1


def test_somebody_at_the_other_window_leaves_one_empty_window(halls):
    assert two_cameras(halls, nobody(halls), everyone(halls)) == [("R02", "H001-1")]


def test_a_dark_camera_blocks_the_empty_hall(halls):
    dark = lambda second: np.zeros((180, 320, 3), np.uint8)  # noqa: E731
    assert sorted(two_cameras(halls, nobody(halls), dark)) == [("F03", "H001-2"), ("R02", "H001-1")]


def test_a_clip_that_stands_still_is_frozen_if_the_camera_was_seen_moving_before(halls):
    halls.hall()
    halls.camera()
    halls.film(everyone(halls), slot=1)
    halls.take(halls.later(1))
    halls.film(nobody(halls), slot=2)
    halls.take(halls.later(2))
    assert halls.looks()[1] == (CAMERA, 2, "not_checkable", "frozen")


def test_a_still_clip_of_a_camera_never_seen_moving_is_captured(halls):
    halls.hall()
    halls.camera()
    halls.film(nobody(halls), slot=1)
    halls.take(halls.later(1))
    assert halls.looks() == [(CAMERA, 1, "captured", None)]
    assert halls.rows(sa.select(LOOKS.c.result))[0].result.count('"still": true') == 1

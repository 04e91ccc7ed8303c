"""Equipment faults: opened by the first look that cannot judge, closed when the camera sees again, shown to whom it
concerns; live cameras through the whole of sampling."""

import functools
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from checks.judge.samples import SlotDays
from collectors.video.plan import LOCAL
from dashboard.database.models import CAMERA_FAULTS, RECORD_TABLES
from dashboard.people import Viewer, system_viewer
from dashboard.queries.faults import camera_faults
from dashboard.sampling import capture, faults

HALL, CAMERA = "H001", "H001-1"
SLOTS = SlotDays(())
START = datetime(2026, 9, 1, 2, 0, tzinfo=UTC)


def note(db, number, outcome, cause=None, camera=CAMERA):
    """The look of hour `number`."""
    at = START + timedelta(hours=number)
    with db.session() as connection:
        faults.note(connection, camera=camera, hall=HALL, sample=f"S{number}", outcome=outcome, cause=cause, at=at)


def stored(db):
    with db.reading() as connection:
        rows = connection.execute(sa.select(CAMERA_FAULTS).order_by(CAMERA_FAULTS.c.id)).mappings().all()
    return [(row["cause"], row["sample_id"], row["last_sample_id"], row["looks"], row["closing_sample_id"])
            for row in rows]  # fmt: skip


def test_a_fault_lasts_from_the_first_look_that_cannot_judge_to_the_first_that_can(database):
    note(database, 0, "captured")
    note(database, 1, "not_checkable", "black")
    note(database, 2, "not_checkable", "black")
    note(database, 3, "missed", "recorder_busy")  # says nothing about the camera
    assert stored(database) == [("black", "S1", "S2", 2, None)]
    note(database, 4, "captured")
    assert stored(database) == [("black", "S1", "S2", 2, "S4")]
    note(database, 5, "not_checkable", "black")
    assert stored(database)[1] == ("black", "S5", "S5", 1, None)


def test_another_cause_is_another_fault_and_ends_the_one_before(sqlite_database):
    note(sqlite_database, 1, "not_checkable", "offline")
    note(sqlite_database, 2, "not_checkable", "wrong_password")
    assert stored(sqlite_database) == [("offline", "S1", "S1", 1, "S2"), ("wrong_password", "S2", "S2", 1, None)]


def test_looks_that_are_concluded_late_change_nothing_that_later_ones_said(sqlite_database):
    """A recording is waited for, while a live look of the next hour is there at once."""
    note(sqlite_database, 3, "not_checkable", "black")
    note(sqlite_database, 1, "captured")
    note(sqlite_database, 2, "not_checkable", "frozen")
    assert stored(sqlite_database) == [("black", "S3", "S3", 1, None)]


def test_each_camera_has_its_own(sqlite_database):
    note(sqlite_database, 1, "not_checkable", "black")
    note(sqlite_database, 2, "captured", camera="H001-2")
    assert stored(sqlite_database) == [("black", "S1", "S1", 1, None)]


def test_faults_are_listed_for_whom_they_concern_as_of_a_moment(sqlite_halls):
    halls = sqlite_halls
    halls.hall()
    halls.hall("H002", "西街营业厅")
    halls.camera()
    note(halls.db, 1, "not_checkable", "black")
    note(halls.db, 3, "captured")
    note(halls.db, 5, "not_checkable", "offline")
    later, everybody = START + timedelta(hours=9), system_viewer()
    (row,) = camera_faults(halls.db, everybody, slots=SLOTS, as_of=later)
    assert (row["camera"], row["camera_name"], row["hall_name"], row["cause"]) == (
        CAMERA, f"{CAMERA} 全景", "城关营业厅", "offline",
    )  # fmt: skip
    assert (row["opened_at"], row["closed_at"]) == (START + timedelta(hours=5), None)
    both = camera_faults(halls.db, everybody, slots=SLOTS, as_of=later, open_only=False)
    assert [(row["cause"], row["closing_sample"]) for row in both] == [("offline", None), ("black", "S3")]
    (before,) = camera_faults(halls.db, everybody, slots=SLOTS, as_of=START + timedelta(hours=2))
    assert (before["cause"], before["closed_at"]) == ("black", None)
    elsewhere = Viewer("西街", "office_head", frozenset({"H002"}))
    assert camera_faults(halls.db, elsewhere, slots=SLOTS, as_of=later, open_only=False) == []
    assert camera_faults(halls.db, everybody, slots=SLOTS, as_of=later, hall="H002") == []


# --- through the whole of sampling -----------------------------------------------------------------------------------


@pytest.fixture
def live(sqlite_halls, monkeypatch, scripted_camera):
    """A hall with a live camera whose minute takes two seconds, and the server behind it."""
    halls = sqlite_halls
    monkeypatch.setattr(capture, "stretch_of", functools.partial(capture.stretch_of, seconds=2))
    with scripted_camera(login="cam:first-one", speed=4.0) as server:
        halls.hall()
        halls.camera(playback=None, windows=(), url=f"rtsp://cam:first-one@127.0.0.1:{server.port}/c")
        yield halls, server


def everything_stored(halls):
    """All text of the database but the cameras' own rows, where a user put the password."""
    texts = []
    with halls.db.reading() as connection:
        for table in sa.inspect(connection).get_table_names():
            if table not in ("cameras", "cameras_history"):
                texts += [str(row) for row in connection.execute(sa.text(f'SELECT * FROM "{table}"'))]
    return texts


@pytest.mark.rtsp
def test_a_password_that_changes_between_samples_opens_a_fault_that_the_right_one_closes(live):
    halls, server = live
    halls.take(halls.moment(1))
    server.script.login = "cam:second-one"
    halls.take(halls.moment(2))
    assert halls.looks() == [(CAMERA, 1, "captured", None), (CAMERA, 2, "not_checkable", "wrong_password")]
    (row,) = camera_faults(halls.db, system_viewer(), slots=SLOTS, as_of=halls.moment(2) + timedelta(hours=1))
    assert row["cause"] == "wrong_password"
    assert row["opened_at"].astimezone(LOCAL) == halls.moment(2)
    told = everything_stored(halls)
    assert len(told) > 5
    assert not [text for text in told if "first-one" in text or "second-one" in text]


@pytest.mark.rtsp
def test_a_camera_that_hangs_up_is_counted_as_not_checkable(live):
    halls, server = live
    server.script.close_at = 0.5
    halls.take(halls.moment(1))
    assert halls.looks() == [(CAMERA, 1, "not_checkable", "offline")]
    assert [row[0] for row in stored(halls.db)] == ["offline"]
    assert halls.files() == []


@pytest.mark.rtsp
def test_a_small_stream_is_looked_at_and_does_not_stay(live, scripted_camera):
    halls, server = live
    with scripted_camera(speed=4.0) as small:
        url = f"rtsp://cam:first-one@127.0.0.1:{server.port}/c rtsp://127.0.0.1:{small.port}/c"
        with halls.db.session() as connection:
            connection.execute(sa.update(RECORD_TABLES["cameras"]).values(url=url))
        halls.take(halls.moment(1))
    assert halls.looks() == [(CAMERA, 1, "captured", None)]
    (document,) = halls.documents()
    assert document["analysed"] == "sub"
    assert [name.rsplit("/", 1)[-1] for name in halls.files()] == ["clip.mp4"]


def test_an_address_that_cannot_be_used_is_ours(sqlite_halls):
    halls = sqlite_halls
    halls.hall()
    halls.camera(playback=None, windows=(), url="hikvision://admin:${NOT_SET_ANYWHERE}@127.0.0.1/1")
    (taken,) = halls.take(halls.moment(1))
    assert (taken.outcome, taken.cause) == ("missed", "worker_down")
    assert "${NOT_SET_ANYWHERE}" in taken.detail
    assert stored(halls.db) == []

"""Who takes the samples: threads, processes of this machine, or a Dask scheduler elsewhere; and what a run leaves."""

import os
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import psutil
import pytest
import sqlalchemy as sa
from distributed import Client, Security

from collectors.video.minutes import Means
from collectors.video.recordings import Clip
from dashboard.database.models import RECORD_TABLES
from dashboard.people import system_viewer
from dashboard.sampling import rounds
from dashboard.sampling.capture import Fetched, Task
from dashboard.sampling.cluster import open_crew
from dashboard.sampling.crew import CAPTURE, LOOK, CrewError, Failed, capture_step
from dashboard.sampling.days import Camera
from dashboard.sampling.rounds import places_of
from dashboard.sampling.taking import take_due
from dashboard.sampling.workplace import WORK, workplace
from dashboard.settings import Settings, VideoSettings

HALL, CAMERA = "H001", "H001-1"
MOMENT = datetime(2026, 9, 1, 2, tzinfo=UTC)
SECRET = "hunter2"
LIVE = f"rtsp://cam:{SECRET}@127.0.0.1:1/live"


def live_camera(halls, url=LIVE):
    halls.hall()
    halls.camera(playback=None, url=url)


def everyone(halls):
    return halls.scenes.room_with((-100, 200))


# --- processes of this machine ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def crew():
    """Two processes, one label."""
    before = listening()
    made = open_crew(Settings(video=VideoSettings(person_model="none", workers=2, captures=3, places={HALL: "north"})))
    made.before = before
    yield made
    made.close()


def test_a_minute_is_fetched_and_looked_at_by_processes(sqlite_halls, crew):
    halls = sqlite_halls
    halls.hall()
    halls.camera()
    halls.film(everyone(halls))
    (taken,) = take_due(halls.db, halls.settings, halls.later().astimezone(UTC), system_viewer(), crew=crew)
    assert taken.outcome == "captured"
    assert halls.files() == [row.path for row in halls.evidence()]


def test_a_password_is_in_no_key_and_no_log(sqlite_halls, crew, capfd, caplog):
    live_camera(sqlite_halls)
    (taken,) = take_due(
        sqlite_halls.db, sqlite_halls.settings, sqlite_halls.moment().astimezone(UTC), system_viewer(), crew=crew
    )
    assert (taken.outcome, taken.cause) == ("not_checkable", "offline")
    done = []
    camera = Camera(CAMERA, HALL, None, LIVE, None, (), None, sqlite_halls.moment())
    crew.start(LOOK, "x", None, done.append, _breaks, camera)  # Dask logs the arguments of a task that throws
    _until(lambda: done)
    assert isinstance(done[0], ZeroDivisionError)
    keys = str(crew.client.run_on_scheduler(lambda dask_scheduler: list(dask_scheduler.task_prefixes)))
    logs = str(crew.client.get_worker_logs()) + str(crew.client.get_scheduler_logs())
    said = capfd.readouterr()
    assert SECRET not in keys + logs + said.out + said.err + caplog.text + str(taken)


def _breaks(_camera):
    return 1 / 0


def _until(condition, seconds=30):
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.02)


def test_everything_listens_on_this_machine_alone_and_speaks_only_to_holders_of_its_certificate(crew):
    opened = listening() - crew.before
    assert len(opened) >= 3  # the scheduler and two workers
    assert {address.ip for address in opened} == {"127.0.0.1"}
    assert not [address for address in opened if _answers_http(address.port)]
    with pytest.raises(OSError, match="TLS certificate does not match"):
        Client(crew.cluster.scheduler_address, security=Security.temporary(), timeout=5)


def listening():
    """Addresses at which this process and its children are listening."""
    family = [psutil.Process(), *psutil.Process().children(recursive=True)]
    return {one.laddr for process in family for one in process.net_connections() if one.status == "LISTEN"}


def _answers_http(port):
    with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
        connection.settimeout(1)
        connection.sendall(b"GET /info/main/workers.html HTTP/1.0\r\n\r\n")
        try:
            return connection.recv(5) == b"HTTP/"
        except OSError:
            return False


def test_fetching_waits_beside_looking_which_is_done_by_one_at_a_time(crew, tmp_path):
    done = []
    for number in range(6):  # two processes fetch three each: they wait until all are under way
        crew.start(CAPTURE, f"c{number}", None, done.append, _met, tmp_path, number, 6)
    for number in range(4):
        crew.start(LOOK, f"l{number}", None, done.append, _alone, tmp_path)
    _until(lambda: len(done) == 10, seconds=90)
    assert done == [True] * 10


def _met(folder, number, count):
    (folder / f"here-{number}").touch()
    _until(lambda: len(list(folder.glob("here-*"))) == count, seconds=60)
    return len(list(folder.glob("here-*"))) == count


def _alone(folder):
    mine = folder / f"looking-{os.getpid()}"
    mine.touch(exist_ok=False)
    time.sleep(0.2)
    mine.unlink()
    return True


def test_work_near_a_camera_is_asked_of_workers_with_its_label(crew):
    done = []
    crew.start(LOOK, "near", "north", done.append, os.getpid)
    _until(lambda: done)
    assert done
    assert crew.trouble("north") is None
    assert crew.trouble("south") == "No worker of the Dask scheduler offers the resources capture, look, south."


# --- nobody there ----------------------------------------------------------------------------------------------------


def test_a_scheduler_that_is_away_is_named_and_what_can_still_be_taken_stays_open(sqlite_halls, monkeypatch):
    halls = sqlite_halls
    monkeypatch.setattr("dashboard.sampling.cluster.CONNECT_SECONDS", 0.5)
    video = halls.settings.video.model_copy(update={"scheduler": "tcp://127.0.0.1:1"})
    settings = halls.settings.model_copy(update={"video": video})
    live_camera(halls)
    halls.camera("H001-2", windows=("2",))
    with pytest.raises(CrewError, match=r"scheduler tcp://127\.0\.0\.1:1 does not answer"):
        take_due(halls.db, settings, halls.later(seconds=121).astimezone(UTC), system_viewer())
    assert halls.looks() == [(CAMERA, 1, "missed", "worker_down"), ("H001-2", 1, "planned", None)]


def test_a_worker_that_does_not_see_the_evidence_folder_says_so(tmp_path):
    camera = Camera(CAMERA, HALL, None, None, "x/%H.mp4", (), None, MOMENT)
    task = Task("S", camera, MOMENT, tmp_path / "final", tmp_path / "elsewhere" / WORK / "run" / "look")
    assert capture_step(task, tmp_path, timedelta(), Means()) == Failed(
        f"The worker on {socket.gethostname()} does not see the evidence folder {tmp_path / 'elsewhere'}."
    )


def test_places_are_those_of_the_hall_or_of_the_nearest_office_above_it(sqlite_halls):
    halls = sqlite_halls
    halls.insert("offices", code="C1", name="甲县", level="county", valid_from="2020-01-01")
    halls.insert("offices", code="S1", name="甲站", level="station", parent_code="C1", valid_from="2020-01-01")
    for hall in ("H1", "H2"):
        halls.insert("offices", code=hall, name=hall, level="hall", parent_code="S1", valid_from="2020-01-01")
    halls.hall("H3", "乙厅")
    video = halls.settings.video.model_copy(update={"places": {"C1": "county", "H2": "own"}})
    place = places_of(halls.db, halls.settings.model_copy(update={"video": video}), system_viewer())
    assert [place("H1"), place("H2"), place("H3")] == ["county", "own", None]


# --- asked to end ----------------------------------------------------------------------------------------------------


class AskedToEndError(Exception):
    pass


def test_a_run_that_is_asked_to_end_does_not_wait_for_a_camera_that_hangs(sqlite_halls, monkeypatch):
    halls = sqlite_halls
    monkeypatch.setattr(rounds, "capture_step", lambda *_: time.sleep(600))
    live_camera(halls)

    def go_on():
        if halls.looks():
            raise AskedToEndError

    with pytest.raises(AskedToEndError):
        halls.take(halls.moment(), go_on=go_on)
    assert halls.looks() == [(CAMERA, 1, "planned", None)]
    assert halls.files() == []


# --- killed ----------------------------------------------------------------------------------------------------------


FETCHED_AND_KILLED = """
import sys, time
from datetime import datetime
from pathlib import Path
from collectors.video.minutes import Means
from collectors.video.recordings import Clip
from dashboard.sampling.capture import Fetched, Task
from dashboard.sampling.days import Camera
from dashboard.sampling.workplace import workplace

root, made, sample, camera, moment = Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:]
with workplace(root, lambda *_: True) as place:
    at = datetime.fromisoformat(moment)
    task = Task(sample, Camera(camera, "H001", None, None, None, (), None, at), at, root / "x", place.work_of())
    clip = task.work / "attempt" / "clip.mp4"
    clip.parent.mkdir(parents=True)
    made.rename(clip)
    place.note(task, Fetched(Clip(clip, 60.0, 0.0), at))
    print("noted", flush=True)
    time.sleep(60)
"""


def test_a_live_minute_that_a_killed_run_had_fetched_is_looked_at_by_the_next(sqlite_halls):
    """Nobody could fetch it again: ten minutes later it would be missed, for a cause of ours."""
    halls = sqlite_halls
    live_camera(halls)
    sample = f"{HALL}-2026-09-01-1"
    made = halls.scenes.write(halls.home / "made.mp4", 60, everyone(halls), rate=2)
    root = halls.home / "evidence"
    root.mkdir()
    given = [root, made, sample, CAMERA, halls.moment().isoformat()]
    halls.take(halls.moment() - timedelta(minutes=1))  # the day is sealed
    with halls.db.session() as connection:
        row = {"sample_id": sample, "hall_code": HALL, "camera_code": CAMERA, "date": "2026-09-01", "slot": 1}
        row |= {"planned_at": 0, "outcome": "planned"}
        row |= {"version_at": 0, "content_hash": 0, "batch_id": 0, "row_no": 0}
        connection.execute(sa.insert(RECORD_TABLES["samples"]).values(row))
    command = [sys.executable, "-c", FETCHED_AND_KILLED, *map(str, given)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout.readline().strip() == "noted"
        run.kill()
    (taken,) = halls.take(halls.later(minutes=10))
    assert (taken.outcome, taken.cause) == ("captured", None)
    assert halls.files() == [row.path for row in halls.evidence()]


def test_a_run_that_lives_is_not_swept_and_one_that_died_is(tmp_path):
    dead = tmp_path / WORK / "dead"
    (dead / "look").mkdir(parents=True)
    (dead / "look" / "clip.mp4").write_text("half")
    with workplace(tmp_path, lambda *_: True) as first:
        (first.folder / "clip.mp4").write_text("mine")
        with workplace(tmp_path, lambda *_: True):
            assert (first.folder / "clip.mp4").read_text() == "mine"
        assert (first.folder / "clip.mp4").read_text() == "mine"
    assert list((tmp_path / WORK).iterdir()) == []


def test_a_fetched_minute_whose_look_has_its_outcome_goes_with_its_run(tmp_path):
    with workplace(tmp_path, lambda *_: True) as place:
        task = Task("S", Camera(CAMERA, HALL, None, None, None, (), None, MOMENT), MOMENT, tmp_path, place.work_of())
        clip = task.work / "attempt" / "clip.mp4"
        clip.parent.mkdir(parents=True)
        clip.write_text("film")
        place.note(task, Fetched(Clip(clip, 60.0, 0.0), MOMENT))
        left = place.folder.rename(tmp_path / WORK / "dead")
    assert left.is_dir()
    with workplace(tmp_path, lambda *_: False):
        pass
    assert list((tmp_path / WORK).iterdir()) == []

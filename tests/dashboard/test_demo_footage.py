"""The demo's recordings: where the recorder would keep them, and seen by the real detectors as the stories say."""

import os
from datetime import date, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from collectors.video.look import look
from collectors.video.persons import SSDLITE_PACKAGE, person_detector
from collectors.video.plan import LOCAL
from collectors.video.recordings import Template, fetch
from collectors.video.reference import reference_of
from collectors.video.windows import parse_windows
from dashboard.demo import company, footage
from dashboard.demo.inbox import PLAYBACK
from dashboard.demo.scene import Person, compose, developed

DAY = date(2026, 11, 21)
TURNED = date(2026, 11, 13)
YOLOX = Path(__file__).parents[3] / "shared" / "models" / "yolox_nano_416.onnx"
SLOT_STARTS = {1: (8, 30), 2: (10, 0), 3: (12, 0), 4: (14, 30), 5: (16, 40)}


def moment_in(place, slot):
    hour, minute = SLOT_STARTS[slot]
    at = datetime(DAY.year, DAY.month, DAY.day, hour, minute + 7, 21)
    return footage.Moment(company.hall_at(place).code, slot, at)


@pytest.fixture(scope="module")
def recorder(tmp_path_factory):
    """A folder in which recordings are made when first asked for."""
    return tmp_path_factory.mktemp("recorder")


@pytest.fixture(scope="module", params=["yolox", "ssdlite"])
def detector(request):
    if request.param == "yolox":
        if not YOLOX.is_file():
            pytest.skip("real inputs (../shared) are absent")
        return person_detector(str(YOLOX))
    found = person_detector(None)
    assert "SSDLite" in found.name, f"the package {SSDLITE_PACKAGE} is not installed"
    return found


def seen(recorder, place, slot, detector):
    """What the analysis says of a hall's minute: problems, and presence per window."""
    recording = footage.recordings([moment_in(place, slot)])[0]
    camera = recording.camera
    footage.make_recording(recording, recorder, TURNED)
    reference = footage.make_reference(recording.hall, camera, recorder)
    clip = recorder / f"{place}{slot}.mp4"
    fetch(Template(PLAYBACK, camera.code, recorder), recording.moment.at.replace(tzinfo=LOCAL), clip)
    windows = parse_windows(camera.windows_json, "demo")
    found = look(clip, windows=windows, detector=detector, reference=reference_of(reference))
    return found.health.problems, [presence.ratio for presence in found.presences]


def test_a_recording_lies_where_the_recorders_template_says():
    wanted = footage.recordings([moment_in("人民广场", 2), moment_in("云台", 2)])
    assert [recording.path(Path("x")).as_posix() for recording in wanted] == [
        "x/recordings/9940101901-1/20261121/1007.mp4",
        "x/recordings/9940101901-2/20261121/1007.mp4",
        "x/recordings/994010510927-1/20261121/1007.mp4",
    ]
    assert footage.recordings([moment_in("杏花", 2)]) == []  # no recorder of ours


def test_clerks_are_seen_where_they_sit(recorder, detector):
    problems, present = seen(recorder, "三岔", 2, detector)
    assert not problems
    assert len(present) == 2
    assert min(present) > 0.6


def test_at_noon_nobody_is_seen_though_customers_wait(recorder, detector):
    problems, present = seen(recorder, company.NOON_HALL, 3, detector)
    assert not problems
    assert present == [0.0, 0.0]


def test_the_turned_camera_is_found_out(recorder, detector):
    problems, _ = seen(recorder, company.TURNED_HALL, 2, detector)
    assert list(problems) == ["moved"]


def test_before_it_was_turned_the_same_camera_was_fine(recorder):
    recording = footage.recordings([moment_in(company.TURNED_HALL, 2)])[0]
    straight = next(iter(footage._frames(recording, date(2030, 1, 1))))[1]
    aslant = next(iter(footage._frames(recording, TURNED)))[1]
    assert np.abs(straight.astype(int) - aslant).mean() > 20


def test_a_file_covers_its_moment_and_the_minute_after_it(recorder):
    recording = footage.recordings([moment_in("云台", 5)])[0]
    path = footage.make_recording(recording, recorder, TURNED)
    capture = cv2.VideoCapture(str(path))
    assert (capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)) == (640, 360)
    times = []
    while capture.grab():
        times.append(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
    capture.release()
    assert times[0] == 0
    assert times[-1] >= 21 + 60
    around = [time for time in times if 21 <= time <= 81]
    assert len(around) >= 290  # five a second
    assert max(np.diff(times)) <= 1.01


def test_an_existing_recording_is_left_alone(recorder):
    recording = footage.recordings([moment_in("云台", 5)])[0]
    path = footage.make_recording(recording, recorder, TURNED)
    os.utime(path, (1, 1))
    assert footage.make_recording(recording, recorder, TURNED).stat().st_mtime == 1


def test_old_days_are_forgotten(tmp_path):
    for day in ("20261117", "20261118", "20261121"):
        (tmp_path / "recordings/K-1" / day).mkdir(parents=True)
    (tmp_path / "recordings/K-1/reference.png").write_bytes(b"")
    footage.forget_recordings(tmp_path, before=DAY - timedelta(days=3))
    assert sorted(path.name for path in (tmp_path / "recordings/K-1").iterdir()) == [
        "20261118", "20261121", "reference.png"
    ]  # fmt: skip


def test_people_sway_and_the_sensor_is_noisy():
    """A living scene: neither the picture nor the noise stands still, so nothing looks frozen."""
    actor = footage.Actor(Person(175, 270, 210), phase=1.0)
    places = {(actor.at(second / 3).x, actor.at(second / 3).foot) for second in range(60)}
    assert len(places) > 10
    picture = compose(1, [Person(175, 270, 210)], [])
    first, second = developed(picture, 1, "x"), developed(picture, 2, "x")
    assert 1 < np.abs(first.astype(int) - second).mean() < 6

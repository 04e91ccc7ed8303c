"""Real RTSP cameras on the loopback: a minute is kept, every failure has its cause, the password is told to nobody."""

import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from collectors.video import health
from collectors.video.decode import VideoError, watch
from collectors.video.look import look
from collectors.video.persons import NoDetector
from collectors.video.reference import Reference
from collectors.video.rtsp import record

pytestmark = pytest.mark.rtsp


@pytest.fixture
def camera(rtsp, count_session, tmp_path):
    def take(name, *, seconds=4, user="", port=0, **options):
        count_session()
        address = f"rtsp://{user}127.0.0.1:{rtsp + port}/{name}"
        return record(address, tmp_path / f"{name}.mp4", name=f"Camera {name}", seconds=seconds, **options)

    return take


def test_a_live_camera_gives_a_clip_of_the_wanted_length_that_decodes(camera):
    clip, began = camera("cam1", seconds=6)
    assert clip.seconds == pytest.approx(6, abs=0.5)
    assert abs(began.timestamp() - time.time()) < 20
    with watch(clip.path, every=0.5) as reading:
        moments = [frame.time for frame in reading]
    assert moments[0] == 0
    assert reading.read == pytest.approx(60, abs=5)


def test_dark_and_live_cameras_are_told_apart(camera):
    with ThreadPoolExecutor() as pool:
        dark, snow = pool.map(lambda name: camera(name, seconds=8), ("black", "snow"))
    assert list(look(dark[0].path, detector=NoDetector()).health.problems) == ["black"]
    assert list(look(snow[0].path, detector=NoDetector()).health.problems) == ["no_signal"]


def test_a_frozen_camera_needs_its_time_and_the_knowledge_that_it_can_move(camera, monkeypatch):
    """A tenth of a minute here: the full one is proved on made-up clips."""
    monkeypatch.setattr(health, "PROOF_SECONDS", 6.0)
    clip, _ = camera("frozen", seconds=12)
    without = look(clip.path, detector=NoDetector())
    known = look(clip.path, detector=NoDetector(), reference=Reference(None, None, moved=True))
    assert (without.health.problems, without.health.still) == ({}, True)
    assert list(known.health.problems) == ["frozen"]


def reason_of(call):
    with pytest.raises(VideoError) as caught:
        call()
    return caught.value.reason, str(caught.value)


def test_a_wrong_password_is_told_by_name_and_not_by_value(camera):
    reason, words = reason_of(lambda: camera("secure", user="cam:hunter2@", port=1))
    assert reason == "wrong_password"
    assert "hunter2" not in words
    assert "Camera secure" in words


def test_the_right_password_opens_it(camera):
    clip, _ = camera("secure", user="cam:secret@", port=1, seconds=3)
    assert clip.seconds == pytest.approx(3, abs=0.5)


def test_a_camera_that_hangs_up_is_offline(camera):
    reason, words = reason_of(lambda: camera("once", seconds=30))
    assert reason == "offline"
    assert "hung up" in words


def test_an_address_nobody_listens_on_is_offline(camera):
    reason, words = reason_of(lambda: camera("cam1", user="cam:hunter2@", port=4321))
    assert reason == "offline"
    assert "hunter2" not in words


def test_a_server_that_accepts_and_says_nothing_is_given_up(tmp_path):
    """The library returns only after several of its own timeouts; ours holds."""
    with socket.create_server(("127.0.0.1", 0)) as silent:  # the system accepts for it; nobody ever answers
        address = f"rtsp://127.0.0.1:{silent.getsockname()[1]}/hung"
        began = time.monotonic()
        with pytest.raises(VideoError) as caught:
            record(address, tmp_path / "a.mp4", name="Camera hung", seconds=3, open_seconds=1)
    assert time.monotonic() - began < 6
    assert caught.value.reason == "offline"


def test_the_password_stands_in_no_process_list(camera):
    seen = []

    def watch_processes():
        for _ in range(20):
            seen.append(subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True).stdout)
            time.sleep(0.1)

    watcher = threading.Thread(target=watch_processes)
    watcher.start()
    camera("secure", user="cam:secret@", port=1, seconds=2)
    watcher.join()
    ours = [line for text in seen for line in text.splitlines() if "decoder.py" in line]
    assert ours
    assert not [line for line in ours if "secret" in line]

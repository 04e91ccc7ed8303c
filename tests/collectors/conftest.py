"""Fixtures of this folder: made-up scenes, and real RTSP cameras on the loopback."""

import importlib.util
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from collectors.video.encode import write_video


def load(path, name):
    """A module by its file: tests are no package."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


TESTS = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def scenes():
    return load(TESTS / "scenes.py", "mingcha_test_scenes")


@pytest.fixture(scope="session")
def count_session():
    """Notes one real RTSP session, for the sums that `.ci/run` prints."""
    module = load(TESTS / "conftest.py", "mingcha_test_conftest")
    return lambda: module.count_use("rtsp")


@pytest.fixture(scope="session")
def rtsp(shared, scenes, tmp_path_factory):
    """Address of the cameras of ../shared/tools on a free port; the one with a password is on the next port."""
    python, script = Path("/usr/bin/python3"), shared / "tools" / "rtsp_cams.py"
    folder = tmp_path_factory.mktemp("rtsp")
    clip = shared / "video" / "one-by-one-person-detection.mp4"
    scenes.cv2.imwrite(str(folder / "frozen.jpg"), scenes.person(scenes.room(), 0.0))
    write_video(folder / "short.mp4", scenes.film(5, scenes.room_with((0, 5))), key_every=5)
    if shutil.which("ffmpeg") is None or not _has_gstreamer(python):
        pytest.skip("no GStreamer RTSP server on this machine")
    command = ["ffmpeg", "-v", "error", "-i", str(clip), "-an", "-c:v", "copy", "-bsf:v", "h264_mp4toannexb", "-f",
               "mpegts", str(folder / "onebyone.ts")]  # fmt: skip
    subprocess.run(command, check=True)
    port = _free_pair()
    server = subprocess.Popen([python, str(script), str(port), str(folder)], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout.readline().startswith("rtsp on")
        yield port
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def _has_gstreamer(python):
    check = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    return python.exists() and subprocess.run([python, "-c", check], capture_output=True, check=False).returncode == 0


def _free_pair():
    """Two neighbouring ports that nobody listens on."""
    for port in range(20_000 + int(time.time()) % 20_000, 60_000, 7):
        with socket.socket() as one, socket.socket() as two:
            try:
                one.bind(("127.0.0.1", port))
                two.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    raise RuntimeError("no free ports")

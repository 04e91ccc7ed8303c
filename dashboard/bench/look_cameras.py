"""`mingcha bench look`: live RTSP cameras on loopback (`../shared/tools/rtsp_cams.py`), and what is said of them."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2

from collectors.video.decode import VideoError, stills
from collectors.video.look import look
from collectors.video.persons import PersonDetector
from collectors.video.reference import Reference
from collectors.video.rtsp import record
from dashboard.bench.look_clips import ONE_BY_ONE, SHARED

DEBIAN_PYTHON = Path("/usr/bin/python3")
EXPECTED = {"cam1": (), "black": ("black",), "snow": ("no_signal",), "frozen": ("frozen",)}
"""Path of the camera → the camera problems that must be named, and no other."""
SECONDS = 70.0
START_SECONDS = 15.0


def live_cameras(detector: PersonDetector, folder: Path) -> list[str]:
    """Record 70 s of each camera at once, look at the clips, and say what was expected and found."""
    where = folder / "cameras"
    reason = _prepared(where)
    if reason:
        return [f"not measured: {reason}"]
    port = _free_port()
    command = [str(DEBIAN_PYTHON), str(SHARED / "tools" / "rtsp_cams.py"), str(port), str(where)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        if not _answers(port):
            return [
                "not measured: the RTSP server does not start (its packages are named in ../shared/tools/README.md)"
            ]
        with ThreadPoolExecutor(len(EXPECTED)) as pool:
            return list(pool.map(lambda name: _one(name, port, where, detector), EXPECTED))
    finally:
        server.kill()
        server.wait()


def _one(name: str, port: int, where: Path, detector: PersonDetector) -> str:
    try:
        clip, _ = record(f"rtsp://127.0.0.1:{port}/{name}", where / f"{name}.mp4", name=name, seconds=SECONDS)
    except VideoError as error:
        return f"{name}: not measured ({error})"
    seen = look(clip.path, detector=detector, reference=Reference(None, None, moved=True))
    found = tuple(seen.health.problems)
    right = "right" if found == EXPECTED[name] else "WRONG"
    return f"{name}: {right}, {', '.join(found) or 'no problem'} in {seen.seconds:.0f} s"


def _prepared(where: Path) -> str | None:
    """What the server plays; why it cannot be made, if it cannot."""
    where.mkdir(parents=True, exist_ok=True)
    if not DEBIAN_PYTHON.exists() or shutil.which("ffmpeg") is None:
        return "it needs Debian's Python and ffmpeg"
    clip = SHARED / "video" / ONE_BY_ONE
    copy = ["ffmpeg", "-loglevel", "error", "-y", "-i", str(clip), "-an", "-c:v", "copy"]
    subprocess.run([*copy, "-bsf:v", "h264_mp4toannexb", "-f", "mpegts", str(where / "onebyone.ts")], check=True)
    cv2.imwrite(str(where / "frozen.jpg"), stills(clip, [10.0])[10.0])
    return None


def _free_port() -> int:
    """A port that is free, with a free one after it (the server takes both)."""
    while True:
        with socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", 0))
            port = int(one.getsockname()[1])
            try:
                other.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


def _answers(port: int) -> bool:
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.2)
    return False

"""Video files and streams read in a child process (视频解码): the parent's end of `decoder.py`.

A damaged file can abort the library that decodes it, and a hung server can hold a read for minutes. Both happen in a
child that is watched: its silence has a limit, and its death is an error that names the file.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import json
import os
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from collectors.base import CollectorError
from collectors.redact import redact

Picture = NDArray[np.uint8]
Strip = tuple[float, float, float, float]
"""Left, top, right and bottom of a part of the picture, in pixels."""

DECODER = Path(__file__).with_name("decoder.py")
GREY_SIDE = 384
"""Longer side in pixels of the grey pictures that measures are taken on."""
STALL_SECONDS = 30.0
PIPE_BYTES = 1 << 20
ENVIRONMENT = {"PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "OMP_NUM_THREADS"}
"""What a child inherits: nothing that could be a password."""
FROM_OUTSIDE = (-signal.SIGKILL, -signal.SIGTERM)
"""Deaths that no file can cause by itself: somebody, or a machine short of memory, ended the decoder."""


class VideoError(CollectorError):
    """A video that cannot be read. `reason`: refused, invalid, died, killed, silent, offline, wrong_password, …"""

    def __init__(self, message: str, *, reason: str, permanent: bool = True) -> None:
        super().__init__(message, permanent=permanent)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Frame:
    """One analysed picture: seconds from the first frame, grey (height × width), BGR if it was asked for."""

    time: float
    grey: Picture
    colour: Picture | None = None
    saturation: float = -1.0
    """How colourful the picture is: largest less smallest of the mean blue, green and red; −1 if unknown."""
    strip: Picture | None = None
    """Part of the picture at full size, grey, if it was asked for."""


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """What a file says of itself: size in pixels, codec, declared length in seconds (which may lie)."""

    width: int
    height: int
    codec: str
    declared_seconds: float | None


class Reading:
    """One pass over a video. Iterate for frames; `read` and `seconds` are complete afterwards."""

    def __init__(
        self,
        name: str,
        facts: VideoFacts,
        messages: Iterator[tuple[dict[str, Any], memoryview]],
        columns: tuple[float, float, int] | None = None,
    ) -> None:
        self.name = name
        self._columns = columns  # left and right of the strip, of a picture of that width
        self.facts = facts
        self.read = 0
        self.seconds = 0.0
        self._messages = messages

    def __iter__(self) -> Iterator[Frame]:
        for header, payload in self._messages:
            self.read = header.get("read", self.read)
            if header["kind"] == "frame":
                yield _frame(header, payload, self._columns)
            elif header["kind"] == "end":
                self.seconds = header["seconds"]
        if self.read == 0:
            raise VideoError(f"{self.name}: no picture in it can be decoded.", reason="invalid")


@contextlib.contextmanager
def watch(
    path: Path,
    *,
    every: float,
    colour_side: int = 0,
    keys: bool = False,
    sparing: bool = False,
    strip: Strip | None = None,
    strip_size: tuple[int, int] | None = None,
    start: float = 0.0,
    stall_seconds: float = STALL_SECONDS,
) -> Iterator[Reading]:
    """Open a video file and read it once, a picture at most every `every` seconds of presentation time.

    `colour_side` > 0 adds a BGR picture with that longer side. `keys`: key frames only, nothing else is decoded (a
    tenth of the work; about a picture every two seconds). `sparing`: on one core, and pictures on which no other rests
    are not decoded, so that `read` leaves them out.
    `strip` adds that part of the picture at full size; its pixels are those of a picture of `strip_size` (width,
    height), if it is another than the file's. `start`: second of the file that time is counted from; pictures
    before it are left out. Raises VideoError: no such file, empty, a picture, a text, no video stream, damaged, the
    decoder died or fell silent for `stall_seconds`.
    """
    require_file(path)
    job = {"do": "analyse", "path": str(path.resolve()), "every": every, "side": GREY_SIDE, "colour_side": colour_side,
           "keys": keys, "sparing": sparing, "start": start,
           "strip": [strip[1], strip[3]] if strip else None,
           "strip_height": strip_size[1] if strip_size else 0}  # fmt: skip
    with Child(job, path.name, stall_seconds=stall_seconds) as child:
        messages = child.messages()
        header, _ = next(messages)
        facts = VideoFacts(header["width"], header["height"], header["codec"], header["declared_seconds"])
        columns = (strip[0], strip[2], strip_size[0] if strip_size else facts.width) if strip else None
        yield Reading(path.name, facts, messages, columns)


def probe(path: Path) -> VideoFacts:
    """Facts of a file without decoding it. Raises VideoError as `watch` does."""
    require_file(path)
    with Child({"do": "probe", "path": str(path.resolve())}, path.name) as child:
        header = next(child.messages())[0]
        return VideoFacts(header["width"], header["height"], header["codec"], header["declared_seconds"])


def stills(path: Path, seconds: list[float], *, stall_seconds: float = STALL_SECONDS) -> dict[float, Picture]:
    """Full-size BGR pictures at the given seconds from the first frame; seconds past the end are absent."""
    if not seconds:
        return {}
    require_file(path)
    job = {"do": "stills", "path": str(path.resolve()), "times": sorted(set(seconds))}
    found: dict[float, Picture] = {}
    with Child(job, path.name, stall_seconds=stall_seconds) as child:
        for header, payload in child.messages():
            if header["kind"] == "still":
                found[header["wanted"]] = _pictures(header["planes"], payload)[0].copy()
    return found


@cache
def packages_folder() -> str:
    """Where PyAV lies. The child is told, and need not spend a third of its start on looking for packages."""
    spec = importlib.util.find_spec("av")
    if spec is None or spec.origin is None:
        raise VideoError("PyAV is not installed: no video can be read. Run: pip install av", reason="missing")
    return str(Path(spec.origin).parents[1])


def require_file(path: Path) -> None:
    """Refuse what is no file with something in it."""
    if not path.exists():
        raise VideoError(f"{path}: there is no such file.", reason="missing")
    if not path.is_file():
        raise VideoError(f"{path} is a folder, not a video file.", reason="missing")
    if path.stat().st_size == 0:
        raise VideoError(f"{path.name}: the file is empty (0 bytes).", reason="invalid")


class Child:
    """A decoder at work on one job. Leaving the context ends it, whatever it is doing."""

    program: Path | None = None
    """Another program that speaks the decoder's language (`blur.py`)."""

    def __init__(
        self, job: Mapping[str, Any], name: str, *, stall_seconds: float = STALL_SECONDS, total_seconds: float = 1e9
    ) -> None:
        self.name = redact(name)
        self.stall_seconds = stall_seconds
        self.ends_at = time.monotonic() + total_seconds
        self.job = job
        self.finished = False

    def __enter__(self) -> Child:
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(self.program or DECODER), packages_folder()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # the library's chatter names addresses with their passwords
            close_fds=True,
            env={name: value for name, value in os.environ.items() if name in ENVIRONMENT},
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.output = self.process.stdout.fileno()
        with contextlib.suppress(OSError):  # a smaller pipe is slower and nothing else
            fcntl.fcntl(self.output, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        with contextlib.suppress(BrokenPipeError):  # it died already: messages() will say so
            self.process.stdin.write(json.dumps(self.job).encode() + b"\n")
            self.process.stdin.close()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def messages(self) -> Iterator[tuple[dict[str, Any], memoryview]]:
        """Messages until the last one; an error message, a death or a silence is raised as VideoError."""
        while not self.finished:
            size = struct.unpack(">I", self._exactly(4))[0]
            header: dict[str, Any] = json.loads(bytes(self._exactly(size)))
            payload = self._exactly(header["size"])
            if header["kind"] == "error":
                raise self._refused(header)
            self.finished = header["kind"] == "end"
            yield header, payload

    def _refused(self, header: dict[str, Any]) -> VideoError:
        reason, what = header["reason"], redact(header["what"])
        if reason in ("refused", "wrong_password", "disk_full"):
            return VideoError(f"{self.name}: {what}.", reason=reason)
        if self.job["do"] == "record":
            return VideoError(f"{self.name}: the camera does not answer ({what}).", reason=reason, permanent=False)
        # "offline" is what a stream is where nothing better is known; a file is damaged
        reason = "invalid" if reason == "offline" else reason
        return VideoError(f"{self.name}: it cannot be read as a video ({what}).", reason=reason)

    def _exactly(self, size: int) -> memoryview:
        buffer = memoryview(bytearray(size))
        filled = 0
        while filled < size:
            self._wait()
            got = os.readv(self.output, [buffer[filled:]])
            if got == 0:
                raise self._dead()
            filled += got
        return buffer

    def _wait(self) -> None:
        patience = min(self.stall_seconds, self.ends_at - time.monotonic())
        ready, _, _ = select.select([self.output], [], [], max(0.0, patience))
        if not ready:
            raise VideoError(
                f"{self.name}: the decoder gave no sign of life for {patience:.0f} s and was stopped.",
                reason="silent",
                permanent=False,
            )

    def _dead(self) -> VideoError:
        code = self.process.wait()
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        if code in FROM_OUTSIDE:
            raise VideoError(f"decoder ended by {how} on {self.name}.", reason="killed", permanent=False)
        return VideoError(f"decoder died on {self.name} ({how}): the file is damaged.", reason="died")


def _frame(header: dict[str, Any], payload: memoryview, columns: tuple[float, float, int] | None) -> Frame:
    grey, hint, *colour = _pictures(header["planes"], payload)
    means = hint.reshape(-1, 3).mean(axis=0)
    saturation = float(means.max() - means.min())
    return Frame(header["time"], grey, colour[0] if colour else None, saturation, _strip(header, payload, columns))


def _strip(header: dict[str, Any], payload: memoryview, columns: tuple[float, float, int] | None) -> Picture | None:
    """The columns of the strip out of the full-width rows at the payload's end."""
    if columns is None:
        return None
    begins = sum(line * height for _, height, line in header["planes"])
    rows = np.frombuffer(payload[begins:], np.uint8).reshape(-1, header["strip"][0])
    left, right = (round(side / columns[2] * header["width"]) for side in columns[:2])
    return rows[:, left:right]


def _pictures(planes: list[list[int]], payload: memoryview) -> list[Picture]:
    """Arrays over the payload, one per [width, height, bytes per line]: grey if a line is that short, else BGR."""
    pictures: list[Picture] = []
    start = 0
    for width, height, line in planes:
        rows = np.frombuffer(payload[start : start + line * height], np.uint8).reshape(height, line)
        colour = line >= 3 * width
        pictures.append(rows[:, : 3 * width].reshape(height, width, 3) if colour else rows[:, :width])
        start += line * height
    return pictures

"""So many streams of one recorder at once (并发上限): recorders refuse, or drop others, beyond a handful.

Places are locked files, one folder per machine: they hold between processes, and the system frees them with a process
that dies.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from collectors.video.decode import VideoError

ASK_SECONDS = 0.1


def common_folder() -> Path:
    """The folder of the locks: one per machine and user, outside of everything that is kept."""
    return Path(tempfile.gettempdir()) / f"mingcha-recorders-{os.getuid()}"


@dataclass(frozen=True, slots=True)
class Turns:
    """At most `at_once` streams per recorder; who comes later waits `wait_seconds`."""

    at_once: int = 4
    wait_seconds: float = 30.0
    folder: Path | None = None
    """Where the locks lie; None is the machine's common folder, wherever this object has travelled."""

    @contextlib.contextmanager
    def at(self, recorder: str, name: str, streams: int = 1) -> Iterator[None]:
        """Places for `streams` at a recorder (host:port), all at once or none: two who hold one each would wait for
        ever. VideoError `recorder_busy` that names the camera if they came not free.
        """
        folder = self.folder or common_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = hashlib.sha256(recorder.encode()).hexdigest()[:16]
        until = time.monotonic() + self.wait_seconds
        while not (places := self._free_places(folder, key, streams)):
            if time.monotonic() >= until:
                raise VideoError(
                    f"{name}: {self.at_once} streams of its recorder are taken, and none ended "
                    f"for {self.wait_seconds:g} s.",
                    reason="recorder_busy",
                    permanent=False,
                )
            time.sleep(ASK_SECONDS)
        try:
            yield
        finally:
            _free(places)

    def _free_places(self, folder: Path, key: str, wanted: int) -> list[int]:
        """As many locked files as wanted, or none."""
        held: list[int] = []
        for number in range(self.at_once):
            place = os.open(folder / f"{key}-{number}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(place)
                continue
            held.append(place)
            if len(held) == wanted:
                return held
        _free(held)
        return []


def _free(places: list[int]) -> None:
    for place in places:
        os.close(place)

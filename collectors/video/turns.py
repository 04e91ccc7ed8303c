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
    def at(self, recorder: str, name: str) -> Iterator[None]:
        """A place at a recorder (host:port). VideoError `recorder_busy` that names the camera if none came free."""
        folder = self.folder or common_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = hashlib.sha256(recorder.encode()).hexdigest()[:16]
        until = time.monotonic() + self.wait_seconds
        while (place := self._free_place(folder, key)) is None:
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
            os.close(place)

    def _free_place(self, folder: Path, key: str) -> int | None:
        for number in range(self.at_once):
            place = os.open(folder / f"{key}-{number}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(place)
            else:
                return place
        return None

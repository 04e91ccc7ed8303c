"""Where a run keeps its files until they are evidence (工作目录): a folder of its own, known to be dead or alive.

`<evidence>/.taking/<run>/` holds the attempts of one run; `<run>.lock` beside it is locked while the run lives, so
that whatever a killed run left is told from what another is writing, and swept at once. A minute that was fetched
whole by a run that died (its note lies beside it) is handed on instead: a live one cannot be fetched again.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO
from uuid import uuid4

from collectors.video.evidence import write_whole
from collectors.video.recordings import Clip
from dashboard.sampling.capture import Fetched, Task

WORK = ".taking"
LEFT_BEHIND_SECONDS = 86_400
MARK = "mark"
"""File in a run's folder by which a worker elsewhere shows that it sees this very folder."""


@dataclass(slots=True)
class Workplace:
    """The folder of one run below the evidence folder `root`, and what it inherited from dead ones."""

    root: Path
    folder: Path
    _inherited: dict[tuple[str, str], Path] = field(default_factory=dict)
    """(sample, camera) → the note of a minute fetched by a run that died."""

    def work_of(self) -> Path:
        """A new folder name for the attempts at one look."""
        return self.folder / uuid4().hex

    def note(self, task: Task, got: Fetched) -> None:
        """Remember that a minute is whole: whoever comes after us need not fetch it again."""
        said = {
            "sample": task.sample_id,
            "camera": task.camera.code,
            "clip": f"{got.clip.path.parent.name}/{got.clip.path.name}",
            "seconds": got.clip.seconds,
            "lead": got.clip.lead,
            "captured_at": got.captured_at.isoformat(),
            "begins": got.begins.isoformat() if got.begins else None,
            "clock": got.clock,
        }
        write_whole(task.work / "fetched.json", json.dumps(said).encode())

    def inherited(self, task: Task) -> Fetched | None:
        """The minute that a dead run had fetched for this look, moved to a folder of ours; None without one."""
        note = self._inherited.pop((task.sample_id, task.camera.code), None)
        if note is None:
            return None
        said = json.loads(note.read_text())
        clip = note.parent / said["clip"]
        if not clip.is_file():
            return None
        to = task.work / uuid4().hex / clip.name
        to.parent.mkdir(parents=True)
        clip.rename(to)
        begins = datetime.fromisoformat(said["begins"]) if said["begins"] else None
        taken = datetime.fromisoformat(said["captured_at"])
        got = Fetched(Clip(to, said["seconds"], said["lead"]), taken, begins, said["clock"])
        self.note(task, got)
        return got


@contextmanager
def workplace(root: Path, is_open: Callable[[str, str], bool]) -> Iterator[Workplace]:
    """A folder for this run below the evidence folder `root`; everything in it is removed at the end.

    Sweeps what dead runs left, but for whole minutes of looks that `is_open(sample, camera)` (without an outcome yet).
    """
    home = root / WORK
    home.mkdir(exist_ok=True)
    _forget_locks(home)
    with own_folder(root) as folder:
        (folder / MARK).write_text(folder.name)
        place = Workplace(root, folder)
        with _dead_runs(home) as dead:
            for one in dead:
                place._inherited.update(_notes(one, is_open))
            try:
                yield place
            finally:
                kept = {note.parents[1] for note in place._inherited.values()}
                for one in dead:
                    if one not in kept:
                        shutil.rmtree(one, ignore_errors=True)


@contextmanager
def own_folder(root: Path) -> Iterator[Path]:
    """A new folder below the evidence folder `root` while this lasts; what a dead run leaves, `workplace` sweeps."""
    home = root / WORK
    home.mkdir(exist_ok=True)
    with _locked(home / f"{uuid4().hex}.lock") as lock:
        assert lock is not None
        folder = home / lock.stem
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _dead_runs(home: Path) -> Iterator[Sequence[Path]]:
    """Folders of runs that are over without having tidied up, locked so that nobody else inherits them too."""
    dead: list[Path] = []
    held: list[tuple[Path, IO[bytes]]] = []
    try:
        for folder in (path for path in home.iterdir() if path.is_dir()):
            lock = _try_lock(folder.with_suffix(".lock"))
            if lock is not None:
                held.append((folder.with_suffix(".lock"), lock))
                dead.append(folder)
        yield dead
    finally:
        for path, lock in held:
            if not path.with_suffix("").exists():
                path.unlink(missing_ok=True)
            lock.close()


def _notes(folder: Path, is_open: Callable[[str, str], bool]) -> Iterator[tuple[tuple[str, str], Path]]:
    for note in folder.glob("*/fetched.json"):
        said = json.loads(note.read_text())
        if is_open(said["sample"], said["camera"]):
            yield (said["sample"], said["camera"]), note


def _forget_locks(home: Path) -> None:
    """Remove locks of runs killed before they had a folder (by age: a run that begins has none either)."""
    for lock in home.glob("*.lock"):
        if not lock.with_suffix("").exists() and lock.stat().st_mtime < time.time() - LEFT_BEHIND_SECONDS:
            lock.unlink(missing_ok=True)


@contextmanager
def _locked(path: Path) -> Iterator[Path | None]:
    """The lock of a new run, gone at its end. It is there before the folder: no folder is ever without its owner."""
    lock = _try_lock(path)
    assert lock is not None, "a name drawn at random was taken"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
        lock.close()


def _try_lock(path: Path) -> IO[bytes] | None:
    """The open file if it could be locked; None while its run lives."""
    file = path.open("wb")
    with suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return file
    file.close()
    return None

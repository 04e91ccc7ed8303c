"""Private folders for what is on its way (中转目录), which a killed process cannot leave behind for long.

They hold what people wrote and said, so nobody else may look into them, and they go when they are no longer used:
each is locked by its owner, and whoever makes the next one removes those whose owner is dead.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOCK = ".in-use"


@contextmanager
def workspace(spool: Path, purpose: str) -> Iterator[Path]:
    """An empty folder below `spool`, gone on leaving, and after a kill gone with the next one or with `tidy`."""
    with _one_at_a_time(spool):
        _remove_abandoned(spool)
        folder = Path(tempfile.mkdtemp(prefix=f"{purpose}-", dir=spool))
        lock = (folder / _LOCK).open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)  # the system lets go of it when the process ends, however it ends
    with lock:
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def tidy(spool: Path) -> None:
    """Remove what killed processes left; for a round of collecting in which nothing needs a folder."""
    with _one_at_a_time(spool):
        _remove_abandoned(spool)


def is_workspace(folder: Path) -> bool:
    """Whether a folder is one of these: what lies in it goes with it."""
    return (folder / _LOCK).is_file()


@contextmanager
def _one_at_a_time(spool: Path) -> Iterator[None]:
    """Folders are made and abandoned ones removed by one process at a time: one without a lock is nobody's then."""
    spool.mkdir(parents=True, exist_ok=True, mode=0o700)
    here = os.open(spool, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(here, fcntl.LOCK_EX)
        yield
    finally:
        os.close(here)


def _remove_abandoned(spool: Path) -> None:
    for folder in spool.iterdir():
        if _is_abandoned(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _is_abandoned(folder: Path) -> bool:
    """No process holds its lock. Without one its maker died before it had it, or its owner is taking it away."""
    try:
        lock = os.open(folder / _LOCK, os.O_RDONLY)
    except OSError:
        return folder.is_dir()
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(lock)

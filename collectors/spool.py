"""Private folders for what is on its way (中转目录), which a killed process cannot leave behind for long.

They hold what people wrote and said, so nobody else may look into them, and they go when they are no longer used:
each is locked by its owner, and whoever makes the next one removes those whose owner is dead.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOCK, _NOT_YET = ".in-use", ".being-made"
_DAY = 86_400


@contextmanager
def workspace(spool: Path, purpose: str) -> Iterator[Path]:
    """An empty folder below `spool`, gone on leaving, and after a kill gone with the next one."""
    spool.mkdir(parents=True, exist_ok=True, mode=0o700)
    _remove_abandoned(spool)
    folder = Path(tempfile.mkdtemp(prefix=f"{purpose}-", dir=spool))
    with (folder / _NOT_YET).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the system lets go of it when the process ends, however it ends
        (folder / _NOT_YET).rename(folder / _LOCK)  # only now: nobody must find a lock that nobody holds
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def is_workspace(folder: Path) -> bool:
    """Whether a folder is one of these: what lies in it goes with it."""
    return (folder / _LOCK).is_file()


def _remove_abandoned(spool: Path) -> None:
    for folder in spool.iterdir():
        if _is_abandoned(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _is_abandoned(folder: Path) -> bool:
    """No process holds its lock; or it never got one, and nobody takes a day for that."""
    try:
        lock = os.open(folder / _LOCK, os.O_RDONLY)
    except OSError:
        return folder.is_dir() and time.time() - folder.stat().st_mtime > _DAY
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(lock)

"""The most memory that a command and all its children hold at once (内存峰值), sampled from /proc."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dashboard.errors import MingchaError

_PROC = Path("/proc")
_EVERY = 0.02
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Peak:
    """Megabytes resident in all processes together (shared pages counted in each), and seconds."""

    megabytes: float
    seconds: float


def peak_of(command: Sequence[str], *, folder: Path, environment: Mapping[str, str]) -> Peak:
    """Run the command to its end. MingchaError when it fails, or where there is no /proc."""
    if not _PROC.is_dir():
        raise MingchaError("Memory is measured from /proc, which this system does not have.", "Measure on Linux.")
    started, most = time.perf_counter(), 0
    process = subprocess.Popen(
        command, cwd=folder, env=dict(environment), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    while process.poll() is None:
        most = max(most, sum(map(_resident, _family(process.pid))))
        time.sleep(_EVERY)
    seconds = time.perf_counter() - started
    if process.returncode:
        said = process.stderr.read() if process.stderr else ""
        raise MingchaError(f"{command[0]} ended with {process.returncode}: {said[-500:].strip()}")
    return Peak(most * _PAGE / 2**20, seconds)


def _family(process: int) -> Iterator[int]:
    """The process and all that it has started."""
    yield process
    for task in _PROC.glob(f"{process}/task/*/children"):
        try:
            children = task.read_text().split()
        except OSError:  # it ended meanwhile
            continue
        for child in children:
            yield from _family(int(child))


def _resident(process: int) -> int:
    """Resident pages; none of a process that has ended meanwhile."""
    try:
        return int((_PROC / str(process) / "statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0

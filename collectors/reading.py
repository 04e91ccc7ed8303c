"""Files read in a process of their own with a memory limit (隔离读取): a hostile workbook kills that, not the worker.

Delimited text is streamed and needs none of this; workbooks and HTML are taken apart in memory by other people's
code. The child writes each sheet as an Arrow file, which is mapped here, and answers what only the workbook knows.
What it says is JSON: nothing it sends is executed.
"""

from __future__ import annotations

import json
import logging
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any

import polars as pl
import pyarrow as pa

from collectors import tables
from collectors.base import CollectorError
from collectors.redact import redact
from collectors.spool import is_workspace
from collectors.tables.grid import Grid, from_frame

LOG = logging.getLogger(__name__)
MEMORY = 4 * 1024**3
"""Bytes of address space for one file: what a workbook of 800 MB unpacked takes."""
SECONDS = 600.0
"""A file that takes longer to read is stuck."""
_LACK_OF_MEMORY = (-signal.SIGABRT, -signal.SIGKILL, -signal.SIGSEGV, -signal.SIGBUS)
"""How programs end that get no memory, or are killed by the system for want of it."""
_SAID_OF_MEMORY = re.compile(r"memory|can't spawn worker thread|background thread creation failed", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost: bytes of memory beyond the bare process, and seconds."""

    memory: int = MEMORY
    seconds: float = SECONDS


@contextmanager
def grids_apart(path: Path, *, limits: Limits | None = None) -> Iterator[list[Grid]]:
    """The sheets of a file, as `tables.read_grids` gives them, valid inside the `with`.

    Raises CollectorError (permanent) for what `read_grids` refuses, and for a file that needs more than `limits`.
    """
    if tables.is_streamed(path):
        yield tables.read_grids(path)
        return
    # Beside a file that lies in a private folder already, and otherwise in the system's temporary one.
    private = path.parent if is_workspace(path.parent) else None
    with tempfile.TemporaryDirectory(prefix="reading-", dir=private) as folder:
        reader = _Reader(path, Path(folder), limits or Limits())
        try:
            yield reader.grids()
        finally:
            reader.stop()


class _Reader:
    """One child, one file."""

    def __init__(self, path: Path, folder: Path, limits: Limits) -> None:
        self.path, self.folder, self.limits = path, folder, limits
        self.pipe, theirs = Pipe()
        # The file name goes through the pipe: process lists are read by everybody. -P: `collectors/http.py` must not
        # stand in for the standard library's.
        command = [sys.executable, "-P", "-m", "collectors.reading_process", str(theirs.fileno())]
        self.said: IO[bytes] = (folder / "stderr").open("w+b")
        self.process = subprocess.Popen(
            command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.said
        )
        theirs.close()

    def grids(self) -> list[Grid]:
        """All sheets; asks the child, and again for what Grid's two functions want to know."""
        order = {"path": str(self.path), "folder": str(self.folder), "memory": self.limits.memory}
        return [self._grid(index, sheet) for index, sheet in enumerate(self._ask(order))]

    def stop(self) -> None:
        """The child has nothing left to do or to tidy up: it is ended at once, however much it holds."""
        self.pipe.close()
        self.process.kill()
        self.process.wait()
        self.said.close()

    def _grid(self, index: int, sheet: Mapping[str, Any]) -> Grid:
        table = pa.ipc.open_file(pa.memory_map(str(self.folder / f"{index}.arrow"))).read_all()
        cells = pl.DataFrame(pl.from_arrow(table))

        def lost_digits(column: int) -> Sequence[int]:
            answer: list[int] = self._ask({"lost_digits": column, "sheet": index})
            return answer

        def merged(column: int) -> dict[int, str]:
            answer: dict[str, str] = self._ask({"merged": column, "sheet": index})
            return {int(row): text for row, text in answer.items()}

        return from_frame(sheet["name"], cells, from_1904=sheet["from_1904"], lost_digits=lost_digits, merged=merged)

    def _ask(self, question: Mapping[str, Any]) -> Any:
        try:
            self.pipe.send_bytes(json.dumps(question).encode())
            answer = json.loads(_received(self.pipe, time.monotonic() + self.limits.seconds))
        except TimeoutError as error:
            self.process.kill()
            raise CollectorError(
                f"{self.path.name} was not read within {self.limits.seconds:g} s. Export it as csv.", permanent=True
            ) from error
        except (EOFError, OSError) as error:
            raise self._death() from error
        if "error" in answer:
            raise CollectorError(answer["error"], permanent=answer["permanent"])
        return answer["ok"]

    def _death(self) -> CollectorError:
        """What the end of the child means, in words; what it printed goes to the log."""
        status = self.process.wait()
        self.said.seek(0)
        last = self.said.read()[-2000:].decode(errors="replace").strip()
        LOG.info("the process that read %s ended with %s: %s", self.path.name, status, redact(last))
        why = f"the reader ended with {status}"
        if status in _LACK_OF_MEMORY or _SAID_OF_MEMORY.search(last):
            why = f"it needs more than {self.limits.memory / 2**20:,.0f} MB of memory"
        return CollectorError(f"{self.path.name} could not be read: {why}. Export it as csv.", permanent=True)


def _received(pipe: Connection[Any, Any], deadline: float) -> bytes:
    if not pipe.poll(max(0.0, deadline - time.monotonic())):
        raise TimeoutError
    return pipe.recv_bytes()

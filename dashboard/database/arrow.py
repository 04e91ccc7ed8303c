"""Arrow frames in and out of SQLite through a process of its own; `arrow_process` says why it must be one.

`connect(path)` gives a connection with the part of ADBC's interface that the project uses: `cursor()`, `commit()`,
`rollback()`, `close()`; and of the cursor `execute`, `executemany`, `fetch_arrow_table`, `fetchall`, `fetchone`,
`adbc_ingest`, `rowcount`; beyond it `select`. Errors are those of `adbc_driver_manager`.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import adbc_driver_manager
import pyarrow as pa

from dashboard.errors import DatabaseUnusableError

SCRIPT = Path(__file__).with_name("arrow_process.py")
MOST_IDLE = 8
INGEST_ROWS = 65_536
_idle: list[ArrowProcess] = []
_lock = threading.Lock()


class ArrowProcess:
    """One running `arrow_process` and the pipe to it."""

    def __init__(self) -> None:
        self.pipe, theirs = Pipe()
        command = [sys.executable, "-P", str(SCRIPT), str(theirs.fileno())]
        self.process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        theirs.close()

    def stop(self) -> None:
        """Closing the pipe ends it; an open transaction is rolled back."""
        self.pipe.close()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:  # in the middle of a long statement
            self.process.kill()
            self.process.wait()


class ArrowConnection:
    """One transaction after another on one SQLite file, as ADBC's dbapi has it."""

    def __init__(self, path: Path, busy_seconds: float) -> None:
        self._process = _taken()
        self._in_step = True
        self._closed = False
        try:
            self.ask("open", str(path), round(busy_seconds * 1000))
        except BaseException:
            self.close()
            raise

    def ask(self, name: str, *arguments: Any) -> Any:
        """One request and its answer. Raises the driver's error, or DatabaseUnusableError when the process has died."""
        self._send((name, *arguments))
        return self.answer()

    def answer(self) -> Any:
        """The answer to the request under way."""
        try:
            word, *details = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise self._died() from error
        self._in_step = True
        if word == "error":
            kind, message, status = details
            raise getattr(adbc_driver_manager, kind)(message, status_code=adbc_driver_manager.AdbcStatusCode(status))
        return details[0]

    def batches(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """The batches that follow, until the empty message."""
        self._in_step = False
        while message := self._received():
            yield pa.ipc.read_record_batch(pa.py_buffer(message), schema)

    def ingest(self, table: str, data: Any, options: dict[str, Any]) -> int:
        """Stream a table or reader into `table`; the number of rows."""
        reader = pa.RecordBatchReader.from_stream(data)
        self._send(("ingest", table, reader.schema.serialize().to_pybytes(), options))
        for batch in reader:
            for start in range(0, batch.num_rows, INGEST_ROWS):
                self._send_bytes(batch.slice(start, INGEST_ROWS).serialize())
        self._send_bytes(b"")
        return int(self.answer())

    def cursor(self) -> ArrowCursor:
        return ArrowCursor(self)

    def commit(self) -> None:
        self.ask("commit")

    def rollback(self) -> None:
        """Undo; a process that is out of step (interrupted, dead) is ended instead, which undoes as well."""
        if not self._in_step:
            return
        try:
            self.ask("rollback")
        except adbc_driver_manager.Error:
            self._in_step = False  # SQLite has undone it by itself (disk full) and ADBC does not know: end the process

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._in_step:
            self.ask("close")
            _given_back(self._process)
        else:
            self._process.stop()

    @property
    def _pipe(self) -> Connection[Any, Any]:
        return self._process.pipe

    def _send(self, message: tuple[Any, ...]) -> None:
        self._in_step = False
        try:
            self._pipe.send(message)
        except OSError as error:
            raise self._died() from error

    def _send_bytes(self, message: Any) -> None:
        try:
            self._pipe.send_bytes(message)
        except OSError as error:
            raise self._died() from error

    def _received(self) -> bytes:
        try:
            return self._pipe.recv_bytes()
        except (EOFError, OSError) as error:
            raise self._died() from error

    def _died(self) -> DatabaseUnusableError:
        return DatabaseUnusableError(
            "The process that carries frames to and from the database ended unexpectedly.",
            "Nothing of its transaction was stored; try again, and look for lack of memory.",
        )


class ArrowCursor:
    """As ADBC's cursor, as far as the project uses it."""

    def __init__(self, connection: ArrowConnection) -> None:
        self._connection = connection
        self._rows: Iterator[tuple[Any, ...]] | None = None
        self.rowcount = -1

    def __enter__(self) -> ArrowCursor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Nothing to do here: the next statement or the end of the transaction closes the one over there."""

    def execute(self, sql: str, parameters: Sequence[Any] | None = None) -> None:
        self._rows = None
        self.rowcount = self._connection.ask("execute", sql, tuple(parameters) if parameters else None)

    def executemany(self, sql: str, parameters: Sequence[Sequence[Any]]) -> None:
        self.rowcount = self._connection.ask("executemany", sql, [tuple(row) for row in parameters])

    def select(self, sql: str, parameters: Sequence[Any] | None = None) -> pa.Table:
        """`execute` and `fetch_arrow_table` in one exchange: half the waiting of a small query."""
        self._rows = None
        return self._table("select", sql, tuple(parameters) if parameters else None)

    def fetch_arrow_table(self) -> pa.Table:
        return self._table("fetch")

    def _table(self, request: str, *arguments: Any) -> pa.Table:
        schema = pa.ipc.read_schema(pa.py_buffer(self._connection.ask(request, *arguments)))
        batches = list(self._connection.batches(schema))
        self._connection.answer()
        return pa.Table.from_batches(batches, schema=schema)

    def fetchall(self) -> list[tuple[Any, ...]]:
        return list(self._fetched())

    def fetchone(self) -> tuple[Any, ...] | None:
        return next(self._fetched(), None)

    def adbc_ingest(self, table_name: str, data: Any, mode: str = "create", **options: Any) -> int:
        return self._connection.ingest(table_name, data, {"mode": mode, **options})

    def _fetched(self) -> Iterator[tuple[Any, ...]]:
        if self._rows is None:
            table = self.fetch_arrow_table()
            self._rows = iter(list(zip(*(column.to_pylist() for column in table.columns), strict=True)))
        return self._rows


def connect(path: Path, *, busy_seconds: float) -> ArrowConnection:
    """A connection to the SQLite file; waits up to `busy_seconds` for another writer."""
    return ArrowConnection(path, busy_seconds)


def _taken() -> ArrowProcess:
    with _lock:
        while _idle:
            process = _idle.pop()
            if process.process.poll() is None:
                return process
            process.stop()
    return ArrowProcess()


def _given_back(process: ArrowProcess) -> None:
    with _lock:
        if len(_idle) < MOST_IDLE:
            _idle.append(process)
            return
    process.stop()


def _stop_idle() -> None:
    with _lock:
        while _idle:
            _idle.pop().stop()


atexit.register(_stop_idle)
os.register_at_fork(after_in_child=_idle.clear)  # a forked child must not speak on its parent's pipes

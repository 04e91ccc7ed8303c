"""The other end of `arrow.py`: a process of its own that holds ADBC's SQLite, started as a script.

ADBC brings its own copy of SQLite beside the one inside Python. Two copies in one process do not see each other's file
locks (POSIX locks belong to the process, and closing one file drops the other's), which destroys the database within
seconds; see sqlite.org/howtocorrupt.html, "Multiple copies of SQLite". So each process has exactly one copy.

This file imports nothing of the project: it must start fast.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any


class _WithoutFrameLibraries:
    """ADBC would load pandas and Polars for convenience that we do not use: 45 MB and 0.3 s more per process."""

    @staticmethod
    def find_spec(name: str, _path: object = None, _target: object = None) -> None:
        if name in ("pandas", "polars"):
            raise ModuleNotFoundError(name)


sys.meta_path.insert(0, _WithoutFrameLibraries)

import adbc_driver_manager  # noqa: E402
import adbc_driver_sqlite.dbapi  # noqa: E402
import pyarrow as pa  # noqa: E402

BATCH_ROWS = "65536"


class Server:
    """Serves one SQLite connection at a time over a pipe: each request is a tuple, each answer one or more messages."""

    def __init__(self, pipe: Connection) -> None:
        self.pipe = pipe
        self.database: Any = None
        self.cursor: Any = None

    def run(self) -> None:
        """Until the pipe closes; leaving without a commit rolls back."""
        while True:
            try:
                name, *arguments = self.pipe.recv()
            except EOFError:
                return
            self._answer(name, arguments)

    def _answer(self, name: str, arguments: list[Any]) -> None:
        try:
            getattr(self, f"do_{name}")(*arguments)
        except adbc_driver_manager.Error as error:
            self.pipe.send(("error", type(error).__name__, str(error), int(error.status_code)))
        except (pa.ArrowException, TypeError, ValueError) as error:  # data that Arrow or the driver cannot take
            self.pipe.send(("error", "DataError", f"{type(error).__name__}: {error}", 5))

    def do_open(self, path: str, busy_milliseconds: int) -> None:
        self.database = adbc_driver_sqlite.dbapi.connect(path)
        self.database.adbc_connection.set_autocommit(True)  # `synchronous` can only be set outside a transaction
        with self.database.cursor() as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {busy_milliseconds}")
            cursor.execute("PRAGMA synchronous = NORMAL")  # as our own connections: safe with WAL, one fsync less
        self.database.adbc_connection.set_autocommit(False)
        self.pipe.send(("ok", None))

    def do_close(self) -> None:
        self._drop_cursor()
        if self.database is not None:
            self.database.close()
            self.database = None
        self.pipe.send(("ok", None))

    def do_commit(self) -> None:
        self._drop_cursor()
        self.database.commit()
        self.pipe.send(("ok", None))

    def do_rollback(self) -> None:
        self._drop_cursor()
        self.database.rollback()
        self.pipe.send(("ok", None))

    def do_execute(self, sql: str, parameters: tuple[Any, ...] | None) -> None:
        """Run a statement; its rows, if any, wait for `fetch`."""
        self._run(sql, parameters)
        self.pipe.send(("ok", self.cursor.rowcount))

    def do_select(self, sql: str, parameters: tuple[Any, ...] | None) -> None:
        """Run a statement and fetch its rows, without a question in between."""
        self._run(sql, parameters)
        self.do_fetch()

    def do_executemany(self, sql: str, parameters: list[tuple[Any, ...]]) -> None:
        self._drop_cursor()
        with self.database.cursor() as cursor:
            cursor.executemany(sql, parameters)
            self.pipe.send(("ok", cursor.rowcount))

    def do_fetch(self) -> None:
        """The rows of the last statement: schema, then batches, then an empty message."""
        reader = self.cursor.fetch_record_batch()
        self.pipe.send(("ok", reader.schema.serialize().to_pybytes()))
        try:
            for batch in reader:
                self.pipe.send_bytes(batch.serialize())
        except (adbc_driver_manager.Error, pa.ArrowException) as error:
            self.pipe.send_bytes(b"")
            self.pipe.send(("error", "OperationalError", str(error), 10))
        else:
            self.pipe.send_bytes(b"")
            self.pipe.send(("ok", None))

    def do_ingest(self, table: str, schema: bytes, options: dict[str, Any]) -> None:
        """Append the batches that follow, until an empty message; on an error the rest is read away first."""
        self._drop_cursor()
        arrow_schema = pa.ipc.read_schema(pa.py_buffer(schema))
        batches = self._incoming(arrow_schema)
        try:
            with self.database.cursor() as cursor:
                count = cursor.adbc_ingest(table, pa.RecordBatchReader.from_batches(arrow_schema, batches), **options)
        finally:
            for _ in batches:
                pass
        self.pipe.send(("ok", count))

    def _run(self, sql: str, parameters: tuple[Any, ...] | None) -> None:
        self._drop_cursor()
        self.cursor = self.database.cursor()
        self.cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": BATCH_ROWS})
        self.cursor.execute(sql, parameters)

    def _incoming(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        while message := self.pipe.recv_bytes():
            yield pa.ipc.read_record_batch(pa.py_buffer(message), schema)

    def _drop_cursor(self) -> None:
        if self.cursor is not None:
            self.cursor.close()
            self.cursor = None


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent; we end when its end of the pipe closes
    Server(Connection(int(sys.argv[1]))).run()

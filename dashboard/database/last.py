"""What is written at the very end of a transaction (最后一笔): after everything that its caller does in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Connection

_KEY = "mingcha_last"


class Writer(Protocol):
    """One open transaction, of SQLAlchemy or of ADBC."""

    def scalar(self, statement: Any) -> Any: ...
    def add(self, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None: ...
    def wait_for(self, lock: int) -> None:
        """Wait for PostgreSQL's advisory lock, held until the end; SQLite has one writer anyway."""


class Arrow(Writer, Protocol):
    """A transaction that is no SQLAlchemy connection (`dashboard.intake.tables.Tables`)."""

    last: Waiting | None


Transaction = Connection | Arrow
Last = Callable[[Writer, list[Any]], None]
Waiting = dict[Last, list[Any]]


def before_commit(transaction: Transaction, last: Last) -> list[Any]:
    """The list that `last` gets when the transaction is about to commit; whoever asks adds to the same one.

    TypeError outside `Database.session()` and `intake.tables.alone()`: what waits would never be written.
    """
    waiting = transaction.info.get(_KEY) if isinstance(transaction, Connection) else transaction.last
    if waiting is None:
        raise TypeError("This is no writing transaction: use Database.session() or dashboard.intake.tables.alone().")
    return waiting.setdefault(last, [])


@contextmanager
def last_writes(connection: Connection) -> Iterator[None]:
    """Inside, `before_commit` takes what is to be written on leaving; nothing is written after an error."""
    waiting: Waiting = {}
    info = connection.info  # kept: a connection that the server cut off has none to ask for any more
    info[_KEY] = waiting
    try:
        yield
        write_last(_Session(connection), waiting)
    finally:
        info.pop(_KEY, None)


def write_last(writer: Writer, waiting: Waiting) -> None:
    for last, values in waiting.items():
        last(writer, values)


class _Session:
    """A SQLAlchemy connection as a `Writer`."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def scalar(self, statement: Any) -> Any:
        return self.connection.execute(statement).scalar()

    def add(self, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
        self.connection.execute(sa.insert(table), list(rows))

    def wait_for(self, lock: int) -> None:
        if self.connection.dialect.name == "postgresql":
            self.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(lock)))

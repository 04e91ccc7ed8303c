"""Whole frames into tables (成批写入), inside one ADBC transaction, the same on both databases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import polars as pl
import sqlalchemy as sa

from dashboard.database import Database
from dashboard.database.last import Waiting, write_last

LOCK = 20260903
"""Number of PostgreSQL's advisory lock that lets one process at a time store records; SQLite has one writer anyway."""


class Tables:
    """The database reached through one open ADBC connection."""

    def __init__(self, db: Database, connection: Any) -> None:
        self.db, self.connection = db, connection
        self.last: Waiting | None = None
        """What is to be written before the commit (`dashboard.database.last`); None outside `alone`."""

    def frame(self, statement: sa.Select[Any]) -> pl.DataFrame:
        return self.db.frame(statement, self.connection)

    def append(self, table: str, rows: pl.DataFrame) -> None:
        """Add rows; columns of the table that they have not stay empty or take their default."""
        if rows.height:
            with self.connection.cursor() as cursor:
                cursor.adbc_ingest(table, rows.to_arrow(), mode="append")

    def stage(self, name: str, rows: pl.DataFrame) -> None:
        """A temporary table of these rows, replacing one of that name."""
        with self.connection.cursor() as cursor:
            cursor.adbc_ingest(name, rows.to_arrow(), mode="replace", temporary=True)
        if self.db.dialect == "postgresql":
            self.execute(f"ANALYZE {name}")  # without it the planner takes a new table for a tiny one

    def execute(self, sql: str) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(sql)

    def run(self, statement: Any) -> None:
        with self.connection.cursor() as cursor:
            self.db.execute(cursor, statement)

    def scalar(self, statement: Any) -> Any:
        """The first value of the first row; None when there is no row."""
        with self.connection.cursor() as cursor:
            self.db.execute(cursor, statement)
            row = cursor.fetchone()
        return None if row is None else row[0]

    def add(self, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add a few rows that are no frame."""
        self.append(table.name, pl.DataFrame(rows, infer_schema_length=None))

    def wait_for(self, lock: int) -> None:
        """Wait for PostgreSQL's advisory lock, held until the end; SQLite has one writer anyway."""
        if self.db.dialect == "postgresql":
            self.execute(f"SELECT pg_advisory_xact_lock({lock})")


@contextmanager
def alone(db: Database) -> Iterator[Tables]:
    """One write transaction that nobody else who stores or repairs records shares its time with.

    What is looked up inside stays true until the end: two collectors started at the same moment, or a repair during an
    import, wait for each other instead of storing a key twice.
    """
    with db.adbc(write=True) as connection:
        tables = Tables(db, connection)
        tables.wait_for(LOCK)
        waiting: Waiting = {}
        tables.last = waiting
        yield tables
        write_last(tables, waiting)

"""Reads records as frames for judging: by scope, with what other records they depend on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any

import polars as pl
import sqlalchemy as sa

from checks.offices import Tree, tree_of
from dashboard.database import Database
from dashboard.database.models import RECORD_TABLES

Condition = Callable[[Any], sa.ColumnElement[bool]]
"""Which rows of a record table: given the table (or an alias), an SQL condition."""

_numbers = count()


def everything(_table: Any) -> sa.ColumnElement[bool]:
    return sa.true()


@dataclass
class Reader:
    """One ADBC connection, in one transaction, from which frames are read."""

    db: Database
    connection: Any

    def frame(self, statement: sa.Select[Any]) -> pl.DataFrame:
        return self.db.frame(statement, self.connection)

    def execute(self, statement: Any) -> None:
        with self.connection.cursor() as cursor:
            self.db.execute(cursor, statement)

    def ingest(self, table: str, frame: pl.DataFrame, *, mode: str = "append", temporary: bool = False) -> None:
        """Store a frame; columns by name. An empty one stores nothing."""
        if frame.height == 0 and mode == "append":
            return
        options = {"temporary": True} if temporary else {}
        with self.connection.cursor() as cursor:
            cursor.adbc_ingest(table, frame.to_arrow(compat_level=pl.CompatLevel.oldest()), mode=mode, **options)

    def records(self, record: str, columns: tuple[str, ...], condition: Condition) -> pl.DataFrame:
        """Rows of a record table with `id`, `office_code` (or hall) and the named columns."""
        table = RECORD_TABLES[record]
        names = dict.fromkeys(("id", *columns))
        return self.frame(sa.select(*(table.c[name] for name in names)).where(condition(table)))

    @contextmanager
    def numbers(self, values: pl.Series) -> Iterator[sa.Select[Any]]:
        """A list of texts as a subquery, however long: kept in a temporary table."""
        name = f"judging_numbers_{next(_numbers)}"
        self.ingest(name, values.drop_nulls().unique().sort().to_frame("number"), mode="create", temporary=True)
        table = sa.table(name, sa.column("number", sa.Text))
        try:
            yield sa.select(table.c.number)
        finally:
            self.execute(sa.text(f"DROP TABLE {name}"))

    @contextmanager
    def pairs(self, values: pl.DataFrame) -> Iterator[sa.Select[Any]]:
        """Pairs of texts as a subquery, kept in a temporary table."""
        name = f"judging_pairs_{next(_numbers)}"
        self.ingest(name, values.rename(dict(zip(values.columns, "ab", strict=True))), mode="create", temporary=True)
        table = sa.table(name, sa.column("a", sa.Text), sa.column("b", sa.Text))
        try:
            yield sa.select(table.c.a, table.c.b)
        finally:
            self.execute(sa.text(f"DROP TABLE {name}"))

    @cached_property
    def tree(self) -> Tree:
        """All offices with their validity."""
        table = RECORD_TABLES["offices"].c
        names = ("code", "name", "parent_code", "level", "area", "peer_group", "customers", "valid_from", "valid_to")
        frame = self.frame(sa.select(*(table[name] for name in names)))
        return tree_of(frame.with_columns(pl.col("valid_from", "valid_to").str.to_date("%Y-%m-%d")))


@contextmanager
def reader(db: Database) -> Iterator[Reader]:
    """A reader of its own."""
    with db.adbc() as connection:
        yield Reader(db, connection)

"""Reads and judges a few records at a time (少量记录): the questions of `Reader`, asked on SQLAlchemy's connection.

SQLAlchemy keeps how a statement is written in SQL, and no frame passes between processes: for a handful of records the
fixed cost is a tenth. Over thousands `Reader` is quicker. Which of the two asks changes no answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import sqlalchemy as sa

from checks.exclusions import Filing
from dashboard.database import Database
from dashboard.database.engine import frame_schema
from dashboard.database.models import METADATA
from dashboard.judging.reading import Reader, Within

FEW_VALUES = 500
"""Values that are sent with the question; more go into a temporary table (databases limit how many may be sent)."""


@dataclass
class RowReader(Reader):
    """One SQLAlchemy connection, in one transaction, from which small frames are read."""

    _left: list[sa.Table] = field(default_factory=list, init=False)

    def assuming(self, filings: Iterable[Filing], decided: int | None = None) -> RowReader:
        other = super().assuming(filings, decided)
        assert isinstance(other, RowReader)
        other._left = self._left
        return other

    def frame(self, statement: sa.Select[Any], **parameters: Any) -> pl.DataFrame:
        """The same frame as `Database.frame`."""
        rows = [tuple(row) for row in self.connection.execute(statement, parameters)]
        return pl.DataFrame(rows, schema=dict(frame_schema(statement)), orient="row")

    def execute(self, statement: Any) -> None:
        self.connection.execute(statement)

    def ingest(self, table: str, frame: pl.DataFrame, *, mode: str = "append", temporary: bool = False) -> None:
        """Store a frame in a table that there is; `temporary` makes those that there are not."""
        if mode != "append" or temporary:
            raise ValueError(f"{mode}: rows are only added here, see `temporary`.")
        if frame.height:
            self.connection.execute(sa.insert(METADATA.tables[table]), frame.to_dicts())

    def temporary(self, frame: pl.DataFrame, *columns: sa.ColumnClause[Any]) -> Any:
        table = sa.Table(
            self.new_name(), sa.MetaData(), *(sa.Column(column.name, column.type) for column in columns),
            prefixes=["TEMPORARY"], postgresql_on_commit="DROP",
        )  # fmt: skip
        self.connection.execute(sa.schema.CreateTable(table))
        self._left.append(table)
        if frame.height:
            names = [column.name for column in columns]
            self.connection.execute(sa.insert(table), [dict(zip(names, row, strict=True)) for row in frame.iter_rows()])
        return table

    def within(self, values: pl.Series) -> Within:
        known = sorted({value for value in values.to_list() if value is not None})
        return known if len(known) <= FEW_VALUES else super().within(values)

    def tidy(self) -> None:
        """SQLite's temporary tables outlive the transaction, and the connection is used again."""
        if self.db.dialect == "sqlite":
            for table in self._left:
                self.connection.execute(sa.schema.DropTable(table))


@contextmanager
def few_rows(db: Database, *, write: bool = False) -> Iterator[RowReader]:
    """A reader for a few records, of the company's offices; with `write` in a transaction that commits on leaving."""
    with db.session() if write else db.reading() as connection:
        reader = RowReader(db, connection)
        yield reader
        reader.tidy()

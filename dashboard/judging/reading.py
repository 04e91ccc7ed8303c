"""Reads records as frames for judging: by scope, with what other records they depend on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import count
from typing import Any

import polars as pl
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from checks.exclusions import Filing
from checks.offices import Tree, TreeOfOneDay, tree_of
from collectors.records import RECORDS
from dashboard.database import Database
from dashboard.database.models import RECORD_TABLES

Condition = Callable[[Any], sa.ColumnElement[bool]]
"""Which rows of a record table: given the table (or an alias), an SQL condition."""
Within = sa.Select[Any] | list[Any]
"""What `column.in_()` takes."""

_OFFICE = {name: record.office or "" for name, record in RECORDS.items()}

_OFFICE_COLUMNS = (
    "code", "name", "parent_code", "level", "area", "peer_group", "customers", "valid_from", "valid_to",
    "successor_code",
)  # fmt: skip
_OFFICES = sa.select(*(RECORD_TABLES["offices"].c[name] for name in _OFFICE_COLUMNS)).where(
    sa.func.coalesce(RECORD_TABLES["offices"].c.rulebook, "") == sa.bindparam("rulebook", type_=sa.Text)
)
TREES_KEPT = 8


@lru_cache(maxsize=TREES_KEPT)
def _tree(rows: tuple[tuple[Any, ...], ...]) -> Tree:
    """The tree of exactly these rows: they are read each time, but a tree that has not changed is laid out once."""
    frame = pl.DataFrame(
        list(rows), schema={name: pl.Int64 if name == "customers" else pl.String for name in _OFFICE_COLUMNS},
        orient="row",
    )  # fmt: skip
    return tree_of(frame.with_columns(pl.col("valid_from", "valid_to").str.to_date("%Y-%m-%d")))


def everything(_table: Any) -> sa.ColumnElement[bool]:
    return sa.true()


@dataclass
class Reader:
    """One ADBC connection, in one transaction, from which frames are read; for a few rows see `rows.RowReader`."""

    db: Database
    connection: Any
    rulebook: str | None = None
    """Whose offices: those of a foreign rulebook, or (None) the company's own."""
    filings: tuple[Filing, ...] | None = None
    """Exclusions taken as approved in place of the stored ones: what the figures would be with these."""
    one_day: dt.date | None = None
    """The day whose tree figures are summed by; None: each by the tree of its own day."""
    decided: int | None = None
    """The moment (microseconds) whose decisions of people count where it is after as-of; None: as-of alone."""
    filings_at: dict[int, tuple[Filing, ...]] = field(default_factory=dict, init=False)
    filed_places: dict[tuple[str, tuple[Filing, ...]], Any] = field(default_factory=dict, init=False)
    """What `dashboard.judging.filed` has read and laid out on this connection."""
    _names: Iterator[int] = field(default_factory=count, init=False)

    def assuming(self, filings: Iterable[Filing], decided: int | None = None) -> Reader:
        """The same connection, judging as if exactly these exclusions held, and reviews as `decided` by then."""
        moment = self.decided if decided is None else decided
        other = type(self)(self.db, self.connection, self.rulebook, tuple(filings), self.one_day, moment)
        other._names, other.filed_places = self._names, self.filed_places
        other.tree = self.tree
        return other

    def frame(self, statement: sa.Select[Any], **parameters: Any) -> pl.DataFrame:
        """See `Database.frame`."""
        return self.db.frame(statement, self.connection, **parameters)

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
        query = sa.select(*(table.c[name] for name in names)).where(condition(table))
        return self.frame(query.where(self._at_own_offices(table.c[_OFFICE[record]])))

    def _at_own_offices(self, office: Any) -> sa.ColumnElement[bool]:
        """Records of the offices of this rulebook; a company without foreign ones need not look."""
        offices = RECORD_TABLES["offices"].c
        if self.rulebook is not None:
            return office.in_(sa.select(offices.code).where(offices.rulebook == self.rulebook))  # type: ignore[no-any-return]
        if not self._has_foreign_offices:
            return sa.true()
        return office.not_in(sa.select(offices.code).where(offices.rulebook.is_not(None)))  # type: ignore[no-any-return]

    @cached_property
    def _has_foreign_offices(self) -> bool:
        offices = RECORD_TABLES["offices"].c
        return not self.frame(sa.select(offices.id).where(offices.rulebook.is_not(None)).limit(1)).is_empty()

    def new_name(self) -> str:
        """A name for a temporary table, used once on this connection."""
        return f"judging_{next(self._names)}"

    def temporary(self, frame: pl.DataFrame, *columns: sa.ColumnClause[Any]) -> Any:
        """The frame as a temporary table of these columns; it goes with the connection."""
        name = self.new_name()
        renamed = frame.rename(dict(zip(frame.columns, (column.name for column in columns), strict=True)))
        self.ingest(name, renamed, mode="create", temporary=True)
        return sa.table(name, *columns)

    def within(self, values: pl.Series) -> Within:
        """What `column.in_()` takes for these texts or numbers, however many."""
        kind = sa.Text if values.dtype == pl.String else sa.BigInteger
        table = self.temporary(values.drop_nulls().unique().sort().to_frame(), sa.column("value", kind))
        return sa.select(table.c.value)

    def pairs(self, values: pl.DataFrame) -> sa.Select[Any]:
        """Pairs of texts as a subquery."""
        table = self.temporary(values, sa.column("a", sa.Text), sa.column("b", sa.Text))
        return sa.select(table.c.a, table.c.b)

    def upsert(self, table: sa.Table, rows: pl.DataFrame, keys: Sequence[str], adding: bool = False) -> Any:
        """Insert rows or, where the key is there, overwrite them (`adding`: add their numbers) in one statement.

        The temporary table that held them.
        """
        source = self.temporary(rows, *(sa.column(name, table.c[name].type) for name in rows.columns))
        dialect = sqlite if self.db.dialect == "sqlite" else postgresql
        insert = dialect.insert(table).from_select(rows.columns, sa.select(source).where(sa.true()))
        values = {name: insert.excluded[name] for name in rows.columns if name not in keys}
        if adding:
            values = {name: table.c[name] + value for name, value in values.items()}
        self.execute(insert.on_conflict_do_update(index_elements=list(keys), set_=values))
        return source

    @cached_property
    def tree(self) -> Tree:
        """All offices of the rulebook with their validity."""
        rows = self.frame(_OFFICES, rulebook=self.rulebook or "").rows()
        return _tree(tuple(rows))

    @cached_property
    def shown(self) -> Tree:
        """The tree by which figures are summed and shown; records are judged by `tree`, whatever is shown."""
        return self.tree if self.one_day is None else TreeOfOneDay(self.tree.versions, self.one_day)


@contextmanager
def reader(db: Database, rulebook: str | None = None, one_day: dt.date | None = None) -> Iterator[Reader]:
    """A reader of its own, of the company's offices or those of a foreign rulebook."""
    with db.adbc() as connection:
        yield Reader(db, connection, rulebook, one_day=one_day)

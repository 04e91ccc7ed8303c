"""One object for the database: SQLAlchemy for statements, ADBC for whole frames, the same for both servers."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import adbc_driver_manager
import polars as pl
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from dashboard.database import arrow
from dashboard.database.last import last_writes
from dashboard.errors import DatabaseUnusableError

BUSY_SECONDS = 30.0
_UNUSABLE = re.compile(
    r"database or disk is full|disk I/O error|no space left[^\n]*|server closed the connection[^\n]*|"
    r"terminating connection[^\n]*|connection (?:is|was|has been) (?:lost|closed)|no connection to the server|"
    r"SSL SYSCALL[^\n]*",
    re.IGNORECASE,
)
"""What drivers say when the place itself gives up, under whichever of their many kinds of error."""
FRAME_TYPES: dict[type[Any], Any] = {
    sa.BigInteger: pl.Int64,
    sa.Integer: pl.Int64,
    sa.Boolean: pl.Boolean,
    sa.Double: pl.Float64,
    sa.Text: pl.String,
}


class Database:
    """The database of one URL.

    `session()` is one write transaction, `reading()` one read transaction, `adbc()` the same database for Arrow
    frames, `frame()` a query as a typed Polars frame. Errors of the driver become `DatabaseUnusableError`.
    """

    def __init__(
        self, url: str | URL, *, busy_seconds: float = BUSY_SECONDS, migration_url: str | URL | None = None
    ) -> None:
        self.url = _parsed(url)
        self.migration_url = _parsed(migration_url) if migration_url else None
        """The same database as its owner, who alone may change tables."""
        self.busy_seconds = busy_seconds
        self.dialect = self.url.get_backend_name()
        self.engine = self._make_engine()

    @contextmanager
    def as_owner(self) -> Iterator[Database]:
        """The same database as its owner, where MINGCHA_MIGRATION_URL names one; else itself."""
        if self.migration_url is None:
            yield self
            return
        owner = Database(self.migration_url, busy_seconds=self.busy_seconds)
        try:
            yield owner
        finally:
            owner.engine.dispose()

    def __repr__(self) -> str:
        return f"Database({self.url.render_as_string(hide_password=True)})"

    @contextmanager
    def session(self, *, patience: float | None = None) -> Iterator[Connection]:
        """One write transaction: commits on leaving, rolls back on an error.

        `patience`: seconds to wait for the one writer of SQLite, where `busy_seconds` would be too long.
        """
        options = {"mingcha_write": True, "mingcha_patience": self.busy_seconds if patience is None else patience}
        with (
            self._translated(),
            self.engine.connect().execution_options(**options) as connection,
            connection.begin(),
            last_writes(connection),
        ):
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One read transaction: a consistent view (PostgreSQL by default shows what others commit in between)."""
        options: dict[str, Any] = {"isolation_level": "REPEATABLE READ"} if self.dialect == "postgresql" else {}
        with (
            self._translated(),
            self.engine.connect().execution_options(**options) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def adbc(self, *, write: bool = False) -> Iterator[Any]:
        """An ADBC connection, one transaction: commits on leaving, rolls back on an error.

        With `write` the SQLite write lock is taken first, so that a stale snapshot cannot make a later write fail.
        """
        with self._translated():
            connection = self._adbc_connection()
            try:
                if write and self.dialect == "sqlite":
                    with connection.cursor() as cursor:
                        cursor.execute("UPDATE leases SET holder = holder WHERE 0")
                yield connection
                connection.commit()
            except BaseException:
                with suppress(adbc_driver_manager.Error):  # a connection that is gone cannot hide why
                    connection.rollback()
                raise
            finally:
                connection.close()

    def frame(self, statement: sa.Select[Any], connection: Any = None, **parameters: Any) -> pl.DataFrame:
        """The rows of a SELECT as a Polars frame, typed by the statement's columns (empty results too).

        Empty strings come back as null: the database never stores an empty text. With `parameters` (by the names of
        its `bindparam`s) a statement that is kept and asked again and again is written in SQL only once.
        """
        if connection is not None:
            return self._fetch(connection, statement, parameters)
        with self.adbc() as own:
            return self._fetch(own, statement, parameters)

    def execute(self, cursor: Any, statement: Any) -> None:
        """Run a Core statement on an ADBC cursor with its parameters bound."""
        sql, parameters = self.compiled(statement)
        cursor.execute(sql, parameters or None)

    def compiled(self, statement: Any) -> tuple[str, tuple[Any, ...]]:
        """SQL text and positional parameters of a Core statement for ADBC."""
        return _in_sql(statement, self.dialect).filled({})

    def _fetch(self, connection: Any, statement: sa.Select[Any], parameters: Mapping[str, Any]) -> pl.DataFrame:
        written = (_written_once if parameters else _written)(statement, self.dialect)
        with connection.cursor() as cursor:
            table = self._rows(cursor, *written.query.filled(parameters))
        if not table.num_rows:
            return written.empty.clone()
        frame = pl.DataFrame(pl.from_arrow(table))
        frame.columns = [name for name, _ in written.columns]
        unlike = [
            pl.col(name).cast(dtype)
            for (name, dtype), found in zip(written.columns, frame.dtypes, strict=True)
            if dtype != found
        ]
        if unlike:
            frame = frame.with_columns(unlike)
        return frame if written.no_blanks is None else frame.with_columns(written.no_blanks)

    def _rows(self, cursor: Any, sql: str, values: tuple[Any, ...]) -> Any:
        if self.dialect == "sqlite":
            return cursor.select(sql, values)
        cursor.execute(sql, values or None)
        return cursor.fetch_arrow_table()

    def _adbc_connection(self) -> Any:
        if self.dialect == "sqlite":
            return arrow.connect(self.path, busy_seconds=self.busy_seconds)
        import adbc_driver_postgresql.dbapi  # brings pandas: a quarter of a second that SQLite need not pay

        plain = self.url.set(drivername="postgresql")
        return adbc_driver_postgresql.dbapi.connect(plain.render_as_string(hide_password=False))

    @property
    def path(self) -> Path:
        """The file of a SQLite database."""
        return Path(self.url.database or "")

    def _make_engine(self) -> Engine:
        if self.dialect != "sqlite":
            return sa.create_engine(self.url, pool_pre_ping=True)
        if not self.url.database or self.url.database == ":memory:":
            raise DatabaseUnusableError(f"{self.url} names no file.", "Use sqlite:///name.db or a PostgreSQL URL.")
        engine = sa.create_engine(self.url, connect_args={"timeout": self.busy_seconds, "check_same_thread": False})
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
        return engine

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (OperationalError, adbc_driver_manager.OperationalError) as error:
            raise DatabaseUnusableError(_explained(str(getattr(error, "orig", error)), self)) from error
        except (DBAPIError, adbc_driver_manager.Error) as error:
            if "locked" in str(error) or "SQLITE_BUSY" in str(error):
                raise DatabaseUnusableError(_explained("locked", self)) from error
            if unusable := _UNUSABLE.search(str(error)):
                raise DatabaseUnusableError(_explained(unusable[0], self)) from error
            raise


def frame_schema(statement: sa.Select[Any]) -> list[tuple[str, Any]]:
    """Names and Polars types of the columns of a SELECT, in their order."""
    return [(column.key or column.name, _frame_type(column)) for column in statement.selected_columns]


@dataclass(frozen=True)
class _Query:
    """A statement as one database reads it, with the names of its parameters in their order and their values."""

    sql: str
    names: tuple[str, ...]
    values: Mapping[str, Any]

    def filled(self, parameters: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]]:
        if unknown := parameters.keys() - self.values.keys():
            raise TypeError(f"No parameter {', '.join(sorted(unknown))} in: {self.sql}")
        known = {**self.values, **parameters}
        return self.sql, tuple(known[name] for name in self.names)


@dataclass(frozen=True)
class _Written:
    """A SELECT, its columns with their types in frames, and what makes empty texts nulls again."""

    query: _Query
    columns: list[tuple[str, Any]]
    empty: pl.DataFrame
    no_blanks: pl.Expr | None


def _in_sql(statement: Any, dialect: str) -> _Query:
    compiled = statement.compile(dialect=_numbered(dialect), compile_kwargs={"render_postcompile": True})
    return _Query(str(compiled), tuple(compiled.positiontup or ()), compiled.params)


def _written(statement: sa.Select[Any], dialect: str) -> _Written:
    """The statement with every text that may be null made an empty one for SQLite.

    Its ADBC driver takes the type from the first rows: text that starts with nulls would be a number.
    """
    columns, types = list(statement.selected_columns), frame_schema(statement)
    names = [name for name, _ in types]
    plain = all(isinstance(source, sa.Table) for source in statement.get_final_froms())
    blanks = [
        name for (name, dtype), column in zip(types, columns, strict=True)
        if dtype == pl.String and not (plain and isinstance(column, sa.Column) and not column.nullable)
    ]  # fmt: skip
    if dialect == "sqlite" and blanks:
        sent = (
            sa.func.coalesce(column, sa.literal_column("''")).label(name) if name in blanks else column.label(name)
            for name, column in zip(names, columns, strict=True)
        )
        statement = statement.with_only_columns(*sent, maintain_column_froms=True)
    filled = pl.when(pl.col(blanks) != "").then(pl.col(blanks)).name.keep() if blanks else None
    return _Written(_in_sql(statement, dialect), types, pl.DataFrame(schema=dict(types)), filled)


_written_once = lru_cache(maxsize=256)(_written)


@cache
def _numbered(name: str) -> Any:
    """The dialect that writes parameters as ADBC takes them: `?` or `$1`."""
    if name == "sqlite":
        return sqlite.dialect(paramstyle="qmark")
    return postgresql.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]  # untyped there


def _parsed(url: str | URL) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise DatabaseUnusableError(f"'{url}' is no database URL.", "Example: sqlite:///mingcha.db.") from error
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise DatabaseUnusableError(
            f"Databases of kind '{parsed.get_backend_name()}' are not supported.",
            "Use sqlite:///mingcha.db or postgresql+psycopg://user@host/mingcha.",
        )
    return parsed.set(drivername="postgresql+psycopg") if parsed.drivername == "postgresql" else parsed


def _explained(detail: str, database: Database) -> str:
    where = database.url.render_as_string(hide_password=True)
    if "locked" in detail:
        waited = f"{database.busy_seconds:g} s"
        return f"The database {where} has been locked by another process for {waited}. Stop it or try again."
    return f"The database {where} cannot be used: {detail.strip().splitlines()[0]}. Check the URL and that it runs."


def _frame_type(column: Any) -> Any:
    return next((frame for kind, frame in FRAME_TYPES.items() if isinstance(column.type, kind)), pl.String)


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, see _begin_sqlite
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """Writers take the lock at once: a reader that turns writer would fail on a stale snapshot."""
    options = connection.get_execution_options()
    if "mingcha_patience" in options:  # the connection may come from one that waited shorter or longer
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {int(options['mingcha_patience'] * 1000)}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("mingcha_write", False) else "BEGIN")

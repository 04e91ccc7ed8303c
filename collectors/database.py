"""Source kind `database`: the rows of a query on any database that SQLAlchemy knows (数据库).

    path = "postgresql+psycopg://reader@crm.example/crm"
    auth = {password_env = "CRM_PASSWORD"}
    query = "SELECT * FROM tickets"
    watermark = "updated_at"     # read only what is newer …
    overlap = "2d"               # … and two days before that, for late edits

Reads only: the transaction is read-only where the database has such, and always rolled back. The rows go to a spool
file first; a database that vanishes in the middle leaves nothing behind.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator, model_validator
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, ProgrammingError, SQLAlchemyError

from collectors.base import Arrival, CollectorError, Remark
from collectors.mapping import SourceConfig, seconds_of
from collectors.redact import redact
from collectors.spool import workspace
from collectors.spreadsheet import arrival_of
from collectors.surroundings import Surroundings
from collectors.tables.spooled import SpoolWriter
from collectors.watermark import Value
from collectors.window import Window

_ROWS_AT_A_TIME = 5_000
# A line that went dead is noticed within about a minute; the driver would wait for hours.
_POSTGRES_ARGUMENTS = {
    "connect_timeout": 10, "keepalives_idle": 20, "keepalives_interval": 10, "keepalives_count": 4,
    "tcp_user_timeout": 60_000, "application_name": "mingcha",
}  # fmt: skip
_PACKAGES = {
    "oracle": "oracledb", "dm": "dmPython and dmSQLAlchemy", "mysql": "pymysql", "mssql": "pyodbc",
    "opengauss": "opengauss-sqlalchemy", "kingbase": "ksycopg2 and Kingbase's dialect",
}  # fmt: skip


class DatabaseAuth(BaseModel):
    """Who reads. The password comes from the environment or from a file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    user: str | None = None
    password_env: str | None = None
    password_file: str | None = None


class DatabaseConfig(SourceConfig):
    """A query on a foreign database; `path` (or `url`) is its SQLAlchemy URL without a password."""

    kind: Literal["database"] = "database"
    path: str = Field(validation_alias=AliasChoices("path", "url"))
    query: str
    watermark: str | None = None
    """Column of the result that only grows; rows below the last reading's largest value are left out."""
    overlap: str | None = None
    """How far before it to read again: `2d` for a column of times, `1000` for one of numbers."""
    auth: DatabaseAuth = DatabaseAuth()

    @field_validator("path")
    @classmethod
    def _url_holds_no_password(cls, url: str) -> str:
        try:
            parsed = make_url(url)
        except ArgumentError as error:
            raise ValueError("no database URL; example: postgresql+psycopg://reader@host/database") from error
        if parsed.password:
            raise ValueError("no password may stand in an address; name it by auth.password_env or auth.password_file")
        return url

    @field_validator("query")
    @classmethod
    def _query_reads(cls, query: str) -> str:
        words = query.split()
        if not words or words[0].lower() not in ("select", "with", "table", "values"):
            raise ValueError("a query begins with SELECT or WITH")
        return query.strip().rstrip(";")

    @field_validator("overlap")
    @classmethod
    def _overlap_is_span(cls, overlap: str | None) -> str | None:
        if overlap is not None and not overlap.isdecimal():
            seconds_of(overlap)
        return overlap

    @model_validator(mode="after")
    def _overlap_needs_watermark(self) -> DatabaseConfig:
        if self.overlap and not self.watermark:
            raise ValueError("overlap needs a watermark column")
        return self


Config = DatabaseConfig


@dataclass(frozen=True)
class DatabaseSource:
    """One query on one database."""

    config: DatabaseConfig
    surroundings: Surroundings

    def fetch(
        self, *, seen: frozenset[str], state: Mapping[str, str], arrived_at: datetime
    ) -> Iterator[Arrival | Remark]:
        """The rows that are new or may have changed, as one arrival. Raises CollectorError."""
        window = Window(state, self.config.overlap)
        since = f" from {window.start} on" if window.start is not None else ""
        with workspace(self.surroundings.spool, "database") as folder:
            path = folder / "rows.arrow"
            with self._connected() as connection, _explained(self.config.name):
                rows = self._spool(connection, window, path)
            remembered = window.remembered(arrived_at, self.config.timezone)
            arrival = arrival_of(path, f"{self.config.name}: query{since}", arrived_at, remembered)
            if rows and arrival.sha256 not in seen:
                yield arrival
            else:
                # Read before, stored or refused: if it was refused, the watermark must stay where it is.
                yield Remark(f"nothing new{since}")

    def _spool(self, connection: Connection, window: Window, path: Path) -> int:
        """Write the rows that were not there at the last reading; how many."""
        sent = statement(self.config, window.start, connection.dialect.identifier_preparer.quote)
        streaming = connection.execution_options(stream_results=True, yield_per=_ROWS_AT_A_TIME)
        with streaming.execute(*sent) as result:
            header = list(result.keys())
            at, columns = position(header, self.config), json.dumps(header)
            with SpoolWriter(path, header) as writer:
                for row in result:
                    texts = [as_text(value) for value in row]
                    if at is None or window.is_new(columns + json.dumps(texts), row[at]):
                        writer.add(texts)
            return writer.rows

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        engine = self._engine()
        try:
            with _explained(self.config.name), engine.connect() as connection:
                yield connection
                connection.rollback()
        finally:
            engine.dispose()

    def _engine(self) -> sa.Engine:
        url = self._url()
        kind = url.get_backend_name()
        options: dict[str, Any] = {"poolclass": sa.NullPool}
        if kind == "postgresql":
            options |= {"connect_args": _POSTGRES_ARGUMENTS, "execution_options": {"postgresql_readonly": True}}
        try:
            engine = sa.create_engine(url, **options)
        except (ModuleNotFoundError, NoSuchModuleError) as error:
            package = _PACKAGES.get(kind, f"the driver of {url.drivername}")
            raise CollectorError(
                f"Source '{self.config.name}': {url.drivername} needs a package that is not installed: {package} "
                "(docs/sources.md).",
                permanent=True,
            ) from error
        if kind == "postgresql":
            _understand_relatives(engine)
        return engine

    def _url(self) -> URL:
        auth = self.config.auth
        url = make_url(self.config.path)
        if auth.user:
            url = url.set(username=auth.user)
        password = self.surroundings.secret(
            self.config.name, "password", env=auth.password_env, file=auth.password_file
        )
        if password:
            url = url.set(password=password)
        return _existing_file(url, self.surroundings) if url.get_backend_name() == "sqlite" else url


def statement(config: DatabaseConfig, start: Value | None, quote: Any) -> tuple[sa.TextClause, dict[str, Any]]:
    """The query as it is sent, and its parameters. Rows without a watermark are read every time: they would be lost."""
    query = config.query.replace(":", r"\:")  # a colon in the query is its own, not a parameter of ours
    if start is None or config.watermark is None:
        return sa.text(query), {}
    column = quote(config.watermark)
    limited = f"SELECT * FROM (\n{query}\n) source_rows WHERE {column} >= :start OR {column} IS NULL"  # noqa: S608
    return sa.text(limited), {"start": start}


def position(header: Sequence[str], config: DatabaseConfig) -> int | None:
    """Where the watermark column stands in the result. Raises CollectorError (permanent) when it is not there."""
    if config.watermark is None:
        return None
    names = [name.lower() for name in header]
    if config.watermark.lower() not in names:
        raise CollectorError(
            f"Source '{config.name}': the watermark column '{config.watermark}' is not in the result "
            f"({', '.join(header)}).",
            permanent=True,
        )
    return names.index(config.watermark.lower())


def as_text(value: Any) -> str | None:
    """A value as the text that a file would hold: times with their seconds and offset, numbers with all digits."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _decoded(bytes(value))
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _decoded(raw: bytes) -> str:
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.hex()


def _existing_file(url: URL, surroundings: Surroundings) -> URL:
    """A SQLite file, opened for reading only: SQLite would create an empty one for a wrong name."""
    path = surroundings.path(url.database or "")
    if not path.is_file():
        raise CollectorError(f"There is no database file {path}. Correct 'path'.")
    return url.set(database=f"file:{path.resolve()}", query={"mode": "ro", "uri": "true"})


def _understand_relatives(engine: sa.Engine) -> None:
    """openGauss and KingbaseES speak PostgreSQL's protocol, but SQLAlchemy does not understand their version text."""
    dialect: Any = engine.dialect
    original = dialect._get_server_version_info

    def version(connection: Connection) -> Any:
        try:
            return original(connection)
        except AssertionError:
            return (9, 2)

    dialect._get_server_version_info = version


@contextmanager
def _explained(source: str) -> Iterator[None]:
    """The driver's error as one sentence without secrets."""
    try:
        yield
    except SQLAlchemyError as error:
        cause = str(getattr(error, "orig", None) or error).strip().splitlines()
        wrong = isinstance(error, ProgrammingError)
        advice = "Correct the query." if wrong else "Check that the database runs; the source is asked again later."
        raise CollectorError(
            f"Source '{source}': the database said: {redact(cause[0] if cause else type(error).__name__)}. {advice}",
            permanent=wrong,
        ) from error

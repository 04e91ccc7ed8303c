"""Import into PostgreSQL against COPY of the same rows into a table with the same key and indexes."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import sqlalchemy as sa

from dashboard.bench.ingest_data import COLUMNS, expect, prepare, take
from dashboard.bench.timing import Paired, paired
from dashboard.database import Database

_STORED = ("tickets", "tickets_history", "confirmations", "batches", "quarantine", "quarantine_sightings")
_PIECE = 1 << 20


def against_copy(server: str, home: Path, file: Path, rows: int, pairs: int) -> Paired:
    """Both in a database of their own that is dropped afterwards."""
    with _database(server) as db:
        prepare(db, home)
        plain = db.url.set(drivername="postgresql").render_as_string(hide_password=False)
        return paired(
            lambda: take(db, file, rows),
            lambda: _copy(plain, file, rows),
            pairs=pairs,
            before_ours=lambda: _emptied(db),
        )


@contextmanager
def _database(server: str) -> Iterator[Database]:
    name = f"mingcha_bench_{uuid.uuid4().hex[:8]}"
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    _do(admin, f'CREATE DATABASE "{name}"')
    db = Database(sa.make_url(server).set(database=name))
    try:
        yield db
    finally:
        db.engine.dispose()
        _do(admin, f'DROP DATABASE "{name}" WITH (FORCE)')
        admin.dispose()


def _do(admin: sa.Engine, statement: str) -> None:
    with admin.connect() as connection:
        connection.execute(sa.text(statement))


def _emptied(db: Database) -> None:
    with db.session() as connection:
        connection.execute(sa.text(f"TRUNCATE {', '.join(_STORED)}"))


def _copy(url: str, file: Path, rows: int) -> None:
    """Every column as text; key and indexes as ours has them."""
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    texts = ", ".join(f'"{name}" TEXT' for name in COLUMNS)
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bare")
        cursor.execute(
            f"CREATE TABLE bare (id BIGSERIAL PRIMARY KEY, system TEXT NOT NULL DEFAULT '95598', "
            f"batch_id BIGINT NOT NULL DEFAULT 1, {texts}, UNIQUE (ticket_no, system))"
        )
        cursor.execute("CREATE INDEX ON bare (batch_id)")
        cursor.execute("CREATE INDEX ON bare (accepted_at)")
        cursor.execute("CREATE INDEX ON bare (parent_ticket_no) WHERE parent_ticket_no IS NOT NULL")
        with cursor.copy(f"COPY bare ({names}) FROM STDIN (FORMAT csv, HEADER)") as copy, file.open("rb") as source:
            while piece := source.read(_PIECE):
                copy.write(piece)
        expect(cursor.rowcount, rows)

"""Fixtures for the whole suite: both databases, a quiet network, and a count of the real servers used."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from dashboard.database import Database
from dashboard.database.migrate import migrate

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
USES = Path(os.environ.get("MINGCHA_TEST_USES", "/dev/null"))


def count_use(kind: str) -> None:
    """Note one real connection, session or page (`postgres`, `rtsp`, `browser`); `.ci/run` prints the sums."""
    with USES.open("a", encoding="utf-8") as file:
        file.write(f"{kind}\n")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real inputs beside the project; tests that need it skip where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("real inputs (../shared) are absent")
    return SHARED


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty migrated database, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        db = Database(f"sqlite:///{tmp_path / 'mingcha.db'}")
        migrate(db)
        yield db
        db.engine.dispose()
    else:
        yield from _postgres_database()


@pytest.fixture
def sqlite_database(tmp_path: Path) -> Iterator[Database]:
    """An empty migrated SQLite database, for tests in which the kind of database cannot matter."""
    db = Database(f"sqlite:///{tmp_path / 'mingcha.db'}")
    migrate(db)
    yield db
    db.engine.dispose()


def _postgres_database() -> Iterator[Database]:
    server = os.environ.get("MINGCHA_TEST_POSTGRES")
    if not server:
        pytest.skip("no PostgreSQL server (MINGCHA_TEST_POSTGRES is not set)")
    name = f"test_{uuid.uuid4().hex[:12]}"
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with admin.connect() as connection:
        connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
    db = Database(sa.make_url(server).set(database=name))
    sa.event.listen(db.engine, "connect", lambda *_: count_use("postgres"))
    migrate(db)
    yield db
    db.engine.dispose()
    with admin.connect() as connection:
        connection.execute(sa.text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()

"""Fixtures for the whole suite: both databases, a quiet network, and a count of the real servers used."""

from __future__ import annotations

import atexit
import os
import sys
import tempfile
import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from dashboard.database import Database
from dashboard.database.migrate import migrate

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
ALLOWED_SKIPS = ROOT / "tests" / "allowed_skips.txt"
USES = Path(os.environ.get("MINGCHA_TEST_USES", "/dev/null"))

# properties: the same examples each time and no clock, so that a slow machine cannot fail them; MINGCHA_LONG_TESTS
# looks for new ones
hypothesis_settings.register_profile(
    "suite",
    derandomize=not os.environ.get("MINGCHA_LONG_TESTS"),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
hypothesis_settings.load_profile("suite")


MAIN = sys.modules["__main__"]


@pytest.fixture(autouse=True)
def _own_main() -> None:
    """Streamlit's driver of pages leaves their script as `__main__`: a process started later would run it again."""
    sys.modules["__main__"] = MAIN


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
        yield from _sqlite_database(tmp_path)
    else:
        yield from _postgres_database()


@pytest.fixture
def sqlite_database(tmp_path: Path) -> Iterator[Database]:
    """An empty migrated SQLite database, for tests in which the kind of database cannot matter."""
    yield from _sqlite_database(tmp_path)


def _sqlite_database(folder: Path) -> Iterator[Database]:
    """A copy of one migrated file per process of the run."""
    path = folder / "mingcha.db"
    path.write_bytes(_migrated_file())
    db = Database(f"sqlite:///{path}")
    yield db
    db.engine.dispose()


@cache
def _migrated_file() -> bytes:
    """A SQLite database that holds every table and no row."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mingcha.db"
        db = Database(f"sqlite:///{path}")
        migrate(db)
        db.engine.dispose()
        return path.read_bytes()


def _postgres_database() -> Iterator[Database]:
    """A copy of one migrated database per process of the run: a copy costs a third of migrating anew."""
    server = os.environ.get("MINGCHA_TEST_POSTGRES")
    if not server:
        pytest.skip("no PostgreSQL server (MINGCHA_TEST_POSTGRES is not set)")
    name = f"test_{uuid.uuid4().hex[:12]}"
    _on_server(server, f'CREATE DATABASE "{name}" TEMPLATE "{_migrated(server)}"')
    db = Database(sa.make_url(server).set(database=name))
    sa.event.listen(db.engine, "connect", lambda *_: count_use("postgres"))
    yield db
    db.engine.dispose()
    _on_server(server, f'DROP DATABASE "{name}" WITH (FORCE)')


@cache
def _migrated(server: str) -> str:
    """The name of a database that holds every table and no row."""
    name = f"template_{uuid.uuid4().hex[:12]}"
    _on_server(server, f'CREATE DATABASE "{name}"')
    db = Database(sa.make_url(server).set(database=name))
    migrate(db)
    db.engine.dispose()
    atexit.register(_on_server, server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    return name


def _on_server(server: str, statement: str) -> None:
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with admin.connect() as connection:
        connection.execute(sa.text(statement))
    admin.dispose()


# --- a skip is a promise not kept: in .ci/run only those listed may happen -------------------------------------------


class _SkipGuard:
    """Fails the run when a test was skipped for a reason that is not listed in tests/allowed_skips.txt."""

    def __init__(self) -> None:
        lines = ALLOWED_SKIPS.read_text(encoding="utf-8").splitlines()
        self.allowed = {line.strip() for line in lines if line.strip() and not line.startswith("#")}
        self.refused: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not report.skipped or not isinstance(report.longrepr, tuple):
            return
        reason = str(report.longrepr[2]).removeprefix("Skipped: ")
        if reason not in self.allowed:
            self.refused.append(f"{report.nodeid}: {reason}")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped and isinstance(report.longrepr, tuple):
            self.refused.append(f"{report.nodeid}: {report.longrepr[2]}")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.refused and session.exitstatus == 0:
            session.exitstatus = 1

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for line in self.refused:
            terminalreporter.write_line(f"skip not listed in tests/allowed_skips.txt: {line}", red=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest tests first, so that at the end no worker waits for the other."""
    items.sort(key=lambda item: "tests/faults" not in item.nodeid)


def pytest_configure(config: pytest.Config) -> None:
    if os.environ.get("MINGCHA_STRICT_SKIPS") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_SkipGuard(), "skip-guard")

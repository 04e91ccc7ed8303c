"""The n-th write of collecting fails, for n = 1 … N; then it is started again and compared with an undisturbed run.

Three ways to fail, each as it really happens: the connection is lost (the server ends it; on SQLite the process that
writes is killed), the disk is full (SQLite may not grow any more), and the transaction cannot be committed.
"""

import argparse
import os
import signal
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from collectors.base import CollectorError
from dashboard.database import Database
from dashboard.errors import MingchaError
from tests.faults import scenario
from tests.faults.kills import Databases

ROWS = 120
WAYS = {"sqlite": ("lost", "full"), "postgresql": ("lost",)}


class Sabotaged(Database):
    """Counts statements, frames and commits, and lets the `fails_at`-th meet trouble."""

    def __init__(self, url, way: str, fails_at: int | None) -> None:
        super().__init__(url, busy_seconds=5)
        self.way, self.fails_at, self.count = way, fails_at, 0
        sa.event.listen(self.engine, "before_cursor_execute", self._before_statement)

    @contextmanager
    def adbc(self, *, write: bool = False):
        with super().adbc(write=write) as connection:
            yield _Connection(self, connection) if write else connection

    def _before_statement(self, connection, cursor, statement, *_):
        if not statement.lstrip().upper().startswith("SELECT"):
            self.tick(lambda: cursor.execute(_no_more_pages(cursor)), connection)

    def tick(self, fill_up, connection) -> None:
        self.count += 1
        if self.count != self.fails_at:
            return
        if self.way == "full":
            fill_up()
        elif self.dialect == "postgresql":
            self._end_all_connections()
        elif isinstance(connection, _Connection):
            connection.end_process()
        else:
            raise sa.exc.OperationalError("", {}, Exception("disk I/O error"))

    def _end_all_connections(self) -> None:
        admin = sa.create_engine(
            os.environ["MINGCHA_TEST_POSTGRES"], isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
        )
        statement = sa.text("SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE datname = :name")
        with admin.connect() as connection:
            assert connection.execute(statement, {"name": self.url.database}).scalar()
        admin.dispose()


class _Connection:
    """An ADBC connection whose cursors report to the saboteur."""

    def __init__(self, database: Sabotaged, inner) -> None:
        self.database, self.inner = database, inner

    def __getattr__(self, name: str):
        return getattr(self.inner, name)

    def cursor(self):
        return _Cursor(self, self.inner.cursor())

    def commit(self) -> None:
        self.database.tick(self.fill_up, self)
        self.inner.commit()

    def fill_up(self) -> None:
        with self.inner.cursor() as cursor:
            cursor.execute(_no_more_pages(cursor))

    def end_process(self) -> None:
        process = self.inner._process.process
        process.send_signal(signal.SIGKILL)
        process.wait()


class _Cursor:
    def __init__(self, connection: _Connection, inner) -> None:
        self.connection, self.inner = connection, inner

    def __getattr__(self, name: str):
        return getattr(self.inner, name)

    def __enter__(self):
        self.inner.__enter__()
        return self

    def __exit__(self, *details):
        return self.inner.__exit__(*details)

    def execute(self, *arguments, **options):
        self.connection.database.tick(self.connection.fill_up, self.connection)
        return self.inner.execute(*arguments, **options)

    def adbc_ingest(self, *arguments, **options):
        self.connection.database.tick(self.connection.fill_up, self.connection)
        return self.inner.adbc_ingest(*arguments, **options)


def _no_more_pages(cursor) -> str:
    """SQLite's own way to say that the disk is full: the file may not grow beyond what it is."""
    cursor.execute("PRAGMA page_count")
    return f"PRAGMA max_page_count = {cursor.fetchone()[0]}"


def run(home: Path, database: Database, number: int) -> str:
    """One round; what it said if it failed. Only errors that a person can read may come out of it."""
    try:
        return "; ".join(scenario.collect_all(home, database, number))
    except (MingchaError, CollectorError) as error:
        return str(error)


def fail_at_every_write(kind: str, way: str, folder: Path, *, seed: int, every: int = 1, say=print) -> int:
    """Let each (or each `every`-th) write fail once; the number of runs that ended otherwise than undisturbed."""
    worlds = scenario.make_worlds(folder / f"{kind}-{way}", seed, ROWS)
    databases = Databases(kind, folder)
    wrong = 0
    with databases.fresh() as database:
        expected, counts = [], []
        for number, home in enumerate(worlds):
            counting = Sabotaged(database.url, way, None)
            usual = run(home, counting, number)
            counts.append(counting.count)
            expected.append(scenario.snapshot(database))
            counting.engine.dispose()
    say(f"{kind}, {way}: seed {seed}, {' and '.join(map(str, counts))} writes; undisturbed it says: {usual}")
    for number, home in enumerate(worlds):
        for fails_at in range(1 + seed % every, counts[number] + 1, every):
            with databases.fresh() as database:
                if number:
                    run(worlds[0], database, 0)
                sabotaged = Sabotaged(database.url, way, fails_at)
                said = run(home, sabotaged, number)
                sabotaged.engine.dispose()
                run(home, database, number)
                found = scenario.differences(expected[number], scenario.snapshot(database))
                wrong += bool(found)
                say(f"{kind}, {way}: round {number}, write {fails_at} failed ({said[:160]}): "
                    f"{'; '.join(found) or 'identical'}")  # fmt: skip
    databases.close()
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every", type=int, default=1)
    arguments = parser.parse_args()
    wrong = 0
    for kind, ways in WAYS.items():
        for way in ways:
            with tempfile.TemporaryDirectory() as folder:
                wrong += fail_at_every_write(kind, way, Path(folder), seed=arguments.seed, every=arguments.every)
    print(f"{wrong} runs ended otherwise than the undisturbed one")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()

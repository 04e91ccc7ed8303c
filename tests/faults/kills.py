"""SIGKILL at random moments of collecting, start again, compare with an undisturbed run, row for row.

`python -m tests.faults.kills --times 200 --seed 1` does so on both databases and prints every moment, so that a
failure can be had again with the same seed.
"""

import argparse
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import uuid
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from dashboard.database import Database
from dashboard.database.migrate import migrate
from tests.faults import scenario

ROOT = Path(__file__).parents[2]
ROWS = 1_500
PROCESSES = multiprocessing.get_context("forkserver")
"""Each round is a process of its own, forked from one that has imported everything: that would take most of it."""
PROCESSES.set_forkserver_preload(["tests.faults.scenario", "adbc_driver_postgresql.dbapi"])


class Databases:
    """Fresh migrated databases of one kind, as many as wanted."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind, self.folder = kind, folder
        if kind == "sqlite":
            self.template = folder / "template.db"
            database = Database(f"sqlite:///{self.template}")
        else:
            self.server = sa.make_url(os.environ["MINGCHA_TEST_POSTGRES"])
            self.admin = sa.create_engine(self.server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
            self.name = f"faults_{uuid.uuid4().hex[:8]}"
            self._do(f'CREATE DATABASE "{self.name}"')
            database = Database(self.server.set(database=self.name))
        migrate(database)
        database.engine.dispose()  # with it the write-ahead log goes into the file that is copied

    @contextmanager
    def fresh(self):
        if self.kind == "sqlite":
            path = self.folder / f"{uuid.uuid4().hex}.db"
            shutil.copy(self.template, path)
            database = Database(f"sqlite:///{path}")
            yield database
            database.engine.dispose()
            path.unlink()
        else:
            name = f"{self.name}_{uuid.uuid4().hex[:8]}"
            self._do(f'CREATE DATABASE "{name}" TEMPLATE "{self.name}"')
            database = Database(self.server.set(database=name))
            yield database
            database.engine.dispose()
            self._do(f'DROP DATABASE "{name}" WITH (FORCE)')

    def close(self) -> None:
        if self.kind == "postgresql":
            self._do(f'DROP DATABASE "{self.name}" WITH (FORCE)')
            self.admin.dispose()

    def _do(self, statement: str) -> None:
        with self.admin.connect() as connection:
            connection.execute(sa.text(statement))


def run_round(home: Path, database: Database, number: int, *, kill_after: float | None = None) -> tuple[bool, float]:
    """One round in a process. Whether it came to its end, and its seconds of collecting."""
    ours, theirs = PROCESSES.Pipe()
    said = home.parent / f"said-{uuid.uuid4().hex}"  # what a killed round started may still write to its own
    arguments = (theirs, home, database.url.render_as_string(hide_password=False), number, said)
    process = PROCESSES.Process(target=scenario.round_apart, args=arguments)
    process.start()
    theirs.close()
    assert ours.recv() == "ready"
    began = time.monotonic()
    process.join(kill_after)
    if process.is_alive():
        process.kill()
        process.join()
    seconds = time.monotonic() - began
    if process.exitcode == -signal.SIGKILL:
        return False, seconds
    errors = said.read_text("utf-8")
    assert process.exitcode == 0, errors
    assert "Traceback" not in errors, errors
    assert ours.recv() == "done"
    return True, seconds


def undisturbed(worlds, databases) -> tuple[list[dict], list[float]]:
    """What both rounds leave, and how long each takes."""
    with databases.fresh() as database:
        snapshots, seconds = [], []
        for number, home in enumerate(worlds):
            ended, took = run_round(home, database, number)
            assert ended
            snapshots.append(scenario.snapshot(database))
            seconds.append(took)
        return snapshots, seconds


def kill_again_and_again(kind: str, folder: Path, *, times: int, seed: int, say=print) -> int:
    """`times` kills on databases of `kind`; the number of differences found. Every moment is said."""
    draw = random.Random(f"{kind} {seed}")
    worlds = scenario.make_worlds(folder / kind, seed, ROWS)
    databases = Databases(kind, folder)
    expected, usual = undisturbed(worlds, databases)
    say(f"{kind}: seed {seed}, {sum(map(len, expected[1].values()))} rows, rounds {usual[0]:.2f}, {usual[1]:.2f} s")
    killed = wrong = 0
    while killed < times:
        with databases.fresh() as database:
            for number, home in enumerate(worlds):
                moments = []
                while killed + len(moments) < times and (not moments or draw.random() < 0.6):
                    moment = draw.uniform(0, usual[number])
                    ended, _ = run_round(home, database, number, kill_after=moment)
                    if ended:
                        break
                    moments.append(f"{moment:.3f}")
                ended, _ = run_round(home, database, number)
                killed += len(moments)
                found = scenario.differences(expected[number], scenario.snapshot(database))
                found += [f"left behind: {path}" for path in (home / "var/spool").iterdir()]
                wrong += bool(found or not ended)
                say(f"{kind}: round {number}, killed after {', '.join(moments) or '-'} s ({killed} of {times}): "
                    f"{'; '.join(found) or 'identical'}")  # fmt: skip
    databases.close()
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append")
    arguments = parser.parse_args()
    wrong = 0
    for kind in arguments.database or ("sqlite", "postgresql"):
        with tempfile.TemporaryDirectory() as folder:
            wrong += kill_again_and_again(kind, Path(folder), times=arguments.times, seed=arguments.seed)
    print(f"{wrong} runs ended otherwise than the undisturbed one (seed {arguments.seed})")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()

"""Real worker processes on one database: one leads, the other takes over, nothing runs twice, no ending is silent."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from dashboard.database.models import HEARTBEATS, JOB_RUNS
from dashboard.worker import lease, process
from dashboard.worker.heartbeat import BEAT_SECONDS, beating

SCRIPT = Path(__file__).with_name("worker_under_test.py")


@contextmanager
def worker(database, folder):
    url = database.url.render_as_string(hide_password=False)
    with (folder / "log").open("a", encoding="utf-8") as log:
        started = subprocess.Popen([sys.executable, str(SCRIPT), url, str(folder)], stderr=log)
    try:
        yield started
    finally:
        started.kill()
        started.wait()


def within(seconds, condition):
    """The condition's first true value; fails after `seconds`."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")


def leader_pid(database):
    """Process number of the leader whose lease has not run out."""
    held = lease.current(database)
    return int(held.holder.split(":")[1]) if held and held.until.timestamp() > time.time() else None


def outcomes(database, job):
    with database.reading() as connection:
        query = sa.select(JOB_RUNS.c.holder, JOB_RUNS.c.outcome).where(JOB_RUNS.c.job == job).order_by(JOB_RUNS.c.key)
        return [tuple(row) for row in connection.execute(query)]


def ticks(folder):
    path = folder / "ticks"
    return path.read_text(encoding="utf-8").split() if path.exists() else []


def states(database):
    with database.reading() as connection:
        rows = connection.execute(sa.select(HEARTBEATS.c.holder, HEARTBEATS.c.state))
        return {int(holder.split(":")[1]): state for holder, state in rows}


def test_when_the_leader_is_killed_the_other_takes_over_and_nothing_runs_twice(database, tmp_path):
    with worker(database, tmp_path) as first:
        within(15, lambda: leader_pid(database) == first.pid and outcomes(database, "long"))
        with worker(database, tmp_path) as second:
            within(15, lambda: states(database).get(second.pid) == "waiting")
            within(5, lambda: len(ticks(tmp_path)) >= 2)
            assert {holder.split(":")[1] for holder, _ in outcomes(database, "tick")} == {str(first.pid)}
            first.send_signal(signal.SIGKILL)
            first.wait()
            within(10, lambda: leader_pid(database) == second.pid)
            before = len(ticks(tmp_path))
            within(5, lambda: len(ticks(tmp_path)) >= before + 2)
            holder, outcome = outcomes(database, "long")[0]
            assert (holder.split(":")[1], outcome) == (str(first.pid), "abandoned")
            assert len(set(ticks(tmp_path))) == len(ticks(tmp_path))
            second.send_signal(signal.SIGTERM)
            assert second.wait(timeout=10) == 0
    assert lease.current(database) is None
    assert states(database)[second.pid] == "stopped"
    assert "running" not in {outcome for _, outcome in outcomes(database, "long")}


def test_a_leader_that_slept_past_its_lease_stops_its_jobs_and_waits(database, tmp_path):
    """As a machine that was suspended: on waking it must see that another leads."""
    with worker(database, tmp_path) as first:
        within(15, lambda: leader_pid(database) == first.pid and outcomes(database, "long"))
        with worker(database, tmp_path) as second:
            within(15, lambda: states(database).get(second.pid) == "waiting")
            first.send_signal(signal.SIGSTOP)
            within(10, lambda: leader_pid(database) == second.pid)
            first.send_signal(signal.SIGCONT)
            within(5, lambda: states(database)[first.pid] == "waiting")
            time.sleep(1.2)
            assert leader_pid(database) == second.pid
            assert first.poll() is None
            assert len(set(ticks(tmp_path))) == len(ticks(tmp_path))


def test_a_job_that_will_not_stop_costs_its_worker_the_process(sqlite_database, tmp_path):
    (tmp_path / "stubborn").touch()
    with worker(sqlite_database, tmp_path) as only:
        within(15, lambda: outcomes(sqlite_database, "long"))
        only.send_signal(signal.SIGTERM)
        only.wait(timeout=10)
    assert next(outcome for _, outcome in outcomes(sqlite_database, "long")) == "abandoned"
    assert "running" not in {outcome for _, outcome in outcomes(sqlite_database, "long")}


def test_a_worker_survives_a_database_that_is_locked_for_longer_than_it_waits(sqlite_database, tmp_path):
    with worker(sqlite_database, tmp_path) as only:
        within(15, lambda: ticks(tmp_path))
        with sqlite_database.session():
            time.sleep(3)
        before = len(ticks(tmp_path))
        within(5, lambda: len(ticks(tmp_path)) >= before + 2)
        assert only.poll() is None
    assert "missed" in {outcome for _, outcome in outcomes(sqlite_database, "tick")}
    assert "has been locked by another process for 2 s" in (tmp_path / "log").read_text(encoding="utf-8")


def test_a_take_over_needs_no_more_than_thirty_seconds():
    """A lease that was renewed just before the kill, and two beats of a worker that had just looked."""
    assert process.LEASE_SECONDS + 2 * BEAT_SECONDS <= 30


def test_the_web_process_is_seen_alive_while_it_serves(database):
    with beating(database, "web", "serving", lambda: datetime.now(UTC)):
        within(5, lambda: states(database).get(os.getpid()) == "serving")
    assert states(database)[os.getpid()] == "stopped"

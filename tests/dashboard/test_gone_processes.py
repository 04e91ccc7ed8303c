"""A worker and a web server that are killed: each is missed by the other, and both by the doctor."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from dashboard.bootstrap import open_application
from dashboard.database.models import HEARTBEATS, JOB_RUNS
from dashboard.operations.doctor import examine
from dashboard.operations.initialise import initialise
from dashboard.queries.jobs import process_state
from dashboard.web import wiring
from dashboard.worker.runner import Runner
from dashboard.worker.steps import jobs_of

ROOT = Path(__file__).parents[2]


@contextmanager
def running(folder, *arguments):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MINGCHA_")}
    with (folder / f"{arguments[0]}.log").open("w", encoding="utf-8") as log:
        command = [sys.executable, "-m", "dashboard.cli", *arguments]
        environment["PYTHONPATH"] = str(ROOT)
        started = subprocess.Popen(command, cwd=folder, stderr=log, stdout=log, env=environment)
    try:
        yield started
    finally:
        started.kill()
        started.wait()


def state(application, kind):
    return process_state(application.db, application.viewer, kind, as_of=datetime.now(UTC)).state


def until(application, kind, wanted):
    for _ in range(600):
        if state(application, kind) == wanted:
            return
        time.sleep(0.1)
    raise AssertionError(f"{kind} is {state(application, kind)}, not {wanted}")


def half_a_minute_passes(application):
    """For who looks at the heartbeats: waiting would prove no more."""
    with application.db.session() as connection:
        connection.execute(sa.update(HEARTBEATS).values(at=HEARTBEATS.c.at - 31_000_000))


def told(application):
    """How the runs of the job that looks after the web server ended."""
    with application.db.reading() as connection:
        query = sa.select(JOB_RUNS.c.outcome, JOB_RUNS.c.detail).where(
            JOB_RUNS.c.job == "web", JOB_RUNS.c.holder == "test"
        )
        return [tuple(row) for row in connection.execute(query.order_by(JOB_RUNS.c.id))]


@pytest.fixture
def application(tmp_path):
    initialise(tmp_path, {}, demo=False, say=lambda _: None)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    configuration = tmp_path / "mingcha.toml"
    configuration.write_text(configuration.read_text("utf-8").replace("port = 8501", f"port = {port}"), "utf-8")
    opened = open_application(directory=tmp_path, environment={})
    yield opened
    opened.db.engine.dispose()


def test_killed_processes_are_missed_by_the_other_and_welcomed_back(application, tmp_path):
    with ExitStack() as stack:
        worker = stack.enter_context(running(tmp_path, "worker"))
        web = stack.enter_context(running(tmp_path, "web"))
        until(application, "worker", "leading")
        until(application, "web", "serving")
        for process in (worker, web):
            process.send_signal(signal.SIGKILL)
            process.wait()
        half_a_minute_passes(application)
        assert (state(application, "worker"), state(application, "web")) == ("silent", "silent")

        wiring.forget()
        seen = wiring.watched(application, application.viewer, datetime.now(UTC)).worker
        assert (seen.state, seen.last_heard is not None) == ("silent", True)
        wiring.forget()
        found = {one.check: (one.state, one.message) for one in examine({}, tmp_path)}
        assert found["worker"][0] == found["web"][0] == "fail"
        assert "fallen silent" in found["web"][1]

        runner, job = Runner(application, "test", lambda: True), jobs_of(application.settings)["web"]
        moments = [datetime(2026, 9, 10, 4, minute, 45, tzinfo=UTC) for minute in range(4)]
        assert [runner.run(job, moment) for moment in moments[:2]] == ["failed", "done"]  # told once, not every minute
        stack.enter_context(running(tmp_path, "web"))
        until(application, "web", "serving")
        assert [runner.run(job, moment) for moment in moments[2:]] == ["done", "done"]
        outcomes = told(application)
        assert [outcome for outcome, _ in outcomes] == ["failed", "done", "done", "done"]
        assert "The web server has been silent since" in outcomes[0][1]
        assert [detail is None for _, detail in outcomes] == [False, True, False, True]
        assert "web" not in {one.check for one in examine({}, tmp_path) if one.state != "ok"}

"""`mingcha up` keeps its children: what dies is started again after a pause that grows, and all end together."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from dashboard.worker.supervisor import (
    FIRST_PAUSE_SECONDS,
    HEALTHY_AFTER_SECONDS,
    LONGEST_PAUSE_SECONDS,
    PARENT_VARIABLE,
    Child,
    Supervisor,
)

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
FAIL = [sys.executable, "-c", "raise SystemExit(3)"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)",
]


def alive(pid):
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "zombie" not in status.read_text(encoding="utf-8")


def within(seconds, condition):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s")


@pytest.fixture
def supervised():
    """Starts a supervisor over the children in a thread, ends it afterwards."""
    started = []

    def start(*children):
        supervisor = Supervisor(children, look_seconds=0.02)
        thread = threading.Thread(target=supervisor.run)
        thread.start()
        started.append((supervisor, thread))
        return supervisor, thread

    yield start
    for supervisor, thread in started:
        supervisor.stop.set()
        thread.join(20)


def test_a_child_that_is_killed_is_started_again_and_it_says_so(supervised):
    said = []
    child = Child("worker", SLEEP, said.append)
    supervised(child)
    first = within(5, lambda: child.process).pid
    os.kill(first, signal.SIGKILL)
    second = within(5, lambda: child.process and child.process.pid != first and child.process).pid
    assert alive(second)
    assert said == ["worker was ended by SIGKILL after 0 s; starting it again in 1 s."]


def test_the_pause_grows_with_each_death_and_is_small_again_after_a_healthy_run():
    said = []
    child = Child("web", FAIL, said.append)
    now = 1000.0
    for _ in range(9):
        child.look(now)
        child.process.wait()
        child.look(now + 1)
        now = child.due
    pauses = [float(line.rsplit(" in ", 1)[1].removesuffix(" s.")) for line in said]
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert (pauses[0], pauses[-1]) == (FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
    child.look(now)
    child.process.wait()
    child.look(now + HEALTHY_AFTER_SECONDS)
    assert said[-1] == "web ended with exit code 3 after 60 s; starting it again in 1 s."


def test_it_does_not_start_before_the_pause_is_over():
    child = Child("web", FAIL, lambda line: None)
    child.look(0.0)
    child.process.wait()
    child.look(1.0)
    child.look(1.9)
    assert child.starts == 1
    child.look(2.0)
    assert child.starts == 2
    child.process.wait()


def test_all_children_end_when_it_stops(supervised):
    children = [Child("worker", SLEEP, print), Child("web", SLEEP, print)]
    supervisor, thread = supervised(*children)
    pids = [within(5, lambda child=child: child.process).pid for child in children]
    supervisor.stop.set()
    thread.join(10)
    assert [alive(pid) for pid in pids] == [False, False]


def test_a_child_that_does_not_listen_is_killed_with_all_it_started():
    said = []
    family = f"import subprocess, sys; subprocess.Popen({DEAF!r}); exec({DEAF[2]!r})"
    child = Child("web", [sys.executable, "-c", family], said.append)
    child.look(0.0)
    pid = child.process.pid
    within(5, lambda: len(group_of(pid)) == 2)
    time.sleep(0.3)
    child.ask_to_end()
    child.wait(0.3)
    within(3, lambda: group_of(pid) == [])
    assert said == ["web does not end, killing it."]


def group_of(leader):
    """Living processes of the group."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[2]) == leader and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def test_a_child_ends_by_itself_when_its_parent_is_killed():
    watcher = (
        "import os, time; from dashboard.worker.supervisor import end_with_parent;"
        "end_with_parent(os.environ); print(os.getpid(), flush=True); time.sleep(60)"
    )
    parent = (
        f"import os, subprocess, sys, time; os.environ[{PARENT_VARIABLE!r}] = str(os.getpid());"
        f"subprocess.Popen([sys.executable, '-c', {watcher!r}]);"
        "time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True) as process:
        pid = int(process.stdout.readline())
        process.kill()
        process.wait()
        within(5, lambda: not alive(pid))

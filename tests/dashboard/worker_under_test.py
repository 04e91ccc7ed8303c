"""A real worker process with a short lease and jobs of its own: `worker_under_test.py URL FOLDER`.

`tick` leaves a line per planned time in FOLDER/ticks; `long` runs until it is asked to stop, or for ever while
FOLDER/stubborn exists.
"""

import logging
import sys
import time
from pathlib import Path

from dashboard.bootstrap import Application
from dashboard.database import Database
from dashboard.people import system_viewer
from dashboard.settings import Settings
from dashboard.worker.jobs import Job, every
from dashboard.worker.process import run_worker
from dashboard.worker.runs import key_of

URL, FOLDER = sys.argv[1], Path(sys.argv[2])


def tick(context):
    with (FOLDER / "ticks").open("a", encoding="utf-8") as file:
        file.write(key_of(context.planned) + "\n")


def long(context):
    while True:
        if not (FOLDER / "stubborn").exists():
            context.go_on()
        time.sleep(0.05)


logging.basicConfig(level=logging.INFO, stream=sys.stderr)
jobs = {job.name: job for job in (Job("tick", "Tick", every(1), tick), Job("long", "Long", every(1), long))}
application = Application(Settings(), Database(URL, busy_seconds=2), system_viewer())
sys.exit(run_worker(application, jobs, lease_seconds=2.0, beat_seconds=0.3, grace_seconds=0.5))

"""The worker process: takes the lease, runs the jobs while it leads, steps down when it loses it, ends when asked.

A thread cannot be killed. A worker that lost its lease, or was asked to end, asks its running jobs to stop and waits a
little; if one still runs then, the process ends: no job of it may run beside the new leader's.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from dashboard.actions.configuring import note_settings
from dashboard.bootstrap import Application
from dashboard.errors import DatabaseUnusableError
from dashboard.worker import heartbeat, lease, runs
from dashboard.worker.jobs import Job
from dashboard.worker.runner import Runner
from dashboard.worker.runs import Note
from dashboard.worker.scheduler import make_scheduler

LEASE_SECONDS = 20.0
GRACE_SECONDS = 8.0
LOST_LEASE = 75
"""Exit code of a worker that ended because a job outlived its lease (EX_TEMPFAIL: start it again)."""

log = logging.getLogger("mingcha.worker")


@dataclass(slots=True)
class Worker:
    """One worker. `run` goes on until `stop` is set; the parts are methods of their own so that tests call them."""

    application: Application
    jobs: Mapping[str, Job]
    holder: str = field(default_factory=heartbeat.new_holder)
    lease_seconds: float = LEASE_SECONDS
    beat_seconds: float = heartbeat.BEAT_SECONDS
    grace_seconds: float = GRACE_SECONDS
    stop: threading.Event = field(default_factory=threading.Event)
    _held_until: datetime | None = None
    _runner: Runner | None = None
    _scheduler: Any = None
    _left_running: bool = False

    @property
    def leads(self) -> bool:
        return self._scheduler is not None

    @property
    def job_left_running(self) -> bool:
        """Whether a job ran on after the grace when this worker last stepped down."""
        return self._left_running

    def run(self) -> int:
        """Beat until `stop` is set; the exit code."""
        log.info("worker %s started", self.holder)
        try:
            while not self.stop.is_set():
                if not self.beat():
                    return LOST_LEASE
                self.stop.wait(self.beat_seconds)
        finally:
            self.end()
        return 0

    def beat(self) -> bool:
        """Renew or try for the lease, lead or step down accordingly, say that we live.

        False when the lease is lost while a job goes on running: the process must end.
        """
        try:
            held = self._try_for_lease()
            if held and not self.leads:
                self._lead()
            ended = held or not self.leads or self._step_down("The worker lost its lease while it ran.")
            self._say_alive()
        except DatabaseUnusableError as error:
            # The lease may run out meanwhile; `may_run` sees that and starts nothing.
            log.error("the database cannot be used, trying again in %g s: %s", self.beat_seconds, error)
            return True
        return ended

    def may_run(self) -> bool:
        """Whether the lease is ours at this moment, by our clock."""
        return self._held_until is not None and self.application.now() < self._held_until

    def end(self) -> None:
        """Stop the jobs, give the lease back, say farewell; what cannot be written is logged."""
        try:
            if self.leads and self._step_down("The worker was stopped while it ran."):
                lease.release(self.application.db, self.holder)
            heartbeat.beat(self.application.db, self.holder, "worker", "stopped", now=self.application.now())
        except DatabaseUnusableError as error:
            log.error("could not say farewell: %s", error)
        log.info("worker %s ended", self.holder)

    def _try_for_lease(self) -> bool:
        now = self.application.now()
        held = lease.take(self.application.db, self.holder, now=now, seconds=self.lease_seconds)
        self._held_until = now + timedelta(seconds=self.lease_seconds) if held else None
        return held

    def _lead(self) -> None:
        note_settings(self.application)
        note = Note("Its worker ended while it ran.")
        left = runs.abandon_running(self.application.db, note, now=self.application.now())
        for job, key in left:
            log.warning("%s of %s was left half-way by a worker that is gone: abandoned", job, key)
        self._runner = Runner(self.application, self.holder, self.may_run)
        self._scheduler = make_scheduler(self.jobs, self._runner)
        self._scheduler.start()
        log.info("worker %s leads", self.holder)

    def _step_down(self, why: str) -> bool:
        """Start nothing more and wait for what runs; False when something runs on after the grace."""
        assert self._runner is not None
        log.info("worker %s stops leading", self.holder)
        runner, scheduler = self._runner, self._scheduler
        self._held_until, self._scheduler, self._runner = None, None, None
        runner.stopping.set()
        scheduler.shutdown(wait=False)
        until = time.monotonic() + self.grace_seconds
        while runner.running and time.monotonic() < until:
            time.sleep(0.05)
        self._left_running = bool(runner.running)
        for run in runner.running:
            self._give_up(run, why)
        return not self._left_running

    def _give_up(self, run: int, why: str) -> None:
        try:
            runs.finish(self.application.db, run, runs.ABANDONED, Note(why), now=self.application.now())
        except DatabaseUnusableError as error:
            log.error("run %s stays open until another worker leads: %s", run, error)

    def _say_alive(self) -> None:
        state = "leading" if self.leads else "waiting"
        heartbeat.beat(self.application.db, self.holder, "worker", state, now=self.application.now())


def run_worker(application: Application, jobs: Mapping[str, Job], **options: Any) -> int:
    """Run a worker in this process until SIGTERM or SIGINT; the exit code. Leaves the process when a job hangs."""
    worker = Worker(application, jobs, **options)
    set_on_signals(worker.stop)
    code = worker.run()
    if worker.job_left_running:
        logging.shutdown()
        os._exit(code)  # the job's thread would keep the interpreter from ending
    return code


def set_on_signals(event: threading.Event) -> None:
    """Set the event on SIGTERM or SIGINT, from a thread: setting it in the handler could meet the lock that the
    interrupted `wait` holds."""

    def ask_to_end(*_: object) -> None:
        threading.Thread(target=event.set, name="signal").start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask_to_end)

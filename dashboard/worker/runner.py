"""Running one job for one planned time, with its record: the only place that catches what a job throws."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dashboard.bootstrap import Application
from dashboard.database import Database
from dashboard.errors import DatabaseUnusableError
from dashboard.worker import runs
from dashboard.worker.jobs import LOCAL, Context, Job, JobStoppedError, planned_between
from dashboard.worker.runs import ABANDONED, DONE, FAILED, Note

log = logging.getLogger("mingcha.worker")
CATCH_UP_WINDOW = timedelta(days=2)
STILL_GOING = "{n} planned runs from {first} to {last} did not start: the run before was still going."
NOBODY_THERE = "{n} planned runs from {first} to {last} did not start: no worker was there, or none could write."


@dataclass(slots=True)
class Runner:
    """Runs jobs as `holder` while `may_run()` says that the lease is held."""

    application: Application
    holder: str
    may_run: Callable[[], bool]
    stopping: threading.Event = field(default_factory=threading.Event)
    _running: set[int] = field(default_factory=set)
    _opening: threading.Lock = field(default_factory=threading.Lock)

    @property
    def running(self) -> frozenset[int]:
        """Numbers of the records of runs under way."""
        return frozenset(self._running)

    def run(self, job: Job, planned: datetime) -> str | None:
        """Run `job` for the planned time and record how it ended; returns the outcome.

        None when nothing was run: the lease is not held, the planned time has its record already, or the database
        cannot be used (then the next run that can write records the gap).
        """
        if not self.may_run():
            log.warning("%s of %s not started: this worker does not lead", job.name, _local(planned))
            return None
        try:
            with self._opening:  # or, after a wait for the database, a later run would take an earlier one for a gap
                self.record_gap(job, planned)
                run = runs.begin(self._db, job.name, planned, self.holder, now=self._now())
            return None if run is None else self._run_recorded(job, planned, run)
        except DatabaseUnusableError as error:
            log.error("%s of %s has no record: %s", job.name, _local(planned), error)
            return None

    def record_gap(self, job: Job, planned: datetime) -> None:
        """Record the planned runs between the last recorded one and this: one row for each cause, with how many."""
        last = runs.last_run(self._db, job.name)
        if last is None:
            return
        missing = planned_between(job.trigger, last.planned, planned)
        meanwhile = [moment for moment in missing if last.finished_at is None or moment < last.finished_at]
        self._record_missing(job, meanwhile, STILL_GOING)
        self._record_missing(job, missing[len(meanwhile) :], NOBODY_THERE)

    def _record_missing(self, job: Job, missing: Sequence[datetime], text: str) -> None:
        if missing:
            values = {"n": len(missing), "first": _local(missing[0]), "last": _local(missing[-1])}
            self.miss(job, missing[0], Note(text, values))

    def miss(self, job: Job, planned: datetime, note: Note) -> None:
        """Record that a planned run did not start."""
        log.warning("%s of %s missed: %s", job.name, _local(planned), note)
        try:
            runs.miss(self._db, job.name, planned, self.holder, note, now=self._now())
        except DatabaseUnusableError as error:
            log.error("%s of %s has no record: %s", job.name, _local(planned), error)

    def catch_up(self, jobs: Iterable[Job], planned: datetime) -> None:
        """Run each job that catches up for its last planned time before `planned`, unless that has its record.

        On a new installation too: the first worker seals a plan although the evening's hour has passed.
        """
        for job in jobs:
            due = planned_between(job.trigger, planned - CATCH_UP_WINDOW, planned) if job.catch_up else []
            last = runs.last_run(self._db, job.name) if due else None
            if due and (last is None or last.planned < due[-1]):
                self.run(job, due[-1])

    def _run_recorded(self, job: Job, planned: datetime, run: int) -> str:
        self._running.add(run)
        began = time.monotonic()
        outcome, note = self._outcome(job, planned)
        kept = runs.finish(self._db, run, outcome, note, now=self._now())
        self._running.discard(run)
        if not kept:
            log.error("%s of %s ended as %s, but was given up as abandoned before", job.name, _local(planned), outcome)
        elif note is not None:
            log.info("%s %s in %.1f s: %s", job.name, outcome, time.monotonic() - began, note)
        return outcome

    def _outcome(self, job: Job, planned: datetime) -> tuple[str, Note | None]:
        try:
            return DONE, job.function(Context(self.application, planned, self.stopping))
        except JobStoppedError:
            return ABANDONED, Note("The worker was stopped while it ran.")
        except Exception as error:
            # Whatever a job throws must not end the loop; it is logged whole, stored and shown.
            log.exception("%s of %s failed", job.name, _local(planned))
            return FAILED, Note.of_error(error)

    @property
    def _db(self) -> Database:
        return self.application.db

    def _now(self) -> datetime:
        return self.application.now()


def _local(moment: datetime) -> str:
    return moment.astimezone(LOCAL).strftime("%Y-%m-%d %H:%M:%S")

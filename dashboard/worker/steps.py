"""The steps that the worker takes (工作步骤): each a function that can be called alone, and the table of when.

A step says in a `Note` what it did; None when there was nothing to do.
"""

from __future__ import annotations

from datetime import timedelta

from dashboard.settings import Settings
from dashboard.worker import heartbeat, runs
from dashboard.worker.jobs import Context, Job, daily
from dashboard.worker.runs import Note

KEEP_DONE_RUNS = timedelta(days=30)


def tidy(context: Context) -> Note | None:
    """Forget records of good runs older than 30 days and heartbeats older than a week."""
    now = context.application.now()
    heartbeat.forget_old(context.application.db, now=now)
    count = runs.forget_done(context.application.db, before=now - KEEP_DONE_RUNS)
    return Note("{n} old run records forgotten", {"n": count}) if count else None


def jobs_of(settings: Settings) -> dict[str, Job]:
    """The jobs of an installation, by name."""
    jobs = [Job("tidy", "Forget old run records", daily(3, 30), tidy, late_seconds=3600)]
    return {job.name: job for job in jobs}

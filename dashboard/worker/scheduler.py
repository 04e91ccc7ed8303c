"""APScheduler's wiring: the jobs on their triggers, in Asia/Shanghai, each run given its planned time.

APScheduler promises nothing between processes; the lease and the unique (job, planned time) do. What it does not start
because the run before is still going is recorded by the next run that starts, as a gap.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apscheduler.events import EVENT_JOB_MISSED
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from dashboard.worker.jobs import LOCAL, Job
from dashboard.worker.runner import Runner
from dashboard.worker.runs import Note

CATCH_UP = "catch up"


class PlannedTimeExecutor(ThreadPoolExecutor):  # type: ignore[misc]  # APScheduler has no types
    """Fills in `planned`: for which planned time the function is called, which APScheduler keeps to itself."""

    def _do_submit_job(self, job: Any, run_times: list[datetime]) -> None:
        job.kwargs = {**job.kwargs, "planned": run_times[-1]}
        super()._do_submit_job(job, run_times[-1:])


def make_scheduler(jobs: Mapping[str, Job], runner: Runner) -> Any:
    """A scheduler, not yet started, with every job on its trigger and threads enough: none waits for another."""
    scheduler = BackgroundScheduler(
        timezone=LOCAL,
        executors={"default": PlannedTimeExecutor(max_workers=sum(job.at_once for job in jobs.values()) + 1)},
        job_defaults={"coalesce": True},
    )
    for job in jobs.values():
        arguments: dict[str, Any] = {"job": job, "planned": None}
        scheduler.add_job(
            runner.run,
            job.trigger,
            id=job.name,
            kwargs=arguments,
            misfire_grace_time=job.late_seconds,
            max_instances=job.at_once,
        )
    arguments = {"jobs": list(jobs.values()), "planned": None}
    scheduler.add_job(runner.catch_up, id=CATCH_UP, kwargs=arguments, misfire_grace_time=None)
    scheduler.add_listener(_late(jobs, runner), EVENT_JOB_MISSED)
    return scheduler


def _late(jobs: Mapping[str, Job], runner: Runner) -> Any:
    def listener(event: Any) -> None:
        job = jobs[event.job_id]
        note = Note("It could not start within {seconds} s of its planned time.", {"seconds": job.late_seconds})
        runner.miss(job, event.scheduled_run_time, note)

    return listener

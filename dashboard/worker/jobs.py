"""The jobs (定时任务) as data: a name, when it is planned, how late it may start, and a function to be called alone.

One more job is one more row of `JOBS`. A function takes a `Context` and returns a `Note` of what it did, or None when
there was nothing to do.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from dashboard.bootstrap import Application
from dashboard.worker.runs import Note

LOCAL = ZoneInfo("Asia/Shanghai")
START_OF_INTERVALS = datetime(2020, 1, 1, tzinfo=LOCAL)


class JobStoppedError(Exception):
    """Raised by a job that saw `context.stopping`: its run is recorded as abandoned."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a job gets: the application, the time it was planned for, and a flag that asks it to end."""

    application: Application
    planned: datetime
    stopping: threading.Event = field(default_factory=threading.Event)

    def go_on(self) -> None:
        """Called by a long job between its steps. Raises JobStoppedError when the worker is to stop."""
        if self.stopping.is_set():
            raise JobStoppedError


@dataclass(frozen=True, slots=True)
class Job:
    """A job and when it is planned. `trigger` is one of APScheduler's, in Asia/Shanghai."""

    name: str
    title: str
    """English msgid of what it does, for the Sources page."""
    trigger: Any
    function: Callable[[Context], Note | None]
    late_seconds: int = 60
    """A run that could not start within this time of its plan is missed."""
    at_once: int = 1
    """Runs that may be under way at the same time; one more is missed."""
    catch_up: bool = False
    """Run at once for the last planned time when no worker was there (a daily deed that is better late than never)."""


def every(seconds: int, *, offset: int = 0) -> Any:
    """At multiples of `seconds` (plus `offset`) since a fixed moment: every worker plans the same times."""
    start = START_OF_INTERVALS + timedelta(seconds=offset)
    return IntervalTrigger(seconds=seconds, start_date=start, timezone=LOCAL)


def daily(hour: int, minute: int = 0) -> Any:
    """Each day at this wall-clock time of Asia/Shanghai."""
    return CronTrigger(hour=hour, minute=minute, second=0, timezone=LOCAL)


def planned_between(trigger: Any, after: datetime, before: datetime, *, most: int = 100_000) -> list[datetime]:
    """The planned times strictly between two moments, at most the first `most`."""
    times: list[datetime] = []
    moment = trigger.get_next_fire_time(after, after + timedelta(microseconds=1))
    while moment is not None and moment < before and len(times) < most:
        if moment > after:
            times.append(moment)
        moment = trigger.get_next_fire_time(moment, moment + timedelta(microseconds=1))
    return times

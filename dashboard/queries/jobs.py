"""How the machinery is doing (运行状态): runs of jobs and the processes that are alive. Read by the Sources page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from dashboard.database import Database
from dashboard.database.models import HEARTBEATS, JOB_RUNS
from dashboard.instants import from_micros, to_micros
from dashboard.people import Viewer
from dashboard.privacy import masked
from dashboard.texts import t
from dashboard.worker.heartbeat import SILENT_AFTER_SECONDS
from dashboard.worker.runs import DONE, Note, planned_of


@dataclass(frozen=True, slots=True)
class JobRun:
    """One planned run. Times are aware UTC; `detail` is in the current language, None when there is nothing to say."""

    job: str
    planned_at: datetime
    outcome: str
    """running | done | failed | missed | abandoned"""
    started_at: datetime
    finished_at: datetime | None
    detail: str | None

    @property
    def seconds(self) -> float | None:
        return None if self.finished_at is None else (self.finished_at - self.started_at).total_seconds()


@dataclass(frozen=True, slots=True)
class ProcessState:
    """What is known of the worker or the web process that was heard last."""

    kind: str
    state: str
    """leading | waiting | serving | stopped (said farewell) | silent (not heard for 30 s) | never (not seen yet)"""
    since: datetime | None
    last_heard: datetime | None


def job_runs(
    db: Database,
    viewer: Viewer,
    *,
    as_of: datetime,
    limit: int = 200,
    job: str | None = None,
    outcome: str | None = None,
    idle: bool = False,
) -> list[JobRun]:
    """The latest runs started by `as_of`, newest first; without `idle`, those that found nothing to do are left out.

    Only who sees the whole company reads the details: an error may name any office's file.
    """
    query = sa.select(JOB_RUNS).where(JOB_RUNS.c.started_at <= to_micros(as_of))
    if not idle:
        query = query.where((JOB_RUNS.c.outcome != DONE) | JOB_RUNS.c.detail.is_not(None))
    if job is not None:
        query = query.where(JOB_RUNS.c.job == job)
    if outcome is not None:
        query = query.where(JOB_RUNS.c.outcome == outcome)
    with db.reading() as connection:
        rows = connection.execute(query.order_by(JOB_RUNS.c.started_at.desc(), JOB_RUNS.c.id.desc()).limit(limit)).all()
    return [_run(row, viewer) for row in rows]


def last_runs(db: Database, viewer: Viewer, *, as_of: datetime) -> list[JobRun]:
    """The latest run of each job, by job name: when did it last finish, and how."""
    latest = sa.select(sa.func.max(JOB_RUNS.c.id)).where(JOB_RUNS.c.started_at <= to_micros(as_of))
    query = sa.select(JOB_RUNS).where(JOB_RUNS.c.id.in_(latest.group_by(JOB_RUNS.c.job))).order_by(JOB_RUNS.c.job)
    with db.reading() as connection:
        return [_run(row, viewer) for row in connection.execute(query)]


def process_state(db: Database, viewer: Viewer, kind: str, *, as_of: datetime) -> ProcessState:
    """The state of `kind` (worker or web) at `as_of`: of several the leading one, else a live one, else the latest."""
    with db.reading() as connection:
        rows = connection.execute(sa.select(HEARTBEATS).where(HEARTBEATS.c.kind == kind)).all()
    states = [_state(row, as_of) for row in sorted(rows, key=lambda row: -row.at)]
    alive = ("leading", "serving", "waiting")
    states.sort(key=lambda state: alive.index(state.state) if state.state in alive else len(alive))
    return states[0] if states else ProcessState(kind, "never", None, None)


def _state(row: sa.Row[tuple[object, ...]], as_of: datetime) -> ProcessState:
    heard = from_micros(row.at)
    silent = as_of - heard > timedelta(seconds=SILENT_AFTER_SECONDS)
    state = "silent" if silent and row.state != "stopped" else row.state
    return ProcessState(row.kind, state, from_micros(row.started_at), heard)


def _run(row: sa.Row[tuple[object, ...]], viewer: Viewer) -> JobRun:
    note = Note.from_json(row.detail) if viewer.sees_everything else None
    return JobRun(
        job=row.job,
        planned_at=planned_of(row.key),
        outcome=row.outcome,
        started_at=from_micros(row.started_at),
        finished_at=None if row.finished_at is None else from_micros(row.finished_at),
        detail=None if note is None else masked("text", t(note.text, **note.values)),
    )

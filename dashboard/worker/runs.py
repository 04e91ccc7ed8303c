"""Run records (运行记录): one row for each planned run of a job and how it ended. No ending is silent.

running → done | failed (with the error) | abandoned (its worker died or was stopped half-way); or `missed` at once:
fired too late, the run before still going, or no worker at that time. The key is the planned time, the same in every
worker, so that a planned run happens once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from dashboard.database import Database
from dashboard.database.models import JOB_RUNS
from dashboard.instants import from_micros, to_micros

DONE, FAILED, MISSED, ABANDONED, RUNNING = "done", "failed", "missed", "abandoned", "running"


@dataclass(frozen=True, slots=True)
class Note:
    """What a run has to say: an English msgid with `{name}` fields and their values, translated when shown."""

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text.format(**self.values)

    def to_json(self) -> str:
        return json.dumps({"text": self.text, "values": dict(self.values)}, ensure_ascii=False, default=str)

    @classmethod
    def from_json(cls, stored: str | None) -> Note | None:
        if not stored:
            return None
        content = json.loads(stored)
        return cls(content["text"], content["values"])

    @classmethod
    def of_error(cls, error: BaseException) -> Note:
        """The error's own words; braces in them are no fields."""
        return cls("{error}", {"error": f"{type(error).__name__}: {error}"})


def key_of(planned: datetime) -> str:
    """The planned time in UTC as text that sorts by time: `2026-11-22T05:00:00Z`."""
    return planned.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def planned_of(key: str) -> datetime:
    return datetime.strptime(key, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def begin(db: Database, job: str, planned: datetime, holder: str, *, now: datetime) -> int | None:
    """Open the record of a run; None when this planned run is recorded already (by whichever worker)."""
    with db.session() as connection:
        return _insert(connection, job, planned, holder, RUNNING, now, None)


def finish(db: Database, run: int, outcome: str, note: Note | None, *, now: datetime) -> bool:
    """Close a running record. False when it is closed already: another worker gave it up as abandoned."""
    with db.session() as connection:
        changed = connection.execute(
            sa.update(JOB_RUNS)
            .where(JOB_RUNS.c.id == run, JOB_RUNS.c.outcome == RUNNING)
            .values(outcome=outcome, finished_at=to_micros(now), detail=note.to_json() if note else None)
        )
    return changed.rowcount == 1


def miss(db: Database, job: str, planned: datetime, holder: str, note: Note, *, now: datetime) -> None:
    """Record a run that did not happen."""
    with db.session() as connection:
        _insert(connection, job, planned, holder, MISSED, now, note)


def abandon_running(db: Database, note: Note, *, now: datetime) -> list[tuple[str, str]]:
    """Close what still says `running`. For a worker that has just taken the lead: whoever ran it is gone.

    Returns (job, key) of each.
    """
    with db.session() as connection:
        left = connection.execute(
            sa.update(JOB_RUNS)
            .where(JOB_RUNS.c.outcome == RUNNING)
            .values(outcome=ABANDONED, finished_at=to_micros(now), detail=note.to_json())
            .returning(JOB_RUNS.c.job, JOB_RUNS.c.key)
        ).all()
    return [(row.job, row.key) for row in left]


@dataclass(frozen=True, slots=True)
class LastRun:
    """The record of a job's latest planned time; `finished_at` is None while it runs."""

    planned: datetime
    finished_at: datetime | None


def last_run(db: Database, job: str) -> LastRun | None:
    """The record of the job's latest planned time; None before its first."""
    query = sa.select(JOB_RUNS.c.key, JOB_RUNS.c.finished_at).where(JOB_RUNS.c.job == job)
    with db.reading() as connection:
        row = connection.execute(query.order_by(JOB_RUNS.c.key.desc()).limit(1)).first()
    if row is None:
        return None
    return LastRun(planned_of(row.key), None if row.finished_at is None else from_micros(row.finished_at))


def last_telling(db: Database, job: str) -> str | None:
    """The outcome of the job's latest run that ended with something to tell; None when there is none."""
    query = sa.select(JOB_RUNS.c.outcome).where(JOB_RUNS.c.job == job, JOB_RUNS.c.detail.is_not(None))
    with db.reading() as connection:
        return connection.execute(query.order_by(JOB_RUNS.c.id.desc()).limit(1)).scalar()


def forget_done(db: Database, *, before: datetime, idle_before: datetime) -> int:
    """Drop records of runs that ended well before that time, idle ones (nothing to tell) before the other.

    What ended otherwise stays, and the last record of each job: gaps are counted from it. Returns how many went.
    """
    latest = sa.select(sa.func.max(JOB_RUNS.c.id)).group_by(JOB_RUNS.c.job)
    started, idle = JOB_RUNS.c.started_at, JOB_RUNS.c.detail.is_(None)
    old = (JOB_RUNS.c.outcome == DONE) & ((started < to_micros(before)) | (idle & (started < to_micros(idle_before))))
    with db.session() as connection:
        return connection.execute(sa.delete(JOB_RUNS).where(old, JOB_RUNS.c.id.not_in(latest))).rowcount


def _insert(
    connection: Connection, job: str, planned: datetime, holder: str, outcome: str, now: datetime, note: Note | None
) -> int | None:
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    row = {
        "job": job,
        "key": key_of(planned),
        "holder": holder,
        "outcome": outcome,
        "started_at": to_micros(now),
        "finished_at": None if outcome == RUNNING else to_micros(now),
        "detail": note.to_json() if note else None,
    }
    statement = insert(JOB_RUNS).values(row).on_conflict_do_nothing().returning(JOB_RUNS.c.id)
    return connection.execute(statement).scalar_one_or_none()

"""Taking the samples that are due (抽样执行): called by the worker every few seconds and by `mingcha sample`.

Each look whose moment has come gets a row, and each row ends in exactly one outcome. A run that is killed leaves rows
that are still `planned`; the next run takes them again.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from collectors.video.persons import PersonDetector
from collectors.video.plan import LOCAL, moment_of
from dashboard.database import Database
from dashboard.database.models import LOOKS, PLAN_DAYS
from dashboard.errors import MingchaError
from dashboard.people import Viewer
from dashboard.sampling import storing
from dashboard.sampling.capture import Outcome, Task, is_ready
from dashboard.sampling.cluster import shared_crew
from dashboard.sampling.crew import Crew, Threads
from dashboard.sampling.days import LOOK_BACK, Camera, Due, asked_for, due_slots
from dashboard.sampling.rounds import Job, Round, places_of
from dashboard.sampling.sealing import reveal, seal, sealed_day, seed_for
from dashboard.sampling.workplace import Workplace, workplace
from dashboard.settings import Settings

_busy: set[tuple[str, str, str]] = set()
_busy_lock = threading.Lock()
_settled: set[tuple[str, date]] = set()
"""Past days of a database in which every look has its outcome: not asked for again while this process lives."""
REMEMBERED_LOOKS = 5


@dataclass(frozen=True, slots=True)
class Taken:
    """One look that was concluded by this run."""

    sample_id: str
    hall: str
    camera: str
    day: date
    slot: int | None
    outcome: str
    cause: str | None
    detail: str | None


def take_due(
    db: Database,
    settings: Settings,
    now: datetime,
    viewer: Viewer,
    *,
    only_day: date | None = None,
    only_slot: int | None = None,
    detector: PersonDetector | None = None,
    crew: Crew | None = None,
    go_on: Callable[[], None] = lambda: None,
) -> list[Taken]:
    """Take every look whose moment has come and that has no outcome yet; `now` is aware.

    Seals days that nobody sealed in time (their `sealed_at` tells) and reveals those that are over. `crew` does the
    work, by default that of this process (`cluster.shared_crew`), or threads that use `detector` if one is given;
    `go_on` is called several times a second and ends the run by raising. Raises MingchaError if the evidence folder
    cannot be written, PlanError without the plan's secret, CrewError for looks that nobody could take.
    """
    root = evidence_folder(settings)
    days = [only_day] if only_day else list(days_to_take(db, now))
    hands = crew or (Threads(None) if detector else None)
    with workplace(root, storing.still_open(db)) as place:
        ready = [job for day in days for job in _jobs(db, settings, day, place, viewer, now, only_slot)]
        if only_slot is None:
            ready += [job for job in _asked(db, settings, place, viewer, now) if only_day in (None, job.day)]
        with _in_hand(db, ready) as jobs:
            this = Round(
                db, settings, place, viewer, now, lambda: hands or shared_crew(settings), detector=detector, go_on=go_on
            )
            taken = [_taken(job, outcome) for job, outcome in this.run(jobs)]
    for day in days:
        reveal(db, settings, day, by=viewer, now=now)
    return sorted(taken, key=lambda look: (look.sample_id, look.camera))


@contextmanager
def _in_hand(db: Database, jobs: list[Job]) -> Iterator[list[Job]]:
    """Those that no other run of this process has in hand: runs overlap, since a live look lasts a minute.

    Two processes may take the same look twice; only one of them concludes it (`storing.conclude`).
    """
    named = {(str(db.url), job.task.sample_id, job.task.camera.code): job for job in jobs}
    with _busy_lock:
        mine = named.keys() - _busy
        _busy.update(mine)
    try:
        yield [named[name] for name in sorted(mine)]
    finally:
        with _busy_lock:
            _busy.difference_update(mine)


def days_to_take(db: Database, now: datetime) -> Iterator[date]:
    """From the first sealed day (at most a month back) to today: on a day without a seal the worker was down."""
    today = now.astimezone(LOCAL).date()
    with db.reading() as connection:
        first = connection.execute(sa.select(sa.func.min(PLAN_DAYS.c.date))).scalar()
    day = max(date.fromisoformat(first), today - LOOK_BACK) if first else today
    while day <= today:
        yield day
        day += timedelta(days=1)


def evidence_folder(settings: Settings) -> Path:
    """The folder of `[video] evidence_dir`, created if missing."""
    path = settings.path(settings.video.evidence_dir)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MingchaError(
            f"The evidence folder {path} cannot be created: {error.strerror}.", "Set [video] evidence_dir."
        ) from error
    return path


def _jobs(
    db: Database, settings: Settings, day: date, place: Workplace, viewer: Viewer, now: datetime, only_slot: int | None
) -> Iterator[Job]:
    """Looks of a day that are ready; rows are made for all whose moment has come."""
    today = now.astimezone(LOCAL).date()
    if day > today or (str(db.url), day) in _settled:
        return
    known, dues = storing.states(db, day), due_slots(db, settings, day)
    sealed_at = now
    if dues:
        late = sealed_day(db, day) is None
        sealed_at = seal(db, settings, day, by=viewer, now=now).sealed_at
        dues = due_slots(db, settings, day) if late else dues  # sealing may have brought other slots
    seed, settled, near = None, day < today and only_slot is None, places_of(db, settings, viewer)
    for due in dues:
        waiting = [
            camera
            for camera in due.cameras
            if known.get((due.hall, due.slot.number, camera.code)) not in storing.FINAL
            and only_slot in (None, due.slot.number)
            and _was_known(camera, day, sealed_at)
        ]
        if not waiting:
            continue
        settled = False
        seed = seed or seed_for(db, settings, day)
        moment = moment_of(seed, due.hall, day, due.slot)
        if now < moment:
            continue
        storing.announce(db, due, day, moment, [camera.code for camera in waiting], by=viewer, now=now)
        yield from _ready(db, due, day, moment, waiting, place, near(due.hall), now)
    if settled:
        _settled.add((str(db.url), day))


def _asked(db: Database, settings: Settings, place: Workplace, viewer: Viewer, now: datetime) -> Iterator[Job]:
    """Looks of the minutes that somebody asked for outside the draw, until each camera has its outcome."""
    near = places_of(db, settings, viewer)
    for asked in asked_for(db, settings, now):
        day = asked.moment.astimezone(LOCAL).date()
        codes = [camera.code for camera in asked.waiting]
        storing.announce(db, asked, day, asked.moment, codes, by=viewer, now=now)
        yield from _ready(db, asked, day, asked.moment, asked.waiting, place, near(asked.hall), now)


def _ready(
    db: Database, due: Due, day: date, moment: datetime, cameras: Iterable[Camera], place: Workplace,
    near: str | None, now: datetime,
) -> Iterator[Job]:  # fmt: skip
    """Those of the cameras whose minute can be fetched by now."""
    sample_id = due.sample_id(day)
    for camera in cameras:
        folder = place.root / day.strftime("%Y/%m/%d") / file_name(sample_id) / file_name(camera.code)
        task = Task(sample_id, camera, moment, folder, place.work_of(), slot=due.number)
        if is_ready(task, now):
            yield Job(due, day, replace(task, moved_before=_has_moved(db, camera.code)), near)


def _was_known(camera: Camera, day: date, sealed_at: datetime) -> bool:
    """Whether the camera belongs to the day's plan: a hall that joins today owes nothing for last month."""
    return camera.since.astimezone(LOCAL).date() <= day or camera.since <= sealed_at


def _taken(job: Job, outcome: Outcome) -> Taken:
    task = job.task
    return Taken(
        task.sample_id, job.due.hall, task.camera.code, job.day, job.due.number, outcome.outcome, outcome.cause,
        outcome.detail,
    )  # fmt: skip


def _has_moved(db: Database, camera: str) -> bool:
    """Whether one of the camera's latest looks showed something moving: the proof that its stream can live."""
    query = sa.select(LOOKS.c.result).where(LOOKS.c.camera_code == camera).order_by(LOOKS.c.id.desc())
    with db.reading() as connection:
        results = connection.execute(query.limit(REMEMBERED_LOOKS)).scalars().all()
    return any(not json.loads(result)["camera"]["still"] for result in results)


def file_name(code: str) -> str:
    """A code as a file name: codes are imported text and may hold anything."""
    safe = re.sub(r"[^\w.-]", "_", code).lstrip(".")
    return safe if safe == code else f"{safe}-{hashlib.sha256(code.encode()).hexdigest()[:8]}"

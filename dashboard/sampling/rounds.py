"""One round of looks (一轮抽查): steps given to the crew, and each look concluded as it ends.

A look goes through two steps, fetched and looked at; what lies between them is kept, so that a look whose worker dies
is looked at again without being fetched again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from queue import Empty, SimpleQueue
from typing import Any

from distributed import KilledWorker

from collectors.video.persons import PersonDetector
from dashboard.database import Database
from dashboard.people import Viewer
from dashboard.queries.offices import visible_tree
from dashboard.sampling import storing
from dashboard.sampling.capture import Fetched, Outcome, Task, is_last_chance, is_lost, lost, means_of
from dashboard.sampling.crew import CAPTURE, LOOK, Crew, CrewError, Failed, capture_step, look_step
from dashboard.sampling.days import Due
from dashboard.sampling.workplace import Workplace
from dashboard.settings import Settings

WATCH_SECONDS = 2.0
PATIENCE_SECONDS = 30.0
"""How long steps may wait while nobody is there to do them: a worker that died is back within a few seconds."""
ANSWER_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Job:
    """A look that is ready to be taken, and the resource label of the workers near its camera."""

    due: Due
    day: date
    task: Task
    place: str | None = None


@dataclass(slots=True)
class Round:
    """The looks of one run. `now` is the run's clock (aware), which may be another than the machine's."""

    db: Database
    settings: Settings
    workplace: Workplace
    viewer: Viewer
    now: datetime
    open_crew: Callable[[], Crew]
    detector: PersonDetector | None = None
    go_on: Callable[[], None] = lambda: None
    _crew: Crew | None = None
    _waiting: dict[tuple[str, str], tuple[Job, Any]] = field(default_factory=dict)
    _ended: SimpleQueue[tuple[Job, Any]] = field(default_factory=SimpleQueue)
    _faults: list[BaseException | str] = field(default_factory=list)
    _troubled: dict[str | None, float] = field(default_factory=dict)
    _taken: list[tuple[Job, Outcome]] = field(default_factory=list)

    def run(self, jobs: Iterable[Job]) -> list[tuple[Job, Outcome]]:
        """Conclude every job that can be; those that another run concluded meanwhile are left out.

        Raises what `go_on` raises, at once. Once all others are safe: CrewError with the causes of those that nobody
        could do, or what a step threw (a fault of ours).
        """
        began, means = datetime.now(UTC), means_of(self.settings)
        try:
            for job, got in [(job, self.workplace.inherited(job.task)) for job in jobs]:
                if got is None and is_lost(job.task, self.now):
                    self._conclude(job, lost(job.task))
                elif got is None:
                    self._start(job, CAPTURE, capture_step, self.settings.home, self.now - began, means)
                else:
                    self._look(job, got)
            self._wait()
        finally:
            if self._crew is not None and self._waiting:
                self._crew.cancel([handle for _, handle in self._waiting.values()])
        self._raise_faults()
        return self._taken

    def _wait(self) -> None:
        watched = time.monotonic()
        while self._waiting:
            self.go_on()
            try:
                job, result = self._ended.get(timeout=ANSWER_SECONDS)
            except Empty:
                job = None
            if job is not None:
                self._waiting.pop(_name(job), None)
                self._advance(job, result)
            if time.monotonic() - watched > WATCH_SECONDS:
                self._watch()
                watched = time.monotonic()

    def _start(self, job: Job, kind: str, step: Callable[..., Any], *given: Any) -> None:
        crew = self._crew = self._crew or self.open_crew()
        name = f"{job.task.sample_id}-{job.task.camera.code}"
        handle = crew.start(
            kind, name, job.place, lambda result: self._ended.put((job, result)), step, job.task, *given
        )
        self._waiting[_name(job)] = job, handle

    def _look(self, job: Job, got: Fetched) -> None:
        crew = self._crew = self._crew or self.open_crew()
        self._start(job, LOOK, look_step, got, self.detector or crew.model)

    def _advance(self, job: Job, result: Any) -> None:
        """What comes after a step ended with that result."""
        if isinstance(result, Fetched):
            self.workplace.note(job.task, result)
            self._look(job, result)
        elif isinstance(result, Outcome):
            self._conclude(job, result)
        elif isinstance(result, KilledWorker) and is_last_chance(job.task, self.now):
            self._conclude(job, Outcome(job.task, "missed", "worker_down", detail=_died(job)))
        elif isinstance(result, KilledWorker):
            self._faults.append(_died(job))
        elif isinstance(result, Failed):
            self._faults.append(result.what)
        elif isinstance(result, BaseException):
            self._faults.append(result)

    def _conclude(self, job: Job, outcome: Outcome) -> None:
        mine = replace(outcome, task=job.task)  # the same as the one that travelled, and certainly ours
        if storing.conclude(self.db, job.due, mine, self.workplace.root, by=self.viewer, now=self.now):
            self._taken.append((job, mine))

    def _watch(self) -> None:
        """Give up steps that nobody can do: the scheduler is gone, or no worker near the camera is left."""
        assert self._crew is not None
        now = time.monotonic()
        for place in {job.place for job, _ in self._waiting.values()}:
            trouble = self._crew.trouble(place)
            since = self._troubled.setdefault(place, now)
            if trouble is None:
                del self._troubled[place]
            elif now - since > PATIENCE_SECONDS:
                self._give_up(place, trouble)

    def _give_up(self, place: str | None, trouble: str) -> None:
        assert self._crew is not None
        given_up = {name: handle for name, (job, handle) in self._waiting.items() if job.place == place}
        self._crew.cancel(list(given_up.values()))
        for name in given_up:
            del self._waiting[name]
        self._faults.append(f"{trouble} {len(given_up)} looks wait for it.")

    def _raise_faults(self) -> None:
        for fault in self._faults:
            if isinstance(fault, BaseException):
                raise fault
        if self._faults:
            raise CrewError(" ".join(dict.fromkeys(str(fault) for fault in self._faults)),
                            "The looks stay open and are taken again.")  # fmt: skip


def places_of(db: Database, settings: Settings, viewer: Viewer) -> Callable[[str], str | None]:
    """Hall code → resource label of `[video.places]`: the hall's own, else that of the nearest office above it."""
    places = settings.video.places
    if not places:
        return lambda _hall: None
    tree = visible_tree(db, viewer)
    return lambda hall: next((places[up.code] for up in reversed(tree.path(hall)) if up.code in places), None)


def _name(job: Job) -> tuple[str, str]:
    return job.task.sample_id, job.task.camera.code


def _died(job: Job) -> str:
    return f"The workers that had {job.task.sample_id} {job.task.camera.code} in hand died, one after the other."

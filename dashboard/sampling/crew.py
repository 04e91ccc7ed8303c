"""Who fetches and who looks (抽查执行): threads of this process, or workers of Dask distributed here or elsewhere.

Two kinds of work, counted apart: `capture` waits a minute for a camera and needs hardly any processor, so that a
worker does many at once; `look` decodes, and a worker does one. Workers near the cameras of some halls offer a label
of their own besides (`[video.places]`).
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Protocol, TypeVar

from collectors.base import CollectorError
from collectors.redact import redact
from collectors.video.decode import VideoError
from collectors.video.minutes import Means
from collectors.video.persons import PersonDetector, person_detector
from dashboard.errors import MingchaError
from dashboard.sampling.capture import Fetched, Outcome, Task, fetched, looked_at
from dashboard.sampling.workplace import MARK

CAPTURE, LOOK = "capture", "look"
ATTEMPTS = 3
"""How often a step is begun whose decoder somebody ended from outside."""

T = TypeVar("T")
Done = Callable[[Any], None]
"""Gets what a step returned, or the exception that ended it; called from another thread."""


class CrewError(MingchaError):
    """The work cannot be given to anybody: no scheduler, no worker, none near the camera."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A step that could not be done for a reason of ours; the look stays open."""

    what: str


class Crew(Protocol):
    """Somebody to give steps to. `start` never blocks; `trouble` says why waiting for an answer may be in vain."""

    model: str | None
    """Person model as configured: a path, `none`, or None for what the packages bring."""

    def start(self, kind: str, name: str, place: str | None, done: Done, step: Callable[..., Any], *given: Any) -> Any:
        """Have `step(*given)` done and its result given to `done`; returns a handle for `cancel`.

        `name` is shown in logs, so it may hold codes and nothing secret; `place` is a label of `[video.places]`.
        """
        ...

    def trouble(self, place: str | None) -> str | None: ...

    def cancel(self, handles: list[Any]) -> None: ...

    def close(self) -> None: ...


class Threads:
    """Threads of this process: for `workers = 0`, and for tests that bring a detector of their own.

    Daemons, not a pool: a process that is asked to end must not wait a minute for a camera.
    """

    def __init__(self, model: str | None, *, captures: int = 32, looks: int = 1) -> None:
        self.model = model
        self._places = {CAPTURE: threading.Semaphore(captures), LOOK: threading.Semaphore(looks)}
        self._closed = threading.Event()

    def start(self, kind: str, name: str, place: str | None, done: Done, step: Callable[..., Any], *given: Any) -> Any:
        cancelled = threading.Event()

        def work() -> None:
            with self._places[kind]:
                if cancelled.is_set() or self._closed.is_set():
                    return
                try:
                    result = step(*given)
                except Exception as error:  # noqa: BLE001 - handed over to whoever waits, who raises it
                    result = error
            done(result)

        threading.Thread(target=work, name=f"{kind} {name}", daemon=True).start()
        return cancelled

    def trouble(self, place: str | None) -> str | None:
        return None

    def cancel(self, handles: list[Any]) -> None:
        for cancelled in handles:
            cancelled.set()

    def close(self) -> None:
        self._closed.set()


# --- the steps: run by whoever gets them, perhaps on another machine -------------------------------------------------


def capture_step(task: Task, home: Path, ahead: timedelta, means: Means) -> Fetched | Outcome | Failed | None:
    """Fetch a minute. `ahead`: how far the clock of this run is ahead of the machines' (0 but for a rehearsal).

    `means` holds no password: those that an address names by `${NAME}` are read here, near the camera.
    """
    mark = task.work.parent / MARK
    if not mark.is_file():
        return Failed(f"The worker on {socket.gethostname()} does not see the evidence folder {task.work.parents[2]}.")
    return _repeated(lambda: fetched(task, home, datetime.now(UTC) + ahead, means))


def look_step(task: Task, got: Fetched, detector: PersonDetector | str | None) -> Outcome | Failed:
    """Look at a minute, with a detector or the one of a model's name."""
    if not got.clip.path.is_file():
        return Failed(f"The worker on {socket.gethostname()} does not see {got.clip.path}.")
    eyes = eyes_of(detector) if isinstance(detector, str | None) else detector
    return _repeated(lambda: looked_at(task, got, eyes))


@cache
def eyes_of(model: str | None) -> PersonDetector:
    """The detector of a model, loaded once per process."""
    return person_detector(model)


def _repeated(attempt: Callable[[], T]) -> T | Failed:
    """The result of the first attempt whose decoder nobody killed; errors of ours as values (they cross machines)."""
    for number in range(1, ATTEMPTS + 1):
        try:
            return attempt()
        except VideoError as error:
            if error.reason != "killed" or number == ATTEMPTS:
                return Failed(redact(str(error)))
        except CollectorError as error:
            return Failed(redact(str(error)))
    raise AssertionError("the last attempt returns")

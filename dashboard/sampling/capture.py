"""One camera's minute (一路画面): fetched, looked at, and given its one outcome. Writes files, never the database."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from collectors.base import CollectorError
from collectors.redact import redact
from collectors.video.decode import VideoError
from collectors.video.look import Look, look
from collectors.video.persons import PersonDetector
from collectors.video.plan import CLIP_SECONDS
from collectors.video.recordings import Clip, Template, fetch
from collectors.video.reference import Reference, reference_of
from collectors.video.rtsp import record
from dashboard.sampling.days import Camera

CAUSE_ORDER = ("no_signal", "black", "frozen", "occluded", "moved", "blurred")
"""Which of several camera problems names the cause."""
NOT_CHECKABLE_CAUSES = ("offline", "wrong_password")
MISSED_CAUSES = ("recording_missing", "recorder_busy", "disk_full")
SETTLE = timedelta(seconds=5)
LIVE_LATE = timedelta(seconds=120)
RECORDING_GRACE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Task:
    """A look that is due: camera, drawn moment (aware), and the folder that its files will lie in.

    `work` is a folder of this run alone: two runs at once must not write over each other. Each attempt has a folder of
    its own in it; the files of the one that counts become `folder` in the transaction that stores the outcome.
    """

    sample_id: str
    camera: Camera
    moment: datetime
    folder: Path
    work: Path
    moved_before: bool = False
    slot: int | None = None
    """Slot of the day; None for a sample outside of the slots."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A minute that was fetched and not yet looked at: the clip in a folder of its own, and when it was taken."""

    clip: Clip
    captured_at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a look ended. `outcome`: captured, missed or not_checkable, with the cause of the latter two."""

    task: Task
    outcome: str
    cause: str | None = None
    captured_at: datetime | None = None
    clip: Clip | None = None
    look: Look | None = None
    detail: str | None = None


def is_ready(task: Task, now: datetime) -> bool:
    """Whether the minute can be fetched: a live camera at the moment itself, a recording once it is over."""
    if task.camera.playback_url is None:
        return now >= task.moment
    return now >= task.moment + timedelta(seconds=CLIP_SECONDS) + SETTLE


def is_last_chance(task: Task, now: datetime) -> bool:
    """Whether a recording that is not there yet is given up: its file should have been closed long ago."""
    if task.camera.playback_url is None or "://" in task.camera.playback_url:
        return True
    step = Template(task.camera.playback_url, task.camera.code, Path()).step
    return now >= task.moment + timedelta(seconds=CLIP_SECONDS) + step + RECORDING_GRACE


def is_lost(task: Task, now: datetime) -> bool:
    """Whether a live camera's moment has passed: nobody can take it any more."""
    return not task.camera.playback_url and bool(task.camera.url) and now > task.moment + LIVE_LATE


def lost(task: Task) -> Outcome:
    """The outcome of a live moment at which nobody was there."""
    detail = f"Camera {task.camera.code}: nobody was there at the drawn moment, and it keeps no recording."
    return Outcome(task, "missed", "worker_down", detail=detail)


def fetched(task: Task, home: Path, now: datetime) -> Fetched | Outcome | None:
    """Fetch the minute into a new folder below `task.work`: waits for the camera, needs hardly any processor.

    None if it is too early to say (the recorder may still be writing the file). A fault of the camera is an outcome,
    never an exception; VideoError only for a decoder that was killed from outside: worth another attempt.
    """
    folder = task.work / uuid4().hex
    try:
        folder.mkdir(parents=True)
        clip, captured_at = _fetched(task, folder / "clip.mp4", home, now)
    except VideoError as error:
        shutil.rmtree(folder, ignore_errors=True)
        if error.reason == "killed":
            raise
        return _without_picture(task, error, now)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        return Outcome(task, "missed", "disk_full" if error.errno == 28 else "recording_missing", detail=str(error))
    return Fetched(clip, captured_at)


def _fetched(task: Task, to: Path, home: Path, now: datetime) -> tuple[Clip, datetime]:
    camera = task.camera
    playback = camera.playback_url
    if playback and "://" not in playback:
        return fetch(Template(playback, camera.code, home), task.moment, to), now
    name = f"Camera {camera.code}"
    if playback:
        return record(Template(playback, camera.code, Path()).rendered(task.moment), to, name=name)
    if not camera.url:
        raise VideoError(f"{name} has neither url nor playback_url.", reason="offline")
    return record(camera.url, to, name=name)


def _without_picture(task: Task, error: VideoError, now: datetime) -> Outcome | None:
    reason, detail = error.reason, redact(str(error))
    if reason in NOT_CHECKABLE_CAUSES:
        return Outcome(task, "not_checkable", reason, detail=detail)
    if reason == "disk_full":
        return Outcome(task, "missed", reason, detail=detail)
    if not is_last_chance(task, now):
        return None
    # a damaged file, an unusable template: the recorder answers and holds no such minute
    return Outcome(task, "missed", reason if reason in MISSED_CAUSES else "recording_missing", detail=detail)


def looked_at(task: Task, got: Fetched, detector: PersonDetector) -> Outcome:
    """Look at the minute; frames that show candidates go to a new folder below `task.work`, beside the clip's.

    VideoError only for a decoder that was killed from outside: worth another attempt.
    """
    clip, evidence = got.clip, task.work / uuid4().hex
    notes = [task.camera.fault] if task.camera.fault else []
    windows, reference = task.camera.windows, None
    try:
        reference = _reference(task)
    except CollectorError as error:
        notes.append(redact(str(error)))
    try:
        seen = look(
            clip.path,
            windows=windows,
            detector=detector,
            reference=reference,
            evidence=evidence,
            slot=task.slot,
            threads=1,  # one core each: a worker has no more
        )
    except VideoError as error:
        if error.reason == "killed":
            raise
        cause = "disk_full" if error.reason == "disk_full" else "recording_missing"
        return Outcome(task, "missed", cause, detail=redact(str(error)))
    except CollectorError as error:  # a polygon drawn on another picture: the minute itself is kept and can be reviewed
        notes.append(redact(str(error)))
        seen = look(clip.path, detector=detector, reference=reference, evidence=evidence, slot=task.slot, threads=1)
    problems = seen.health.problems
    problem = next((name for name in CAUSE_ORDER if name in problems), None)
    outcome = "not_checkable" if problem else "captured"
    return Outcome(task, outcome, problem, got.captured_at, clip, seen, " ".join(notes) or None)


def _reference(task: Task) -> Reference | None:
    if task.camera.reference is None:
        return Reference(None, None, moved=True) if task.moved_before else None
    return reference_of(task.camera.reference, moved=task.moved_before)

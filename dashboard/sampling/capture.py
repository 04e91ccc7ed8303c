"""One camera's minute (一路画面): fetched, looked at, and given its one outcome. Writes files, never the database."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from collectors.base import CollectorError
from collectors.redact import redact
from collectors.video.addresses import Addresses, Secrets, presets_of
from collectors.video.decode import VideoError
from collectors.video.evidence import is_full
from collectors.video.look import Began, Look, SubStream, look
from collectors.video.minutes import Means, Source, stretch_of
from collectors.video.persons import PersonDetector
from collectors.video.plan import CLIP_SECONDS
from collectors.video.recordings import Clip, Template
from collectors.video.reference import Reference, reference_of
from collectors.video.turns import Turns
from collectors.video.windows import Window
from dashboard.sampling.days import Camera
from dashboard.settings import Settings

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
    """A minute that was fetched and not yet looked at: the clip in a folder of its own, and when it was taken.

    `begins`: when its first picture was taken (aware), by the clock that `clock` names (`minutes.LIVE`, `RECORDED`).
    """

    clip: Clip
    captured_at: datetime
    begins: datetime | None = None
    clock: str | None = None
    sub: Path | None = None
    sub_start: float = 0.0
    note: str | None = None


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
    """Whether a recording that is not there yet is given up: it should have been closed long ago."""
    playback = task.camera.playback_url
    if playback is None:
        return True
    step = timedelta() if "://" in playback else Template(playback, task.camera.code, Path()).step
    return now >= task.moment + timedelta(seconds=CLIP_SECONDS) + step + RECORDING_GRACE


def is_lost(task: Task, now: datetime) -> bool:
    """Whether a live camera's moment has passed: nobody can take it any more."""
    return not task.camera.playback_url and bool(task.camera.url) and now > task.moment + LIVE_LATE


def lost(task: Task) -> Outcome:
    """The outcome of a live moment at which nobody was there."""
    detail = f"Camera {task.camera.code}: nobody was there at the drawn moment, and it keeps no recording."
    return Outcome(task, "missed", "worker_down", detail=detail)


def means_of(settings: Settings) -> Means:
    """How cameras are reached by these settings; it may travel to other machines, and holds no password."""
    video = settings.video
    secrets = Secrets(settings.path(video.secrets_file) if video.secrets_file else None)
    turns = Turns(video.per_recorder, video.recorder_wait_seconds)
    return Means(Addresses(presets_of(video.recorders), secrets), turns)


def source_of(camera: Camera, home: Path) -> Source:
    return Source(camera.code, camera.url, camera.playback_url, home)


def fetched(task: Task, home: Path, now: datetime, means: Means) -> Fetched | Outcome | None:
    """Fetch the minute into a new folder below `task.work`: waits for the camera, needs hardly any processor.

    None if it is too early to say (the recorder may still be writing the file). A fault of the camera is an outcome,
    never an exception; VideoError only for a decoder that was killed from outside: worth another attempt.
    """
    folder = task.work / uuid4().hex
    try:
        folder.mkdir(parents=True)
        got = stretch_of(source_of(task.camera, home), task.moment, folder / "clip.mp4", means)
    except VideoError as error:
        shutil.rmtree(folder, ignore_errors=True)
        if error.reason == "killed":
            raise
        return _without_picture(task, error, now)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        return Outcome(
            task, "missed", "disk_full" if is_full(error) else "recording_missing", detail=redact(str(error))
        )
    captured_at = now if task.camera.playback_url else got.begins
    return Fetched(got.clip, captured_at, got.begins, got.clock, got.sub, got.sub_start, got.note)


def _without_picture(task: Task, error: VideoError, now: datetime) -> Outcome | None:
    reason, detail = error.reason, redact(str(error))
    if reason in NOT_CHECKABLE_CAUSES:
        return Outcome(task, "not_checkable", reason, detail=detail)
    if reason == "disk_full":
        return Outcome(task, "missed", reason, detail=detail)
    if not is_last_chance(task, now):
        return None
    if reason == "address":  # ours: nobody at the office can help that we cannot ask
        return Outcome(task, "missed", "worker_down", detail=detail)
    # a damaged file, an unusable template: the recorder answers and holds no such minute
    return Outcome(task, "missed", reason if reason in MISSED_CAUSES else "recording_missing", detail=detail)


def looked_at(task: Task, got: Fetched, detector: PersonDetector) -> Outcome:
    """Look at the minute; frames that show candidates go to a new folder below `task.work`, beside the clip's.

    VideoError only for a decoder that was killed from outside: worth another attempt.
    """
    clip, evidence = got.clip, task.work / uuid4().hex
    notes = [note for note in (task.camera.fault, got.note) if note]
    reference = None
    try:
        reference = _reference(task)
    except CollectorError as error:
        notes.append(redact(str(error)))
    try:
        seen = _seen(task, got, detector, reference, evidence)
    except VideoError as error:
        if error.reason == "killed":
            raise
        cause = "disk_full" if error.reason == "disk_full" else "recording_missing"
        return Outcome(task, "missed", cause, detail=redact(str(error)))
    except CollectorError as error:  # a polygon drawn on another picture: the minute itself is kept and can be reviewed
        notes.append(redact(str(error)))
        seen = _seen(task, got, detector, reference, evidence, windows=())
    problems = seen.health.problems
    problem = next((name for name in CAUSE_ORDER if name in problems), None)
    outcome = "not_checkable" if problem else "captured"
    return Outcome(task, outcome, problem, got.captured_at, clip, seen, " ".join(notes) or None)


def _seen(
    task: Task,
    got: Fetched,
    detector: PersonDetector,
    reference: Reference | None,
    evidence: Path,
    *,
    windows: Sequence[Window] | None = None,
) -> Look:
    """The look itself, at the small stream where there is one; a small stream that cannot be read is done without."""
    began = Began(got.begins, got.clock) if got.begins and got.clock else None
    shown = task.camera.windows if windows is None else windows

    def look_at(sub: SubStream | None) -> Look:
        return look(got.clip.path, windows=shown, detector=detector, reference=reference, evidence=evidence,
                    slot=task.slot, sub=sub, began=began, sparing=True)  # fmt: skip

    if got.sub is None or not got.sub.is_file():
        return look_at(None)
    try:
        seen = look_at(SubStream(got.sub, got.sub_start))
    except VideoError as error:
        if error.reason in ("killed", "disk_full"):
            raise
        seen = look_at(None)
    got.sub.unlink()  # it is no evidence, and its folder becomes the sample's
    return seen


def _reference(task: Task) -> Reference | None:
    if task.camera.reference is None:
        return Reference(None, None, moved=True) if task.moved_before else None
    return reference_of(task.camera.reference, moved=task.moved_before)

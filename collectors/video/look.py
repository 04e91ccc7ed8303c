"""One look at a clip (一次查看): decode, measure, detect, and say what was seen, in the shape of design §4.1 `look`."""

from __future__ import annotations

import hashlib
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from collectors.video.clock import Reading, read_clock
from collectors.video.decode import Frame, Picture, Strip, probe, watch
from collectors.video.evidence import keep_frames
from collectors.video.findings import Finding, NotJudged, Sight, camera_findings, judge
from collectors.video.health import Health, health
from collectors.video.measures import Measures, Meter
from collectors.video.persons import Boxes, Detections, PersonDetector
from collectors.video.plan import LOCAL
from collectors.video.presence import Presence, presence
from collectors.video.reference import Reference
from collectors.video.rules import shipped
from collectors.video.series import Scene
from collectors.video.states import Held, states_of
from collectors.video.windows import CLOCK, WAITING, Window, require_inside
from collectors.video.witnesses import Witnesses, witnesses_of

EVERY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen in one clip. Times are seconds from the first frame, counts are persons."""

    video: str
    sha256: str
    seconds: float
    frames_read: int
    frames_analysed: int
    detector: str
    witnesses: Witnesses
    health: Health
    people: tuple[tuple[int, int], ...]
    """(second, persons) for each second looked at; empty without a person detector."""
    waiting: tuple[tuple[int, int], ...] | None
    presences: tuple[Presence, ...]
    states: tuple[Held, ...]
    """What the detectors' rules look at, for the hall to put together."""
    findings: tuple[Finding, ...]
    not_judged: tuple[NotJudged, ...]
    motion: tuple[float, ...]
    """Mean change of the picture per second of the clip, grey levels."""
    detector_seconds: float
    """Wall time spent in the detector alone."""
    clock: Reading | None = None
    """The clock in the picture; None without a polygon around it."""
    began: Began | None = None
    analysed: str = "main"
    """Which stream was looked at: `main`, or `sub` where a camera has a small one."""

    def document(self) -> dict[str, Any]:
        """The JSON document of design §4.1; `*_text`, `intervals`, `not_judged` and the like are added keys."""
        return {
            "video": self.video,
            "sha256": self.sha256,
            "seconds": round(self.seconds, 3),
            "frames_read": self.frames_read,
            "frames_analysed": self.frames_analysed,
            "detector": self.detector,
            "witnesses": {
                "detector": self.witnesses.detector,
                "reference": "given" if self.witnesses.reference_given else "learnt",
                "recall": self.witnesses.recall,
            },
            "camera": {
                "checkable": self.health.checkable,
                "problems": list(self.health.problems),
                "still": self.health.still,
                "dark": self.health.dark,
                "intervals": {name: _rounded(spans) for name, spans in self.health.problems.items()},
            },
            "people": {**_summary(self.people), "series": [list(pair) for pair in self.people]},
            "windows": [_window_document(presence) for presence in self.presences],
            "waiting": None if self.waiting is None else _summary(self.waiting),
            "findings": [finding.document() for finding in self.findings],
            "not_judged": [
                {"code": item.code, "reason": item.reason, "places": list(item.places)} for item in self.not_judged
            ],
            "states": [held.document() for held in self.states],
            "motion": [round(value, 2) for value in self.motion],
            "clock": self._clock_document(),
            "analysed": self.analysed,
        }

    @property
    def offset_seconds(self) -> float | None:
        """Seconds by which the picture's clock is ahead; None without a clock, or where it could not be read."""
        return self.clock.offset(self.began.local) if self.clock and self.began else None

    def _clock_document(self) -> dict[str, Any] | None:
        if self.clock is None:
            return None
        return {
            "shows": self.clock.shows.isoformat(" ", "milliseconds") if self.clock.shows and self.clock.dated else None,
            "offset_seconds": self.offset_seconds,
            "against": self.began.clock if self.began else None,
            "confidence": self.clock.confidence,
            "reason": self.clock.reason,
        }


@dataclass(frozen=True, slots=True)
class Began:
    """When the first picture was taken (aware), and by whose clock: `server` (ours, live) or `recorder` (its index)."""

    at: datetime
    clock: str

    @property
    def local(self) -> datetime:
        """Naive, Asia/Shanghai: as a clock in a picture says it."""
        return self.at.astimezone(LOCAL).replace(tzinfo=None)


@dataclass(frozen=True, slots=True)
class SubStream:
    """The same minute as the camera's small stream shows it; the clip's first picture lies at second `start` of it."""

    path: Path
    start: float


def look(
    video: Path,
    *,
    windows: Sequence[Window] = (),
    detector: PersonDetector,
    every: float = EVERY_SECONDS,
    reference: Reference | None = None,
    evidence: Path | None = None,
    slot: int | None = None,
    keys: bool = False,
    sparing: bool = False,
    sub: SubStream | None = None,
    began: Began | None = None,
) -> Look:
    """Analyse a video file.

    `every`: seconds of presentation time between looks. `reference`: the camera's picture of the empty scene; without
    it the scene is learnt from the clip. `evidence`: folder for frames that show each finding, created if missing.
    `slot`: the slot of the day that the clip belongs to; without it items that belong to a slot are not judged.
    `sub`: looked at in the file's place, which still gives sizes, hash and evidence. `began`: when the first picture
    was taken, for the offset of the clock in the picture.
    `keys`: look at key frames only, about one in two seconds: enough for health and motion, at a tenth of the work.
    `sparing`: on one core, and without decoding pictures on which no other rests (`frames_read` leaves them out).
    Raises VideoError for a file that yields no picture, WindowError for a polygon outside the picture.
    """
    watched = _watched(video, windows, detector, every=every, keys=keys, sparing=sparing, sub=sub)
    measures, detections, size = watched.measures, watched.detections, watched.size
    state = health(measures, windows, size, reference=reference, seconds=watched.seconds)
    staffed = [window for window in windows if window.is_staffed]
    seen = presence(measures, detections, staffed, size, detector=detector.kind, reference=reference,
                    usable=state.usable, seconds=watched.seconds)  # fmt: skip
    given = reference is not None and reference.small is not None
    witnesses = witnesses_of(detector.kind, reference_given=given)
    clock = _clock(watched.strips, measures, began) if _dial(windows) else None
    scene = Scene(
        measures, detections, windows, size, witnesses, reference, state.usable, state.dark, watched.seconds,
        {one.window.name: one for one in seen}, clock_offset=clock.offset(began.local) if clock and began else None,
    )  # fmt: skip
    held = states_of(scene, shipped())
    findings, not_judged = _candidates(held, state, witnesses, watched.seconds, slot)
    queue = next((window for window in windows if window.name == WAITING), None)
    return Look(
        video.name, digest_of(video), watched.seconds, watched.read, len(measures.times), detector.name, witnesses,
        state, heads(measures, [look.persons for look in detections], state) if detector.side else (),
        _waiting(queue, measures, detections, state) if detector.side else None,
        tuple(seen), held, tuple(with_evidence(video, findings, evidence)), tuple(not_judged), per_second(measures),
        watched.spent, clock, began, "sub" if sub else "main",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Watched:
    """What one pass over the pictures gathers. Sizes in pixels of the original, times in seconds."""

    measures: Measures
    detections: Sequence[Detections]
    strips: Sequence[Picture]
    size: tuple[int, int]
    seconds: float
    read: int
    spent: float
    """Wall time in the detector."""


def _watched(
    video: Path, windows: Sequence[Window], detector: PersonDetector, *, every: float, keys: bool, sparing: bool,
    sub: SubStream | None,
) -> _Watched:  # fmt: skip
    meter, detections, strips, spent = Meter(), list[Detections](), list[Picture](), 0.0
    main = probe(video) if sub else None
    with watch(
        sub.path if sub else video, every=every, colour_side=detector.side, keys=keys, sparing=sparing,
        strip=_dial(windows), strip_size=(main.width, main.height) if main else None, start=sub.start if sub else 0.0,
    ) as reading:  # fmt: skip
        facts = main or reading.facts
        size = (facts.width, facts.height)
        require_inside(windows, *size)
        for frame in reading:
            meter.add(frame)
            if frame.strip is not None:
                strips.append(frame.strip)
            since = time.perf_counter()
            detections.append(detected(detector, frame, size))
            spent += time.perf_counter() - since
    return _Watched(meter.result(), detections, strips, size, reading.seconds, reading.read, spent)


def _dial(windows: Sequence[Window]) -> Strip | None:
    """The rectangle around the clock's polygon, with a little room above and below."""
    clock = next((window for window in windows if window.name == CLOCK), None)
    if clock is None:
        return None
    x, y = np.array(clock.polygon).T
    room = 0.15 * float(y.max() - y.min())
    return float(x.min()), max(0.0, float(y.min()) - room), float(x.max()), float(y.max()) + room


def _clock(strips: Sequence[Picture], measures: Measures, began: Began | None) -> Reading:
    """What the strips say; a camera that changes its resolution gives them in another size midway."""
    height, width = strips[0].shape
    if min(height, width) < 1:
        return Reading(reason="no_room")
    same = [strip if strip.shape == (height, width) else cv2.resize(strip, (width, height)) for strip in strips]
    return read_clock(np.array(same), measures.times, began.local.date() if began else None)


def _candidates(
    held: Sequence[Held], state: Health, witnesses: Witnesses, seconds: float, slot: int | None
) -> tuple[list[Finding], list[NotJudged]]:
    """What this camera alone would propose; of places the hall's cameras must agree (`hall.py`)."""
    table = {(one.state, one.place): one for one in held}
    found, silent = judge(Sight(table, seconds, witnesses.recall, slot=slot), shipped())
    return camera_findings(state, shipped()) + found, silent


def detected(detector: PersonDetector, frame: Frame, size: tuple[int, int]) -> Detections:
    """The detector's boxes in pixels of the original picture."""
    if frame.colour is None:
        return Detections()
    found = detector.look(frame.colour)
    height, width = frame.colour.shape[:2]
    factors = np.array([size[0] / width, size[1] / height, size[0] / width, size[1] / height, 1.0])
    return Detections(found.persons * factors, found.others * factors)


def heads(measures: Measures, boxes: Sequence[Boxes], state: Health) -> tuple[tuple[int, int], ...]:
    """Persons per second: of the looks in it the upper median, since a detector misses more than it invents."""
    seconds: dict[int, list[int]] = {}
    for moment, found, usable in zip(measures.times, boxes, state.usable, strict=True):
        if usable:
            seconds.setdefault(int(moment), []).append(len(found))
    return tuple((second, statistics.median_high(counts)) for second, counts in sorted(seconds.items()))


def per_second(measures: Measures) -> tuple[float, ...]:
    """Mean change between looks in each second that holds a look."""
    sums: dict[int, list[float]] = {}
    for moment, change in zip(measures.times, measures.change, strict=True):
        sums.setdefault(int(moment), []).append(float(change))
    return tuple(statistics.fmean(values) for _, values in sorted(sums.items()))


def with_evidence(video: Path, findings: Sequence[Finding], folder: Path | None) -> list[Finding]:
    """The findings with the frames that show them, written to `folder`."""
    if folder is None or not findings:
        return list(findings)
    kept = keep_frames(video, [(finding.code, finding.moments()) for finding in findings], folder)
    return [replace(finding, evidence=frames) for finding, frames in zip(findings, kept, strict=True)]


def digest_of(path: Path) -> str:
    """SHA-256 of a file, lower-case hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _waiting(
    queue: Window | None, measures: Measures, detections: Sequence[Detections], state: Health
) -> tuple[tuple[int, int], ...] | None:
    if queue is None:
        return None
    standing = [look.persons[[queue.holds_foot(box) for box in look.persons]] if len(look.persons) else look.persons
                for look in detections]  # fmt: skip
    return heads(measures, standing, state)


def _summary(series: Sequence[tuple[int, int]]) -> dict[str, float | None]:
    counts = [count for _, count in series]
    return {"median": statistics.median(counts) if counts else None, "max": max(counts) if counts else None}


def _rounded(spans: Sequence[tuple[float, float]]) -> list[list[float]]:
    return [[round(start, 2), round(end, 2)] for start, end in spans]


def _window_document(one: Presence) -> dict[str, Any]:
    return {
        "name": one.window.name,
        "present_ratio": None if one.ratio is None else round(one.ratio, 4),
        "longest_absence_seconds": None if one.longest_absence is None else round(one.longest_absence, 2),
        "present": _rounded(one.present),
        "absent": _rounded(one.absent),
    }

"""`mingcha bench look`: made-up halls over real clips, in which sheet items are there or not, by construction.

The polygons decide what a clip means: four people at desks are a full hall, or a crowd before one window. Screens,
terminals, doors and lights are drawn into the picture. Each scene is shown as it is, dimmed, noisy and compressed
hard; a case is one sheet item in one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from collectors.video.decode import Picture, watch
from collectors.video.encode import write_video
from collectors.video.findings import Sight, judge
from collectors.video.look import Look, look
from collectors.video.persons import PersonDetector
from collectors.video.reference import Reference, reference_from
from collectors.video.rules import shipped
from collectors.video.windows import Window
from collectors.video.witnesses import NOT_DRAWN
from dashboard.bench.look_clips import CONDITIONS, ONE_BY_ONE, SHARED

SECONDS, RATE, WIDTH = 26.0, 6, 480
MORNING_SLOT = 1
CAR, CLASSROOM = "car-detection.mp4", "classroom.from-gif.mp4"
FACES = "face-demographics-walking-and-pause.from-gif.mp4"
Draw = Callable[[Picture, float], Picture]


def _area(name: str, left: float, top: float, right: float, bottom: float) -> Window:
    """A rectangle in shares of the picture; made to fit when the scene's size is known."""
    return Window(name, ((left, top), (right, top), (right, bottom), (left, bottom)))


def whole(name: str) -> Window:
    return _area(name, 0, 0, 1, 1)


def as_it_is(picture: Picture, _second: float) -> Picture:
    return picture


def screen(change_every: float) -> Draw:
    """A white screen in the corner with lines of text that change every so many seconds (inf: never)."""

    def draw(picture: Picture, second: float) -> Picture:
        shown = picture.copy()
        height, width = shown.shape[:2]
        x, y, w, h = 0, 0, width // 4, height // 4
        shown[y : y + h, x : x + w] = 225
        page = 0 if change_every == float("inf") else int(second / change_every)
        rng = np.random.default_rng(page)
        for line in range(4):
            end = int(rng.integers(w // 3, w - 8))
            cv2.line(shown, (x + 6, y + 10 + 12 * line), (x + end, y + 10 + 12 * line), (30, 30, 30), 4)
        return shown

    return draw


def black_box(picture: Picture, _second: float) -> Picture:
    """A screen or terminal in the corner that shows nothing."""
    shown = picture.copy()
    height, width = shown.shape[:2]
    shown[: height // 4, : width // 4] = 8
    return shown


def shutter(picture: Picture, _second: float) -> Picture:
    """A roller shutter before the right third of the picture."""
    shown = picture.copy()
    height, width = shown.shape[:2]
    bars = (120 + 40 * (np.arange(height) // 6 % 2)).astype(np.uint8)
    shown[:, 2 * width // 3 :] = bars[:, None, None]
    return shown


def lights_off(picture: Picture, _second: float) -> Picture:
    return np.asarray(picture * 0.1, np.uint8)


@dataclass(frozen=True, slots=True)
class Scene:
    """A stretch of a clip, what is drawn into it, the polygons, and the items that are there.

    `reference_at`: second of the clip whose picture, untouched, is the camera's reference.
    """

    name: str
    clip: str
    windows: Sequence[Window]
    expected: frozenset[str]
    draw: Draw = as_it_is
    stretch: tuple[float, float] = (0.0, 26.0)
    reference_at: float | None = None
    asked: frozenset[str] = field(default=frozenset())
    """Items that the scene is about; others are not counted."""


CORNER = (0.0, 0.0, 0.25, 0.25)
EMPTY_ROOM, AT_TABLE = (0.0, 5.5), (8.0, 18.5)
SEATS = (
    _area("1", 0.083, 0.48, 0.267, 0.89), _area("2", 0.208, 0.415, 0.35, 0.696),
    _area("3", 0.44, 0.415, 0.58, 0.696), _area("4", 0.573, 0.49, 0.754, 0.89),
)  # fmt: skip
WALL = _area("5", 0.84, 0.0, 1.0, 0.2)
TABLE, LEFT = _area("1", 0.44, 0.0, 0.76, 1.0), _area("2", 0.05, 0.05, 0.4, 0.95)
PEOPLE = frozenset({"R01", "R02", "B04", "B07", "B08", "R11", "M01"})


def all_scenes() -> Iterator[Scene]:
    """Every scene."""
    around = (whole("waiting"), whole("line"), whole("staff"))
    yield Scene("nobody in the room", ONE_BY_ONE, (TABLE, LEFT, *around, whole("front:1")), frozenset({"R01", "M01"}),
                stretch=EMPTY_ROOM, reference_at=0.0, asked=PEOPLE)  # fmt: skip
    yield Scene("a clerk at one window, a customer at the other", ONE_BY_ONE,
                (TABLE, LEFT, *around, _area("front:2", 0.44, 0, 0.76, 1)), frozenset({"R02", "B04", "M01"}),
                stretch=AT_TABLE, reference_at=0.0, asked=PEOPLE)  # fmt: skip
    yield Scene("four clerks at four windows", CLASSROOM, (*SEATS, *around), frozenset(), asked=PEOPLE - {"B07"})
    yield Scene("four people, one window", CLASSROOM, (SEATS[0], *around), frozenset({"B08", "R11"}), asked=PEOPLE)
    yield Scene("four people wait, one window is empty", CLASSROOM, (SEATS[0], WALL, *around),
                frozenset({"B08", "R11", "B07", "R02"}), asked=PEOPLE)  # fmt: skip
    yield Scene("three people, one window", FACES, (_area("1", 0, 0.1, 0.38, 1), *around), frozenset({"B08", "R11"}),
                asked=PEOPLE)  # fmt: skip
    yield Scene("cars", CAR, (_area("1", 0.1, 0.1, 0.5, 0.9), *around), frozenset({"R01", "M01"}), asked=PEOPLE)
    for clip in (CLASSROOM, ONE_BY_ONE, CAR):
        listed, machine = _area("screen", *CORNER), _area("terminal", *CORNER)
        about = frozenset({"E08", "F01"})
        yield Scene("a list that changes", clip, (listed,), frozenset(), screen(4.0), asked=about)
        yield Scene("a list that stands", clip, (listed,), frozenset({"E08"}), screen(float("inf")), asked=about)
        yield Scene("a screen that is off", clip, (listed,), frozenset({"F01"}), black_box, asked=about)
        yield Scene("a terminal that is off", clip, (machine,), frozenset({"F01"}), black_box, asked=frozenset({"F01"}))
        yield Scene("a terminal that is on", clip, (machine,), frozenset(), screen(4.0), asked=frozenset({"F01"}))
        door, late = _area("door", 2 / 3, 0, 1, 1), frozenset({"R03"})
        yield Scene("an open door", clip, (door,), frozenset(), asked=late, reference_at=0.0)
        yield Scene("a shut door", clip, (door,), late, shutter, asked=late, reference_at=0.0)
        yield Scene("no lights", clip, (), late, lights_off, asked=late)


def items(detector: PersonDetector, folder: Path, score: Callable[[], Any]) -> dict[str, Any]:
    """A score per sheet item over all scenes and conditions."""
    scores: dict[str, Any] = {}
    for scene in all_scenes():
        for condition in CONDITIONS:
            if scene.draw is lights_off and condition == "dimmed":
                continue  # a tenth of the light, dimmed again, is a black picture: another item
            seen = shown(scene, condition, detector, folder)
            found, silent = said(seen)
            for item in sorted(scene.asked):
                tally = scores.setdefault(item, score())
                if item in silent and item not in found:
                    tally.unjudged += 1
                else:
                    tally.count(f"{scene.name} ({scene.clip[:12]}, {condition})", item in scene.expected, item in found)
    return dict(sorted(scores.items()))


def said(seen: Look) -> tuple[set[str], set[str]]:
    """Items proposed, and items without an answer; the minutes before opening are judged by the same clip."""
    table = {(one.state, one.place): one for one in seen.states}
    early, silent = judge(Sight(table, seen.seconds, seen.witnesses.recall, morning=True), shipped())
    found = {one.code for one in (*seen.findings, *early)}
    of_morning = {rule.item for rule in shipped().rules if rule.before_opening}
    unknown = [*(one for one in seen.not_judged if one.code not in of_morning), *silent]
    return found, {one.code for one in unknown if one.reason != NOT_DRAWN}


def shown(scene: Scene, condition: str, detector: PersonDetector, folder: Path) -> Look:
    """The scene in that condition, looked at."""
    change, grade = CONDITIONS[condition]
    title = f"{scene.name}-{scene.clip[:12]}-{condition}".replace(" ", "-")
    path, rng = folder / f"scene-{title}.mp4", np.random.default_rng(7)
    pictures = stretch_of(scene)
    if not path.exists():
        frames = ((at, change(scene.draw(picture, at), rng)) for at, picture in played(pictures))
        write_video(path, frames, quality=grade, key_every=2 * RATE)
    height, width = pictures[0].shape[:2]
    windows = [Window(one.name, tuple((x * width, y * height) for x, y in one.polygon)) for one in scene.windows]
    reference = None if scene.reference_at is None else reference_picture(scene.clip, scene.reference_at)
    return look(path, windows=windows, detector=detector, reference=reference, slot=MORNING_SLOT)


def reference_picture(clip: str, second: float) -> Reference:
    """The picture at that second, untouched, in the size of the scenes."""
    (first, *_) = _pictures(clip, second, second + 0.5)
    return reference_from(np.asarray(cv2.cvtColor(first, cv2.COLOR_BGR2GRAY), np.uint8), moved=True)


_kept: dict[tuple[str, float, float], list[Picture]] = {}


def stretch_of(scene: Scene) -> list[Picture]:
    """The pictures of the scene's stretch, untouched."""
    return _pictures(scene.clip, *scene.stretch)


def _pictures(clip: str, start: float, end: float) -> list[Picture]:
    if (clip, start, end) not in _kept:
        with watch(SHARED / "video" / clip, every=1 / RATE, colour_side=WIDTH) as reading:
            found = []
            for frame in reading:
                if frame.time > end:
                    break
                if frame.time >= start and frame.colour is not None:
                    found.append(frame.colour[: frame.colour.shape[0] // 2 * 2, : frame.colour.shape[1] // 2 * 2])
        _kept[clip, start, end] = found
    return _kept[clip, start, end]


def played(pictures: Sequence[Picture]) -> Iterator[tuple[float, Picture]]:
    """To and fro until the scene's seconds are full."""
    swing = [*pictures, *pictures[-2:0:-1]]
    for number in range(int(SECONDS * RATE)):
        yield number / RATE, swing[number % len(swing)]

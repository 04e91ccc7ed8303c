"""Clips for `mingcha bench look`: those of the shared folder, and what time, weather and people do to a picture.

Degraded variants are made when they are asked for, once per folder; nothing of them is kept in the project.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from collectors.video.decode import Picture, watch
from collectors.video.encode import write_video

SHARED = Path(__file__).parents[2].parent / "shared"
ONE_BY_ONE = "one-by-one-person-detection.mp4"
CLIPS = (
    ONE_BY_ONE, "classroom.from-gif.mp4", "store-aisle-detection.from-gif.mp4", "people-detection.from-gif.mp4",
    "face-demographics-walking-and-pause.from-gif.mp4", "car-detection.mp4", "issue53_brightness_change.avi",
    "traffic_camera_vfr.mp4",
)  # fmt: skip
Change = Callable[[Picture, np.random.Generator], Picture]


def dimmed(picture: Picture, _rng: np.random.Generator) -> Picture:
    return np.asarray(picture * 0.3, np.uint8)


def noisy(picture: Picture, rng: np.random.Generator) -> Picture:
    return np.clip(picture + rng.normal(0, 15, picture.shape), 0, 255).astype(np.uint8)


def unchanged(picture: Picture, _rng: np.random.Generator) -> Picture:
    return picture


CONDITIONS: dict[str, tuple[Change, int]] = {
    "as it is": (unchanged, 20),
    "dimmed": (dimmed, 23),
    "noisy": (noisy, 26),
    "compressed": (unchanged, 38),
}


def degraded(clip: Path, condition: str, folder: Path, *, seconds: float | None = None) -> Path:
    """The clip in that condition, played to and fro until `seconds` are full; made once."""
    change, grade = CONDITIONS[condition]
    if condition == "as it is" and seconds is None:
        return clip
    path = folder / f"{clip.stem}-{condition.replace(' ', '-')}.mp4"
    if not path.exists():
        rng = np.random.default_rng(7)
        frames = ((moment, change(picture, rng)) for moment, picture in played(clip, seconds))
        write_video(path, frames, quality=grade)
    return path


def played(clip: Path, seconds: float | None) -> Iterator[tuple[float, Picture]]:
    """(second, BGR picture) of every frame; with `seconds`, forwards and backwards in turn until then."""
    with watch(clip, every=0.08, colour_side=4096) as reading:
        if seconds is None:
            yield from ((frame.time, frame.colour) for frame in reading if frame.colour is not None)
            return
        frames = [frame.colour for frame in reading if frame.colour is not None]
    swing = frames + frames[-2:0:-1]
    for number in range(int(seconds * 12)):
        yield number / 12, swing[number % len(swing)]


# --- trouble ---------------------------------------------------------------------------------------------------------


def blurred(picture: Picture, _rng: np.random.Generator) -> Picture:
    """A lens out of focus: a circle of confusion of about one part in a hundred of the width."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), picture.shape[1] / 100), np.uint8)


def shifted(picture: Picture, _rng: np.random.Generator) -> Picture:
    """The camera turned by an eighth of the picture sideways, a twelfth up; what comes in is a mirror of the edge."""
    height, width = picture.shape[:2]
    matrix = np.array([[1, 0, width / 8], [0, 1, -height / 12]], np.float32)
    return np.asarray(cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REFLECT), np.uint8)


def covered(picture: Picture, _rng: np.random.Generator) -> Picture:
    """Something smooth and brown before nine tenths of the lens."""
    height, width = picture.shape[:2]
    shade = np.linspace(50, 75, height, dtype=np.float32)[:, None, None] * np.array([0.7, 0.9, 1.1], np.float32)
    cover = np.broadcast_to(shade, picture.shape).astype(np.uint8)
    drawn = picture.copy()
    drawn[:, : round(0.9 * width)] = cover[:, : round(0.9 * width)]
    return drawn


def blackened(picture: Picture, _rng: np.random.Generator) -> Picture:
    return np.zeros_like(picture)


def darkened(picture: Picture, _rng: np.random.Generator) -> Picture:
    """Dusk: a quarter of the light. A state (`dark` if below its level), no camera problem."""
    return np.asarray(picture * 0.25, np.uint8)


TROUBLES: dict[str, tuple[Change, int, str | None]] = {
    "as it is": (unchanged, 23, None),
    "dark": (darkened, 23, None),
    "noisy": (noisy, 26, None),
    "re-encoded": (unchanged, 38, None),
    "blurred": (blurred, 23, "blurred"),
    "shifted": (shifted, 23, "moved"),
    "covered": (covered, 23, "occluded"),
    "black": (blackened, 23, "black"),
    "frozen": (unchanged, 23, "frozen"),
}
"""What is done to the picture, the encoder's quality, and the camera problem that it is (None: none)."""
PLAYED_SECONDS, GOOD_SECONDS, FROZEN_SECONDS = 26.0, 13.0, 75.0
RATE = 6
LONGEST_SIDE = 640


def troubled(clip: Path, trouble: str, folder: Path, *, midway: bool) -> Path:
    """The clip in trouble from its beginning, or from its thirteenth second on; made once.

    A frozen one always plays first; then one picture stands for 75 s.
    """
    change, grade, _ = TROUBLES[trouble]
    path = folder / f"{clip.stem}-{trouble.replace(' ', '-')}-{'midway' if midway else 'all'}.mp4"
    if not path.exists():
        rng = np.random.default_rng(7)
        begins = GOOD_SECONDS if midway else 0.0
        shown = _frozen(clip) if trouble == "frozen" else _played(clip, PLAYED_SECONDS)
        frames = ((at, change(picture, rng) if at >= begins else picture) for at, picture in shown)
        write_video(path, frames, quality=grade, key_every=2 * RATE)
    return path


def _played(clip: Path, seconds: float) -> Iterator[tuple[float, Picture]]:
    """The clip from its beginning, to and fro if it is shorter."""
    pictures: list[Picture] = []
    with watch(clip, every=1 / RATE, colour_side=LONGEST_SIDE) as reading:
        for frame in reading:
            if frame.time > seconds:
                break
            if frame.colour is not None:
                pictures.append(frame.colour)
    swing = pictures if len(pictures) >= seconds * RATE else pictures + pictures[-2:0:-1]
    for number in range(int(seconds * RATE)):
        yield number / RATE, swing[number % len(swing)]


def _frozen(clip: Path) -> Iterator[tuple[float, Picture]]:
    last: Picture | None = None
    for moment, picture in _played(clip, GOOD_SECONDS):
        last = picture
        yield moment, picture
    assert last is not None
    for number in range(int(FROZEN_SECONDS * RATE)):
        yield GOOD_SECONDS + number / RATE, last

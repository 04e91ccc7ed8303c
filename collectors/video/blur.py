"""Pictures and clips for others (对外画面): all outside the staff polygons blurred, and whoever is not seated inside.

Burnt into a copy; the original is only read. Without a staff polygon, or without a person detector that could say who
sits there, everything is blurred. Clips are made in a child process (`blurrer.py`), watched as every decoder is.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from collectors.video import mosaic
from collectors.video.decode import Child, Picture, VideoError, require_file, watch
from collectors.video.faces import FaceDetector, face_detector
from collectors.video.persons import Boxes, PersonDetector, no_boxes, person_detector
from collectors.video.windows import Window

BLURRER = Path(__file__).with_name("blurrer.py")
STAFF = "staff"
"""Kind of the place behind the counter where only clerks go: shown like a window."""
LOOK_EVERY = 0.2
LOOK_SIDE = 960
COPY_SIDE = 1280
"""Longer side in pixels of a copied clip: it is for showing; the original is the evidence."""
LARGEST = 4096
GROWN = 0.15
HEAD = 0.6
"""Shares by which the box of a person and of a face are widened on each side before they are hidden."""
STALL_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Eyes:
    """The detectors that tell who sits at a window and who does not."""

    persons: PersonDetector
    faces: FaceDetector

    @property
    def name(self) -> str:
        return f"persons: {self.persons.name}; faces: {self.faces.name}"


@dataclass(frozen=True, slots=True)
class Copied:
    """A copy that was made: digest and size of its file, its length in seconds, the detectors that were used."""

    sha256: str
    bytes: int
    seconds: float
    eyes: str


def eyes(person_model: str | None = None, face_model: str | None = None) -> Eyes:
    """The detectors of these files, or (None) of the project's packages. ModelError names a file that is none."""
    return Eyes(person_detector(person_model), face_detector(face_model))


def staff_windows(windows: Sequence[Window]) -> tuple[Window, ...]:
    """The polygons that are shown: staffed windows, and the place behind the counter."""
    return tuple(window for window in windows if window.is_staffed or window.kind == STAFF)


def blurred_frame(picture: Picture, windows: Sequence[Window], eyes: Eyes, watermark: str) -> Picture:
    """A BGR picture as others may see it, marked; higher than the given one by the strip that bears the mark.

    `windows` are in pixels of this picture. ValueError for a picture larger than 4096 pixels.
    """
    height, width = picture.shape[:2]
    if max(height, width) > LARGEST:
        raise ValueError(f"a picture of {width} × {height} is larger than {LARGEST} pixels, the most that is blurred")
    places = _trusted(staff_windows(windows), eyes)
    shown = mosaic.area([window.polygon for window in places], (width, height), (1.0, 1.0))
    boxes = to_hide(picture, places, eyes) if places else []
    shown = mosaic.without(shown, boxes, (1.0, 1.0))
    mark = mosaic.Mark(watermark, (width, height))
    return mosaic.blurred(np.ascontiguousarray(picture), shown, mosaic.cells_of(picture), mark)


def blurred_people(picture: Picture, eyes: Eyes, watermark: str) -> Picture:
    """The room without its people, for whoever draws windows on it: every person and face found is hidden, marked.

    Without a person detector everything is hidden.
    """
    height, width = picture.shape[:2]
    shown = np.full((height, width), 0 if eyes.persons.kind == "none" else 255, np.uint8)
    shown = mosaic.without(shown, to_hide(picture, (), eyes), (1.0, 1.0))
    mark = mosaic.Mark(watermark, (width, height))
    return mosaic.blurred(np.ascontiguousarray(picture), shown, mosaic.cells_of(picture), mark)


def blurred_clip(source: Path, target: Path, *, windows: Sequence[Window], eyes: Eyes, watermark: str) -> Copied:
    """Write a blurred, marked mp4 of a clip (longer side at most 1280). `target` is there complete or not at all.

    VideoError as `decode.watch` raises it, and for a picture larger than 4096 pixels; `disk_full` where there is no
    room. The source is only read.
    """
    require_file(source)
    places = _trusted(staff_windows(windows), eyes)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    job = {
        "do": "blur", "path": str(source.resolve()), "to": str(part), "side": COPY_SIDE, "mark": watermark,
        "polygons": [window.polygon for window in places], "hidden": hidden_over_time(source, places, eyes),
    }  # fmt: skip
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        seconds = _made(job, source.name)
        digest, size = _settled(part, target)
    except OSError as error:
        reason = "disk_full" if error.errno == 28 else "copy"
        raise VideoError(f"The copy {target} cannot be written: {error.strerror}.", reason=reason) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
    return Copied(digest, size, seconds, eyes.name)


def hidden_over_time(source: Path, places: Sequence[Window], eyes: Eyes) -> list[tuple[float, list[list[float]]]]:
    """(second, boxes to hide in pixels of the original) five times a second; nothing where no place is shown."""
    if not places:
        return []
    found = []
    with watch(source, every=LOOK_EVERY, colour_side=LOOK_SIDE) as reading:
        _require_size(reading.name, reading.facts.width, reading.facts.height)
        for frame in reading:
            assert frame.colour is not None
            factor = reading.facts.width / frame.colour.shape[1], reading.facts.height / frame.colour.shape[0]
            small = [_scaled(window, (1 / factor[0], 1 / factor[1])) for window in places]
            boxes = to_hide(np.ascontiguousarray(frame.colour), small, eyes)
            found.append((frame.time, [[x * factor[i % 2] for i, x in enumerate(box)] for box in boxes]))
    return found


def to_hide(picture: Picture, places: Sequence[Window], eyes: Eyes) -> list[list[float]]:
    """Boxes (left, top, right, bottom) of everybody in the picture who is not seated in one of the places."""
    persons = eyes.persons.look(picture).persons
    seated = np.array([any(is_seated(box, place) for place in places) for box in persons], bool)
    hidden = [_grown(box, GROWN) for box in persons[~seated]]
    faces = [face for face in _faces(picture, places, eyes) if not _belongs(face, persons[seated])]
    return hidden + [_grown(face, HEAD) for face in faces]


def _faces(picture: Picture, places: Sequence[Window], eyes: Eyes) -> Boxes:
    """Faces in that part of the picture that is shown, found at a good size and in less time."""
    if not places:
        return eyes.faces.find(picture)
    corners = np.array([point for place in places for point in place.polygon])
    margin = 0.05 * max(picture.shape)
    left, top = (max(0, int(edge)) for edge in corners.min(axis=0) - margin)
    right, bottom = (int(edge) for edge in corners.max(axis=0) + margin)
    part = np.ascontiguousarray(picture[top:bottom, left:right])
    return eyes.faces.find(part) + np.array([left, top, left, top, 0.0]) if part.size else no_boxes()


def is_seated(box: NDArray[np.float64], place: Window) -> bool:
    """Half of the person lies in the polygon, and so does the middle of the body a tenth above its lower end.

    A customer who leans over the counter has the head in the window and stands before it.
    """
    low = np.array([box[0], box[1], box[2], box[1] + 0.9 * (box[3] - box[1])])
    return place.share_of(box) >= 0.5 and place.holds_foot(low)


def _trusted(places: tuple[Window, ...], eyes: Eyes) -> tuple[Window, ...]:
    """Nothing is shown where nobody could tell a clerk from a customer."""
    return () if eyes.persons.kind == "none" else places


def _belongs(face: NDArray[np.float64], seated: Boxes) -> bool:
    """Whether the middle of a face lies in the upper half of somebody seated."""
    x, y = (face[0] + face[2]) / 2, (face[1] + face[3]) / 2
    return any(box[0] <= x <= box[2] and box[1] <= y <= (box[1] + box[3]) / 2 for box in seated)


def _grown(box: NDArray[np.float64], share: float) -> list[float]:
    wide, high = share * (box[2] - box[0]), share * (box[3] - box[1])
    return [float(box[0] - wide), float(box[1] - high), float(box[2] + wide), float(box[3] + high)]


def _scaled(window: Window, factor: tuple[float, float]) -> Window:
    return Window(window.name, tuple((x * factor[0], y * factor[1]) for x, y in window.polygon))


def _require_size(name: str, width: int, height: int) -> None:
    if max(width, height) > LARGEST:
        raise VideoError(f"{name}: its picture of {width} × {height} is larger than {LARGEST} pixels, the most that "
                         "is blurred.", reason="refused")  # fmt: skip


class _Blurrer(Child):
    program = BLURRER


def _made(job: dict[str, object], name: str) -> float:
    seconds = 0.0
    with _Blurrer(job, name, stall_seconds=STALL_SECONDS) as child:
        for header, _ in child.messages():
            seconds = header.get("seconds", seconds)
    return float(seconds)


def _settled(part: Path, target: Path) -> tuple[str, int]:
    """The finished file under its name, on the disk; its digest and size."""
    with part.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    size = part.stat().st_size
    part.replace(target)
    return digest, size


def picture_of(data: bytes, name: str) -> Picture:
    """A stored picture as BGR. VideoError if it is none."""
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if picture is None:
        raise VideoError(f"{name}: there is no picture in it.", reason="invalid")
    return np.asarray(picture, np.uint8)

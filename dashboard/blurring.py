"""Blurred copies of evidence for one person (对外副本): what pages, exports and case packages show and hand over.

A copy is made for its viewer, whose name and the local time are burnt in, and is no evidence: it lies beside the
evidence folder, is used again for an hour, and is removed after a day. Its digest stands in the audit trail, so that a
copy found elsewhere leads back to whom it was made for (docs/decisions/0016).
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from collectors.base import CollectorError
from collectors.video.blur import Copied, Eyes, blurred_clip, blurred_frame, blurred_people, eyes, picture_of
from collectors.video.decode import Picture, stills
from collectors.video.evidence import JPEG_QUALITY, write_whole
from collectors.video.plan import LOCAL
from collectors.video.windows import Window
from dashboard.actions import audit
from dashboard.database import Database
from dashboard.errors import MingchaError, NotAllowedError
from dashboard.people import Viewer
from dashboard.queries.cameras import CameraDetail, Moment
from dashboard.queries.drawn import windows_at
from dashboard.queries.evidence import Piece, piece
from dashboard.rights import require
from dashboard.settings import Settings

"""Who draws on a camera's picture, and therefore sees the room."""
FOLDER = "copies"
CLIPS = (".mp4", ".avi", ".mkv", ".mov")
USED_AGAIN_SECONDS = 3600
KEPT_SECONDS = 86_400
SHOWN_SIDE = 1600
"""Longer side in pixels of a picture that is drawn on."""
logger = logging.getLogger(__name__)
_one_at_a_time = threading.Lock()
"""A clip takes a core for a while: visitors wait for each other rather than for everything."""


class NotBlurredError(MingchaError):
    """A picture that cannot be blurred, and is therefore not shown."""


def blurred_copy(
    db: Database, settings: Settings, viewer: Viewer, found: Piece, *, at: datetime, second: float | None = None
) -> Path:
    """The piece as this viewer may see it outside the review page: an mp4, or a JPEG of a picture.

    `second` asks for one picture of a clip. `at` is aware; the caller has asked `queries.evidence.piece` whether the
    viewer may see it. NotBlurredError names what is wrong with the original; nothing unblurred is ever given instead.
    """
    original = original_of(settings, found)
    is_clip = original.suffix.lower() in CLIPS and second is None
    with db.reading() as connection:
        windows = windows_at(connection, found.camera, found.taken_at)
    path = _folder(settings) / _name(found, windows, viewer, at, second, ".mp4" if is_clip else ".jpg")
    if path.is_file():
        return path
    with _one_at_a_time:
        if path.is_file():  # made while this one waited
            return path
        tidy(settings)
        mark = watermark(viewer, at, found.id)
        try:
            looking = looking_eyes(settings)
            if is_clip:
                made = blurred_clip(original, path, windows=windows, eyes=looking, watermark=mark)
            else:
                made = _blurred_picture(original, path, second, windows, looking, mark)
        except (CollectorError, OSError, ValueError) as error:
            what = f"Evidence {found.id} cannot be blurred and is not shown: {error}"
            raise NotBlurredError(what, "The original stays as it is.") from error
        _note(db, viewer, found, made, at)
    return path


def original_of(settings: Settings, found: Piece) -> Path:
    """The file below the evidence folder, wherever its links lead. NotAllowedError if it is outside, or not there."""
    folder = settings.path(settings.video.evidence_dir)
    path = (folder / found.path).resolve()
    if not path.is_relative_to(folder) or not path.is_file():
        logger.error("Evidence %s is missing: %s", found.id, found.path)
        raise NotAllowedError(f"The file of evidence {found.id} is not in the evidence folder.")
    return path


def watermark(viewer: Viewer, at: datetime, evidence: int | str) -> str:
    """What is burnt into a copy: who it is for, the local time of its making, what it is a copy of."""
    return f"明察 {viewer.name} {at.astimezone(LOCAL):%Y-%m-%d %H:%M} E{evidence}"


def room_picture(
    db: Database, settings: Settings, viewer: Viewer, found: CameraDetail, moment: Moment | None, *, clear: bool,
    at: datetime,
) -> tuple[bytes, tuple[int, int]]:  # fmt: skip
    """A camera's picture to draw on as JPEG, and the size in pixels that polygons are in; each is an audit line.

    Of a moment of a clip, or (None) the picture of the empty windows. `clear`: for who draws, the room with every
    person and face found hidden; else blurred as everywhere. NotBlurredError if it cannot be had, NotAllowedError for
    the room where the viewer does not draw.
    """
    if clear:
        require(viewer, "draw on a camera's picture")
    name = f"{found.code}@{moment.evidence}:{moment.second:g}" if moment else f"{found.code}@reference"
    try:
        looking = looking_eyes(settings)
        picture = _room(db, settings, viewer, found, moment)
        mark = watermark(viewer, at, moment.evidence if moment else 0)
        windows = () if clear else _windows_then(db, found, moment)
        shown = blurred_people(picture, looking, mark) if clear else blurred_frame(picture, windows, looking, mark)
    except (CollectorError, OSError, ValueError) as error:
        raise NotBlurredError(f"The picture of camera {found.code} cannot be shown: {error}") from error
    with db.session() as connection:
        audit.record(
            connection, viewer, "look at camera", found.code, f"{name} {'room' if clear else 'blurred'}", at=at
        )
    height, width = picture.shape[:2]
    shown, ratio = shown[:height], min(1.0, SHOWN_SIDE / max(height, width))
    if ratio < 1:
        size = (round(width * ratio), round(height * ratio))
        shown = np.asarray(cv2.resize(shown, size, interpolation=cv2.INTER_AREA), np.uint8)
    return encoded(shown), (width, height)


def _room(db: Database, settings: Settings, viewer: Viewer, found: CameraDetail, moment: Moment | None) -> Picture:
    if moment is None:
        if found.reference is None:
            raise ValueError("it has no picture yet.")
        return picture_of(found.reference.read_bytes(), found.reference.name)
    pictures = stills(original_of(settings, piece(db, viewer, moment.evidence)), [moment.second])
    if moment.second not in pictures:
        raise ValueError(f"the clip ends before second {moment.second:g}.")
    return pictures[moment.second]


def _windows_then(db: Database, found: CameraDetail, moment: Moment | None) -> Sequence[Window]:
    """The polygons of the moment that is shown: those of today may lie where customers stood then."""
    if moment is None:
        return found.windows
    with db.reading() as connection:
        return windows_at(connection, found.code, moment.taken_at)


def looking_eyes(settings: Settings) -> Eyes:
    """The detectors in use. CollectorError names a model that is missing."""
    models = (settings.video.person_model, settings.video.face_model)
    person, face = (str(settings.path(name)) if name and name != "none" else name for name in models)
    return _eyes(person, face)


def encoded(picture: Picture) -> bytes:
    """A picture as JPEG: freshly encoded, so that nothing of the original file's header goes along."""
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY - 10])[1].tobytes()


@cache
def _eyes(person_model: str | None, face_model: str | None) -> Eyes:
    return eyes(person_model, face_model)


def _blurred_picture(
    original: Path, path: Path, second: float | None, windows: Sequence[Window], looking: Eyes, mark: str
) -> Copied:
    if second is None:
        picture = picture_of(original.read_bytes(), original.name)
    else:
        found = stills(original, [second])
        if second not in found:
            raise ValueError(f"the clip ends before second {second:g}.")
        picture = found[second]
    data = encoded(blurred_frame(picture, windows, looking, mark))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, data)
    return Copied(hashlib.sha256(data).hexdigest(), len(data), 0.0, looking.name)


def _note(db: Database, viewer: Viewer, found: Piece, made: Copied, at: datetime) -> None:
    detail = json.dumps({"of": found.sha256, **asdict(made)}, ensure_ascii=False, sort_keys=True)
    with db.session() as connection:
        audit.record(connection, viewer, "copy_blurred", f"evidence {found.id}", detail, at=at)


def _folder(settings: Settings) -> Path:
    return settings.path(settings.video.evidence_dir).with_name(FOLDER)


def _name(
    found: Piece, windows: Sequence[Window], viewer: Viewer, at: datetime, second: float | None, suffix: str
) -> str:
    """Another polygon, viewer or hour is another copy."""
    drawn = [(window.name, window.polygon) for window in windows]
    parts = (found.id, found.sha256, drawn, viewer.name, int(at.timestamp() // USED_AGAIN_SECONDS), second)
    return hashlib.sha256(repr(parts).encode()).hexdigest() + suffix


def tidy(settings: Settings) -> None:
    """Remove copies older than a day, by the file system's clock, and what killed processes left."""
    folder = _folder(settings)
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.stat().st_mtime < time.time() - KEPT_SECONDS:
            path.unlink(missing_ok=True)

"""What a person says of a camera (摄像机): its windows and places drawn, and its picture of the empty windows.

Each is a version by hand (docs/decisions/0009, 0016): it holds from its moment on, what it replaced stays in the
history, and a later file does not undo it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import cv2
import sqlalchemy as sa

from collectors.base import CollectorError
from collectors.video.decode import Picture, stills
from collectors.video.drawing import drawn, stored
from collectors.video.evidence import write_whole
from collectors.video.windows import WAITING, WindowError
from dashboard.actions import audit
from dashboard.blurring import original_of
from dashboard.database import Database
from dashboard.database.models import EVIDENCE, RECORD_TABLES
from dashboard.errors import UsageError
from dashboard.evidence import chain
from dashboard.instants import to_micros
from dashboard.intake.by_hand import enter
from dashboard.intake.tables import Tables, alone
from dashboard.people import Viewer
from dashboard.queries.evidence import Piece, piece
from dashboard.queries.offices import require_visible, visible_tree
from dashboard.rights import require
from dashboard.sampling.taking import evidence_folder, file_name
from dashboard.settings import Settings

CAMERAS = RECORD_TABLES["cameras"]
REFERENCE = "reference"
"""Kind of evidence: a picture of the empty windows."""


def draw(
    db: Database, *, by: Viewer, camera: str, items: Sequence[Mapping[str, Any]], size: tuple[int, int], seen: int,
    at: datetime,
) -> int:  # fmt: skip
    """Keep the polygons drawn on the camera's picture of `size` (width, height) pixels; the batch that holds them.

    `seen` is the version (`CameraDetail.version`) that the person began from. UsageError for a polygon that is no
    polygon, or when somebody else changed the camera in between; NotAllowedError for who does not draw.
    """
    require_drawer(db, by, camera)
    try:
        windows = drawn(items, size)
    except WindowError as error:
        raise UsageError(error.message) from error
    with alone(db) as tables:
        row = _present(tables, camera)
        if row["batch_id"] != seen:
            raise UsageError(
                "Somebody else has changed this camera meanwhile.", "Look at the new drawing and draw again."
            )
        others = [window for window in windows if window.name != WAITING]
        waiting = [window for window in windows if window.name == WAITING]
        changed = {**row, "windows": stored([*others, *waiting]), "waiting_area": None}
        if all(changed[name] == row[name] for name in ("windows", "waiting_area")):
            raise UsageError("Nothing was changed.")
        told = {"camera": camera, "kind": "drawing", "windows": [window.name for window in windows], "size": list(size)}
        return _entered(tables, by, changed, told, at)


def keep_reference(
    db: Database, settings: Settings, *, by: Viewer, camera: str, clip: int, second: float, at: datetime
) -> int:
    """Keep the picture at a second of one of the camera's clips as its picture of the empty windows; the batch.

    UsageError for a clip of another camera or one that ends before; NotAllowedError for who does not draw or may not
    see the clip.
    """
    require_drawer(db, by, camera)
    found = piece(db, by, clip)
    if found.camera != camera or found.kind != "clip":
        raise UsageError(f"Evidence {clip} is no clip of camera '{camera}'.")
    data = cv2.imencode(".png", _still(settings, found, second))[1].tobytes()
    digest = hashlib.sha256(data).hexdigest()
    root = evidence_folder(settings)
    path = root / REFERENCE / file_name(camera) / f"{digest[:16]}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, data)
    with alone(db) as tables:
        row = _present(tables, camera)
        place = path.relative_to(settings.home) if path.is_relative_to(settings.home) else path
        told = {"camera": camera, "kind": REFERENCE, "evidence": clip, "second": second, "sha256": digest}
        values = {
            "camera_code": camera, "kind": REFERENCE, "path": str(path.relative_to(root)), "sha256": digest,
            "bytes": len(data), "second": second, "created_at": to_micros(at),
            "taken_at": None if found.taken_at is None else to_micros(found.taken_at),
        }  # fmt: skip
        chain.enter(tables, EVIDENCE, values, by=by, at=at, kind=REFERENCE)
        return _entered(tables, by, {**row, "reference_image": str(place)}, told, at)


def require_drawer(db: Database, by: Viewer, camera: str) -> str:
    """The camera's hall, if this person may draw there."""
    require(by, "draw on a camera's picture")
    with db.reading() as connection:
        hall = connection.execute(sa.select(CAMERAS.c.hall_code).where(CAMERAS.c.code == camera)).scalar()
    if hall is None:
        raise UsageError(f"There is no camera '{camera}'.")
    require_visible(visible_tree(db, by), hall)
    return str(hall)


def _still(settings: Settings, found: Piece, second: float) -> Picture:
    try:
        pictures = stills(original_of(settings, found), [second])
    except CollectorError as error:
        raise UsageError(f"The clip cannot be read: {error.message}") from error
    if second not in pictures:
        raise UsageError(f"The clip ends before second {second:g}.")
    return pictures[second]


def _present(tables: Tables, camera: str) -> dict[str, Any]:
    names = (
        "code",
        "hall_code",
        "name",
        "url",
        "playback_url",
        "windows",
        "waiting_area",
        "reference_image",
        "batch_id",
    )
    rows = tables.frame(sa.select(*(CAMERAS.c[name] for name in names)).where(CAMERAS.c.code == camera))
    return rows.row(0, named=True)


def _entered(tables: Tables, by: Viewer, row: Mapping[str, Any], told: Mapping[str, Any], at: datetime) -> int:
    batch = enter(tables, "cameras", [row], by=by, at=at, details=told)
    detail = json.dumps(told, ensure_ascii=False, sort_keys=True)
    audit.record(
        tables, by, "draw_camera" if told["kind"] == "drawing" else "keep_reference", row["code"], detail, at=at
    )
    return batch

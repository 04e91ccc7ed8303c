"""Blurred copies of evidence: by the polygons of the moment, for one viewer, and of the demo's own halls."""

import hashlib
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
import sqlalchemy as sa

from collectors.video.blur import Eyes, blurred_clip, blurred_frame, eyes
from collectors.video.decode import stills
from collectors.video.encode import write_video
from collectors.video.faces import NoFaces
from collectors.video.persons import Detections
from collectors.video.windows import parse_windows
from dashboard import blurring
from dashboard.actions.cameras import draw
from dashboard.blurring import NotBlurredError, blurred_copy, original_of, room_picture
from dashboard.database.models import AUDIT, EVIDENCE, RECORD_TABLES
from dashboard.demo import company
from dashboard.demo.scene import WINDOW_CENTRES, Person, compose, developed
from dashboard.errors import NotAllowedError
from dashboard.instants import to_micros
from dashboard.people import Viewer
from dashboard.queries.cameras import Moment, camera
from dashboard.queries.evidence import piece
from dashboard.settings import Settings, VideoSettings

SHARED = Path(__file__).parents[3] / "shared"
T0 = datetime(2026, 9, 1, 2, tzinfo=UTC)
VIEWER = Viewer("沈岚", "inspector", frozenset({"*"}))
OTHER = Viewer("许立", "office_head", frozenset({"*"}))
WHOLE = [[0, 0], [320, 0], [320, 180], [0, 180]]
PICTURE = np.random.default_rng(1).integers(0, 255, (180, 320, 3), np.uint8)


class SeesNobody:
    kind = name = "made up"
    side = 0

    def look(self, picture):
        return Detections()


@pytest.fixture
def desk(sqlite_database, tmp_path, monkeypatch):
    """A camera with one window over its whole picture, and one frame as evidence."""
    monkeypatch.setattr(blurring, "_eyes", lambda *_: Eyes(SeesNobody(), NoFaces()))
    settings = Settings(home=tmp_path, video=VideoSettings(evidence_dir="evidence"))
    (tmp_path / "evidence").mkdir()
    cv2.imwrite(str(tmp_path / "evidence" / "frame.png"), PICTURE)
    lineage = {"version_at": 0, "content_hash": 0, "batch_id": 1, "row_no": 1}
    office = {"code": "H1", "name": "一厅", "level": "hall", "valid_from": "0001-01-01", **lineage}
    windows = json.dumps([{"name": "1", "polygon": WHOLE}])
    frame = {"camera_code": "K1", "kind": "frame", "path": "frame.png", "sha256": "ab", "bytes": 1,
             "taken_at": to_micros(T0), "created_at": 0}  # fmt: skip
    with sqlite_database.session() as connection:
        connection.execute(sa.insert(RECORD_TABLES["offices"]).values(office))
        connection.execute(
            sa.insert(RECORD_TABLES["cameras"]).values(code="K1", hall_code="H1", windows=windows, **lineage)
        )
        connection.execute(sa.insert(EVIDENCE).values(frame))
        connection.execute(sa.insert(EVIDENCE).values({**frame, "taken_at": to_micros(T0 + timedelta(days=9))}))
    return sqlite_database, settings


def shown(path):
    return cv2.imread(str(path))[:180]


def is_clear(path):
    return shown(path).std() > PICTURE.std() * 0.5


def test_a_copy_shows_the_windows_of_its_own_moment(desk):
    db, settings = desk
    draw(db, by=VIEWER, camera="K1", items=[], size=(320, 180), seen=1, at=T0 + timedelta(days=1))
    before, after = (piece(db, VIEWER, number) for number in (1, 2))
    assert is_clear(blurred_copy(db, settings, VIEWER, before, at=T0 + timedelta(days=10)))
    assert not is_clear(blurred_copy(db, settings, VIEWER, after, at=T0 + timedelta(days=10)))


def test_a_copy_is_made_once_an_hour_and_viewer_and_its_digest_is_kept(desk):
    db, settings = desk
    found = piece(db, VIEWER, 1)
    first = blurred_copy(db, settings, VIEWER, found, at=T0)
    assert first.parent == settings.home / "copies"
    again = blurred_copy(db, settings, VIEWER, found, at=T0 + timedelta(minutes=59))
    later = blurred_copy(db, settings, VIEWER, found, at=T0 + timedelta(minutes=61))
    others = blurred_copy(db, settings, OTHER, found, at=T0)
    assert again == first
    assert len({first, later, others}) == 3
    assert not np.array_equal(cv2.imread(str(first)), cv2.imread(str(others)))  # the names burnt in differ
    with db.reading() as connection:
        lines = connection.execute(sa.select(AUDIT.c.actor, AUDIT.c.detail)).all()
    told = [(actor, json.loads(detail)["sha256"]) for actor, detail in lines]
    paths = ((VIEWER, first), (VIEWER, later), (OTHER, others))
    assert told == [(who.name, hashlib.sha256(path.read_bytes()).hexdigest()) for who, path in paths]


def test_copies_of_yesterday_are_removed(desk):
    db, settings = desk
    old = blurred_copy(db, settings, VIEWER, piece(db, VIEWER, 1), at=T0)
    os.utime(old, (1, 1))
    blurred_copy(db, settings, VIEWER, piece(db, VIEWER, 2), at=T0)
    assert not old.exists()


def test_what_cannot_be_read_is_named_and_nothing_is_shown_instead(desk):
    db, settings = desk
    (settings.home / "evidence" / "frame.png").write_bytes(b"damaged")
    with pytest.raises(NotBlurredError, match=r"Evidence 1 cannot be blurred and is not shown: frame\.png"):
        blurred_copy(db, settings, VIEWER, piece(db, VIEWER, 1), at=T0)
    (settings.home / "evidence" / "frame.png").unlink()
    (settings.home / "evidence" / "frame.png").symlink_to("/etc/hostname")
    with pytest.raises(NotAllowedError, match="is not in the evidence folder"):
        original_of(settings, piece(db, VIEWER, 1))


def test_the_room_is_shown_to_who_draws_and_blurred_to_others(desk):
    db, settings = desk
    (settings.home / "reference.png").write_bytes((settings.home / "evidence" / "frame.png").read_bytes())
    with db.session() as connection:
        connection.execute(sa.update(RECORD_TABLES["cameras"]).values(reference_image="reference.png", windows=None))
    found = camera(db, VIEWER, settings, "K1")
    for clear in (True, False):
        jpeg, size = room_picture(db, settings, VIEWER, found, None, clear=clear, at=T0)
        picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert (size, picture.shape) == ((320, 180), (180, 320, 3))
        assert (picture.std() > PICTURE.std() * 0.5) == clear
    with db.reading() as connection:
        noted = connection.execute(sa.select(AUDIT.c.action, AUDIT.c.detail)).all()
    assert noted == [("look at camera", "K1@reference room"), ("look at camera", "K1@reference blurred")]


def test_the_room_is_not_shown_to_who_does_not_draw_whatever_the_page_asks(desk):
    db, settings = desk
    found = camera(db, OTHER, settings, "K1")
    with pytest.raises(NotAllowedError, match="may not draw"):
        room_picture(db, settings, OTHER, found, Moment(1, T0, 0.0, None), clear=True, at=T0)


def test_a_moment_of_before_is_blurred_by_the_polygons_of_before(desk):
    """Drawn later over the whole picture: what stood there before is not shown by it."""
    db, settings = desk
    with db.session() as connection:
        connection.execute(sa.update(RECORD_TABLES["cameras"]).values(windows=None))
    write_video(settings.home / "evidence" / "clip.mp4", ((number / 5, PICTURE) for number in range(5)), quality=10)
    with db.session() as connection:
        connection.execute(sa.update(EVIDENCE).values(kind="clip", path="clip.mp4"))
    whole = [{"name": "1", "polygon": WHOLE}]
    draw(db, by=VIEWER, camera="K1", items=whole, size=(320, 180), seen=1, at=T0 + timedelta(days=1))
    found = camera(db, OTHER, settings, "K1")
    for evidence, days, clear in ((1, 0, False), (2, 9, True)):
        moment = Moment(evidence, T0 + timedelta(days=days), 0.0, None)
        jpeg, _ = room_picture(db, settings, OTHER, found, moment, clear=False, at=T0 + timedelta(days=10))
        picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert (picture.std() > PICTURE.std() * 0.5) == clear


@pytest.fixture(scope="module")
def real_eyes():
    if not SHARED.is_dir():
        pytest.skip("real inputs (../shared) are absent")
    return eyes(str(SHARED / "models" / "yolox_nano_416.onnx"), str(SHARED / "models" / "yunet_n_320_320.onnx"))


CLERKS = [Person(WINDOW_CENTRES[0], 270, 212), Person(WINDOW_CENTRES[1] - 10, 266, 205, mirrored=True)]
CUSTOMERS = [Person(WINDOW_CENTRES[0] + 60, 360, 126, 20, light=0.8), Person(WINDOW_CENTRES[1] + 70, 358, 122, 150)]


WINDOWS = parse_windows(next(hall.cameras[0].windows_json for hall in company.halls() if hall.filmed), "demo")


def hall(number):
    """Two clerks at their windows and two customers before the counter, as the demo's recorder films them."""
    return developed(compose(1, CLERKS, CUSTOMERS), number, "2026-11-21 10:07:21")


def only_clerks_are_found(picture, real_eyes):
    persons, faces = real_eyes.persons.look(picture).persons, real_eyes.faces.find(picture)
    return sum(len(window.in_it(persons)) for window in WINDOWS) == len(persons) == 2 and all(
        any(window.share_of(face) >= 0.5 for window in WINDOWS) for face in faces
    )


def test_in_the_halls_of_the_demo_only_clerks_are_found(real_eyes):
    assert len(real_eyes.persons.look(hall(3)).persons) == 4
    assert only_clerks_are_found(blurred_frame(hall(3), WINDOWS, real_eyes, "沈岚"), real_eyes)


def test_in_a_recording_of_the_demo_only_clerks_are_found(real_eyes, tmp_path):
    write_video(tmp_path / "hall.mp4", ((number / 5, hall(number)) for number in range(8)), quality=30)
    blurred_clip(tmp_path / "hall.mp4", tmp_path / "copy.mp4", windows=WINDOWS, eyes=real_eyes, watermark="沈岚")
    found = stills(tmp_path / "copy.mp4", [0.0, 0.6, 1.2])
    assert [only_clerks_are_found(picture, real_eyes) for picture in found.values()] == [True] * 3

"""Windows drawn by hand: kept as versions, in force from their moment on, safe from later files, and used."""

import json
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest
import sqlalchemy as sa

from checks.judge.samples import SlotDays
from collectors.mapping import SpreadsheetConfig, parse_config
from collectors.video.encode import write_video
from dashboard.actions.cameras import draw, keep_reference
from dashboard.database.models import AUDIT, CHAIN, EVIDENCE, HISTORY_TABLES, LOOKS, QUARANTINE, RECORD_TABLES
from dashboard.errors import MingchaError, NotAllowedError, UsageError
from dashboard.instants import to_micros
from dashboard.intake import import_file
from dashboard.judging.halls import earlier_windows, windows_of_halls
from dashboard.judging.reading import Reader
from dashboard.people import Viewer, system_viewer
from dashboard.queries.cameras import Moment, camera, cameras, drawings, latest_quiet, quiet_moments
from dashboard.queries.drawn import windows_at
from dashboard.queries.evidence import piece
from dashboard.sampling.days import camera_of
from dashboard.settings import Settings, VideoSettings

T0 = datetime(2026, 9, 1, 2, tzinfo=UTC)
INSPECTOR = Viewer("张检", "inspector", frozenset({"*"}))
SIZE = (320, 180)
LEFT, RIGHT = [[0, 0], [100, 0], [100, 100], [0, 100]], [[200, 0], [300, 0], [300, 100], [200, 100]]
OLD = [{"name": "1", "polygon": LEFT}]


def polygons(*pairs):
    return [{"name": name, "polygon": polygon} for name, polygon in pairs]


class Desk:
    """A hall with two cameras that came in a file, and a clip of the first."""

    def __init__(self, db, home):
        self.db, self.home, self.files = db, home, 0
        self.settings = Settings(home=home, video=VideoSettings(person_model="none", evidence_dir="evidence"))
        self.take("offices", "code,name,level\nH1,一厅,hall\nH2,二厅,hall\n", T0)
        self.cameras(T0, "rtsp://a/1", OLD)

    def take(self, record, text, at):
        self.files += 1
        path = self.home / f"{record}-{self.files}.csv"
        path.write_text(text, encoding="utf-8")
        config = parse_config(SpreadsheetConfig, {"name": record, "record": record}, "test")
        return import_file(self.db, by=system_viewer(), path=path, config=config, now=at, name=path.name)[0]

    def cameras(self, at, url, windows):
        text = json.dumps(windows).replace('"', '""')
        return self.take("cameras", f'code,hall_code,name,url,windows\nK1,H1,正门,{url},"{text}"\nK2,H2,侧门,x,\n', at)

    def detail(self, code="K1"):
        return camera(self.db, INSPECTOR, self.settings, code)

    def draw(self, *pairs, at=T0 + timedelta(days=1), by=INSPECTOR, code="K1", seen=None):
        version = self.detail(code).version if seen is None else seen
        return draw(self.db, by=by, camera=code, items=polygons(*pairs), size=SIZE, seen=version, at=at)

    def clip(self, people=(1, 0, 0, 2), code="K1"):
        """A clip of four seconds, each of its own grey; its evidence number."""
        (self.home / "evidence").mkdir(exist_ok=True)
        grey = [np.full((180, 320, 3), 40 + 40 * second, np.uint8) for second in range(4)]
        write_video(self.home / "evidence" / "clip.mp4", ((n / 5, grey[n // 5]) for n in range(20)), key_every=5)
        look = {
            "people": {"series": list(enumerate(people))},
            "camera": {"problems": []},
            "clock": {"offset_seconds": 75.0},
        }
        values = {"kind": "clip", "path": "clip.mp4", "sha256": "ab", "bytes": 1, "taken_at": to_micros(T0),
                  "created_at": to_micros(T0), "sample_id": "S1", "camera_code": code}  # fmt: skip
        with self.db.session() as connection:
            connection.execute(sa.insert(LOOKS).values(sample_id="S1", camera_code=code, looked_at=to_micros(T0),
                                                       detector="test", result=json.dumps(look)))  # fmt: skip
            return connection.execute(sa.insert(EVIDENCE).values(values).returning(EVIDENCE.c.id)).scalar_one()

    def rows(self, query):
        with self.db.reading() as connection:
            return connection.execute(query).all()


@pytest.fixture
def both(database, tmp_path):
    """On SQLite and on PostgreSQL: what stores and reads versions."""
    return Desk(database, tmp_path)


@pytest.fixture
def desk(sqlite_database, tmp_path):
    return Desk(sqlite_database, tmp_path)


def test_a_drawing_is_a_version_with_its_author_and_the_one_before_is_kept(both):
    batch = both.draw(("1", RIGHT), ("waiting", LEFT), ("sign:1", LEFT))
    found = both.detail()
    assert [window.name for window in found.windows] == ["1", "sign:1", "waiting"]
    assert found.version == batch
    row = both.rows(sa.select(RECORD_TABLES["cameras"]).where(RECORD_TABLES["cameras"].c.code == "K1"))[0]
    assert (row.url, row.name, row.hall_code) == ("rtsp://a/1", "正门", "H1")
    [old] = both.rows(sa.select(HISTORY_TABLES["cameras"]))
    assert (json.loads(old.windows), old.fate, old.ended_by_batch) == (OLD, "replaced", batch)
    [told] = both.rows(sa.select(AUDIT.c.actor, AUDIT.c.action, AUDIT.c.subject))
    assert tuple(told) == ("张检", "draw_camera", "K1")
    assert both.rows(sa.select(CHAIN.c.kind, CHAIN.c.by).order_by(CHAIN.c.number.desc()).limit(1)) == [
        ("audit", "张检")
    ]
    [change] = drawings(both.db, INSPECTOR, both.settings, "K1")
    assert (change.by, change.kind, change.names) == ("张检", "drawing", ("1", "waiting", "sign:1"))


def test_the_next_look_uses_what_was_drawn(desk):
    desk.draw(("2", RIGHT))
    used = camera_of(desk.db, desk.settings, "K1")
    assert [(window.name, [list(point) for point in window.polygon]) for window in used.windows] == [("2", RIGHT)]


def test_a_drawing_holds_from_its_moment_on(both):
    first, second = T0 + timedelta(days=1), T0 + timedelta(days=2)
    both.draw(("2", RIGHT), at=first)
    both.draw(("3", RIGHT), at=second)
    both.cameras(T0 + timedelta(days=3), "rtsp://a/new", OLD)  # a file that knows another address
    with both.db.reading() as connection:
        moments = (T0, first - timedelta(microseconds=1), first, second - timedelta(microseconds=1), second, None)
        names = [[window.name for window in windows_at(connection, "K1", moment)] for moment in moments]
        assert windows_at(connection, "nobody's", None) == windows_at(connection, None, T0) == ()
    assert names == [["1"], ["1"], ["2"], ["2"], ["3"], ["3"]]


def test_judging_asks_what_each_hall_showed_at_the_moment(both):
    """K1 sees window 1, from the first day on 1 and 2; a file's new address in between changes nothing."""
    first = T0 + timedelta(days=1)
    both.draw(("1", LEFT), ("2", RIGHT), ("door", LEFT), at=first)
    both.cameras(T0 + timedelta(days=2), "rtsp://a/new", OLD)
    with both.db.adbc() as connection:
        reader = Reader(both.db, connection)
        assert windows_of_halls(reader) == {"H1": {"K1": {"1", "2"}}, "H2": {"K2": frozenset()}}
        assert earlier_windows(reader) == {"H1": ((to_micros(first), {"K1": frozenset({"1"})}),)}


def test_before_anybody_draws_nothing_was_earlier(desk):
    with desk.db.adbc() as connection:
        assert earlier_windows(Reader(desk.db, connection)) == {}


def test_a_file_that_corrects_a_camera_corrects_its_past_too(desk):
    desk.cameras(T0 + timedelta(days=1), "rtsp://a/1", polygons(("9", RIGHT)))
    with desk.db.reading() as connection:
        assert [window.name for window in windows_at(connection, "K1", T0)] == ["9"]


def test_a_later_file_does_not_undo_a_drawing(both):
    """An export that repeats the old polygons is no news, its new address is stored; new polygons wait for a person."""
    both.draw(("2", RIGHT))
    again = both.cameras(T0 + timedelta(days=2), "rtsp://a/1", OLD)
    assert (again.unchanged, again.quarantined, again.updated) == (2, 0, 0)
    moved = both.cameras(T0 + timedelta(days=3), "rtsp://b/7", OLD)
    assert (moved.updated, moved.quarantined) == (1, 0)
    assert camera_of(both.db, both.settings, "K1").url == "rtsp://b/7"
    for day in (4, 5):  # the version that the person wrote is no longer the present one, and still holds
        news = both.cameras(T0 + timedelta(days=day), "rtsp://b/8", polygons(("5", LEFT)))
        assert news.reasons == {"changed_by_hand": 1}
    assert [window.name for window in both.detail().windows] == ["2"]
    waits = both.rows(sa.select(QUARANTINE.c.number, QUARANTINE.c.column_name))
    assert waits == [("K1", "windows")]
    assert both.cameras(T0 + timedelta(days=6), "rtsp://b/7", polygons(("2", RIGHT))).quarantined == 0


def test_who_may_not_draw_is_refused(desk):
    for viewer in (Viewer("许立", "office_head", frozenset({"H1"})), Viewer("评", "evaluator", frozenset({"*"})),
                   Viewer("外", "inspector", frozenset({"H2"})), system_viewer()):  # fmt: skip
        with pytest.raises(MingchaError) as refused:
            desk.draw(("2", RIGHT), by=viewer, seen=desk.detail().version)
        assert isinstance(refused.value, NotAllowedError | UsageError)
    assert [window.name for window in desk.detail().windows] == ["1"]


def test_what_was_changed_meanwhile_or_not_at_all_is_said(desk):
    seen = desk.detail().version
    desk.draw(("2", RIGHT))
    with pytest.raises(UsageError, match="Somebody else has changed this camera"):
        desk.draw(("3", RIGHT), seen=seen)
    with pytest.raises(UsageError, match="Nothing was changed"):
        desk.draw(("2", RIGHT))
    with pytest.raises(UsageError, match="'4' crosses itself"):
        desk.draw(("4", [[0, 0], [100, 100], [100, 0], [0, 60]]))
    with pytest.raises(UsageError, match="There is no camera 'K9'"):
        desk.draw(("2", RIGHT), code="K9", seen=1)


def test_everything_drawn_can_be_taken_away(desk):
    desk.draw()
    assert desk.detail().windows == ()
    with desk.db.reading() as connection:
        assert windows_at(connection, "K1", None) == ()


def test_the_quietest_moment_of_a_clip_becomes_the_reference(desk):
    clip = desk.clip()
    [moment] = quiet_moments(desk.db, INSPECTOR, desk.settings, "K1", slots=SlotDays(()), as_of=T0)
    assert (moment.evidence, moment.second, moment.people) == (clip, 2.5, 0)
    assert latest_quiet([moment]) == moment
    keep_reference(desk.db, desk.settings, by=INSPECTOR, camera="K1", clip=clip, second=moment.second, at=T0)
    used = camera_of(desk.db, desk.settings, "K1").reference
    assert used == desk.detail().reference
    assert abs(int(cv2.imread(str(used)).mean()) - 120) < 8  # the grey of the third second
    [kept] = desk.rows(sa.select(EVIDENCE).where(EVIDENCE.c.kind == "reference"))
    assert piece(desk.db, Viewer("许立", "office_head", frozenset({"H1"})), kept.id).hall == "H1"
    with pytest.raises(NotAllowedError):
        piece(desk.db, Viewer("许立", "office_head", frozenset({"H2"})), kept.id)
    assert [window.name for window in desk.detail().windows] == ["1"]
    with pytest.raises(UsageError, match="ends before second 99"):
        keep_reference(desk.db, desk.settings, by=INSPECTOR, camera="K1", clip=clip, second=99, at=T0)
    with pytest.raises(UsageError, match="no clip of camera 'K2'"):
        keep_reference(desk.db, desk.settings, by=INSPECTOR, camera="K2", clip=clip, second=1, at=T0)


def test_without_a_quiet_clip_the_fewest_people_are_taken():
    found = [Moment(1, None, 3.0, 2), Moment(2, None, 4.0, 1), Moment(3, None, 1.0, None)]
    assert latest_quiet(found) == found[1]
    assert latest_quiet([*found, Moment(4, None, 9.0, 0)]).evidence == 4
    assert latest_quiet([]) is None


def test_the_list_says_how_each_camera_answered_last(both):
    lineage = {"version_at": 0, "content_hash": 0, "batch_id": 0, "row_no": 0}
    sample = {"sample_id": "S1", "hall_code": "H1", "camera_code": "K1", "date": "2026-09-01", "slot": 1, **lineage}
    with both.db.session() as connection:
        for number, (outcome, cause) in enumerate([("captured", None), ("not_checkable", "black"), ("planned", None)]):
            values = {"sample_id": f"S{number}", "outcome": outcome, "cause": cause,
                      "planned_at": to_micros(T0 + timedelta(hours=number))}  # fmt: skip
            connection.execute(sa.insert(RECORD_TABLES["samples"]).values({**sample, **values}))
    both.clip()
    one, other = cameras(both.db, INSPECTOR, halls=["H1", "H2"], slots=SlotDays(()), as_of=T0 + timedelta(days=1))
    assert (one.code, one.outcome, one.cause, one.looked_at) == (
        "K1",
        "not_checkable",
        "black",
        T0 + timedelta(hours=1),
    )
    assert (one.windows, one.places, one.has_reference, one.offset_seconds) == (1, 0, False, 75.0)
    assert (other.code, other.outcome, other.windows) == ("K2", None, 0)
    only = cameras(
        both.db, Viewer("许立", "office_head", frozenset({"H2"})), halls=["H1", "H2"], slots=SlotDays(()), as_of=T0
    )
    assert [found.code for found in only] == ["K2"]
    with pytest.raises(UsageError, match="There is no office 'H1'"):
        camera(both.db, Viewer("许立", "office_head", frozenset({"H2"})), both.settings, "K1")

"""Presence at a window: fusing, smoothing at its boundaries, and made-up clips with and without somebody."""

import cv2
import numpy as np
import pytest

from collectors.video.look import look
from collectors.video.persons import Detections, NoDetector
from collectors.video.presence import edges_of, fuse_strong, majority, merged, smoothed, spans_of
from collectors.video.reference import reference_from
from collectors.video.windows import WAITING, Window

TIMES = np.arange(0, 60, 0.5)


def flags(*spans):
    return np.array([any(a <= t < b for a, b in spans) for t in TIMES])


def at(scenes):
    return Window("window 1", scenes.WINDOW)


def smooth(*spans, usable=None):
    usable = np.ones(len(TIMES), bool) if usable is None else usable
    return smoothed(Window("A", ()), flags(*spans), usable, TIMES, 60.0)


def test_an_absence_shorter_than_two_seconds_is_merged_away_and_one_of_two_stays():
    assert smooth((0, 20), (21.5, 60)).absent == ()
    assert smooth((0, 20), (22, 60)).absent == ((19.75, 21.75),)


def test_a_presence_shorter_than_a_second_is_merged_away_and_a_longer_one_stays():
    assert smooth((30, 30.5)).present == ()
    assert smooth((30, 31.5)).present == ((29.75, 31.25),)


def test_one_look_that_disagrees_is_outvoted():
    assert smooth((10, 20), (20.5, 30)).present == ((9.75, 29.75),)
    assert majority(np.array([1, 0, 1], bool), np.array([0, 0.5, 1.0])).tolist() == [True, True, True]


def test_a_span_cut_off_by_the_clip_s_edge_stays_however_short():
    assert merged([(0, 1, False), (1, 60, True)], False, 2.0) == [(0, 1, False), (1, 60, True)]


def test_what_the_camera_could_not_see_is_neither_present_nor_absent():
    usable = ~flags((20, 40))
    found = smooth((0, 10), usable=usable)
    assert found.present == ((0.0, 9.75),)
    assert found.absent == ((9.75, 19.75), (39.75, 60.0))
    assert found.longest_absence == pytest.approx(20.25)
    assert found.ratio == pytest.approx(9.75 / 40)


def test_nothing_known_has_no_ratio():
    found = smooth((0, 60), usable=np.zeros(len(TIMES), bool))
    assert (found.ratio, found.longest_absence) == (None, None)


def test_each_look_speaks_for_the_time_half_way_to_its_neighbours():
    edges = edges_of(np.array([0.0, 1.0, 3.0]), 4.0)
    assert edges.tolist() == [0.0, 0.5, 2.0, 4.0]
    assert spans_of(np.array([True, False, False]), edges) == [(0.0, 0.5, True), (0.5, 4.0, False)]


def test_beside_a_strong_detector_motion_alone_is_nobody():
    """A car drives past, a door swings."""
    assert not fuse_strong(flags(), flags((10, 50)), TIMES).any()


def test_beside_a_strong_detector_others_lengthen_a_visit_by_two_seconds_and_bridge_ten():
    fused = fuse_strong(flags((10, 20), (28, 40), (55, 56)), flags((5, 60)), TIMES)
    assert TIMES[fused].min() == 8
    assert fused[(TIMES >= 10) & (TIMES < 42)].all()
    assert not fused[(TIMES >= 42) & (TIMES < 53)].any()


class Sees(NoDetector):
    """A detector that sees boxes by a rule of ours."""

    kind, name, side = "yolox", "made up", 320

    def __init__(self, boxes):
        self.boxes = boxes
        self.count = -1

    def look(self, picture):
        self.count += 1
        found = self.boxes(self.count * 0.5)
        return Detections(np.array([[*box, 0.9] for box in found], float).reshape(-1, 5))


def test_somebody_who_comes_and_goes_is_seen_without_any_detector(tmp_path, scenes):
    path = scenes.write(tmp_path / "a.mp4", 60, scenes.room_with((10, 25), (40, 55)))
    (found,) = look(path, windows=[at(scenes)], detector=NoDetector()).presences
    assert [round(end - start) for start, end in found.present] == [15, 15]
    assert found.present[0][0] == pytest.approx(10, abs=0.8)
    assert found.present[1][1] == pytest.approx(55, abs=0.8)


def test_somebody_who_sits_there_all_the_time_is_present_without_any_detector(tmp_path, scenes):
    path = scenes.write(tmp_path / "a.mp4", 30, scenes.room_with((0, 30)))
    (found,) = look(path, windows=[at(scenes)], detector=NoDetector()).presences
    assert found.ratio > 0.95


def test_a_bag_left_behind_is_nobody_after_ten_seconds(tmp_path, scenes):
    def left(second):
        picture = scenes.room_with((5, 10))(second)
        if second >= 8:
            cv2.rectangle(picture, (150, 140), (185, 168), (20, 20, 160), -1)
        return picture

    path = scenes.write(tmp_path / "a.mp4", 60, left)
    (found,) = look(path, windows=[at(scenes)], detector=NoDetector()).presences
    assert found.present[0][0] == pytest.approx(5, abs=0.8)
    assert found.present[-1][1] < 22
    assert found.longest_absence > 35


def test_a_given_empty_picture_shows_somebody_who_never_moves(tmp_path, scenes):
    """Motion would not: with a weak detector a known empty picture is believed by itself."""
    reference = reference_from(cv2.cvtColor(scenes.room(), cv2.COLOR_BGR2GRAY))
    still = scenes.person(scenes.room(), 0.0)
    path = scenes.write(tmp_path / "a.mp4", 30, lambda second: still)
    with_picture = look(path, windows=[at(scenes)], detector=NoDetector(), reference=reference)
    without = look(path, windows=[at(scenes)], detector=NoDetector())
    assert with_picture.presences[0].ratio == 1.0
    assert without.presences[0].ratio == 0.0
    assert without.not_judged  # and therefore nothing is said of an empty window


def test_a_given_empty_picture_agrees_with_an_empty_window_in_other_light(tmp_path, scenes):
    reference = reference_from(cv2.cvtColor(scenes.room(), cv2.COLOR_BGR2GRAY))
    dusk = (scenes.room() * 0.6).astype(np.uint8)
    path = scenes.write(tmp_path / "a.mp4", 20, lambda second: dusk)
    (found,) = look(path, windows=[at(scenes)], detector=NoDetector(), reference=reference).presences
    assert found.ratio == 0.0


def test_heads_and_queue_are_counted_per_second(tmp_path, scenes):
    """Two at the window, one of them standing in the waiting area: half of a box decides, and feet."""
    path = scenes.write(tmp_path / "a.mp4", 10, scenes.room_with((0, 10)))
    waiting = Window(WAITING, ((0, 150), (320, 150), (320, 180), (0, 180)))
    sees = Sees(lambda second: [(110, 30, 150, 120), (160, 60, 200, 170)] if second >= 5 else [])
    found = look(path, windows=[at(scenes), waiting], detector=sees)
    document = found.document()
    assert document["people"]["series"] == [[s, 0] for s in range(5)] + [[s, 2] for s in range(5, 10)]
    assert document["people"]["max"] == 2
    assert document["waiting"] == {"median": 0.5, "max": 1}
    assert [row["name"] for row in document["windows"]] == ["window 1"]


def test_without_a_waiting_area_or_a_detector_no_queue_is_counted(tmp_path, scenes):
    path = scenes.write(tmp_path / "a.mp4", 5, scenes.room_with((0, 5)))
    seen = look(path, windows=[at(scenes)], detector=NoDetector()).document()
    assert seen["waiting"] is None
    assert seen["people"] == {"median": None, "max": None, "series": []}

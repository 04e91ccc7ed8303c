"""Real clips of ../shared/video with hand-made truth: the figures that the project promises."""

import json

import pytest

from collectors.video.look import look
from collectors.video.persons import NoDetector, person_detector
from collectors.video.windows import Window

ONE_BY_ONE = "one-by-one-person-detection.mp4"
TABLE = Window("table", ((340, 0), (580, 0), (580, 432), (340, 432)))
WHOLE = Window("whole", ((0, 0), (768, 0), (768, 432), (0, 432)))
LONGEST_GAPS = [5.5, 8.2, 7.1, 8.0, 6.0]
"""The time between two visits in the truth (3.0, 5.7, 4.6, 5.5, 3.5 s), each 2.5 s longer: 22.8 − 19.8 + 2.5 …"""


@pytest.fixture(scope="module")
def truth(shared):
    return json.loads((shared / "video" / "one-by-one.presence.json").read_text())["person_visible_seconds"]


@pytest.fixture(scope="module")
def yolox(shared):
    return person_detector(str(shared / "models" / "yolox_nano_416.onnx"))


@pytest.fixture(scope="module")
def visits(shared, yolox):
    return look(shared / "video" / ONE_BY_ONE, windows=[WHOLE, TABLE], detector=yolox)


@pytest.fixture(scope="module")
def visits_by_fallback(shared):
    return look(shared / "video" / ONE_BY_ONE, windows=[WHOLE, TABLE], detector=person_detector(None))


def touched(spans, share):
    """Seconds of which more than `share` lies in the spans."""
    return {
        second for second in range(139)
        if sum(max(0, min(end, second + 1) - max(start, second)) for start, end in spans) > share
    }  # fmt: skip


@pytest.mark.parametrize("share", [0.0, 0.499], ids=["any part of the second", "half of it"])
@pytest.mark.parametrize("seen", ["visits", "visits_by_fallback"])
def test_presence_per_second_over_the_whole_picture(request, truth, seen, share):
    found = touched(request.getfixturevalue(seen).presences[0].present, share)
    wanted = touched(truth, share)
    assert len(found & wanted) / len(found) >= 0.97
    assert len(found & wanted) / len(wanted) >= 0.97


@pytest.mark.parametrize("seen", ["visits", "visits_by_fallback"])
def test_six_visits_and_the_five_gaps_between_them(request, seen):
    table = request.getfixturevalue(seen).presences[1]
    assert len(table.present) == 6
    gaps = [end - start for start, end in table.absent[1:-1]]
    assert all(gap <= longest for gap, longest in zip(gaps, LONGEST_GAPS, strict=True)), gaps


def test_the_file_is_read_whole_and_one_person_counted(visits):
    assert visits.frames_read == 1394
    assert visits.frames_analysed == 279
    assert visits.seconds == pytest.approx(139.4, abs=0.05)
    assert max(count for _, count in visits.people) == 1


def test_other_steps_between_looks_see_the_same_visits(shared, yolox):
    for every in (0.25, 1.0):
        seen = look(shared / "video" / ONE_BY_ONE, windows=[TABLE], detector=yolox, every=every)
        assert len(seen.presences[0].present) == 6


def test_cars_are_nobody(shared, yolox):
    seen = look(shared / "video" / "car-detection.mp4", windows=[WHOLE], detector=yolox)
    assert seen.presences[0].present == ()
    assert max(count for _, count in seen.people) == 0
    assert [one.code for one in seen.findings] == ["R01"]
    assert not seen.findings[0].duration_proven


def test_the_fallback_counts_no_heads_among_cars_and_judges_no_window(shared):
    """What moves it takes for somebody, and says that it is too weak to call a window empty."""
    seen = look(shared / "video" / "car-detection.mp4", windows=[WHOLE], detector=person_detector(None))
    assert max(count for _, count in seen.people) == 0
    silent = {one.code: one.reason for one in seen.not_judged}
    assert {silent["R01"], silent["R02"]} == {"not judged: detector too weak"}
    assert seen.findings == ()


@pytest.mark.parametrize(
    ("name", "count"), [("classroom.from-gif.mp4", 4), ("face-demographics-walking-and-pause.from-gif.mp4", 3)]
)
def test_heads_are_counted_exactly(shared, yolox, name, count):
    seen = look(shared / "video" / name, detector=yolox)
    assert {found for _, found in seen.people} == {count}


CLIPS = ("car-detection.mp4", "classroom.from-gif.mp4", "store-aisle-detection.from-gif.mp4",
         "people-detection.from-gif.mp4", "face-demographics-walking-and-pause.from-gif.mp4", ONE_BY_ONE,
         "traffic_camera_vfr.mp4", "issue53_brightness_change.avi")  # fmt: skip


@pytest.mark.parametrize("name", CLIPS)
def test_no_real_camera_raises_a_problem(shared, name):
    """Exposure jumps and a variable frame rate among them."""
    seen = look(shared / "video" / name, detector=NoDetector())
    assert seen.health.problems == {}
    assert seen.health.checkable


def test_time_of_the_variable_rate_clip_comes_from_its_stamps(shared):
    seen = look(shared / "video" / "traffic_camera_vfr.mp4", detector=NoDetector())
    assert seen.frames_read == 576
    assert seen.seconds == pytest.approx(34.5, abs=0.2)
    assert seen.frames_analysed == 69

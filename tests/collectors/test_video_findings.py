"""Candidates: durations just below and at their items' limits, what blocks them, and what several cameras say."""

import hashlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from collectors.video.findings import Sight, camera_findings, common, judge, without
from collectors.video.hall import View, judge_hall
from collectors.video.health import Health
from collectors.video.look import look
from collectors.video.persons import NoDetector
from collectors.video.presence import Presence
from collectors.video.rules import shipped
from collectors.video.states import Held
from collectors.video.windows import Window
from collectors.video.witnesses import MEASURED, Witnesses

STRONG = Witnesses("yolox", 0.97)


def health(problems=None, *, dark=False):
    return Health(problems or {}, False, dark, np.ones(1, bool))


def seen(name, *absent, seconds):
    """A window of a clip of `seconds`, empty in the spans."""
    edges = sorted({0.0, seconds, *(edge for span in absent for edge in span)})
    present = [(a, b) for a, b in pairwise(edges) if (a, b) not in absent]
    return Presence(Window(name, ()), tuple(present), tuple(absent))


def codes(found):
    return [(one.code, one.start, one.end, one.duration_proven) for one in found]


def sight(*windows, witnesses=STRONG, seconds, reason=None):
    """What states say of windows, as a look would have it."""
    recall = witnesses.recall
    reason = reason or ("not judged: detector too weak" if recall < 0.9 else None)
    held = [Held("empty", one.window.name, () if reason else one.absent, reason) for one in windows]
    return Sight({(one.state, one.place): one for one in held}, seconds, recall)


def proposed(*windows, seconds, **options):
    found, _ = judge(sight(*windows, seconds=seconds, **options), shipped())
    return found


def unjudged(*windows, seconds, **options):
    _, silent = judge(sight(*windows, seconds=seconds, **options), shipped())
    return [(one.code, one.reason) for one in silent if one.code in ("R01", "R02")]


def test_r01_needs_five_minutes_and_r02_ten():
    for seconds, expected in ((299, []), (300, [("R01", 0.0, 300.0, True)])):
        assert codes(proposed(seen("A", (0.0, float(seconds)), seconds=1000.0), seconds=1000.0)) == expected
    two = [seen("A", (0.0, 600.0), seconds=1000.0), seen("B", seconds=1000.0)]
    assert codes(proposed(*two, seconds=1000.0)) == [("R02", 0.0, 600.0, True)]
    less = [seen("A", (0.0, 599.0), seconds=1000.0), seen("B", seconds=1000.0)]
    assert codes(proposed(*less, seconds=1000.0)) == []


def test_a_condition_over_the_whole_clip_is_a_candidate_of_unproven_duration():
    found = proposed(seen("A", (0.0, 60.0), seconds=60.0), seconds=60.0)
    assert codes(found) == [("R01", 0.0, 60.0, False)]
    assert found[0].confidence == 0.97
    assert codes(proposed(seen("A", (0.0, 50.0), seconds=60.0), seconds=60.0)) == []


def test_one_of_two_windows_empty_throughout_is_r02_and_both_are_r01_alone():
    one = [seen("A", (0.0, 60.0), seconds=60.0), seen("B", seconds=60.0)]
    both = [seen("A", (0.0, 60.0), seconds=60.0), seen("B", (0.0, 60.0), seconds=60.0)]
    assert [(f.code, f.windows) for f in proposed(*one, seconds=60.0)] == [("R02", ("A",))]
    assert [(f.code, f.windows) for f in proposed(*both, seconds=60.0)] == [("R01", ("A", "B"))]


def test_an_r02_longer_than_the_r01_is_said_beside_it():
    windows = [seen("A", (0.0, 900.0), seconds=1000.0), seen("B", (300.0, 620.0), seconds=1000.0)]
    found = sorted(codes(proposed(*windows, seconds=1000.0)))
    assert found == [("R01", 300.0, 620.0, True), ("R02", 0.0, 900.0, True)]


@pytest.mark.parametrize(("recall", "judged"), [(0.899, False), (0.90, True)])
def test_ninety_per_cent_is_enough(recall, judged):
    window = seen("A", (0.0, 60.0), seconds=60.0)
    assert bool(proposed(window, seconds=60.0, witnesses=Witnesses("x", recall))) is judged
    expected = [] if judged else [("R01", "not judged: detector too weak"), ("R02", "not judged: detector too weak")]
    assert unjudged(window, seconds=60.0, witnesses=Witnesses("x", recall)) == expected


@pytest.mark.parametrize(
    ("problem", "code"),
    [("no_signal", "F02"), ("frozen", "F02"), ("black", "F03"), ("blurred", "F03"), ("occluded", "F03"),
     ("moved", "F03")],
)  # fmt: skip
def test_each_camera_problem_has_its_item(problem, code):
    found = camera_findings(health({problem: ((0.0, 60.0),)}), shipped())
    assert codes(found) == [(code, 0.0, 60.0, code == "F03")]


def test_an_offline_camera_needs_half_an_hour_to_be_proven():
    for seconds, proven in ((1799.0, False), (1800.0, True)):
        found = camera_findings(health({"no_signal": ((0.0, seconds),)}), shipped())
        assert found[0].duration_proven is proven


def test_spans_in_common():
    assert common([[(0, 10), (20, 30)], [(5, 25)]]) == [(5, 10), (20, 25)]
    assert common([[(0, 10)], []]) == []


def test_what_is_left_of_spans():
    assert without([(0, 10), (20, 30)], [(5, 25)]) == [(0, 5), (25, 30)]
    assert without([(0, 10)], []) == [(0, 10)]


def in_film(path, windows, **options):
    """The items of a film that a weak or strong set of witnesses looks at."""
    seen = look(path, windows=windows, detector=NoDetector(), **options)
    return codes(seen.findings), {one.code: one.reason for one in seen.not_judged}


def test_in_the_dark_and_through_a_covered_lens_nothing_is_said_of_windows(tmp_path, scenes, monkeypatch):
    monkeypatch.setitem(MEASURED, ("none", False), 0.95)
    window = Window("A", scenes.WINDOW)
    dim = scenes.write(tmp_path / "dim.mp4", 12, lambda second: (scenes.room() * 0.12).astype(np.uint8))
    found, silent = in_film(dim, [window])
    assert (found, silent["R01"]) == ([], "not judged: picture too dark")
    black = scenes.write(tmp_path / "black.mp4", 12, lambda second: np.zeros((180, 320, 3), np.uint8))
    found, silent = in_film(black, [window])
    assert [code for code, *_ in found] == ["F03"]
    assert silent["R02"] == "not judged: camera not checkable"


# --- several cameras -------------------------------------------------------------------------------------------------


def document(*windows, seconds=61.0, recall=0.97, reason=None):
    rows = [{"state": "empty", "place": name, "spans": absent, "reason": reason} for name, absent in windows]
    return {"seconds": seconds, "witnesses": {"recall": recall}, "states": rows}


EMPTY = [[0.0, 61.0]]


def hall(**cameras):
    views = {
        name: View.of([Window(place, ()) for place in places], look, lead)
        for name, (places, look, lead) in cameras.items()
    }
    found, _ = judge_hall(views, shipped(), slot=2)
    return [(camera, one.code, one.windows, one.start, one.end) for camera, one in found]


def test_a_hall_is_unattended_if_every_window_of_every_camera_is_empty():
    assert hall(a=(["1"], document(("1", EMPTY)), 1.0), b=(["2"], document(("2", EMPTY)), 1.0)) == [
        ("a", "R01", ("1", "2"), 1.0, 61.0)
    ]


def test_somebody_at_the_other_camera_s_window_makes_it_one_empty_window():
    assert hall(a=(["1"], document(("1", EMPTY)), 1.0), b=(["2"], document(("2", [])), 1.0)) == [
        ("a", "R02", ("1",), 1.0, 61.0)
    ]


def test_a_camera_without_a_picture_blocks_r01_and_leaves_the_other_s_window():
    assert hall(a=(["1"], document(("1", EMPTY)), 1.0), b=(["2"], None, 0.0)) == [("a", "R02", ("1",), 1.0, 61.0)]
    blocked = document(("2", []), reason="not judged: picture too dark")
    assert hall(a=(["1"], document(("1", EMPTY)), 1.0), b=(["2"], blocked, 0.0)) == [("a", "R02", ("1",), 1.0, 61.0)]


def test_two_cameras_of_one_window_must_agree():
    both = {"a": (["1"], document(("1", EMPTY)), 0.0), "b": (["1"], document(("1", EMPTY)), 0.0)}
    assert [found[1] for found in hall(**both)] == ["R01"]
    assert hall(a=both["a"], b=(["1"], document(("1", [])), 0.0)) == []
    assert hall(a=both["a"], b=(["1"], None, 0.0)) == []


def test_what_blocks_an_item_is_said():
    views = {"a": View.of([Window("1", ())], document(("1", EMPTY))), "b": View.of([Window("1", ())], None)}
    found, silent = judge_hall(views, shipped(), slot=2)
    assert found == []
    assert {("R01", "not judged: camera not checkable"), ("R02", "not judged: camera not checkable")} <= {
        (one.code, one.reason) for one in silent
    }


def test_clips_are_compared_from_the_drawn_moment_on():
    """One clip begins four seconds early; what it shows before the moment belongs to no one's minute."""
    early = document(("1", [[4.0, 64.0]]), seconds=64.0)
    late = document(("2", [[0.5, 60.5]]), seconds=60.5)
    assert hall(a=(["1"], early, 4.0), b=(["2"], late, 0.5)) == [("a", "R01", ("1", "2"), 4.0, 64.0)]


def test_a_hall_without_windows_has_none_empty():
    assert hall(a=([], document(), 0.0)) == []


# --- evidence --------------------------------------------------------------------------------------------------------


def test_each_finding_brings_frames_with_their_hash(tmp_path, scenes, monkeypatch):
    monkeypatch.setitem(MEASURED, ("none", False), 0.95)
    path = scenes.write(tmp_path / "a.mp4", 30, scenes.room_with(), rate=2)
    seen = look(path, windows=[Window("A", scenes.WINDOW)], detector=NoDetector(), evidence=tmp_path / "kept")
    (finding,) = seen.document()["findings"]
    assert (finding["code"], finding["duration_proven"]) == ("R01", False)
    assert [frame["second"] for frame in finding["evidence"]] == [0.5, 15.0, 29.5]
    for frame in finding["evidence"]:
        kept = Path(frame["path"])
        assert kept.parent == tmp_path / "kept"
        assert hashlib.sha256(kept.read_bytes()).hexdigest() == frame["sha256"]
    assert not list((tmp_path / "kept").glob(".*"))


def test_without_a_folder_nothing_is_written(tmp_path, scenes):
    path = scenes.write(tmp_path / "a.mp4", 12, lambda second: np.zeros((180, 320, 3), np.uint8))
    seen = look(path, detector=NoDetector())
    assert [(one.code, one.evidence) for one in seen.findings] == [("F03", ())]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.mp4"]


def test_a_document_holds_the_keys_of_the_design(tmp_path, scenes):
    path = scenes.write(tmp_path / "a.mp4", 12, scenes.room_with((0, 12)))
    found = look(path, windows=[Window("A", scenes.WINDOW)], detector=NoDetector()).document()
    wanted = {"video", "sha256", "seconds", "frames_read", "frames_analysed", "detector", "camera", "people", "windows",
              "waiting", "findings"}  # fmt: skip
    assert wanted <= found.keys()
    assert {"checkable", "problems", "still"} <= found["camera"].keys()
    assert found["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (found["frames_read"], found["frames_analysed"]) == (60, 24)

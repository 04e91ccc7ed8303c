"""What may be drawn: polygons inside the picture, of at least three points, that do not cross themselves."""

import json

import pytest

from collectors.video.drawing import drawn, require_simple, stored
from collectors.video.windows import Window, WindowError

SIZE = (640, 360)
SQUARE = [[10, 10], [100, 10], [100, 100], [10, 100]]
WRONG = [
    ([[10, 10], [100, 100], [100, 10], [10, 60]], "crosses itself"),  # a bow tie
    ([[0, 0], [100, 0], [100, 100], [50, 0], [0, 100]], "crosses itself"),  # a corner on a far side
    ([[0, 0], [100, 0], [40, 0], [40, 90]], "crosses itself"),  # goes back on itself
    ([[0, 0], [100, 0], [100, 100], [40, 40], [100, 0.2], [0, 100]], "two points at the same place"),
    ([[10, 10], [100, 10]], "a polygon needs three"),
    ([[10, 10], [50, 50], [90, 90]], "points lie on one line"),
    ([[-1, 10], [100, 10], [100, 100]], r"\(-1, 10\) lies outside the picture of 640 × 360"),
    ([[10, 10], [641, 10], [100, 100]], r"\(641, 10\) lies outside"),
    ([[x % 640, 0 if x < 640 else 359] for x in range(0, 1240, 20)], "62 points, at most 60"),
    ("abc", "has no polygon"),
    ([[1, 2], [3, None], [5, 6]], r"not \[x, y\] in pixels"),
]


@pytest.mark.parametrize(("polygon", "message"), WRONG, ids=[one[1][:20] for one in WRONG])
def test_a_polygon_that_is_none_is_named(polygon, message):
    with pytest.raises(WindowError, match=message) as error:
        drawn([{"name": "1号窗口", "polygon": polygon}], SIZE)
    assert "1号窗口" in str(error.value)


def test_names_are_needed_once_and_a_sign_names_its_window():
    with pytest.raises(WindowError, match="entry 1 has no name"):
        drawn([{"name": " ", "polygon": SQUARE}], SIZE)
    with pytest.raises(WindowError, match="two windows are called '1'"):
        drawn([{"name": "1", "polygon": SQUARE}, {"name": "1 ", "polygon": SQUARE}], SIZE)
    with pytest.raises(WindowError, match="does not name its window"):
        drawn([{"name": "sign", "polygon": SQUARE}], SIZE)
    with pytest.raises(WindowError, match="has 61 letters"):
        drawn([{"name": "n" * 61, "polygon": SQUARE}], SIZE)


def test_a_drawing_is_kept_in_whole_pixels_as_an_import_would_write_it():
    dented = [[0, 0], [640, 0.4], [639.6, 360], [320, 200.5], [0, 360]]
    found = drawn([{"name": " 2 ", "polygon": dented}, {"name": "waiting", "polygon": SQUARE}], SIZE)
    assert found[0] == Window("2", ((0, 0), (640, 0), (640, 360), (320, 200), (0, 360)))
    text = stored(found)
    assert json.loads(text)[1] == {"name": "waiting", "polygon": SQUARE}
    assert text == json.dumps(json.loads(text), ensure_ascii=False, sort_keys=True)
    assert stored(()) is None


@pytest.mark.parametrize("turned", range(5))
def test_a_star_is_simple_where_its_points_go_round_and_not_where_they_jump(turned):
    ring = [(100, 10), (190, 75), (155, 180), (45, 180), (10, 75)]
    star = [ring[index * 2 % 5] for index in range(5)]
    require_simple(Window("1", tuple(ring[turned:] + ring[:turned])))
    with pytest.raises(WindowError, match="crosses itself"):
        require_simple(Window("1", tuple(star[turned:] + star[:turned])))

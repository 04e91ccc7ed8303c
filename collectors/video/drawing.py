"""What may be drawn on a camera's picture (标绘校验): named polygons inside it that do not cross themselves. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import combinations
from typing import Any

from collectors.video.windows import Window, WindowError, parse_windows, require_inside

Point = tuple[float, float]
MOST_POINTS, MOST_POLYGONS, LONGEST_NAME = 60, 60, 60


def drawn(items: Sequence[Any], size: tuple[int, int]) -> tuple[Window, ...]:
    """The polygons that a person drew on a picture of `size` (width, height) pixels, to whole pixels.

    `items` are {"name", "polygon": [[x, y], …]}. WindowError names the polygon and what is wrong with it.
    """
    windows = parse_windows(json.dumps(list(items)), "The drawing")
    if len(windows) > MOST_POLYGONS:
        raise WindowError(f"The drawing has {len(windows)} polygons, at most {MOST_POLYGONS} are kept.")
    require_inside(windows, *size)
    rounded = tuple(Window(one.name, tuple((float(round(x)), float(round(y))) for x, y in one.polygon))
                    for one in windows)  # fmt: skip
    for window in rounded:
        _require_fitting(window)
        require_simple(window)
    return rounded


def stored(windows: Sequence[Window]) -> str | None:
    """The polygons as a camera's column holds them; None without any."""
    items = [{"name": window.name, "polygon": [[round(x), round(y)] for x, y in window.polygon]} for window in windows]
    return json.dumps(items, ensure_ascii=False, sort_keys=True) if items else None


def require_simple(window: Window) -> None:
    """WindowError if two sides of the polygon meet anywhere but at the corner that they share."""
    corners = window.polygon
    sides = list(zip(corners, (*corners[1:], corners[0]), strict=True))
    for (i, one), (j, other) in combinations(enumerate(sides), 2):
        neighbours = j - i == 1 or (i == 0 and j == len(sides) - 1)
        if neighbours:
            shared = one[1] if j - i == 1 else one[0]
            if any(_on(point, one) for point in other if point != shared) or any(
                _on(point, other) for point in one if point != shared
            ):
                raise _crossing(window)
        elif _meet(one, other):
            raise _crossing(window)


def _crossing(window: Window) -> WindowError:
    return WindowError(f"'{window.name}' crosses itself. Move or delete the point that folds it over.")


def _require_fitting(window: Window) -> None:
    if len(window.name) > LONGEST_NAME:
        raise WindowError(f"The name '{window.name[:20]}…' has {len(window.name)} letters, at most {LONGEST_NAME}.")
    if len(window.polygon) > MOST_POINTS:
        raise WindowError(f"'{window.name}' has {len(window.polygon)} points, at most {MOST_POINTS} are kept.")
    if len(set(window.polygon)) != len(window.polygon):
        raise WindowError(f"'{window.name}' has two points at the same place. Move or delete one.")


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _on(point: Point, side: tuple[Point, Point]) -> bool:
    a, b = side
    between = min(a[0], b[0]) <= point[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= point[1] <= max(a[1], b[1])
    return between and _turn(a, b, point) == 0


def _meet(one: tuple[Point, Point], other: tuple[Point, Point]) -> bool:
    """Whether two sides have a point in common."""
    (a, b), (c, d) = one, other
    if (_turn(a, b, c) > 0) != (_turn(a, b, d) > 0) and (_turn(c, d, a) > 0) != (_turn(c, d, b) > 0):
        return True
    return _on(c, one) or _on(d, one) or _on(a, other) or _on(b, other)

"""Windows of a hall on a camera's picture (服务窗口): named polygons in pixels, and what lies in them.

The name of a polygon says what it is. A plain name is a staffed window; the words of `PLACES` are other places of the
hall, of which there may be several (`line`, `line:2`); `OF_A_WINDOW` are places that belong to one window (`sign:2`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from collectors.base import CollectorError
from collectors.video.persons import Boxes

WAITING = "waiting"
CLOCK = "clock"
STAFFED = "window"
"""Kind of every polygon whose name is none of the words below."""
PLACES = {
    WAITING: "waiting area 等候区",
    CLOCK: "clock that the camera writes into its picture 时钟",
    "door": "entrance door 大门",
    "line": "between the one-metre line and the counter 一米线内",
    "screen": "screen with the rotating list of contractors 名单屏",
    "terminal": "self-service terminal or queue machine 自助终端、叫号机",
    "staff": "behind the counter, clerks only 柜台内",
}
"""Kinds of places, alone or with a label after a colon that tells several apart: `line`, `line:2`."""
OF_A_WINDOW = {
    "sign": "place of its 'service suspended' sign 暂停服务牌",
    "front": "where its customer stands or sits 窗口前客户",
}
"""Kinds that belong to one staffed window and always name it: `sign:2` is the sign of window `2`."""
GRAIN = 4
"""Sub-pixels per pixel in each direction when an area is measured by counting."""


class WindowError(CollectorError):
    """A list of windows that cannot be used; the message names the window and what is wrong with it."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


@dataclass(frozen=True, slots=True)
class Window:
    """A polygon in pixels of the original picture, at least three points, closed by itself."""

    name: str
    polygon: tuple[tuple[float, float], ...]

    @property
    def kind(self) -> str:
        """`window` for a staffed one, else a word of PLACES or OF_A_WINDOW."""
        return kind_of(self.name)

    @property
    def label(self) -> str:
        """What follows the colon: the window that a sign belongs to, or what tells two lines apart; else the name."""
        return self.name if self.is_staffed else self.name.partition(":")[2].strip() or self.name

    @property
    def is_staffed(self) -> bool:
        return self.kind == STAFFED

    def mask(self, size: tuple[int, int], scaled_to: tuple[int, int]) -> NDArray[np.uint8]:
        """255 inside, 0 outside, for a picture of `size` (width, height) shown at `scaled_to` (width, height)."""
        import cv2

        factor = np.array(scaled_to) / np.array(size)
        points = np.round(np.array(self.polygon) * factor * 16 - 8).astype(
            np.int32
        )  # pixel centres, 4 bits of fraction
        mask = np.zeros((scaled_to[1], scaled_to[0]), np.uint8)
        cv2.fillPoly(mask, [points], (255,), lineType=cv2.LINE_8, shift=4)
        return np.asarray(mask, np.uint8)

    def share_of(self, box: NDArray[np.float64]) -> float:
        """How much of a box (left, top, right, bottom) lies in the polygon, 0–1, to about one part in a hundred."""
        left, top, right, bottom = box[:4]
        if right <= left or bottom <= top:
            return 0.0
        steps = (np.arange(48) + 0.5) / 48
        x, y = np.meshgrid(left + steps * (right - left), top + steps * (bottom - top))
        return float(inside(self.polygon, x.ravel(), y.ravel()).mean())

    def holds_foot(self, box: NDArray[np.float64]) -> bool:
        """Whether the middle of the box's lower edge, where a person stands, lies in the polygon."""
        return bool(inside(self.polygon, np.array([(box[0] + box[2]) / 2]), np.array([box[3]]))[0])

    def in_it(self, boxes: Boxes) -> Boxes:
        """The boxes of which at least half lies in the polygon (design §4.1 *Look*)."""
        return boxes[[self.share_of(box) >= 0.5 for box in boxes]] if len(boxes) else boxes


def kind_of(name: str) -> str:
    """Kind of the polygon of that name."""
    word, colon, label = name.partition(":")
    if word in PLACES and (not colon or label.strip()):
        return word
    return word if word in OF_A_WINDOW and label.strip() else STAFFED


def staffed_names(names: Iterable[str]) -> list[str]:
    """Of names of polygons those of staffed windows: what must be seen for a sample to be checkable."""
    return [name for name in names if kind_of(name) == STAFFED]


def inside(polygon: Sequence[tuple[float, float]], x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which of the points lie in the polygon (even-odd rule)."""
    corners = np.array(polygon, float)
    x1, y1 = corners[:, 0, None], corners[:, 1, None]
    x2, y2 = np.roll(corners, -1, axis=0)[:, 0, None], np.roll(corners, -1, axis=0)[:, 1, None]
    spans = (y1 > y) != (y2 > y)
    height = np.where(y2 == y1, 1.0, y2 - y1)
    crossings = spans & (x < (x2 - x1) * (y - y1) / height + x1)
    return np.asarray(crossings.sum(axis=0) % 2 == 1)


def read_windows(path: Path) -> tuple[Window, ...]:
    """Windows of a JSON file: a list of {"name", "polygon": [[x, y], …]}. WindowError names the file and the fault."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise WindowError(
            f"Windows file {path} cannot be read: {getattr(error, 'strerror', None) or error}."
        ) from error
    return parse_windows(text, f"Windows file {path}")


def parse_windows(text: str, where: str) -> tuple[Window, ...]:
    """Windows of a JSON text; `where` begins every message. WindowError if it is none."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise WindowError(f"{where} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.") from error
    if not isinstance(document, list):
        raise WindowError(f'{where} holds {_kind(document)}, not a list of {{"name", "polygon"}}.')
    windows = tuple(_window(item, number, where) for number, item in enumerate(document, 1))
    names = [window.name for window in windows]
    lost = next((name for name in names if name.rstrip(": ") in OF_A_WINDOW), None)
    if lost is not None:
        raise WindowError(f"{where}: '{lost}' does not name its window. Write {lost.rstrip(': ')}:WINDOW.")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise WindowError(f"{where}: two windows are called '{twice}'. Names must differ.")
    return windows


def require_inside(windows: Sequence[Window], width: int, height: int) -> None:
    """WindowError if a polygon leaves the picture (the edges at 0 and at width or height still belong to it)."""
    for window in windows:
        for x, y in window.polygon:
            if not (0 <= x <= width and 0 <= y <= height):
                raise WindowError(
                    f"Window '{window.name}': the point ({x:g}, {y:g}) lies outside the picture of "
                    f"{width} × {height} pixels. Draw it anew on this camera's picture."
                )


def _window(item: Any, number: int, where: str) -> Window:
    if not isinstance(item, dict) or not isinstance(item.get("name"), str) or not item["name"].strip():
        raise WindowError(f"{where}: entry {number} has no name.")
    name, polygon = item["name"].strip(), item.get("polygon")
    if not isinstance(polygon, list):
        raise WindowError(f"{where}: window '{name}' has no polygon (a list of [x, y]).")
    points = tuple(_point(point, name, where) for point in polygon)
    if len(set(points)) < 3:
        raise WindowError(f"{where}: window '{name}' has {len(set(points))} different points, a polygon needs three.")
    if _area(points) < 1:
        raise WindowError(f"{where}: window '{name}' encloses nothing, its points lie on one line.")
    return Window(name, points)


def _point(point: Any, name: str, where: str) -> tuple[float, float]:
    numbers = isinstance(point, list) and len(point) == 2 and all(_is_number(value) for value in point)
    if not numbers:
        raise WindowError(f"{where}: window '{name}' has the point {json.dumps(point)}, not [x, y] in pixels.")
    return float(point[0]), float(point[1])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and bool(np.isfinite(value))


def _area(points: Sequence[tuple[float, float]]) -> float:
    x, y = np.array(points).T
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2


def _kind(document: Any) -> str:
    return {dict: "an object", str: "a text", int: "a number", float: "a number"}.get(type(document), "something else")

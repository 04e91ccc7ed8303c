"""What blurring does to a picture (打码): coarse cells in few colours, smoothed, and a mark burnt in.

Imports nothing of the project: the child that blurs a clip (`blurrer.py`) reads this file by itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Polygon = Sequence[Sequence[float]]

CELLS = 18
"""Cells along the longer side: a face that fills a quarter of the picture is four or five of them."""
LEVELS = 32
"""Grey levels per colour that a cell may have: less to reconstruct a moving person from."""
GRAIN = 8
"""Pixels per cell at which the cells are smoothed before they are enlarged: as good as at full size, and cheap."""
STRIP = 0.06
"""Height of the strip below the picture that bears the mark, as a share of the picture's width (at least 22 pixels)."""
FONT = "uni"
"""OpenCV's built-in font that has Chinese characters: none is loaded from anywhere."""


def cells_of(picture: Picture) -> Picture:
    """The picture as at most CELLS × CELLS mean colours, each rounded to LEVELS."""
    height, width = picture.shape[:2]
    side = max(height, width) / CELLS
    size = (max(2, round(width / side)), max(2, round(height / side)))
    means = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    step = 256 // LEVELS
    return np.asarray(means // step * step + step // 2, np.uint8)


def hidden(cells: Picture, size: tuple[int, int]) -> Picture:
    """Cells as a picture of `size` (width, height) in which no edge is left."""
    rows, columns = cells.shape[:2]
    grains = cv2.resize(cells, (columns * GRAIN, rows * GRAIN), interpolation=cv2.INTER_NEAREST)
    smooth = cv2.GaussianBlur(grains, (0, 0), GRAIN / 2)
    return np.asarray(cv2.resize(smooth, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def area(polygons: Sequence[Polygon], size: tuple[int, int], factor: tuple[float, float]) -> Picture:
    """255 inside any of the polygons, whose points are multiplied by `factor` first."""
    mask = np.zeros((size[1], size[0]), np.uint8)
    for polygon in polygons:
        points = np.round(np.array(polygon, float) * factor * 16 - 8).astype(np.int32)
        one = np.zeros_like(mask)
        cv2.fillPoly(one, [points], (255,), lineType=cv2.LINE_8, shift=4)
        mask |= one
    return mask


def without(shown: Picture, boxes: Sequence[Sequence[float]], factor: tuple[float, float]) -> Picture:
    """The area less these boxes (left, top, right, bottom, multiplied by `factor`)."""
    if not boxes:
        return shown
    rest = shown.copy()
    for left, top, right, bottom in boxes:
        x0, y0 = max(0, int(left * factor[0])), max(0, int(top * factor[1]))
        x1, y1 = max(0, int(np.ceil(right * factor[0]))), max(0, int(np.ceil(bottom * factor[1])))
        rest[y0:y1, x0:x1] = 0
    return rest


class Mark:
    """A text burnt into pictures of one size: faintly all over them, and legibly in a strip below."""

    def __init__(self, text: str, size: tuple[int, int]) -> None:
        self.text, (width, height) = text, size
        self.strip = max(22, round(width * STRIP / 2) * 2) // 2 * 2
        self.face = cv2.FontFace(FONT)
        self.light, self.dark = self._all_over(width, height)
        self.below = self._line(width)

    def on(self, picture: Picture) -> Picture:
        """The marked picture, higher by the strip. The given one is used up."""
        cv2.subtract(picture, self.dark, picture)
        cv2.add(picture, self.light, picture)
        return np.vstack([picture, self.below])

    def _all_over(self, width: int, height: int) -> tuple[Picture, Picture]:
        letters = max(12, width // 32)
        light, dark = np.zeros((height, width, 3), np.uint8), np.zeros((height, width, 3), np.uint8)
        step = max(1, round(self._length(letters) * 1.25))
        for row, y in enumerate(range(letters * 2, height + letters, letters * 5)):
            for x in range(-(row % 2) * step // 2, width, step):
                cv2.putText(dark, self.text, (x + 1, y + 1), (42, 42, 42), self.face, letters)
                cv2.putText(light, self.text, (x, y), (34, 34, 34), self.face, letters)
        return light, dark

    def _line(self, width: int) -> Picture:
        below = np.full((self.strip, width, 3), 24, np.uint8)
        letters = max(9, round(self.strip * 0.55))
        while letters > 9 and self._length(letters) > width - 12:
            letters -= 1
        cv2.putText(below, self.text, (6, round(self.strip * 0.7)), (235, 235, 235), self.face, letters)
        return below

    def _length(self, letters: int) -> int:
        box = cv2.getTextSize((4096, 256), self.text, (0, 128), self.face, letters)
        return int(box[2])


def blurred(picture: Picture, shown: Picture, cells: Picture, mark: Mark) -> Picture:
    """The picture where `shown` is 255, elsewhere the enlarged cells; marked."""
    made = hidden(cells, (picture.shape[1], picture.shape[0]))
    cv2.copyTo(picture, shown, made)
    return mark.on(made)

"""Pictures into numbers (图像测量): pure, one look after the other, nothing judged here.

All pictures of a clip are brought to one small size; motion is measured in a grid of cells, so that a person moving in
a corner is not lost in the mean. Units: grey levels 0–255, seconds from the first frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from collectors.video.decode import Frame, Picture

Floats = NDArray[np.floating[Any]]

SMALL_SIDE = 192
CELL_PIXELS = 8
SEGMENT_SECONDS = 5.0
DARK_LEVEL = 32
SHARP_LEVELS = 3


@dataclass(frozen=True, slots=True)
class Segment:
    """A few seconds of the clip averaged: noise and passers-by fade, the scene stays."""

    start: float
    end: float
    structure: Floats
    """The scene's pattern, free of brightness and contrast: see `structure_of`."""
    fine: float
    """Energy of the finest pattern against a coarser one: falls when the lens is out of focus."""
    middle: float
    """The same one octave lower, which noise disturbs less."""
    texture: Floats
    """Strength of the fine pattern in each cell, in grey levels at ordinary brightness."""
    detailed: float
    """Share of cells with any pattern in them, however soft: a covered lens shows none."""
    level: float
    spread: float
    """Standard deviation of the mean picture: a black or empty picture has none."""


@dataclass(frozen=True, slots=True)
class Measures:
    """What was measured on n looks."""

    times: NDArray[np.float64]
    level: Floats
    """Mean grey level of each look."""
    dark: Floats
    """Share of pixels below DARK_LEVEL."""
    saturation: Floats
    """How colourful the picture is as a whole (0 for grey; a recorder's blue screen is near 255); −1 if unknown."""
    cells: Floats
    """n × rows × columns: mean absolute difference to the look before; zeros for the first."""
    smalls: NDArray[np.uint8]
    """n × height × width: the pictures themselves, small."""
    segments: tuple[Segment, ...]

    @property
    def change(self) -> Floats:
        """Mean absolute difference of the whole picture to the look before."""
        return np.asarray(self.cells.mean(axis=(1, 2)))

    @property
    def motion(self) -> Floats:
        """n × rows × columns: change of a cell beyond what the whole picture does (key frames, exposure, noise)."""
        return np.asarray(np.clip(self.cells - np.median(self.cells, axis=(1, 2), keepdims=True), 0, None))


class Meter:
    """Takes frames one by one and keeps little of each."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._rows: list[tuple[float, float, float]] = []
        self._cells: list[Floats] = []
        self._smalls: list[Picture] = []
        self._segments: list[Segment] = []
        self._sums: list[Floats] = []  # of every other look, so that noise can be told from pattern
        self._count = 0
        self._since = 0.0

    def add(self, frame: Frame) -> None:
        """Measure one look."""
        if self._count and frame.time - self._since >= SEGMENT_SECONDS:
            self._close_segment(frame.time)
        small = shrunk(frame.grey)
        before = self._smalls[-1] if self._smalls and self._smalls[-1].shape == small.shape else small
        self._cells.append(cell_means(np.asarray(cv2.absdiff(small, before), np.uint8)))
        self._rows.append((float(small.mean()), float((small < DARK_LEVEL).mean()), frame.saturation))
        self._smalls.append(small)
        self._times.append(frame.time)
        self._gather(frame)

    def result(self) -> Measures:
        """Everything measured so far; at least one look must have been added."""
        if self._count:
            self._close_segment(np.nextafter(self._times[-1], np.inf))  # segments are half-open
        rows = np.array(self._rows, np.float32)
        return Measures(
            np.array(self._times),
            rows[:, 0],
            rows[:, 1],
            rows[:, 2],
            np.array(self._cells, np.float32),
            np.array(self._smalls),
            tuple(self._segments),
        )

    def _gather(self, frame: Frame) -> None:
        if self._count == 0:
            self._sums = [np.zeros(frame.grey.shape, np.float32) for _ in range(2)]
            self._since = frame.time
        cv2.accumulate(frame.grey, self._sums[self._count % 2])
        self._count += 1

    def _close_segment(self, end: float) -> None:
        one = self._sums[0] / ((self._count + 1) // 2)
        other = self._sums[1] / (self._count // 2) if self._count > 1 else one
        self._segments.append(segment_of(one, other, self._since, end))
        self._count = 0


def segment_of(one: Floats, other: Floats, start: float, end: float) -> Segment:
    """Measures of two mean pictures (grey, float) of the same scene at the same time.

    A pattern is in both of them, noise is not: energies are products of the two.
    """
    fine, middle, coarse = octaves(one, other)
    floor = 0.02  # rounding to whole grey levels alone makes that much
    mean = (one + other) / 2
    level = float(mean.mean())
    faint = float(np.clip(level / 115, 0.1, 1))  # a dim picture has the same pattern, fainter
    return Segment(
        start,
        end,
        structure_of(mean),
        fine / (coarse + floor),
        middle / (coarse + floor),
        pattern(one, other, 1.5) / faint,
        float((pattern(one, other, 3.0) >= 0.3 * faint).mean()),
        level,
        float(mean.std()),
    )


def shrunk(grey: Picture, side: int = SMALL_SIDE) -> Picture:
    """The picture with its longer side at `side` pixels."""
    height, width = grey.shape
    ratio = side / max(height, width)
    size = (max(CELL_PIXELS, round(width * ratio)), max(CELL_PIXELS, round(height * ratio)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def grid_of(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of cells over a small picture."""
    return max(1, round(height / CELL_PIXELS)), max(1, round(width / CELL_PIXELS))


def cell_means(picture: Picture | Floats) -> Floats:
    """Mean of each cell."""
    rows, columns = grid_of(*picture.shape)
    return np.asarray(cv2.resize(picture.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA))


def pattern(one: Floats, other: Floats, softest: float) -> Floats:
    """Strength (grey levels) of the pattern finer than `softest` pixels, per cell of about 16 pixels."""
    height, width = one.shape
    size = (max(1, width // 16), max(1, height // 16))
    power = (one - cv2.GaussianBlur(one, (0, 0), softest)) * (other - cv2.GaussianBlur(other, (0, 0), softest))
    return np.asarray(np.sqrt(np.clip(cv2.resize(power, size, interpolation=cv2.INTER_AREA), 0, None)))


def octaves(one: Floats, other: Floats) -> list[float]:
    """Energy of the pattern that both pictures show at three scales, finest first."""
    energies = []
    for _ in range(SHARP_LEVELS):
        (fine_one, one), (fine_other, other) = _split(one), _split(other)
        energies.append(max(0.0, float(np.mean(fine_one * fine_other))))
    return energies


def _split(picture: Floats) -> tuple[Floats, Floats]:
    """What halving the picture loses, and the halved picture."""
    height, width = picture.shape
    half = cv2.resize(picture, (max(1, width // 2), max(1, height // 2)), interpolation=cv2.INTER_AREA)
    back = cv2.resize(half, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(picture - back), np.asarray(half)


def structure_of(mean: Floats, side: int = 96) -> Floats:
    """The scene's pattern: what is left of a picture 96 wide when local brightness and contrast are taken out.

    Exposure jumps and dusk leave it as it is; turning the camera by a few per cent of the picture changes it wholly.
    """
    height, width = mean.shape
    ratio = side / max(height, width)
    size = (max(8, round(width * ratio)), max(8, round(height * ratio)))
    small = cv2.resize(mean.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    detail = small - cv2.GaussianBlur(small, (0, 0), 4)
    contrast = np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), 4))
    return np.asarray(detail / (contrast + 2.0), np.float32)


def likeness(one: Floats, other: Floats) -> float:
    """Correlation of two structures, −1 to 1; 0 if either has none."""
    if one.shape != other.shape:
        other = np.asarray(cv2.resize(other, one.shape[::-1]), np.float32)
    return float((one * other).sum() / np.sqrt((one * one).sum() * (other * other).sum() + 1e-9))


def displacement(one: Floats, other: Floats) -> tuple[float, float]:
    """How far `other` is shifted against `one` (shares of width and height), found by phase correlation."""
    if one.shape != other.shape:
        other = np.asarray(cv2.resize(other, one.shape[::-1]), np.float32)
    height, width = one.shape
    taper = cv2.createHanningWindow((width, height), cv2.CV_32F)
    # copies: phaseCorrelate multiplies its inputs by the window in place when their size suits the transform
    (x, y), _ = cv2.phaseCorrelate(one.copy(), other.copy(), taper)
    return x / width, y / height


def shifted(structure: Floats, by: tuple[float, float]) -> Floats:
    """The structure moved by shares of its width and height; what comes in from outside is 0."""
    height, width = structure.shape
    matrix = np.array([[1, 0, by[0] * width], [0, 1, by[1] * height]], np.float32)
    return np.asarray(cv2.warpAffine(structure, matrix, (width, height)), np.float32)

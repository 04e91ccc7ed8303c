"""Pictures of a hall that never was (画面): counter, windows, clerks and customers, painted and composed.

The only person comes from scikit-image's public-domain photograph of an astronaut: cut out, her suit dyed, at several
sizes. Everything is BGR, 640 × 360.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

from dashboard.demo.company import HEIGHT, WIDTH
from dashboard.demo.draws import generator

Picture = NDArray[np.uint8]
Pixels = NDArray[np.float32]

_OUTLINE = [
    (152, 80), (163, 48), (190, 24), (228, 13), (268, 26), (293, 58), (301, 92), (293, 118), (278, 132), (268, 160),
    (258, 180), (288, 205), (304, 240), (332, 256), (350, 284), (364, 345), (340, 352), (306, 378), (286, 420),
    (276, 470), (276, 511), (24, 511), (22, 440), (38, 330), (52, 275), (78, 245), (118, 222), (113, 190),
    (132, 166), (184, 152), (178, 122), (160, 108),
]  # fmt: skip
"""Silhouette of the person in the 512 × 512 photograph."""
_ORANGE = ((0, 90, 60), (22, 255, 255))
"""Hue, saturation, value (OpenCV's 0–179) of the suit."""
COUNTER_TOP = 236
FLOOR_TOP = 300
RAIL_TOP = 342
"""A rail along the lower edge hides the legs of those who wait, so that nobody is cut off by the picture."""
WINDOW_CENTRES = (175, 465)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the picture. `x` is the middle, `foot` the lowest row shown, `height` in pixels."""

    x: float
    foot: float
    height: float
    hue: int = 105
    mirrored: bool = False
    light: float = 1.0


@cache
def _cut_out(hue: int, mirrored: bool) -> tuple[Pixels, Pixels]:
    """The person and a soft mask (0–1), suit dyed to `hue`."""
    photograph = cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR)  # type: ignore[no-untyped-call]
    mask = np.zeros(photograph.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.array(_OUTLINE, np.int32)], 255)
    colours = cv2.cvtColor(photograph, cv2.COLOR_BGR2HSV)
    suit = cv2.inRange(colours, np.array(_ORANGE[0]), np.array(_ORANGE[1])) > 0
    suit[:215] = False  # her face and hair have the suit's hue
    colours[suit, 0] = hue
    colours[suit, 1] = colours[suit, 1] // 3
    dyed = cv2.cvtColor(colours, cv2.COLOR_HSV2BGR)
    left, right = 18, 366
    person, soft = dyed[:, left:right], cv2.GaussianBlur(mask, (5, 5), 0)[:, left:right]
    if mirrored:
        person, soft = person[:, ::-1], soft[:, ::-1]
    return np.ascontiguousarray(person, dtype=np.float32), np.ascontiguousarray(soft, dtype=np.float32) / np.float32(
        255
    )


@lru_cache(maxsize=64)
def _sized(hue: int, mirrored: bool, height: int, light: float) -> tuple[Pixels, Pixels]:
    """Figure times mask, and what is left of the background, at a height in pixels."""
    figure, mask = _cut_out(hue, mirrored)
    size = (max(1, round(figure.shape[1] * height / figure.shape[0])), height)
    shown = np.minimum(cv2.resize(figure, size, interpolation=cv2.INTER_AREA) * light, 255)
    weight = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)[..., None]
    return (shown * weight).astype(np.float32), (1 - weight).astype(np.float32)


def place(picture: Picture, person: Person) -> None:
    """Draw the person into the picture, in place, on whole pixels; what lies outside is cut off."""
    figure, rest = _sized(person.hue, person.mirrored, round(person.height), person.light)
    left, top = round(person.x - figure.shape[1] / 2), round(person.foot) - figure.shape[0]
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(WIDTH, left + figure.shape[1]), min(HEIGHT, top + figure.shape[0])
    if x0 >= x1 or y0 >= y1:
        return
    part = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
    picture[y0:y1, x0:x1] = (picture[y0:y1, x0:x1] * rest[part] + figure[part]).astype(np.uint8)


@cache
def backdrop(look: int) -> Picture:
    """The room behind the counter: wall, notice boards, the frames of two windows. `look` varies the paint."""
    rng = generator("backdrop", look)
    tint = rng.integers(-14, 15, 3)
    rows = np.linspace(0, 1, HEIGHT)[:, None, None]
    wall = (np.array([206, 210, 205]) + tint - 34 * rows) * np.ones((1, WIDTH, 1))
    picture = np.clip(wall, 0, 255).astype(np.uint8)
    cv2.rectangle(picture, (0, 0), (WIDTH, 30), (116 + int(tint[0]), 104, 40), -1)
    for centre in (58, 320, 582):
        cv2.rectangle(picture, (centre - 34, 62), (centre + 34, 152), (228, 232, 232), -1)
        for line in range(72, 146, 9):
            cv2.line(picture, (centre - 26, line), (centre + int(rng.integers(4, 27)), line), (150, 150, 152), 1)
    for number, centre in enumerate(WINDOW_CENTRES, start=1):
        cv2.rectangle(picture, (centre - 118, 44), (centre + 118, COUNTER_TOP), (150, 158, 162), 2)
        cv2.rectangle(picture, (centre - 22, 32), (centre + 22, 54), (60, 120, 40), -1)
        cv2.putText(picture, str(number), (centre - 6, 50), cv2.FONT_HERSHEY_SIMPLEX, 0.55, (240, 240, 240), 1)
        cv2.ellipse(picture, (centre, COUNTER_TOP), (52, 70), 0, 180, 360, (92, 84, 80), -1)
    return picture


@cache
def _front() -> Picture:
    """Counter and floor, which cover everything behind them from COUNTER_TOP downwards."""
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    cv2.rectangle(picture, (0, COUNTER_TOP), (WIDTH, COUNTER_TOP + 12), (196, 204, 210), -1)
    cv2.rectangle(picture, (0, COUNTER_TOP + 12), (WIDTH, FLOOR_TOP), (122, 132, 92), -1)
    shade = np.linspace(150, 176, HEIGHT - FLOOR_TOP)[:, None, None] * np.array([1.0, 1.01, 1.03])
    picture[FLOOR_TOP:] = shade.astype(np.uint8)
    for joint in range(-40, WIDTH, 80):
        cv2.line(picture, (joint, HEIGHT), (WIDTH // 2 + (joint - WIDTH // 2) // 2, FLOOR_TOP), (140, 142, 146), 1)
    return picture[COUNTER_TOP:]


def compose(look: int, clerks: list[Person], customers: list[Person]) -> Picture:
    """A whole picture without noise: the room, who sits behind the counter, the counter, who waits, the rail."""
    picture = backdrop(look).copy()
    for clerk in clerks:
        place(picture, clerk)
    picture[COUNTER_TOP:] = _front()
    for centre in WINDOW_CENTRES:
        picture[COUNTER_TOP - 40 : COUNTER_TOP, centre + 62 : centre + 112] = (46, 44, 42)  # a screen on the counter
    for customer in customers:
        place(picture, customer)
    picture[RAIL_TOP:] = (92, 86, 78)
    picture[RAIL_TOP : RAIL_TOP + 3] = (150, 146, 140)
    return picture


def turned(picture: Picture) -> Picture:
    """What the same camera sees after somebody pushed it: aslant, mostly ceiling, the counter gone below."""
    turn = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), 14, 1.2)
    turn[:, 2] += (-210, 205)
    ceiling = (176, 182, 184)
    return np.asarray(cv2.warpAffine(picture, turn, (WIDTH, HEIGHT), borderValue=ceiling), dtype=np.uint8)


@cache
def _noise() -> NDArray[np.int16]:
    """Eight pictures of sensor noise, grey, in −12 … 12, the same in all three colours."""
    rng = generator("noise")
    grains = np.clip(rng.normal(0, 2.6, (8, HEIGHT, WIDTH, 1)), -12, 12).round().astype(np.int16)
    return np.repeat(grains, 3, axis=3)


def developed(picture: Picture, number: int, caption: str) -> Picture:
    """As the recorder stores it: sensor noise of frame `number`, a slow flicker of the lamps, date and time on top."""
    flicker = round(1.5 * np.sin(number / 29))
    shown = cv2.add(picture, _noise()[(number * 5) % 8], dtype=cv2.CV_8U)
    shown = cv2.add(shown, np.full(4, float(flicker)), dtype=cv2.CV_8U) if flicker else shown
    for colour, width in (((20, 20, 20), 3), ((245, 245, 245), 1)):
        cv2.putText(shown, caption, (12, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, width, cv2.LINE_AA)
    return np.asarray(shown, dtype=np.uint8)

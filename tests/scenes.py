"""Made-up scenes for the video tests: a room drawn with numpy, people as figures that move a little, as people do."""

from __future__ import annotations

import cv2
import numpy as np

from collectors.video.encode import write_video

WIDTH, HEIGHT, RATE = 320, 180, 5
WINDOW = ((100, 20), (220, 20), (220, 170), (100, 170))
"""A polygon around the place where `person` stands."""


def room(seed: int = 1, width: int = WIDTH, height: int = HEIGHT):
    """A room with a pattern everywhere: BGR."""
    rng = np.random.default_rng(seed)
    coarse = cv2.resize(rng.integers(60, 200, (12, 20, 3), np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    fine = rng.integers(-14, 15, (height // 2, width // 2, 1)).repeat(2, 0).repeat(2, 1)
    return np.clip(coarse.astype(int) + fine, 0, 255).astype(np.uint8)


def person(picture, second: float, x: int = 160):
    """Somebody in the middle of the window, swaying."""
    drawn = picture.copy()
    sway = round(5 * np.sin(second * 2.1))
    cv2.ellipse(drawn, (x + sway, 110), (22, 55), 0, 0, 360, (25, 25, 30), -1)
    cv2.circle(drawn, (x + sway, 45), 14, (140, 170, 215), -1)
    return drawn


def film(seconds: float, picture_at, *, rate: float = RATE):
    """(second, picture) pairs of `picture_at(second)`."""
    return ((number / rate, picture_at(number / rate)) for number in range(round(seconds * rate)))


def room_with(*spans, seed: int = 1):
    """A function of time: the room, somebody in it during the spans."""
    empty = room(seed)
    return lambda second: person(empty, second) if any(a <= second < b for a, b in spans) else empty


def write(path, seconds, picture_at, *, rate: float = RATE, **options):
    """Encode `picture_at` over `seconds`; returns the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_video(path, film(seconds, picture_at, rate=rate), **options)
    return path

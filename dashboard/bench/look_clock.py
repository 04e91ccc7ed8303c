"""How often the clock in a picture is read, and how often wrongly: clocks drawn over moving strips of real clips.

Each case draws lettering, size, colour, order of the date, clip, compression and moment at random (seeded).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from collectors.video.clock import read_clock
from collectors.video.decode import watch
from dashboard.bench.look_clips import SHARED

Strip = NDArray[np.uint8]
CLIPS = (
    "one-by-one-person-detection.mp4", "classroom.from-gif.mp4", "store-aisle-detection.from-gif.mp4",
    "car-detection.mp4", "traffic_camera_vfr.mp4", "issue53_brightness_change.avi",
)  # fmt: skip
SYSTEM_FONTS = (
    "truetype/dejavu/DejaVuSansMono.ttf", "truetype/dejavu/DejaVuSans-Bold.ttf", "truetype/dejavu/DejaVuSerif.ttf",
    "truetype/dejavu/DejaVuSansCondensed.ttf", "opentype/noto/NotoSansCJK-Regular.ttc",
    "opentype/noto/NotoSansCJK-Bold.ttc", "opentype/noto/NotoSerifCJK-Regular.ttc",
)  # fmt: skip
DRAWN_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_PLAIN)
FORMS = ("%Y-%m-%d %H:%M:%S", "%m-%d-%Y %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%H:%M:%S", "%Y-%m-%d %H:%M:%S CAM 01")
SIZES, STYLES, QUALITIES = (12, 14, 16, 20, 24, 32, 40), ("outlined", "white", "black"), (30, 50, 70)
RIGHT_WITHIN = 0.5


def clocks(cases: int = 300) -> None:
    """Print how many were read rightly, wrongly and not at all, by colour and by size."""
    if not (SHARED / "video").is_dir():
        print("clock: not measured, the clips of ../shared/video are absent")
        return
    rng = random.Random(1)
    total: Counter[str] = Counter()
    by: dict[str, Counter[str]] = {}
    for _ in range(cases):
        style, size, answer = _case(rng)
        total[answer] += 1
        for key in (style, f"{size} pixels"):
            by.setdefault(key, Counter())[answer] += 1
    print(f"clock: {cases} cases, {len(_fonts())} letterings; right means within {RIGHT_WITHIN} s")
    for key, found in [("all", total), *sorted(by.items())]:
        read = found["right"] + found["wrong"]
        precision, recall = f"{found['right'] / read:.3f}" if read else "—", found["right"] / found.total()
        print(f"  {key}: read {read} of {found.total()}, precision {precision}, recall {recall:.2f}")


def _case(rng: random.Random) -> tuple[str, int, str]:
    """(colour, size, right | wrong | unread) of one made-up clock."""
    font, size, style = rng.choice(_fonts()), rng.choice(SIZES), rng.choice(STYLES)
    form, clip, seconds, quality = rng.choice(FORMS), rng.choice(CLIPS), rng.choice((60, 60, 30)), rng.choice(QUALITIES)
    starts = datetime(2026, 1, 1) + timedelta(  # noqa: DTZ001 - what a clock says has no zone
        seconds=rng.random() * 364 * 86_400
    )
    times = np.arange(2 * seconds) * 0.5 + np.array([rng.uniform(0, 0.04) for _ in range(2 * seconds)])
    times -= times[0]
    strips = []
    for number, second in enumerate(times):
        strip = _behind(clip, size)[number % len(_behind(clip, size))].copy()
        _write(strip, (starts + timedelta(seconds=float(second))).strftime(form), font, size, style)
        coded = cv2.imencode(".jpg", strip, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        strips.append(np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8))
    offset = read_clock(np.array(strips), times, starts.date()).offset(starts)
    return style, size, "unread" if offset is None else "right" if abs(offset) <= RIGHT_WITHIN else "wrong"


@cache
def _fonts() -> tuple[int | str, ...]:
    """OpenCV's letterings by number, Pillow's own (an empty name), and those of the system that are there."""
    folder = Path("/usr/share/fonts")
    return (*DRAWN_FONTS, "", *(str(folder / name) for name in SYSTEM_FONTS if (folder / name).is_file()))


@cache
def _behind(clip: str, size: int) -> Sequence[Strip]:
    """The uppermost lines of a clip's pictures, two a second, as wide as the longest clock."""
    width, height = size * 18 + 60, size + 24
    found = []
    with watch(SHARED / "video" / clip, every=0.5, colour_side=1280) as reading:
        for frame in reading:
            assert frame.colour is not None
            grey = cv2.cvtColor(frame.colour, cv2.COLOR_BGR2GRAY)
            wide = cv2.resize(grey, (max(width, grey.shape[1]), max(height, grey.shape[0])))
            found.append(np.ascontiguousarray(wide[:height, :width], np.uint8))
    return found


@cache
def _stamp(text: str, font: int | str, size: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """(lettering, its outline), 0–1."""
    if isinstance(font, int):
        fill = np.zeros((2 * size + 8, 22 * size), np.uint8)
        cv2.putText(fill, text, (4, size + 4), font, size / 22, 255, max(1, size // 20), cv2.LINE_AA)
    else:
        letters = ImageFont.truetype(font, size) if font else ImageFont.load_default(size)
        image = Image.new("L", (22 * size, 2 * size + 8))
        ImageDraw.Draw(image).text((4, 2), text, fill=255, font=letters)
        fill = np.array(image)
    outline = cv2.dilate(fill, np.ones((3, 3), np.uint8))
    return fill / 255.0, np.asarray(outline) / 255.0


def _write(strip: Strip, text: str, font: int | str, size: int, style: str) -> None:
    height, width = strip.shape
    fill, outline = (part[:height, :width] for part in _stamp(text, font, size))
    place = strip[: fill.shape[0], : fill.shape[1]]
    under = place * (1 - outline) + 15 * outline if style == "outlined" else place.astype(float)
    place[:] = (under * (1 - fill) + (12 if style == "black" else 240) * fill).astype(np.uint8)

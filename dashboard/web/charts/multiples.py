"""Small multiples (小图组): one small picture per line, month by month, with the year before in grey and gaps hatched.

Drawn as SVG images within the page's own markup: forty-eight Vega charts would take seconds, these take milliseconds.
An image knows no custom property of the page, so the theme's colours are written into it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Collection, Sequence

from dashboard.web.markup import Safe, tag
from dashboard.web.palette import Palette

WIDTH, HEIGHT, TOP, BOTTOM = 240.0, 72.0, 8.0, 64.0
HATCH = "mc-hatch"


def image(parts: Sequence[Safe], width: float, height: float, words: str) -> Safe:
    """A drawing as an image with its alternative text."""
    size = f"0 0 {width:.0f} {height:.0f}"
    svg = tag("svg", parts, xmlns="http://www.w3.org/2000/svg", viewBox=size, width=f"{width:.0f}",
              height=f"{height:.0f}")  # fmt: skip
    return tag("img", src=f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}", alt=words)


def small(
    values: Sequence[float | None], before: Sequence[float | None], partial: Collection[int], target: float | None,
    words: str, colours: Palette,
) -> Safe:  # fmt: skip
    """One picture: `values` oldest first (None: no data), those of the year `before`, the target as a line.

    Months at the places `partial` were not reported by all: hollow dots.
    """
    low, high = _range([*values, *before, target])
    step = WIDTH / max(len(values), 1)
    parts = [_pattern(colours), *(_gap(place, step) for place, value in enumerate(values) if value is None)]
    if target is not None:
        at = _y(target, low, high)
        parts.append(tag("line", x1="0", x2=f"{WIDTH:.0f}", y1=at, y2=at, stroke=colours.soon,
                         stroke_width="1", stroke_dasharray="5 3"))  # fmt: skip
    parts += _lines(before, step, low, high, colours.quiet, "1")
    parts += _lines(values, step, low, high, colours.accent, "1.8")
    parts += _dots(values, partial, step, low, high, colours)
    return image(parts, WIDTH, HEIGHT, words)


def _range(values: Sequence[float | None]) -> tuple[float, float]:
    known = [value for value in values if value is not None]
    if not known:
        return 0.0, 1.0
    low, high = min(known), max(known)
    return (low, high) if high > low else (low - abs(low) * 0.1 - 1e-9, high + abs(high) * 0.1 + 1e-9)


def _x(place: int, step: float) -> str:
    return f"{(place + 0.5) * step:.1f}"


def _y(value: float, low: float, high: float) -> str:
    return f"{BOTTOM - (value - low) / (high - low) * (BOTTOM - TOP):.1f}"


def _pattern(colours: Palette) -> Safe:
    stroke = tag("line", x1="0", y1="0", x2="0", y2="5", stroke=colours.quiet, stroke_width="1")
    size = {"width": "5", "height": "5", "patternUnits": "userSpaceOnUse", "patternTransform": "rotate(45)"}
    return tag("defs", tag("pattern", stroke, id=HATCH, **size))


def _gap(place: int, step: float) -> Safe:
    """No data is neither good nor bad: hatched, and no line runs through it."""
    return tag("rect", x=f"{place * step:.1f}", y="0", width=f"{step:.1f}", height=f"{HEIGHT:.0f}",
               fill=f"url(#{HATCH})", opacity="0.6")  # fmt: skip


def _lines(
    values: Sequence[float | None], step: float, low: float, high: float, colour: str, width: str
) -> list[Safe]:  # fmt: skip
    """One polyline per unbroken run of months."""
    runs: list[list[str]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append(f"{_x(place, step)},{_y(value, low, high)}")
    return [tag("polyline", points=" ".join(run), fill="none", stroke=colour, stroke_width=width)
            for run in runs if len(run) > 1]  # fmt: skip


def _dots(
    values: Sequence[float | None], partial: Collection[int], step: float, low: float, high: float, colours: Palette
) -> list[Safe]:
    """The newest month as a large dot, the others as small ones; hollow where somebody did not report."""
    last = max((place for place, value in enumerate(values) if value is not None), default=-1)
    return [
        tag("circle", cx=_x(place, step), cy=_y(value, low, high), r=_radius(place == last, place in partial),
            stroke=colours.accent, fill=colours.ground if place in partial else colours.accent)
        for place, value in enumerate(values) if value is not None
    ]  # fmt: skip


def _radius(newest: bool, hollow: bool) -> str:
    return "3.6" if newest else "2.6" if hollow else "1.4"

"""A line of twelve weeks in a table cell (走势线): one scale for the whole table, a gap where nothing was judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from dashboard.queries.weekly import WEEKS
from dashboard.texts import t
from dashboard.web import display
from dashboard.web.markup import Safe, tag

EDGE, THIN = 10.0, 4.0
"""Per cent of the cell's picture: free room at its edges, half the line's thickness."""
Line = Sequence[float | None]


def scale_of(lines: Mapping[str, Line]) -> tuple[float, float]:
    """From the fifth percentile of all weeks to the highest: a single bad week of one office flattens no other line."""
    values = [value for line in lines.values() for value in line if value is not None]
    return (float(np.quantile(values, 0.05)), max(values)) if values else (0.0, 1.0)


def sparkline(line: Line | None, scale: tuple[float, float]) -> Safe | str:
    """The line, its last week as a dot, and the same in words."""
    known = [(place, value) for place, value in enumerate(line or ()) if value is not None]
    if not known:
        return display.NONE
    words = t("twelve weeks: lowest {low}, highest {high}, last {last}", low=display.rate(min(v for _, v in known)),
              high=display.rate(max(v for _, v in known)), last=display.rate(known[-1][1]))  # fmt: skip
    strokes = [tag("i", style=f"clip-path:polygon({_band(part, scale)})") for part in _unbroken(known)]
    x, y = _point(*known[-1], scale)
    dot = tag("u", style=f"left:{x:.1f}%;top:{y:.1f}%")
    return tag("span", strokes, dot, class_="weeks", role="img", aria_label=words, title=words)


def _unbroken(known: Sequence[tuple[int, float]]) -> list[list[tuple[int, float]]]:
    """Weeks that follow each other; a single one is the dot alone."""
    parts: list[list[tuple[int, float]]] = []
    for place, value in known:
        if parts and parts[-1][-1][0] == place - 1:
            parts[-1].append((place, value))
        else:
            parts.append([(place, value)])
    return [part for part in parts if len(part) > 1]


def _band(part: Sequence[tuple[int, float]], scale: tuple[float, float]) -> str:
    """A line as a thin band, there along its upper side and back along the lower one (the page takes no SVG)."""
    points = [_point(*one, scale) for one in part]
    there = [f"{x:.1f}% {y - THIN:.1f}%" for x, y in points]
    back = [f"{x:.1f}% {y + THIN:.1f}%" for x, y in reversed(points)]
    return ",".join((*there, *back))


def _point(place: int, value: float, scale: tuple[float, float]) -> tuple[float, float]:
    """Per cent from the left and from the top."""
    low, high = scale
    height = 0.5 if high <= low else min(max((value - low) / (high - low), 0.0), 1.0)
    return EDGE + place * (100 - 2 * EDGE) / (WEEKS - 1), 100 - EDGE - height * (100 - 2 * EDGE)

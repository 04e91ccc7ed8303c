"""Who is at a window and when (在岗判定): several witnesses fused, then smoothed (design §4.1 *Look*).

Witnesses: the person detector; the picture of the empty window; motion, since a living person is never still for ten
seconds. Each is fooled by something else: the detector by a person bent over a desk, the picture by changed light and
things left behind, motion by a curtain.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from collectors.video.measures import Measures, grid_of
from collectors.video.persons import Detections
from collectors.video.reference import Flags, Reference, foreground, learn, runs_of
from collectors.video.windows import Window

Span = tuple[float, float]

STRONG = ("yolox",)
"""Kinds of detector that miss so little that their "nobody" counts."""
FOREGROUND_SHARE = 0.03
EDGE_SHARE = 0.04
"""Beside a strong detector more is asked of the picture: the shadow of someone who has just left is no person."""
LIVELY = 2.0
"""Grey levels by which a cell changes beyond the rest of the picture when a person is in it."""
LONGEST_STILL = 10.0
EDGE_SECONDS = 2.0
MAJORITY_SECONDS = 1.5
SHORTEST_ABSENCE = 2.0
SHORTEST_PRESENCE = 1.0


@dataclass(frozen=True, slots=True)
class Presence:
    """One window over the clip, in seconds from the first frame; `known` is where the camera could see at all."""

    window: Window
    present: tuple[Span, ...]
    absent: tuple[Span, ...]

    @property
    def ratio(self) -> float | None:
        """Present share of the time known; None if nothing was."""
        here, away = total(self.present), total(self.absent)
        return here / (here + away) if here + away > 0 else None

    @property
    def longest_absence(self) -> float | None:
        if not self.present and not self.absent:
            return None
        return max((end - start for start, end in self.absent), default=0.0)


def total(spans: Sequence[Span]) -> float:
    return sum(end - start for start, end in spans)


def joined(spans: Iterable[Span], bridge: float = 0.0) -> list[Span]:
    """Spans that overlap, touch or stand at most `bridge` seconds apart made into one."""
    result: list[Span] = []
    for start, end in sorted(spans):
        if result and start <= result[-1][1] + bridge:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def presence(
    measures: Measures,
    detections: Sequence[Detections],
    windows: Sequence[Window],
    size: tuple[int, int],
    *,
    detector: str,
    reference: Reference | None,
    usable: Flags,
    seconds: float,
) -> list[Presence]:
    """Presence per staffed window.

    `size` is the picture's (width, height), in whose pixels windows and boxes are given; `usable` marks the looks at
    which the camera could see; `detector` is the kind of detector that made the boxes.
    """
    found = []
    for window in windows:
        seen = np.array([len(window.in_it(look.persons)) > 0 for look in detections])
        nobody = np.array([all(window.share_of(box) < 0.05 for box in look.persons) for look in detections])
        view = _Scene(measures, window, size)
        strong = detector in STRONG
        other = view.others(reference, nobody if strong else np.ones_like(seen), usable, strong=strong)
        fused = fuse_strong(seen, other, measures.times) if strong else seen | other
        found.append(smoothed(window, fused, usable, measures.times, seconds))
    return found


def fuse_strong(seen: Flags, other: Flags, times: NDArray[np.float64]) -> Flags:
    """A detector that misses little decides; the other witnesses only extend and bridge what it saw.

    They extend a visit by at most two seconds at either end, and bridge at most ten seconds in which they both hold:
    alone they would take a passing car or a swinging door for a person.
    """
    fused = seen.copy()
    for run in runs_of(other & ~seen):
        before, after = run[0] > 0 and seen[run[0] - 1], run[-1] + 1 < len(seen) and seen[run[-1] + 1]
        if before and after and times[run[-1]] - times[run[0]] <= LONGEST_STILL:
            fused[run] = True
            continue
        if before:
            fused[run[times[run] - times[run[0] - 1] <= EDGE_SECONDS]] = True
        if after:
            fused[run[times[run[-1] + 1] - times[run] <= EDGE_SECONDS]] = True
    return fused


class _Scene:
    """What the picture and its motion say about one window."""

    def __init__(self, measures: Measures, window: Window, size: tuple[int, int]) -> None:
        self.measures = measures
        height, width = measures.smalls.shape[1:]
        self.mask = window.mask(size, (width, height))
        rows, columns = grid_of(height, width)
        weight = cv2.resize(self.mask.astype(np.float32) / 255, (columns, rows), interpolation=cv2.INTER_AREA)
        self.cells = weight >= min(0.5, float(weight.max()))

    def others(self, reference: Reference | None, nobody: Flags, usable: Flags, *, strong: bool) -> Flags:
        """Whether picture and motion together say that a person is there.

        Beside a weak detector a picture known to be empty is believed by itself: what differs from it is taken for
        somebody, since to miss a seated person would accuse one. A learnt one may hold the person: motion must agree.
        """
        lively = self.lively() & usable
        given = reference.small if reference else None
        if given is not None and not strong:
            return lively | (foreground(self.measures, given, [self.mask])[:, 0] >= FOREGROUND_SHARE)
        small = given if given is not None else learn(self.measures, nobody & usable, ~_widened(lively, 1))
        if small is None:
            return held(lively, self.measures.times, EDGE_SECONDS)
        differs = foreground(self.measures, small, [self.mask])[:, 0] >= (EDGE_SHARE if strong else FOREGROUND_SHARE)
        return differs & held(lively, self.measures.times, LONGEST_STILL)

    def lively(self) -> Flags:
        """Looks at which something moves in the window: its second liveliest cell, so that one speck is nothing."""
        motion = self.measures.motion[:, self.cells]
        rank = min(2, motion.shape[1])
        noise = np.median(self.measures.cells, axis=(1, 2))
        return np.asarray(np.sort(motion, axis=1)[:, -rank] >= LIVELY + 0.25 * noise)


def liveliness(measures: Measures, window: Window, size: tuple[int, int]) -> Flags:
    """Looks at which something moves in the window, as the witness of motion has it."""
    return _Scene(measures, window, size).lively()


def held(flags: Flags, times: NDArray[np.float64], seconds: float) -> Flags:
    """True where the flag was true within the last `seconds`."""
    last = np.maximum.accumulate(np.where(flags, times, -np.inf))
    return np.asarray(times - last <= seconds)


def _widened(flags: Flags, by: int) -> Flags:
    return np.asarray(np.convolve(flags, np.ones(2 * by + 1), "same") > 0)


def smoothed(window: Window, fused: Flags, usable: Flags, times: NDArray[np.float64], seconds: float) -> Presence:
    """Majority over 1.5 s, then short absences and short presences merged away, separately in each usable stretch."""
    present: list[Span] = []
    absent: list[Span] = []
    edges = edges_of(times, seconds)
    for run in runs_of(usable):
        spans = spans_of(majority(fused[run], times[run]), edges[run[0] : run[-1] + 2])
        spans = merged(merged(spans, False, SHORTEST_ABSENCE), True, SHORTEST_PRESENCE)
        present += [(start, end) for start, end, here in spans if here]
        absent += [(start, end) for start, end, here in spans if not here]
    return Presence(window, tuple(present), tuple(absent))


def edges_of(times: NDArray[np.float64], seconds: float) -> NDArray[np.float64]:
    """n + 1 borders: each look speaks for the time half-way to its neighbours."""
    return np.concatenate([[0.0], (times[1:] + times[:-1]) / 2, [max(seconds, times[-1])]])


def majority(flags: Flags, times: NDArray[np.float64]) -> Flags:
    """What most looks within 1.5 s around say; a tie leaves the look as it is."""
    half = MAJORITY_SECONDS / 2 + 1e-9
    first = np.searchsorted(times, times - half)
    last = np.searchsorted(times, times + half, "right")
    sums = np.concatenate([[0], np.cumsum(flags)])
    votes = 2 * (sums[last] - sums[first]) - (last - first)
    return np.asarray(np.where(votes == 0, flags, votes > 0))


def spans_of(flags: Flags, edges: NDArray[np.float64]) -> list[tuple[float, float, bool]]:
    """(start, end, value) of each run; `edges` has one entry more than `flags`."""
    starts = np.concatenate([[0], np.flatnonzero(np.diff(flags)) + 1, [len(flags)]])
    return [(float(edges[a]), float(edges[b]), bool(flags[a])) for a, b in pairwise(starts)]


def merged(spans: list[tuple[float, float, bool]], value: bool, shortest: float) -> list[tuple[float, float, bool]]:
    """Spans of `value` shorter than `shortest` become part of what is on both sides of them.

    A span at the very start or end of a stretch is cut off by it, its true length is unknown: it stays.
    """
    result: list[tuple[float, float, bool]] = []
    for index, (start, end, here) in enumerate(spans):
        inner = 0 < index < len(spans) - 1
        here = (not here) if here is value and inner and end - start < shortest else here
        if result and result[-1][2] is here:
            result[-1] = (result[-1][0], end, here)
        else:
            result.append((start, end, here))
    return result

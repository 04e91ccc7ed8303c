"""Is the camera fit to judge by? (摄像机状态): black, no signal, blurred, occluded, moved, frozen — or merely still.

A problem counts once it has lasted: ten seconds, or half of a clip shorter than twenty. Pure: measures in, states out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from collectors.video.measures import (
    DARK_LEVEL,
    Floats,
    Measures,
    Segment,
    displacement,
    grid_of,
    likeness,
    shifted,
)
from collectors.video.presence import Span, edges_of
from collectors.video.reference import Flags, Reference, runs_of
from collectors.video.windows import CLOCK, Window

PROBLEMS = ("black", "frozen", "blurred", "occluded", "moved", "no_signal")
LASTING_SECONDS = 10.0
PROOF_SECONDS = 60.0
CLOCK_SECONDS = 5.0

BLACK_SHARE = 0.95
BLACK_SPREAD = 3.0
TOO_DARK_LEVEL = 28.0
COLOURED = 90.0
EMPTY_TEXTURE = 0.1
SNOW_CHANGE = 6.0
COVERED_TEXTURE = 0.3
TEXTURE_LOST = 0.5
CLEAR_TEXTURE, NO_TEXTURE = 1.0, 0.4
DULL_FINE, DULL_MIDDLE = 0.045, 0.26
DULL_AGAINST = 0.3
STRANGE = 0.3
FAR = 0.035
SAME_SCENE, FARTHEST = 0.2, 0.3
MOVING_CELL = 1.5
FROZEN_MEDIAN, FROZEN_JUMP = 0.2, 0.35
"""Mean change between looks of a picture that stands, and at key frames: an encoder pumps a little, but a live sensor's
noise comes anew with every key frame (measured 0.45 and more)."""


@dataclass(frozen=True, slots=True)
class Health:
    """Problems that lasted, with their spans in seconds; `still`: nothing moves, and that proves nothing."""

    problems: dict[str, tuple[Span, ...]]
    still: bool
    dark: bool
    """Too dark for the person detector to be believed (its recall falls to 0.63), though no camera problem."""
    usable: Flags
    """Looks at which no problem holds."""

    @property
    def checkable(self) -> bool:
        return not self.problems


def health(
    measures: Measures,
    windows: Sequence[Window],
    size: tuple[int, int],
    *,
    reference: Reference | None,
    seconds: float,
) -> Health:
    """The camera's state over a clip of `seconds`."""
    per_look = {name: np.zeros(len(measures.times), bool) for name in PROBLEMS}
    for segment, state in zip(measures.segments, states(measures, reference), strict=True):
        if state:
            inside = (measures.times >= segment.start) & (measures.times < segment.end)
            per_look[state] |= inside
    still = motionless(measures)
    per_look["frozen"] = frozen(measures, still, windows, size, reference, ~per_look["black"])
    problems = lasting(per_look, edges_of(measures.times, seconds), seconds)
    usable = ~np.logical_or.reduce(list(per_look.values()))
    dark = bool(np.median(measures.level[usable]) < TOO_DARK_LEVEL) if usable.any() else False
    return Health(problems, bool(still.all()) and "frozen" not in problems, dark, usable)


def lasting(per_look: dict[str, Flags], edges: NDArray[np.float64], seconds: float) -> dict[str, tuple[Span, ...]]:
    """Spans of the problems that lasted.

    A hand before a lens may look blurred in one moment and occluded in the next: what must last is the trouble, and
    its names are those states that make up at least a third of it.
    """
    enough = min(LASTING_SECONDS, seconds / 2) - 1e-6
    found: dict[str, list[Span]] = {}
    for run in runs_of(np.logical_or.reduce(list(per_look.values()))):
        if edges[run[-1] + 1] - edges[run[0]] < enough:
            continue
        for name, flags in per_look.items():
            if flags[run].mean() >= 1 / 3:
                parts = [run[part] for part in runs_of(flags[run])]
                found.setdefault(name, []).extend((float(edges[p[0]]), float(edges[p[-1] + 1])) for p in parts)
    return {name: tuple(spans) for name, spans in found.items()}


def states(measures: Measures, reference: Reference | None) -> list[str | None]:
    """One state per segment, the first that applies; blurred and moved are judged against the camera's reference
    picture, or against the beginning of the clip."""
    found: list[str | None] = [_blind(measures, segment) for segment in measures.segments]
    given = reference.segment if reference else None
    good = [segment for segment, state in zip(measures.segments, found, strict=True) if state is None]
    base = given or (good[0] if good else None)
    for index, segment in enumerate(measures.segments):
        if found[index] is None and base is not None:
            found[index] = _against(segment, base)
    return found


def _blind(measures: Measures, segment: Segment) -> str | None:
    """What a segment shows by itself: nothing (black), a recorder's screen or noise (no signal), a covered lens."""
    looks = (measures.times >= segment.start) & (measures.times < segment.end)
    textured = segment.detailed
    black = segment.spread < BLACK_SPREAD and segment.level < 2 * DARK_LEVEL
    if black and float(np.median(measures.saturation[looks])) < COLOURED / 2:
        return "black" if float(np.median(measures.dark[looks])) >= BLACK_SHARE else "occluded"
    if float(np.median(measures.dark[looks])) >= BLACK_SHARE and textured < EMPTY_TEXTURE:
        return "black" if float(np.median(measures.saturation[looks])) < COLOURED / 2 else "no_signal"
    if textured < EMPTY_TEXTURE and float(np.median(measures.saturation[looks])) >= COLOURED:
        return "no_signal"
    if _is_snow(measures, looks):
        return "no_signal"
    soft = segment.fine < DULL_FINE and segment.middle < DULL_MIDDLE
    if textured < (EMPTY_TEXTURE if soft else COVERED_TEXTURE):
        return "occluded"
    return None


def _is_snow(measures: Measures, looks: Flags) -> bool:
    """Noise without a picture: every cell changes much from look to look, and no two looks have anything in common."""
    indexes = np.flatnonzero(looks)
    if len(indexes) < 2:
        return False
    cells = measures.cells[indexes[1:]]
    if float(np.percentile(cells, 10)) < SNOW_CHANGE:
        return False
    pairs = pairwise(indexes)
    alike = [float(np.corrcoef(measures.smalls[a].ravel(), measures.smalls[b].ravel())[0, 1]) for a, b in pairs]
    return float(np.median(alike)) < 0.3


def _against(segment: Segment, base: Segment) -> str | None:
    """What a segment shows beside the scene as it should be."""
    if segment.fine < DULL_FINE or segment.middle < DULL_MIDDLE:
        return "blurred"
    if segment.fine < DULL_AGAINST * base.fine and segment.middle < 0.7 * base.middle:
        return "blurred"
    if is_turned(base, segment):
        return "moved"
    if _texture_lost(segment, base):
        return "occluded"
    return "moved" if is_moved(base, segment) else None


def _texture_lost(segment: Segment, base: Segment) -> bool:
    """Whether half of what had a clear pattern shows none now: something smooth stands before the lens."""
    texture = segment.texture
    if texture.shape != base.texture.shape:
        texture = np.asarray(cv2.resize(texture, base.texture.shape[::-1], interpolation=cv2.INTER_AREA))
    had = base.texture >= CLEAR_TEXTURE
    return bool(had.mean() > 0.1 and (had & (texture < NO_TEXTURE)).sum() >= TEXTURE_LOST * had.sum())


def is_turned(base: Segment, segment: Segment) -> bool:
    """Whether it is plainly the same scene, shifted: then smooth ground where there was pattern covers nothing."""
    by = displacement(base.structure, segment.structure)
    if not FAR <= max(abs(by[0]), abs(by[1])) <= FARTHEST or likeness(base.structure, segment.structure) >= STRANGE:
        return False
    return likeness(base.structure, shifted(segment.structure, (-by[0], -by[1]))) >= SAME_SCENE


def is_moved(base: Segment, segment: Segment) -> bool:
    """Whether the camera looks elsewhere: by at least 3.5 % of the picture, or at another scene altogether."""
    if likeness(base.structure, segment.structure) >= STRANGE:
        return False
    by = displacement(base.structure, segment.structure)
    back = shifted(segment.structure, (-by[0], -by[1]))
    trembles = max(abs(by[0]), abs(by[1])) < FAR and likeness(base.structure, back) >= STRANGE / 2
    return not trembles


# --- frozen or still -------------------------------------------------------------------------------------------------


def motionless(measures: Measures) -> Flags:
    """Looks at which no cell of the picture changed against the look before (the first look: as the second)."""
    moving = measures.motion.max(axis=(1, 2)) >= MOVING_CELL
    if len(moving) > 1:
        moving[0] = moving[1]
    return np.asarray(~moving)


def frozen(
    measures: Measures,
    still: Flags,
    windows: Sequence[Window],
    size: tuple[int, int],
    reference: Reference | None,
    lit: Flags,
) -> Flags:
    """Looks in a stretch that is proved frozen (design §4.1 *Look*).

    Either the clock in the picture stands still while pictures keep coming, or no cell moves for 60 s in a stream that
    moved earlier in the file or at other times (the camera's reference).
    """
    proved = np.zeros(len(still), bool)
    moved_before = reference is not None and reference.moved
    step = float(np.median(np.diff(measures.times))) if len(still) > 1 else 0.0
    for run in runs_of(still & lit):
        length = measures.times[run[-1]] - measures.times[run[0]] + step
        earlier = moved_before or bool((~still[: run[0]]).any())
        if length >= PROOF_SECONDS - step and earlier and stands(measures.change[run]):
            proved[run] = True
    for window in windows:
        if window.name == CLOCK:
            proved |= clock_stands(measures, window, size) & lit
    return proved


def stands(change: Floats) -> bool:
    """Whether changes as small as these are the encoder's alone."""
    return float(np.median(change)) < FROZEN_MEDIAN and float(np.percentile(change, 90)) < FROZEN_JUMP


def clock_stands(measures: Measures, window: Window, size: tuple[int, int]) -> Flags:
    """Looks in a stretch of at least five seconds over which the clock's digits did not change.

    A clock that never changed in the whole clip is taken for a polygon drawn beside it, unless everything else stands
    too.
    """
    height, width = measures.smalls.shape[1:]
    rows, columns = grid_of(height, width)
    weight = cv2.resize(window.mask(size, (width, height)).astype(np.float32), (columns, rows),
                        interpolation=cv2.INTER_AREA)  # fmt: skip
    cells = weight >= min(64.0, float(weight.max()))
    ticks = measures.motion[:, cells].max(axis=1) >= MOVING_CELL / 2
    standing = np.zeros(len(ticks), bool)
    if not ticks.any() and not motionless(measures).all():
        return standing
    for run in runs_of(~ticks):
        if measures.times[run[-1]] - measures.times[run[0]] >= CLOCK_SECONDS:
            standing[run] = True
    return standing

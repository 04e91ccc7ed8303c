"""Series that the detectors' rules look at (测量序列): one value per look, at each place drawn on the picture.

A value is not a number where the camera could not see. Series are named in `detectors.toml`; each has one function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from collectors.video.measures import Measures, likeness, structure_of
from collectors.video.persons import Detections
from collectors.video.presence import STRONG, Presence, held, liveliness
from collectors.video.reference import Flags, Reference, foreground
from collectors.video.windows import Window
from collectors.video.witnesses import ENOUGH, NO_REFERENCE, TOO_DARK, TOO_WEAK, Witnesses

Values = NDArray[np.float64]
STILL_SECONDS = 10.0
DOOR_LOOKS = 4
TURN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything measured on one clip that a series may be made of; `size` is the picture's (width, height)."""

    measures: Measures
    detections: Sequence[Detections]
    windows: Sequence[Window]
    size: tuple[int, int]
    witnesses: Witnesses
    reference: Reference | None
    usable: Flags
    dark: bool
    seconds: float
    presences: Mapping[str, Presence] = field(default_factory=dict)
    clock_offset: float | None = None
    """Picture clock − ours in seconds; None: not read."""

    def lacks(self, need: str) -> str | None:
        """Why a need of a state is not met; None if it is."""
        if need == "witnesses":
            return TOO_WEAK if self.witnesses.recall < ENOUGH else None
        if need == "detector":
            return TOO_WEAK if self.witnesses.detector not in STRONG else None
        if need == "light":
            return TOO_DARK if self.dark else None
        return NO_REFERENCE if self.reference is None or self.reference.small is None else None

    @property
    def served(self) -> int:
        """Staffed windows on this picture, at least one."""
        return max(1, sum(window.is_staffed for window in self.windows))


def values_of(series: str, scene: Scene, place: Window | None) -> Values:
    """The series at a place (None: the whole picture), one value per look. KeyError for a series nobody makes."""
    values = np.asarray(SERIES[series](scene, place), np.float64)
    return np.where(scene.usable, values, np.nan)


def _present(scene: Scene, place: Window) -> Values:
    spans = scene.presences[place.name].present
    times = scene.measures.times
    return np.asarray(np.any([(times >= a) & (times < b) for a, b in spans], axis=0) if spans else 0 * times, float)


def _active(scene: Scene, place: Window) -> Values:
    """1 where somebody is present and something has moved in the window within ten seconds."""
    moved = held(liveliness(scene.measures, place, scene.size), scene.measures.times, STILL_SECONDS)
    opening = scene.measures.times < STILL_SECONDS  # too early to say that nothing moved for so long
    return _present(scene, place) * (moved | opening)


def _persons(scene: Scene, place: Window | None) -> Values:
    if place is None:
        return np.array([len(look.persons) for look in scene.detections], float)
    return np.array([len(place.in_it(look.persons)) for look in scene.detections], float)


def _feet(scene: Scene, place: Window) -> Values:
    return np.array([sum(place.holds_foot(box) for box in look.persons) for look in scene.detections], float)


def _feet_beyond_windows(scene: Scene, place: Window) -> Values:
    """More than the windows served there; a line that is named as a window belongs to it alone."""
    own = any(window.is_staffed and window.name == place.label for window in scene.windows)
    return _feet(scene, place) - (1 if own else scene.served)


def _persons_beyond_windows(scene: Scene, place: Window) -> Values:
    return _persons(scene, place) - scene.served


def _changed(scene: Scene, place: Window) -> Values:
    """Share of the place that differs from the reference picture."""
    assert scene.reference is not None
    assert scene.reference.small is not None
    mask = place.mask(scene.size, _small_size(scene))
    return np.asarray(foreground(scene.measures, scene.reference.small, [mask])[:, 0], float)


def _turnover(scene: Scene, place: Window) -> Values:
    """By how much the place looks different in the two seconds after a look from the two before it.

    In hundredths of its brightness, where it differs most (one part in twenty of it): noise is averaged away, dusk
    divided out, and a line of text that is replaced is still seen.
    """
    times, mask = scene.measures.times, place.mask(scene.size, _small_size(scene))
    within = cv2.erode(mask, np.ones((3, 3), np.uint8), borderValue=0)  # what moves beside it is not its own
    inside = (within if within.any() else mask) > 0
    looks = scene.measures.smalls[:, inside].astype(np.float32)
    level = max(4.0, float(np.median(looks.mean(axis=1))))
    found = np.zeros(len(times))
    for index, moment in enumerate(times):
        before = (times <= moment) & (times > moment - TURN_SECONDS)
        after = (times > moment) & (times <= moment + TURN_SECONDS)
        if after.any():
            found[index] = np.percentile(np.abs(looks[after].mean(axis=0) - looks[before].mean(axis=0)), 95)
    return 100 * found / level


def _level(scene: Scene, place: Window | None) -> Values:
    """Mean grey level, 0–255."""
    if place is None:
        return np.asarray(scene.measures.level, float)
    inside = place.mask(scene.size, _small_size(scene)) > 0
    return np.asarray(scene.measures.smalls[:, inside].mean(axis=1), float)


def _likeness(scene: Scene, place: Window) -> Values:
    """Correlation of the place's pattern with the reference picture's, −1 to 1, over the median of a few looks.

    The median leaves out those who walk through.
    """
    assert scene.reference is not None
    assert scene.reference.small is not None
    smalls, (width, height) = scene.measures.smalls, _small_size(scene)
    base = cv2.resize(scene.reference.small, (width, height), interpolation=cv2.INTER_AREA)
    x, y, w, h = cv2.boundingRect(place.mask(scene.size, (width, height)))
    wanted = structure_of(base[y : y + h, x : x + w].astype(np.float32))
    found = []
    for index in range(len(smalls)):
        around = smalls[max(0, index - DOOR_LOOKS) : index + DOOR_LOOKS + 1, y : y + h, x : x + w]
        found.append(likeness(wanted, structure_of(np.median(around, axis=0).astype(np.float32))))
    return np.array(found)


def _offset(scene: Scene, _place: Window) -> Values:
    offset = np.nan if scene.clock_offset is None else abs(scene.clock_offset)
    return np.full(len(scene.measures.times), offset)


def _small_size(scene: Scene) -> tuple[int, int]:
    height, width = scene.measures.smalls.shape[1:]
    return width, height


SERIES: Mapping[str, Callable[[Scene, Any], Values]] = {
    "present": _present,
    "active": _active,
    "persons": _persons,
    "feet": _feet,
    "feet_beyond_windows": _feet_beyond_windows,
    "persons_beyond_windows": _persons_beyond_windows,
    "changed": _changed,
    "turnover": _turnover,
    "level": _level,
    "likeness": _likeness,
    "offset": _offset,
}

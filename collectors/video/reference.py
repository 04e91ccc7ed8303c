"""The picture of the empty scene (空窗参考图): given by the camera's owner, or learnt from the clip itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from collectors.video.decode import GREY_SIDE, VideoError
from collectors.video.measures import Floats, Measures, Segment, cell_means, segment_of, shrunk

Flags = NDArray[np.bool_]

DIFFERENCE, LEAST_DIFFERENCE = 25, 10
"""Grey levels by which a pixel must differ to belong to something that stands before the scene; in a picture dimmer
than the reference as much less, down to the second."""
LEARN_SECONDS = 2.0
MOST_LOOKS = 25


@dataclass(frozen=True, slots=True)
class Reference:
    """What a camera shows when nothing stands before it; `moved`: it is known to have shown motion before."""

    small: NDArray[np.uint8] | None
    segment: Segment | None
    moved: bool = False
    """Proof that the stream is live at other times: without it a motionless clip is only `still`."""


def reference_of(path: Path, *, moved: bool = False) -> Reference:
    """The reference picture of a camera. VideoError if the file is no picture."""
    raw = np.fromfile(path, np.uint8) if path.is_file() else np.zeros(0, np.uint8)
    grey = cv2.imdecode(raw, cv2.IMREAD_GRAYSCALE) if raw.size else None
    if grey is None:
        raise VideoError(f"Reference image {path}: there is no picture in it.", reason="reference")
    return reference_from(np.asarray(grey, np.uint8), moved=moved)


def reference_from(grey: NDArray[np.uint8], *, moved: bool = False) -> Reference:
    """A reference from a grey picture of any size."""
    fitting = shrunk(grey, GREY_SIDE)
    picture = fitting.astype(np.float32)
    return Reference(shrunk(fitting), segment_of(picture, picture, 0.0, 0.0), moved)


def learn(measures: Measures, empty: Flags, still: Flags) -> NDArray[np.uint8] | None:
    """The empty scene inside one window, learnt from the looks at which it can be seen.

    `empty`: a witness says that nobody is there (a strong detector); `still`: nothing moves in the window. A living
    person moves every few seconds, so a scene that comes back after motion and is still each time is the empty one.
    None if there are not two seconds of it.
    """
    runs = [run for run in runs_of(empty & still) if measures.times[run[-1]] - measures.times[run[0]] >= LEARN_SECONDS]
    if not runs:
        return None
    chosen = np.concatenate(_recurring(measures, runs))
    picked = chosen[np.linspace(0, len(chosen) - 1, min(MOST_LOOKS, len(chosen))).astype(int)]
    return np.asarray(np.median(measures.smalls[picked], axis=0), np.uint8)


def foreground(measures: Measures, reference: NDArray[np.uint8], masks: list[NDArray[np.uint8]]) -> Floats:
    """n × windows: share of each window that differs from the reference, exposure taken out."""
    small = reference
    if small.shape != measures.smalls.shape[1:]:
        small = np.asarray(cv2.resize(small, measures.smalls.shape[:0:-1], interpolation=cv2.INTER_AREA), np.uint8)
    base = np.maximum(cell_means(small), 4.0)
    areas = [max(1, cv2.countNonZero(mask)) for mask in masks]
    shares = np.zeros((len(measures.times), len(masks)), np.float32)
    for index, look in enumerate(measures.smalls):
        gain = float(np.clip(np.median(cell_means(look) / base), 0.25, 4.0))
        differs = cv2.absdiff(look, cv2.convertScaleAbs(small, alpha=gain))
        threshold = max(LEAST_DIFFERENCE, DIFFERENCE * min(1.0, gain))
        marked = cv2.threshold(differs, threshold, 255, cv2.THRESH_BINARY)[1]
        for window, mask in enumerate(masks):
            shares[index, window] = cv2.countNonZero(cv2.bitwise_and(marked, mask)) / areas[window]
    return shares


def runs_of(flags: Flags) -> list[NDArray[np.intp]]:
    """Indexes of each unbroken run of true values."""
    indexes = np.flatnonzero(flags)
    return [run for run in np.split(indexes, np.flatnonzero(np.diff(indexes) > 1) + 1) if len(run)]


def _recurring(measures: Measures, runs: list[NDArray[np.intp]]) -> list[NDArray[np.intp]]:
    """Of the still runs those that show the scene seen for the longest time in the most of them."""
    pictures = [cell_means(measures.smalls[run[len(run) // 2]]) for run in runs]
    alike = np.array([[np.percentile(np.abs(a - b), 98) < DIFFERENCE / 3 for b in pictures] for a in pictures])
    lengths = np.array([len(run) for run in runs])
    weight = alike.sum(axis=1) * (alike * lengths).sum(axis=1)
    best = int(np.argmax(weight))
    return [run for run, same in zip(runs, alike[best], strict=True) if same]

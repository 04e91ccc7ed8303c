"""How much the witnesses in use miss (证人召回率): measured, kept here, and asked before a window is called empty.

`mingcha bench look` measures the table anew. Seconds at which somebody was at a window, counted by hand, and the share
of them at which presence was found; over the clips of the shared folder as they are and dimmed, noisy and compressed
hard. The figure stated is the lowest of the four, not their mean.
"""

from __future__ import annotations

from dataclasses import dataclass

ENOUGH = 0.90
TOO_WEAK = "not judged: detector too weak"
TOO_DARK = "not judged: picture too dark"
NOT_CHECKABLE = "not judged: camera not checkable"


@dataclass(frozen=True, slots=True)
class Witnesses:
    """One set of witnesses: the kind of detector, with the empty window's picture and motion."""

    detector: str
    recall: float
    precision: float
    """Over the clips without a person: the share of their seconds at which nobody was found."""


MEASURED = {
    "yolox": Witnesses("yolox", 0.0, 0.0),
    "ssdlite": Witnesses("ssdlite", 0.0, 0.0),
    "none": Witnesses("none", 0.0, 0.0),
}


def witnesses_of(detector: str) -> Witnesses:
    """The measured row of a kind of detector. KeyError for a kind that nobody has measured."""
    return MEASURED[detector]

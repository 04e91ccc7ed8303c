"""How much the witnesses in use miss (证人召回率): measured, kept here, and asked before a window is called empty.

`mingcha bench look` measures the table anew. Seconds at which somebody was at a window, counted by hand, and the share
of them at which presence was found; over the clips of the shared folder as they are, dimmed, noisy and compressed
hard. The figure stated is the lowest of the four, not their mean.
"""

from __future__ import annotations

from dataclasses import dataclass

ENOUGH = 0.90
TOO_WEAK = "not judged: detector too weak"
TOO_DARK = "not judged: picture too dark"
NOT_CHECKABLE = "not judged: camera not checkable"
NO_REFERENCE = "not judged: no reference picture"
NO_TIME = "not judged: time of day not known"
NO_CLOCK = "not judged: clock in the picture not read"
NO_RECORDING = "not judged: no recording from before opening"
RECORDING_MISSING = "not judged: the recording from before opening is missing"
NOT_DRAWN = "not judged: nothing is drawn for it"
REASONS = {reason: reason for reason in (
    TOO_WEAK, TOO_DARK, NOT_CHECKABLE, NO_REFERENCE, NO_TIME, NO_CLOCK, NO_RECORDING, RECORDING_MISSING, NOT_DRAWN
)}  # fmt: skip
"""Every reason why an item gets no answer, for whoever puts them into another language."""


@dataclass(frozen=True, slots=True)
class Witnesses:
    """One set of witnesses: the kind of detector, and whether the empty window's picture was given or learnt."""

    detector: str
    recall: float
    reference_given: bool = False


MEASURED = {
    ("yolox", False): 0.97,
    ("yolox", True): 0.97,
    ("ssdlite", False): 0.62,
    ("ssdlite", True): 0.96,
    ("none", False): 0.42,
    ("none", True): 0.96,
}
"""Recall by (kind of detector, picture of the empty window given).

With a given picture it was measured on the clip of people who come and go alone (of the seated ones no empty picture
exists): 102 of 102 seconds in each condition, of which the lower end of the 95 % interval is stated. It costs
precision (0.86 to 0.95): changed light and things left behind pass for somebody, which hides a finding and makes none.
"""


def witnesses_of(detector: str, *, reference_given: bool) -> Witnesses:
    """The measured row of a set of witnesses. KeyError for a kind that nobody has measured."""
    return Witnesses(detector, MEASURED[detector, reference_given], reference_given)

"""What to look at next to prove or refute a duration (时长核实): pure, in seconds from the sample's moment.

A condition that holds for the whole minute may have begun before it and go on after it. The past is there already, so
it is asked first; what comes after is asked once it has been, or while the camera goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from collectors.video.presence import Span

LONGEST_PIECE = 300.0
"""Seconds fetched at once: whoever sees the condition end in the first piece need not fetch the second."""
MARGIN = 5.0
EDGE = 2.0
"""A condition that begins this close to the edge of what was looked at may have begun before it."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What can be looked at at all: not before opening or the recorder's memory, not past closing or the present."""

    earliest: float
    latest: float


@dataclass(frozen=True, slots=True)
class Piece:
    """Look at this next."""

    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """`proven`, `refuted` (it was seen to begin and to end too soon) or `not_possible`; `held` for so many seconds."""

    outcome: str
    held: Span


def next_step(
    holds: Sequence[Span], looked: Sequence[Span], anchor: Span, needed: float, reach: Reach
) -> Piece | Verdict:
    """The piece needed next, or the verdict.

    `holds` are the spans in which the condition was seen to hold, `looked` those that were looked at; `anchor` is the
    candidate. The condition must hold without a break around the anchor for `needed` seconds.
    """
    around = next((span for span in holds if span[0] < anchor[1] and anchor[0] < span[1]), (anchor[0], anchor[0]))
    start, end = around
    missing = needed - (end - start)
    if missing <= 0:
        return Verdict("proven", around)
    first, last = next(span for span in looked if span[0] < anchor[1] and anchor[0] < span[1])
    may_begin_earlier = start - first <= EDGE
    may_end_later = last - end <= EDGE
    length = min(missing + MARGIN, LONGEST_PIECE)
    if may_begin_earlier and first - reach.earliest > EDGE:
        return Piece(max(reach.earliest, first - length), first)
    if may_end_later and reach.latest - last > EDGE:
        return Piece(last, min(reach.latest, last + length))
    return Verdict("not_possible" if may_begin_earlier or may_end_later else "refuted", around)

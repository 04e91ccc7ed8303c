"""XmR charts (个体移动极差图): is a change over time more than the process has always made? The NHS's four rules.

Limits are the mean ± 2.66 × the mean moving range (Shewhart; Wheeler, "Understanding Variation"), from points that
follow each other. Rules as NHS England's Making Data Count has them, no others, for every further one adds false
alarms: a point beyond the limits, seven in a row on one side of the mean, six in a row rising or falling, two of three
near the same limit (beyond two thirds of the way). Limits start anew only at a *known* cause that a person named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

SPREAD = 2.66
"""3 ÷ 1.128: three standard deviations, estimated from ranges of two."""
SCREEN = 3.267
"""Moving ranges beyond so many times their mean are left out of it: the upper limit of the range chart."""
NEAR = 2 / 3
SHIFT, TREND = 7, 6
FIRM = 12
"""Points of a phase below which its limits are only a trial (NHS England)."""

BEYOND, RUN, DRIFT, TWO_OF_THREE = "beyond_limits", "shift", "trend", "two_of_three"
RULES = (BEYOND, RUN, DRIFT, TWO_OF_THREE)


@dataclass(frozen=True, slots=True)
class Phase:
    """Points `start` up to (not including) `end` that share limits. `low` and `high` may lie beyond what a rate can be.

    None where no two points follow each other: nothing is known of their variation.
    """

    start: int
    end: int
    points: int
    mean: float | None
    low: float | None
    high: float | None

    @property
    def firm(self) -> bool:
        return self.points >= FIRM


@dataclass(frozen=True, slots=True)
class Chart:
    """`signals` has the rules that each point takes part in, in the order of `RULES`."""

    phases: tuple[Phase, ...]
    signals: tuple[tuple[str, ...], ...]


def xmr(values: Sequence[float | None], rebased: Sequence[int] = ()) -> Chart:
    """The chart of values in the order of time; None where nothing was judged. `rebased`: where a phase begins."""
    starts = sorted({0, *(start for start in rebased if 0 < start < len(values))})
    ends = [*starts[1:], len(values)]
    phases = [_phase(values, start, end) for start, end in zip(starts, ends, strict=True)]
    found: list[set[str]] = [set() for _ in values]
    for phase in phases:
        _beyond(values, phase, found)
        _run(values, phase, found)
        _drift(values, phase, found)
        _two_of_three(values, phase, found)
    return Chart(tuple(phases), tuple(tuple(rule for rule in RULES if rule in rules) for rules in found))


def _phase(values: Sequence[float | None], start: int, end: int) -> Phase:
    known = [value for value in values[start:end] if value is not None]
    ranges = [abs(after - before) for before, after in pairwise(known)]
    if not ranges:
        return Phase(start, end, len(known), None, None, None)
    # one leap there and back must not widen the limits that it has to be held against (NHS: screened moving ranges)
    usual = SCREEN * sum(ranges) / len(ranges)
    kept = [one for one in ranges if one <= usual]
    mean, spread = sum(known) / len(known), SPREAD * sum(kept) / len(kept)
    return Phase(start, end, len(known), mean, mean - spread, mean + spread)


def _places(values: Sequence[float | None], phase: Phase) -> list[tuple[int, float]]:
    """The judged points of a phase; those without a value are passed over."""
    return [(place, value) for place, value in enumerate(values) if phase.start <= place < phase.end
            and value is not None]  # fmt: skip


def _beyond(values: Sequence[float | None], phase: Phase, found: list[set[str]]) -> None:
    if phase.low is None or phase.high is None:
        return
    for place, value in _places(values, phase):
        if value < phase.low or value > phase.high:
            found[place].add(BEYOND)


def _run(values: Sequence[float | None], phase: Phase, found: list[set[str]]) -> None:
    if phase.mean is not None:
        sides = [(place, (value > phase.mean) - (value < phase.mean)) for place, value in _places(values, phase)]
        _mark_runs(sides, SHIFT, RUN, found)


def _drift(values: Sequence[float | None], phase: Phase, found: list[set[str]]) -> None:
    """Six points have five steps in one direction; the point before the first step belongs to the six."""
    points = _places(values, phase)
    steps = [(place, (value > before) - (value < before))
             for (_, before), (place, value) in pairwise(points)]  # fmt: skip
    for first, last in _runs([side for _, side in steps], TREND - 1):
        for place, _ in points[first : last + 2]:
            found[place].add(DRIFT)


def _two_of_three(values: Sequence[float | None], phase: Phase, found: list[set[str]]) -> None:
    if phase.mean is None or phase.low is None or phase.high is None:
        return
    points = _places(values, phase)
    top, bottom = phase.mean + NEAR * (phase.high - phase.mean), phase.mean - NEAR * (phase.mean - phase.low)
    for first in range(len(points) - 2):
        three = points[first : first + 3]
        for near in ([place for place, value in three if value > top],
                     [place for place, value in three if value < bottom]):  # fmt: skip
            if len(near) >= 2:
                for place in near:
                    found[place].add(TWO_OF_THREE)


def _mark_runs(sides: Sequence[tuple[int, int]], least: int, rule: str, found: list[set[str]]) -> None:
    for first, last in _runs([side for _, side in sides], least):
        for place, _ in sides[first : last + 1]:
            found[place].add(rule)


def _runs(sides: Sequence[int], least: int) -> list[tuple[int, int]]:
    """First and last place of stretches of at least so many equal signs; zero ends a stretch."""
    found, start = [], 0
    for place in range(1, len(sides) + 1):
        if place == len(sides) or sides[place] != sides[start]:
            if place - start >= least and sides[start]:
                found.append((start, place - 1))
            start = place
    return found

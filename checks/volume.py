"""Days that are missing, and days with far more or fewer records than usual (缺期与量异常, field-notes §1.7).

A day is compared with days like it in the eight weeks before: the same weekday; a make-up working day (调休) with all
working days, a holiday with all days off. Zero, missing and not computed are three things: a day that is missing is
nobody's usual, and without four like days, or below a usual of 20, nothing is said of a day's volume.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from checks.clock import Calendar

WEEKS = 8
LEAST_LIKE = 4
"""So many like days must be known before one is called unusual."""
LEAST_USUAL = 20.0
"""Below it chance alone makes any number likely."""
MADS = 5.0
ROOTS = 4.0
"""The floor: so many standard deviations of pure chance (Poisson), for eight days may be alike by luck."""
SHARE = 0.25
"""And a quarter of the usual: with thousands a day the weather moves more than chance does."""
IMPOSSIBLE = 14.0
"""Minus the logarithm of one in a million: a gap that is less likely is no chance."""
LEAST_MONTHS = 4
DENSE_MONTHS = 0.8

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Unusual:
    """A day whose number lies outside what its like days allow. `day` counts from 1970-01-01."""

    day: int
    kind: Literal["low", "high"]
    found: int
    usual: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Gap:
    """Days (numbers, in order) without a record, although days like them have some."""

    days: tuple[int, ...]
    expected: float
    """How many records days like these have together."""


class Series:
    """Records a day, without a hole from the first to the last day known: zero where there was none."""

    def __init__(self, first: int, counts: Counts, calendar: Calendar) -> None:
        self.first, self.counts = first, counts
        days = np.arange(first, first + len(counts))
        self.weekday = (days + 3) % 7
        self.working = calendar.working[days]
        self.ordinary = self.working == (self.weekday < 5)

    @property
    def last(self) -> int:
        return self.first + len(self.counts) - 1

    def alike(self, at: int) -> NDArray[np.bool_]:
        """Which days of the series are like the one at this index."""
        if self.ordinary[at]:
            return self.same_weekday(at)
        like = self.ordinary & self.working if self.working[at] else ~self.working
        return np.asarray(like, dtype=np.bool_)

    def same_weekday(self, at: int) -> NDArray[np.bool_]:
        """Ordinary days of its weekday: what the day would be like if nobody heeded the calendar."""
        return np.asarray(self.ordinary & (self.weekday == self.weekday[at]), dtype=np.bool_)


def unusual_days(series: Series, days: Sequence[int], missing: frozenset[int] = frozenset()) -> Iterator[Unusual]:
    """Those of `days` that are unusual. `missing` days are none, and count for no other.

    The last day of the series may still be growing: it is never called low.
    """
    if not len(series.counts) or series.counts.max() < LEAST_USUAL:
        return
    kept = ~np.isin(np.arange(series.first, series.last + 1), list(missing))
    for day in days:
        at = day - series.first
        if day in missing or not 0 <= at < len(series.counts):
            continue
        found = _unusual(series, at, kept)
        if found is not None and not (found.kind == "low" and day == series.last):
            yield found


def _unusual(series: Series, at: int, kept: NDArray[np.bool_]) -> Unusual | None:
    """The day against its like days; a holiday or make-up day is usual for its weekday too: faults heed no calendar."""
    count = int(series.counts[at])
    limits = _limits(series, at, series.alike(at), kept)
    if limits is None or limits[0] < LEAST_USUAL or _within(count, limits):
        return None
    if not series.ordinary[at] and _within(count, _limits(series, at, series.same_weekday(at), kept)):
        return None
    usual, allowed = limits
    kind: Literal["low", "high"] = "low" if count < usual else "high"
    return Unusual(series.first + at, kind, count, usual, max(0.0, usual - allowed), usual + allowed)


Limits = tuple[float, float]
"""The usual number, and how far from it a day may be."""


def _within(count: int, limits: Limits | None) -> bool:
    return limits is not None and abs(count - limits[0]) <= limits[1]


def _limits(series: Series, at: int, alike: NDArray[np.bool_], kept: NDArray[np.bool_]) -> Limits | None:
    """What the comparable days of the eight weeks before allow; None where there are fewer than four."""
    start = max(0, at - 7 * WEEKS)
    like = series.counts[start:at][(alike & kept)[start:at]]
    if len(like) < LEAST_LIKE:
        return None
    usual = float(np.median(like))
    allowed = max(MADS * float(np.median(np.abs(like - usual))), ROOTS * math.sqrt(usual), SHARE * usual)
    if abs(int(series.counts[at]) - usual) > allowed:  # seldom, and then worth the longer look
        allowed = max(allowed, MADS * _spread(series, start, at, kept))
    return usual, allowed


def _spread(series: Series, start: int, end: int, kept: NDArray[np.bool_]) -> float:
    """Median distance of all days of the eight weeks from the median of their own weekday: of 56 days, not of 8."""
    away: list[NDArray[np.float64]] = []
    for weekday in range(7):
        chosen = (series.weekday == weekday)[start:end] & (series.ordinary & kept)[start:end]
        counts = series.counts[start:end][chosen]
        if len(counts):
            away.append(np.abs(counts - np.median(counts)))
    return float(np.median(np.concatenate(away)))


def gaps(series: Series, first: int, last: int, *, every_day: bool = False) -> Iterator[Gap]:
    """Runs of empty days touching `first` to `last` that the usual density says are impossible.

    Days of a kind that is usually empty (weekends of an office that is closed then) belong to no gap. `every_day`:
    only where days like them have always had records.
    """
    for start, end in _empty_runs(series.counts):
        if series.first + end - 1 < first - 1 or series.first + start > last + 1:
            continue
        weights = {at: _weight(series, at, start, end, every_day=every_day) for at in range(start, end)}
        named = tuple(series.first + at for at, (weight, _) in weights.items() if weight > 0)
        if sum(weight for weight, _ in weights.values()) >= IMPOSSIBLE:
            yield Gap(named, sum(mean for _, mean in weights.values()))


def _empty_runs(counts: Counts) -> list[tuple[int, int]]:
    """Half-open index ranges of zeros between records; the series begins and ends with one."""
    filled = np.flatnonzero(counts)
    return [(int(left) + 1, int(right)) for left, right in pairwise(filled) if right - left > 1]


def _weight(series: Series, at: int, start: int, end: int, *, every_day: bool) -> tuple[float, float]:
    """(minus the logarithm of the chance of an empty day like this one, the mean of such days); 0 if not computed.

    Where like days are known on both sides of the run, the quieter side counts: a source that grew has no gap before.
    Before it at least four are needed: a single misdated record is no source. Where half of the like days are empty
    too, nothing comes day by day.
    """
    alike = series.alike(at)
    before, after = series.counts[:start][alike[:start]][-WEEKS:], series.counts[end:][alike[end:]][:WEEKS]
    sides = [side for side in (before, after) if len(side) >= LEAST_LIKE]
    if len(before) < LEAST_LIKE or any(np.median(side) < 1 or (every_day and not side.all()) for side in sides):
        return 0.0, 0.0
    return min(_chance(side) for side in sides), min(float(side.mean()) for side in sides)


def _chance(like: Counts) -> float:
    """Minus its logarithm; the larger of a negative binomial like the days, and of the share of them that was empty."""
    mean, variance = float(like.mean()), float(like.var(ddof=1))
    size = mean * mean / (variance - mean) if variance > mean else math.inf
    chance = mean if math.isinf(size) else size * math.log1p(mean / size)
    return max(chance, -math.log((np.count_nonzero(like == 0) + 1) / (len(like) + 1)))


def missing_months(months: Sequence[str]) -> list[str]:
    """Months (`YYYY-MM`) without data between the first and the last that have some, where nearly all have.

    At least four months must be there, and four of five between the first and the last.
    """
    have = sorted({_month_number(month) for month in months})
    if len(have) < LEAST_MONTHS or len(have) < DENSE_MONTHS * (have[-1] - have[0] + 1):
        return []
    there = set(have)
    return [f"{one // 12:04}-{one % 12 + 1:02}" for one in range(have[0], have[-1]) if one not in there]


def _month_number(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:7]) - 1

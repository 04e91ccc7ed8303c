"""What the time in the picture says (画面时钟): read from the digits themselves, without any model of letters.

The last digit of a clock goes through 0 … 9 every ten seconds, and the one before it changes just when it passes from
9 to 0. So a clip of half a minute teaches what each digit of this camera's lettering looks like; with these ten
pictures the hours, minutes and the date of the same clip are read. Whatever does not fit, clock, lettering or order,
leaves the time unknown: it is never guessed. Pure: strips of grey pixels in, a reading out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Strips = NDArray[np.uint8]

SHORTEST_SECONDS = 21.0
"""Two full rounds of the last digit: each digit is seen twice, and two tens change."""
SMALLEST = 6
"""Pixels of height below which digits cannot be told apart."""
HEIGHT = 24
"""Pixels of height at which digits are compared."""
FADE = 60
"""Grey levels off the lettering's own at which a pixel no longer counts as part of it."""
LEAST_CHANGE, MOST_CHANGE = 4.0, 80
"""Grey levels by which a digit's place changes from second to second, on average, and the most that counts."""
SURE, APART = 0.72, 0.12
"""Least likeness (correlation, 0–1) of a digit to its picture, and least lead over the next digit."""
ZEROS_TRIED = 3
DATE_SURE = 0.75
HALF_DAY = timedelta(hours=12)
NO_DAY = date(2000, 1, 1)
"""Stands where no date was read."""


@dataclass(frozen=True, slots=True)
class Reading:
    """`shows`: local time (naive) that the picture says at the clip's first picture, to about a quarter second; None if
    it cannot be read, and `reason` says why. `dated`: whether the day was read too."""

    shows: datetime | None = None
    dated: bool = False
    confidence: float = 0.0
    """The worst digit's likeness to its picture, 0–1."""
    reason: str | None = None

    def offset(self, local: datetime) -> float | None:
        """Seconds by which the picture's clock is ahead of `local` (naive, at the first picture); None if unknown.

        Without a date it is the nearest such difference, within half a day.
        """
        if self.shows is None:
            return None
        ahead = self.shows - local
        if not self.dated:
            ahead = (ahead + HALF_DAY) % timedelta(days=1) - HALF_DAY
        return round(ahead / timedelta(seconds=1), 1)


class UnreadableError(Exception):
    """The clock cannot be read; the message is a reason code."""


def read_clock(strips: Strips, times: NDArray[np.float64], expected: date | None = None) -> Reading:
    """Read the clock from n × height × width grey strips at `times` (seconds from the first picture, rising).

    `expected`: the day that it should be, to tell 03/04 from 04/03; only dates that say it beyond doubt are read
    without.
    """
    try:
        return _read(strips, times, expected)
    except UnreadableError as error:
        return Reading(reason=str(error))


def _read(strips: Strips, times: NDArray[np.float64], expected: date | None) -> Reading:
    if len(times) < 20 or times[-1] - times[0] < SHORTEST_SECONDS:
        raise UnreadableError("too_short")
    rough = _ticking(strips, times)
    phase = _phase(strips, times, rough)
    readings, reasons = [], []
    for version in _versions(strips, rough):
        seconds = _per_second(_scaled(version, rough), times, phase)
        try:
            readings.append(_read_version(seconds, rough.times(HEIGHT / rough.height), phase, expected))
        except UnreadableError as error:
            reasons.append(str(error))
    if not readings:
        raise UnreadableError(reasons[0])
    if len({reading.shows and reading.shows.time() for reading in readings}) > 1:
        raise UnreadableError("contradiction")
    return max(readings, key=lambda reading: (reading.dated, reading.confidence))


def _versions(strips: Strips, digit: Box) -> Iterator[Strips]:
    """The strips as they are, and with everything faded that is not as light, or as dark, as lettering would be."""
    yield strips
    levels = np.arange(256, dtype=np.float32)
    dark, light = np.percentile(digit.of(strips), (3, 97))
    for faded in (levels - (light - FADE), (dark + FADE) - levels):
        table = np.clip(faded * 255 / (FADE - 10), 0, 255).astype(np.uint8)
        yield np.asarray(table[strips])


def _read_version(seconds: dict[int, Floats], rough: Box, phase: float, expected: date | None) -> Reading:
    lettering, tens, pitch = _lettering(seconds, rough)
    line = Line(lettering, pitch, 10 * tens - lettering.index_of_zero)
    clock, read, found = _hours_and_minutes(line)
    day = _day(line, found, read.x, expected)
    # second 0 of the clock's counting began at `phase` of the clip
    shows = datetime.combine(day or NO_DAY, time()) + timedelta(seconds=clock - phase)
    return Reading(shows, day is not None, round(read.likeness, 3))


# --- the last digit --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Box:
    """Pixels: x0 ≤ x < x1, y0 ≤ y < y1."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def width(self) -> int:
        return self.x1 - self.x0

    @property
    def height(self) -> int:
        return self.y1 - self.y0

    def times(self, factor: float) -> Box:
        return Box(*(round(side * factor) for side in (self.x0, self.y0, self.x1, self.y1)))

    def of(self, pictures: NDArray[Any]) -> NDArray[Any]:
        return pictures[..., self.y0 : self.y1, self.x0 : self.x1]


def _ticking(strips: Strips, times: NDArray[np.float64]) -> Box:
    """Where the picture changes from each second to the next and is the same again after ten."""
    ticks = _changes(strips, times, 1.0) - _changes(strips, times, 10.0)
    side = max(3, strips.shape[1] // 8 | 1)
    ticks = np.asarray(cv2.blur(ticks, (side, side)), np.float32)
    peak = float(ticks.max())
    if peak < LEAST_CHANGE:
        raise UnreadableError("no_ticks")
    return _box_around(ticks >= 0.4 * peak, np.unravel_index(int(ticks.argmax()), ticks.shape))


def _changes(strips: Strips, times: NDArray[np.float64], apart: float) -> Floats:
    """How much each pixel differs from itself `apart` seconds later, on average over the clip."""
    later = np.searchsorted(times, times + apart - 0.05)
    pairs = [(i, j) for i, j in enumerate(later) if j < len(times) and times[j] - times[i] <= apart + 0.3]
    if len(pairs) < 8:
        raise UnreadableError("too_short")
    total = np.zeros(strips.shape[1:], np.float32)
    for i, j in pairs:
        total += np.minimum(cv2.absdiff(strips[i], strips[j]), MOST_CHANGE)  # a flash counts no more
    return np.asarray(total / len(pairs), np.float32)


def _box_around(flags: NDArray[np.bool_], at: Sequence[np.intp]) -> Box:
    _, labels = cv2.connectedComponents(flags.astype(np.uint8))
    ys, xs = np.nonzero(labels == labels[at[0], at[1]])
    return Box(int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1)


def _phase(strips: Strips, times: NDArray[np.float64], box: Box) -> float:
    """At which part of a second of the clip the digit changes, 0–1."""
    cell = box.of(strips).astype(np.float32)
    change = np.abs(np.diff(cell, axis=0)).mean(axis=(1, 2))
    scores = []
    grid = np.arange(0, 1, 0.02)
    for phase in grid:
        number = np.floor(times - phase)
        ticked = np.diff(number) >= 1
        scores.append(change[ticked].mean() - change[~ticked].mean() if ticked.any() and not ticked.all() else 0.0)
    best = np.array(scores) >= max(scores) - 1e-6
    # the middle of the best stretch on the circle
    angles = np.exp(2j * np.pi * grid[best])
    return float(np.angle(angles.mean()) / (2 * np.pi) % 1)


def _scaled(strips: Strips, digit: Box) -> Strips:
    """All strips at the size at which the digit is HEIGHT pixels high, a little softened: places are whole pixels."""
    factor = HEIGHT / digit.height
    size = (round(strips.shape[2] * factor), round(strips.shape[1] * factor))
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.array([cv2.GaussianBlur(cv2.resize(strip, size, interpolation=way), (0, 0), 1.0) for strip in strips])


def _per_second(strips: Strips, times: NDArray[np.float64], phase: float) -> dict[int, Floats]:
    """Second number (of the clock, 0 is the one that begins at `phase`) → mean strip."""
    numbers = np.floor(times - phase).astype(int)
    inside = np.abs((times - phase) % 1 - 0.5) <= 0.47  # a picture just at the tick may show either
    found = {}
    for number in np.unique(numbers[inside]):
        found[int(number)] = strips[inside & (numbers == number)].mean(axis=0, dtype=np.float32)
    return found


# --- what the digits look like ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lettering:
    """Ten digits as this camera writes them, where the last one stands, and the clip's strips second by second."""

    digits: tuple[Floats, ...]
    box: Box
    seconds: dict[int, Floats]
    index_of_zero: int
    """Number (0–9) of the first second whose last digit is 0."""
    tens: dict[int, Floats]
    """Number of a stretch of ten seconds → its mean strip; stretch 0 begins at `index_of_zero`."""

    def likeness(self, strip: Floats) -> Floats:
        """10 × rows × columns: correlation of each digit with what stands at each place of a strip."""
        found = [cv2.matchTemplate(np.ascontiguousarray(strip), digit, cv2.TM_CCOEFF_NORMED) for digit in self.digits]
        return np.nan_to_num(np.array(found, np.float32))


def _lettering(seconds: dict[int, Floats], rough: Box) -> tuple[Lettering, int, int]:
    """The lettering, the tens of seconds in stretch 0, and pixels from digit to digit.

    Something that moves behind the tens can look like their change: the likeliest places where the digits begin anew
    are all tried, and the tens must rise as they should from one of them alone.
    """
    ways: list[tuple[float, int, int, Lettering]] = []
    reason = UnreadableError("no_tens")
    for zero in _passes_to_zero(seconds, rough):
        try:
            lettering = _learn(seconds, zero, rough)
            ways.append((*_tens(lettering), lettering))
        except UnreadableError as error:
            reason = error
    if not ways:
        raise reason
    ways.sort(key=lambda way: -way[0])
    if len(ways) > 1 and ways[0][0] - ways[1][0] < APART:
        raise UnreadableError("no_tens")
    _, tens, pitch, lettering = ways[0]
    return lettering, tens, pitch


def _learn(seconds: dict[int, Floats], zero: int, rough: Box) -> Lettering:
    box = _digit_box(seconds, zero, rough)
    stretches: dict[int, list[Floats]] = {}
    for number, strip in seconds.items():
        stretches.setdefault((number - zero) // 10, []).append(strip)
    tens = {stretch: _mean(strips) for stretch, strips in stretches.items() if len(strips) >= 3}
    return Lettering(_digits(seconds, zero, box), box, seconds, zero, tens)


def _digits(seconds: dict[int, Floats], zero: int, box: Box) -> tuple[Floats, ...]:
    """Mean pictures of 0 … 9, freed of what lies behind them all."""
    found = np.array([
        _mean(box.of(strip) for number, strip in seconds.items() if (number - zero) % 10 == digit)
        for digit in range(10)
    ])  # fmt: skip
    return tuple(np.ascontiguousarray(digit) for digit in found)


def _digit_box(seconds: dict[int, Floats], zero: int, rough: Box) -> Box:
    """Where the last digit alone changes: from second to second, and not when the tens change too."""
    ticks = [np.abs(strip - seconds[number - 1]) for number, strip in seconds.items()
             if number - 1 in seconds and (number - zero) % 10]  # fmt: skip
    same = [np.abs(strip - seconds[number - 10]) for number, strip in seconds.items() if number - 10 in seconds]
    if len(ticks) < 8 or len(same) < 8:
        raise UnreadableError("too_short")
    change = _mean(np.minimum(one, MOST_CHANGE) for one in ticks) - _mean(np.minimum(one, MOST_CHANGE) for one in same)
    inner = np.clip(rough.of(change), 0, None)
    flags = (change >= 0.35 * float(np.percentile(inner, 90))).astype(np.uint8)
    flags = np.asarray(cv2.morphologyEx(flags, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)), np.uint8)
    strong = np.asarray(cv2.morphologyEx(flags, cv2.MORPH_CLOSE, np.ones((9, 5), np.uint8))) > 0
    near = np.zeros_like(strong)
    reach = rough.height // 2
    near[max(0, rough.y0 - reach) : rough.y1 + reach, max(0, rough.x0 - reach) : rough.x1 + reach] = True
    strong &= near
    if not strong.any():
        raise UnreadableError("no_digit")
    weight = cv2.blur(np.where(strong, change, 0).astype(np.float32), (5, 5))
    box = _box_around(strong, np.unravel_index(int(np.where(strong, weight, 0).argmax()), weight.shape))
    if box.height < SMALLEST or not 0.25 <= box.width / box.height <= 1.2:
        raise UnreadableError("no_digit")
    return box


def _passes_to_zero(seconds: dict[int, Floats], box: Box) -> list[int]:
    """Numbers (0–9) of the seconds whose last digit may be 0: just then the digit to the left changes too."""
    left = Box(max(0, box.x0 - 2 * box.width), box.y0, max(1, box.x0 - box.width // 6), box.y1)
    changes: list[list[float]] = [[] for _ in range(10)]
    for number, strip in seconds.items():
        if number - 1 in seconds:
            changes[number % 10].append(float(cv2.absdiff(left.of(strip), left.of(seconds[number - 1])).mean()))
    if not all(changes):
        raise UnreadableError("too_short")
    typical = [float(np.median(values)) for values in changes]
    return sorted(range(10), key=lambda number: -typical[number])[:ZEROS_TRIED]


def _tens(lettering: Lettering) -> tuple[float, int, int]:
    """(likeness of the worst stretch, tens of seconds in stretch 0, pixels from digit to digit).

    The tens rise by one from stretch to stretch, and after 5 comes 0; each must look more like itself than like any
    other digit.
    """
    box = lettering.box
    from_x = max(0, box.x0 - round(2.2 * box.width))
    near = Box(from_x, box.y0, box.x1, box.y1)  # all that is asked for: the whole strip would take ten times as long
    maps = {stretch: lettering.likeness(near.of(strip))[:, 0] for stretch, strip in lettering.tens.items()}
    best = (0.0, 0, 0)
    for left in range(max(2, round(0.6 * box.width)), box.x0 - from_x + 1):
        column = {stretch: found[:, box.x0 - left - from_x] for stretch, found in maps.items()}
        for start in range(6):
            worst = min(_lead(scores, (start + stretch) % 6) for stretch, scores in column.items())
            best = max(best, (worst, start, left))
    if best[0] < SURE:
        raise UnreadableError("no_tens")
    return best


def _lead(scores: Floats, digit: int) -> float:
    """How like the digit it is; 0 if it is more like another one, or hardly less."""
    others = np.delete(scores, digit)
    return float(scores[digit]) if scores[digit] - others.max() >= APART / 2 else 0.0


# --- the rest of the line --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """The lettering, pixels from digit to digit, and second of the minute at number 0 (which may lie outside 0–59)."""

    lettering: Lettering
    pitch: int
    first: int

    def digit_at(self, found: Floats, x: int, most: int) -> tuple[int, float, float]:
        """(digit, its likeness, its lead over the next) at a column, a pixel more or less; `most` digits can be."""
        slack, y = max(1, self.pitch // 12), self.lettering.box.y0
        near = found[:most, max(0, y - 1) : y + 2, max(0, x - slack) : x + slack + 1]
        scores = near.reshape(most, -1).max(axis=1)
        best, rival = np.argsort(scores)[::-1][:2]
        return int(best), float(scores[best]), float(scores[best] - scores[rival])


@dataclass(frozen=True, slots=True)
class Time:
    """HH:MM as read at one place: minutes of the day, likeness and lead of the worst digit, where the hours begin."""

    minutes: int
    likeness: float
    lead: float
    apart: int
    x: int

    @property
    def is_sure(self) -> bool:
        return self.likeness >= SURE and self.lead >= APART and self.minutes < 1440


def _hours_and_minutes(line: Line) -> tuple[float, Time, Floats]:
    """Seconds of the day at second 0, how HH:MM was read, and the likeness map it was read from.

    The clip has two parts, before and after the minute changes; in each the digits of HH:MM stand still. The longer one
    is read, the other must say the minute before or after.
    """
    groups: dict[int, list[Floats]] = {}
    for number, strip in line.lettering.seconds.items():
        groups.setdefault((number + line.first) // 60, []).append(strip)
    longest = max(groups, key=lambda minute: len(groups[minute]))
    found = line.lettering.likeness(_mean(groups[longest]))
    read = _time_in(line, found)
    if not read.is_sure:
        raise UnreadableError("unsure")
    for minute, strips in groups.items():
        if minute == longest or len(strips) < 4:
            continue
        other = _time_in(line, line.lettering.likeness(_mean(strips)), read.apart)
        if other.minutes != (read.minutes + minute - longest) % 1440:
            raise UnreadableError("contradiction")
    return (read.minutes - longest) * 60.0 + line.first, read, found


def _time_in(line: Line, found: Floats, apart: int | None = None) -> Time:
    """The best way to read HH:MM left of the seconds; pairs stand `apart` pixels, which is tried if not given."""
    pitch, seconds_at = line.pitch, line.lettering.box.x0 - line.pitch
    ways = []
    for gap in [apart] if apart else range(round(2.1 * pitch), round(4.2 * pitch) + 1):
        x = seconds_at - 2 * gap
        if x < 0:
            break
        places = ((x, 3), (x + pitch, 10), (x + gap, 6), (x + gap + pitch, 10))
        read = [line.digit_at(found, at, most) for at, most in places]
        ten_hours, hours, ten_minutes, minutes = (digit for digit, _, _ in read)
        likeness = [value for _, value, _ in read]
        time = Time(600 * ten_hours + 60 * hours + 10 * ten_minutes + minutes, min(likeness),
                    min(lead for _, _, lead in read), gap, x)  # fmt: skip
        ways.append((float(np.mean(likeness)), time))
    if not ways:
        raise UnreadableError("no_room")
    return max(ways, key=lambda way: way[0])[1]


# --- the date --------------------------------------------------------------------------------------------------------


def _day(line: Line, found: Floats, hours_at: int, expected: date | None) -> date | None:
    """The date beside the time or in another line; None if nothing says it beyond doubt."""
    for row in _rows(line, found, hours_at):
        groups = ["".join(str(digit) for _, digit in group) for group in _groups(row, line.pitch)]
        for start in range(len(groups)):
            day = _date_of(groups[start : start + 3], expected)
            if day is not None:
                return day
    return None


def _rows(line: Line, found: Floats, hours_at: int) -> Iterator[list[tuple[int, int]]]:
    """Rows of sure digits as (column, digit), from left to right, without those of the time itself."""
    height, reach = line.lettering.box.height, max(1, round(0.6 * line.pitch))
    best, digit = found.max(axis=0), found.argmax(axis=0)
    y = line.lettering.box.y0
    best[max(0, y - height // 2) : y + height // 2 + 1, max(0, hours_at - reach) :] = 0
    peaks: list[tuple[int, int, int]] = []
    while best.size:
        y, x = (int(value) for value in np.unravel_index(int(best.argmax()), best.shape))
        if best[y, x] < DATE_SURE:
            break
        peaks.append((y, x, int(digit[y, x])))
        best[max(0, y - height // 2) : y + height // 2 + 1, max(0, x - reach) : x + reach + 1] = 0
    level = max(1, height // 8)
    while peaks:
        base = peaks[0][0]
        yield sorted((x, digit) for y, x, digit in peaks if abs(y - base) <= level)
        peaks = [peak for peak in peaks if abs(peak[0] - base) > level]


def _groups(row: Sequence[tuple[int, int]], pitch: int) -> list[list[tuple[int, int]]]:
    """Digits that stand side by side."""
    groups: list[list[tuple[int, int]]] = []
    for x, digit in row:
        if groups and abs(x - groups[-1][-1][0] - pitch) <= max(2, 0.15 * pitch):
            groups[-1].append((x, digit))
        else:
            groups.append([(x, digit)])
    return groups


def _date_of(groups: Sequence[str], expected: date | None) -> date | None:
    """2026-09-01 or 20260901; 09-01-2026 and 01-09-2026 where one of them is no day, or far from the expected one."""
    lengths = [len(group) for group in groups]
    if lengths[:1] == [8]:
        return _valid(groups[0][:4], groups[0][4:6], groups[0][6:])
    if lengths == [4, 2, 2]:
        return _valid(*groups)
    if lengths != [2, 2, 4]:
        return None
    one, other = _valid(groups[2], groups[0], groups[1]), _valid(groups[2], groups[1], groups[0])
    ways = {day for day in (one, other) if day}
    near = {day for day in ways if expected and abs(day - expected) <= timedelta(days=2)}
    return min(near or ways) if len(near or ways) == 1 else None


def _valid(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day)) if 1970 <= int(year) < 2100 else None
    except ValueError:
        return None


def _mean(strips: Iterable[Floats]) -> Floats:
    return np.asarray(np.mean(list(strips), axis=0), np.float32)

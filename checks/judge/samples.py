"""Verdicts of spot-check samples (抽查样本): H2 done, H3 checkable (design §3.5).

A sample is (hall, date, slot): one random moment for all cameras of the hall; each camera gives a look. It is
captured if any look is, else not checkable if any look is, else missed; checkable if every window of the hall is seen
by a camera whose look was captured. It counts once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from checks.clock import DAY, OFFSET, Calendar, day_number
from checks.judge.base import microseconds, reason

OURS = ("worker_down", "recorder_busy", "disk_full")
"""Causes of a missed look that are not the office's (design §3.5)."""
OPENS, CLOSES = dt.time(8, 30), dt.time(17, 30)
"""Opening hours of a hall without a row of its own, on working days (design §4.2)."""
KEY = ["hall_code", "date", "slot"]


@dataclass(frozen=True, slots=True)
class SlotTime:
    """A slot (时段) of the day: local wall-clock start and end."""

    number: int
    starts: dt.time
    ends: dt.time


@dataclass(frozen=True, slots=True)
class SlotDays:
    """The slots of every day (时段表): those of the beginning, and each later change with the day it holds from."""

    first: tuple[SlotTime, ...]
    changes: tuple[tuple[dt.date, tuple[SlotTime, ...]], ...] = ()
    """In the order of their days; a later change of the same day stands."""

    def on(self, day: dt.date) -> tuple[SlotTime, ...]:
        """The slots of a local day, by number."""
        held = self.first
        for since, slots in self.changes:
            if since <= day:
                held = slots
        return held

    def latest(self) -> tuple[SlotTime, ...]:
        """The slots that were decided last, whether they hold already or not."""
        return self.changes[-1][1] if self.changes else self.first


@dataclass(frozen=True)
class Halls:
    """What is known of halls beside their samples.

    `windows` maps a hall to its cameras and each camera to the window names it sees; `days` are hall_days:
    `hall_code, date (Date), open, opens, closes (HH:MM), reason, filed_at`.
    """

    slots: SlotDays
    calendar: Calendar
    windows: Mapping[str, Mapping[str, frozenset[str]]]
    days: pl.DataFrame
    earlier: Mapping[str, Sequence[tuple[int, Mapping[str, frozenset[str]]]]] = field(default_factory=dict)
    """Hall → what its cameras saw until a moment (microseconds), for each at which a person drew anew, in time."""

    def windows_at(self, hall: str, moment: int) -> Mapping[str, frozenset[str]]:
        """Camera → windows that it saw at a moment in microseconds."""
        held = (windows for until, windows in self.earlier.get(hall, ()) if moment < until)
        return next(held, self.windows.get(hall, {}))


def judge_samples(looks: pl.DataFrame, halls: Halls, as_of: dt.datetime) -> pl.DataFrame:
    """One row per sample that exists at `as_of`, or will.

    Looks are `id, hall_code, date (Date), slot, sample_id, camera_code, planned_at, captured_at, outcome, cause`.
    Result: the key, `record_id` (its first look), `sample_id`, `planned_at`, `exists`, the reason numbers `H2` and
    `H3`, `checkable` and `next_change`.
    """
    at = microseconds(as_of)
    looks = looks.with_columns(pl.col("planned_at", "captured_at").cast(pl.Int64))
    samples = _samples(looks, halls, at)
    samples = samples.join(_dues(samples.select(KEY).unique(), halls, at), on=KEY, how="left", nulls_equal=True)
    return _verdicts(samples, at).sort(KEY, nulls_last=True)


def _samples(looks: pl.DataFrame, halls: Halls, at: int) -> pl.DataFrame:
    """Looks gathered into samples, each as far as it has happened at `at`."""
    happened = pl.col("captured_at").is_null() | (pl.col("captured_at") <= at)
    captured = (pl.col("outcome") == "captured") & happened
    ours = (pl.col("outcome") == "missed") & pl.col("cause").is_in(list(OURS)).fill_null(False)
    grouped = looks.group_by(KEY).agg(
        pl.col("id").min().alias("record_id"),
        pl.col("sample_id").min(),
        pl.col("planned_at").min(),
        captured.any().alias("captured"),
        ((pl.col("outcome") == "not_checkable") & happened).any().alias("not_checkable"),
        ours.any().alias("ours"),
        pl.col("camera_code").filter(captured).alias("seeing"),
        pl.col("captured_at").filter(pl.col("captured_at") > at).min().alias("captured_later"),
    )
    asked = grouped.select("hall_code", "planned_at", "seeing").iter_rows()
    checkable = [_sees_all(halls.windows_at(hall, moment), seeing) for hall, moment, seeing in asked]
    return grouped.with_columns(pl.Series("sees_all", checkable, dtype=pl.Boolean)).drop("seeing")


def _sees_all(cameras: Mapping[str, frozenset[str]], seeing: Iterable[str]) -> bool:
    """Whether those that see show every window of the hall together; a hall without windows needs none seen."""
    seen = frozenset[str]().union(*(cameras.get(camera, frozenset()) for camera in seeing))
    return frozenset[str]().union(*cameras.values()) <= seen


def _dues(samples: pl.DataFrame, halls: Halls, at: int) -> pl.DataFrame:
    """`is_open, ends_at, fault_filed, filed_later` per sample: whether its slot counts as open, and when it ends."""
    days = {(row["hall_code"], row["date"]): row for row in halls.days.iter_rows(named=True)}
    found = [
        _due(row, days.get(row[:2]), _slot(halls.slots, row[1], row[2]), halls.calendar, at)
        for row in samples.iter_rows()
    ]
    schema = {"is_open": pl.Boolean, "ends_at": pl.Int64, "fault_filed": pl.Boolean, "filed_later": pl.Int64}
    return samples.hstack(pl.DataFrame(found, schema=schema, orient="row"))


def _slot(slots: SlotDays, day: dt.date, number: int | None) -> SlotTime | None:
    return next((slot for slot in slots.on(day) if slot.number == number), None)


def _due(
    key: tuple[str, dt.date, int], day: Mapping[str, object] | None, slot: SlotTime | None, calendar: Calendar, at: int
) -> tuple[bool, int | None, bool, int | None]:
    if slot is None:
        return False, None, False, None
    midnight = day_number(key[1]) * DAY - OFFSET
    ends_at = midnight + _since_midnight(slot.ends)
    is_open = slot_is_due(key[1], slot, day, calendar)
    filed_at = _filed_at(day)
    fault = day is not None and bool(day["open"]) and bool(day["reason"]) and filed_at is not None
    known = filed_at is None or filed_at <= at
    return is_open, ends_at, fault and known and (filed_at or 0) < midnight + DAY, None if known else filed_at


def slot_is_due(date: dt.date, slot: SlotTime, day: Mapping[str, object] | None, calendar: Calendar) -> bool:
    """Whether a hall owes a sample in this slot: it lies wholly in the opening hours (design §4.2 hall_days).

    `day` is the hall's row of that date (`open, opens, closes, filed_at`), None without one. A closure filed after
    the slot began leaves it due.
    """
    by_default = calendar.is_working(date) and slot.starts >= OPENS and slot.ends <= CLOSES
    if day is None:
        return by_default
    opens, closes = clock_time(day["opens"], OPENS), clock_time(day["closes"], CLOSES)
    by_row = bool(day["open"]) and opens <= slot.starts and slot.ends <= closes
    filed_at = _filed_at(day)
    starts_at = day_number(date) * DAY - OFFSET + _since_midnight(slot.starts)
    return by_row or (by_default and filed_at is not None and filed_at > starts_at)


def _filed_at(day: Mapping[str, object] | None) -> int | None:
    filed = day["filed_at"] if day is not None else None
    return filed if isinstance(filed, int) else None


def clock_time(text: object, default: dt.time) -> dt.time:
    """`HH:MM` of a hall's opening hours, `default` for nothing said; `24:00` is the end of the day."""
    if not isinstance(text, str):
        return default
    return dt.time.max if text.startswith("24") else dt.time.fromisoformat(text)


def _since_midnight(time: dt.time) -> int:
    return (time.hour * 3600 + time.minute * 60 + time.second) * 1_000_000


def _verdicts(samples: pl.DataFrame, at: int) -> pl.DataFrame:
    due = pl.col("is_open") & (pl.col("ends_at") <= at)
    done = pl.col("captured") | pl.col("not_checkable")
    checkable = pl.col("captured") & pl.col("sees_all")
    samples = samples.with_columns(
        (pl.col("planned_at") <= at).alias("exists"),
        checkable.alias("checkable"),
        pl.when(~due.fill_null(False))
        .then(reason("not_due"))
        .when("captured")
        .then(reason("sample_captured"))
        .when("not_checkable")
        .then(reason("sample_not_checkable"))
        .when("ours")
        .then(reason("missed_by_us"))
        .otherwise(reason("sample_missed"))
        .alias("H2"),
        _next_change(at).alias("next_change"),
    )
    third = (
        pl.when(~due.fill_null(False))
        .then(reason("not_due"))
        .when(~done)
        .then(reason("not_applicable"))
        .when("fault_filed")
        .then(reason("fault_filed"))
        .when("checkable")
        .then(reason("checkable"))
        .when("captured")
        .then(reason("window_not_seen"))
        .otherwise(reason("no_picture"))
    )
    return samples.with_columns(third.alias("H3")).select(
        *KEY,
        "record_id",
        "sample_id",
        "planned_at",
        "exists",
        "H2",
        "H3",
        pl.col("checkable") & pl.col("exists"),
        "next_change",
    )


def _next_change(at: int) -> pl.Expr:
    upcoming = [pl.when(pl.col(name) > at).then(pl.col(name)) for name in ("planned_at", "ends_at")]
    return pl.min_horizontal(*upcoming, "captured_later", "filed_later")

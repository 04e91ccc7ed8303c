"""What every judge shares: stamps as seen at one moment, editions, exclusions, and the frame of verdicts.

Instants inside a judge are Int64 microseconds UTC, days are day numbers since 1970-01-01 (Asia/Shanghai). Frames may
bring `Datetime("us", "UTC")` or Int64 columns: both hold the same number. A verdict is the number of its reason
(`checks.reasons`), so state and reason cannot disagree.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

import polars as pl

from checks.clock import Calendar, day_number, local_day
from checks.reasons import EXCLUSIONS, NUMBER, numbers_of
from checks.rulebook.loader import Rulebook
from checks.rulebook.model import Edition, Indicator

NO_TIME = pl.lit(None, dtype=pl.Int64)
NO = pl.lit(False)


def reason(code: str) -> pl.Expr:
    """The number of a reason as a literal."""
    return pl.lit(NUMBER[code], dtype=pl.UInt8)


NOT_APPLICABLE = reason("not_applicable")


def microseconds(moment: dt.datetime) -> int:
    """An aware instant as microseconds UTC, without passing through a float."""
    delta = moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


@dataclass(frozen=True)
class Moment:
    """Rows of one edition as seen at `as_of` (microseconds UTC): what a formula needs to judge them."""

    frame: pl.DataFrame
    lifecycle: tuple[str, ...]
    as_of: int
    calendar: Calendar
    rulebook: Rulebook
    edition: Edition
    in_force: bool
    """False before the first edition: clocks answer `no_edition`."""

    def unreadable(self, stamp: str) -> pl.Expr:
        """Whether the stamp was filled with something that is no time (`unreadable` is JSON naming the columns)."""
        if self._is_empty("unreadable"):
            return NO
        return pl.col("unreadable").str.contains(f'"{stamp}"', literal=True).fill_null(False)

    def to_minute(self, *stamps: str) -> pl.Expr:
        """Whether one of the stamps is only known to the minute (`precision` is a JSON list of columns)."""
        if self._is_empty("precision"):
            return NO
        texts = self.frame["precision"].unique().drop_nulls().to_list()
        coarse = [text for text in texts if any(f'"{stamp}"' in text for stamp in stamps)]
        return pl.col("precision").is_in(coarse).fill_null(False)

    def later_filled(self, stamp: str) -> pl.Expr:
        """Whether a stamp after this one in the order of the lifecycle is filled, readable or not."""
        later = self.lifecycle[self.lifecycle.index(stamp) + 1 :]
        filled = [pl.col(name).is_not_null() | self.unreadable(name) for name in later]
        return pl.any_horizontal(*filled) if filled else NO

    def _is_empty(self, column: str) -> bool:
        return column not in self.frame.columns or self.frame[column].null_count() == self.frame.height


@dataclass(frozen=True)
class Verdict:
    """One indicator's verdict as expressions. `reason` may use the columns `CODE.deadline` and `CODE.ratio`."""

    reason: pl.Expr
    deadline: pl.Expr = NO_TIME
    actual: pl.Expr = NO_TIME
    provisional: pl.Expr = NO
    to_minute: pl.Expr = NO
    ratio: pl.Expr = NO_TIME


Judge = Callable[[Moment, Indicator], Verdict]


def judge(
    frame: pl.DataFrame,
    record: str,
    lifecycle: Sequence[str],
    judges: Mapping[str, Judge],
    rulebook: Rulebook,
    calendar: Calendar,
    as_of: dt.datetime,
    excluded: pl.Expr,
) -> pl.LazyFrame:
    """Verdicts of one kind of record at `as_of`, each by the edition in force on its day.

    The first stamp of `lifecycle` is the moment to which the record belongs. Adds to the frame: `day` (day number),
    `exists` (false: its moment is after as-of), `excluded` (reason number or 0), `next_change` (the earliest
    microsecond after as-of at which a verdict can change without new data), and per indicator CODE `CODE` (reason
    number), `CODE.deadline`, `CODE.actual`, `CODE.provisional`, `CODE.minute`, `CODE.ratio`.
    """
    at = microseconds(as_of)
    times = list(lifecycle)
    seen = frame.with_columns(pl.col(times).cast(pl.Int64)).with_columns(
        local_day(pl.col(times[0]), calendar.zone).alias("day"),
        (pl.col(times[0]) <= at).alias("exists"),
        excluded.alias("excluded"),
    )
    seen = _hide_what_has_not_happened(seen, times, at)
    parts = [
        _judged(Moment(part, tuple(lifecycle), at, calendar, rulebook, edition, in_force), record, judges)
        for part, edition, in_force in _by_edition(seen, rulebook)
    ]
    return pl.concat(parts, how="vertical")


def exclusion(**flags: pl.Expr) -> pl.Expr:
    """The first reason of design §3.1 that applies: simulated, withdrawn, child, filed; else 0."""
    found = NOT_APPLICABLE
    for code in reversed(EXCLUSIONS):
        if code in flags:
            found = pl.when(flags[code].fill_null(False)).then(reason(code)).otherwise(found)
    return found


def with_filed(records: pl.DataFrame) -> pl.DataFrame:
    """A frame that does not say under `filed` what an approved exclusion covers has nothing of the kind."""
    return records if "filed" in records.columns else records.with_columns(NO.alias("filed"))


def is_child(parent: str, number: str) -> pl.Expr:
    """Merged into another record: the parent is filled and is not the record itself, known or not."""
    return pl.col(parent).is_not_null() & (pl.col(parent) != pl.col(number))


def one_of(column: str, values: Iterable[str]) -> pl.Expr:
    """Whether a text is one of a few values; three times as fast as `is_in`."""
    return reduce(or_, (pl.col(column) == value for value in values))


def states(code: str, letters: str) -> pl.Expr:
    """Whether the verdict of an indicator is one of these states."""
    return pl.col(code).is_in(numbers_of(letters))


def _hide_what_has_not_happened(frame: pl.DataFrame, times: list[str], as_of: int) -> pl.DataFrame:
    """Empty the stamps after as-of, remembering the earliest of them in `next_change`."""
    latest = frame.select(pl.col(times).max()).row(0)
    future = [name for name, last in zip(times, latest, strict=True) if last is not None and last > as_of]
    if not future:
        return frame.with_columns(NO_TIME.alias("next_change"))
    upcoming = pl.min_horizontal(*(pl.when(pl.col(name) > as_of).then(pl.col(name)) for name in future))
    hidden = [pl.when(pl.col(name) <= as_of).then(pl.col(name)).alias(name) for name in future if name != times[0]]
    return frame.with_columns(upcoming.alias("next_change"), *hidden)


def _by_edition(frame: pl.DataFrame, rulebook: Rulebook) -> Iterator[tuple[pl.DataFrame, Edition, bool]]:
    """The rows of each edition; those of no edition are seen through the latest, without its clocks."""
    outside = pl.lit(True)
    for edition in reversed(rulebook.editions):
        inside = _days_of(edition)
        if frame.select(inside.all()).item():  # the usual case, also for an empty frame: nothing to copy
            yield frame, edition, True
            return
        yield frame.filter(inside), edition, True
        outside = outside & ~inside
    yield frame.filter(outside), rulebook.editions[-1], False


def _days_of(edition: Edition) -> pl.Expr:
    days = pl.col("day") >= day_number(edition.valid_from)
    return days if edition.valid_to is None else days & (pl.col("day") <= day_number(edition.valid_to))


def _judged(moment: Moment, record: str, judges: Mapping[str, Judge]) -> pl.LazyFrame:
    """Indicators in order: a later one may look at an earlier one's columns (its option `of`)."""
    lazy = moment.frame.lazy()
    known = {indicator.code: indicator for indicator in moment.edition.of_record(record)}
    codes = moment.rulebook.order(record)
    for code in codes:
        indicator = known.get(code)
        verdict = judges[indicator.formula](moment, indicator) if indicator else Verdict(NOT_APPLICABLE)
        lazy = _with_verdict(lazy, code, verdict)
    turning = [pl.when(pl.col(code) == NUMBER["running"]).then(pl.col(f"{code}.deadline") + 1) for code in codes]
    settled = pl.col("exists") & (pl.col("excluded") > 0)
    upcoming = pl.min_horizontal("next_change", *turning)
    return lazy.with_columns(pl.when(~settled).then(upcoming).alias("next_change"))


def _with_verdict(lazy: pl.LazyFrame, code: str, verdict: Verdict) -> pl.LazyFrame:
    """Deadline first (the reason compares with it), then reason and exclusion, then the marks of what remains."""
    lazy = lazy.with_columns(verdict.deadline.alias(f"{code}.deadline"), verdict.actual.alias(f"{code}.actual"))
    is_out = (pl.col("excluded") > 0) & (verdict.reason > 0)
    lazy = lazy.with_columns(pl.when(is_out).then(pl.col("excluded")).otherwise(verdict.reason).alias(code))
    return lazy.with_columns(
        (verdict.provisional & states(code, "OLP")).fill_null(False).alias(f"{code}.provisional"),
        (verdict.to_minute & states(code, "OL")).fill_null(False).alias(f"{code}.minute"),
        pl.when(states(code, "C")).then(verdict.ratio).alias(f"{code}.ratio"),
    )

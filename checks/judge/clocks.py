"""The verdict of one clock: start stamp, end stamp, deadline (design §3.1)."""

from __future__ import annotations

import polars as pl

from checks.clock import day_number, local_day
from checks.counting import counting
from checks.judge.base import NO, NO_TIME, NOT_APPLICABLE, Moment, Verdict, one_of, reason
from checks.rulebook.loader import scored_limits
from checks.rulebook.model import Indicator, Limit, Step

TOLERANCE = 60_000_000
"""A stamp known to the minute within one minute of its limit cannot be told to the second (design §3.1)."""
LACKING = {"area": "no_area", "class": "no_class"}


def clock(moment: Moment, indicator: Indicator) -> Verdict:
    """`clock`: on time if the step's end is not after its deadline, by the limit that fits the record.

    Seconds count: the end may equal the deadline, and a deadline equal to as-of has not passed.
    """
    step = moment.edition.step(indicator.options["step"])
    limits = scored_limits(moment.edition, indicator)
    if not limits:
        return Verdict(NOT_APPLICABLE)
    if not moment.in_force:
        return Verdict(_applies(indicator, limits, reason("no_edition")))
    deadline, provisional = _deadline(moment, step, limits)
    here = pl.col(f"{indicator.code}.deadline")
    within_tolerance = (pl.col(step.end) - here).abs() <= TOLERANCE
    return Verdict(
        reason=_applies(indicator, limits, _reason(moment, step, limits, here)),
        deadline=deadline,
        actual=pl.col(step.end),
        provisional=provisional,
        to_minute=moment.to_minute(step.start, step.end) & within_tolerance,
    )


def fits(limit: Limit) -> pl.Expr:
    """Whether a record is one that this limit is for on its day; without conditions it is for all."""
    parts = [one_of(name, values) for name, values in limit.where.items()]
    if limit.valid_from is not None:
        parts.append(pl.col("day") >= day_number(limit.valid_from))
    if limit.valid_to is not None:
        parts.append(pl.col("day") <= day_number(limit.valid_to))
    return pl.all_horizontal(*parts).fill_null(False) if parts else pl.lit(True)


def _deadline(moment: Moment, step: Step, limits: tuple[Limit, ...]) -> tuple[pl.Expr, pl.Expr]:
    """The deadline (microseconds UTC) and whether it touches a provisional day."""
    end, provisional = NO_TIME, NO
    for clock, unit in (("natural", None), ("working", "hours"), ("working", "days")):
        chosen = [limit for limit in limits if limit.clock == clock and unit in (None, limit.unit)]
        if not chosen:
            continue
        whole_days = unit == "days"
        amount = _chosen(chosen, [limit.amount if whole_days else limit.microseconds for limit in chosen])
        count = counting(clock, chosen[0].unit, moment.calendar, moment.edition.working_time)
        paused = pl.col(step.pauses).fill_null(0).clip(0) if step.pauses and whole_days else 0
        due = count.due(pl.col(step.start), amount, paused)
        if clock == "working":
            zone = moment.calendar.zone
            end_day = count.end_day(pl.col(step.start), amount, paused) if whole_days else local_day(due, zone)
            touched = moment.calendar.is_provisional(local_day(pl.col(step.start), zone), end_day)
            provisional = pl.when(due.is_not_null()).then(touched).otherwise(provisional)
        end = pl.coalesce(end, due)
    return end, provisional


def _chosen(limits: list[Limit], amounts: list[int]) -> pl.Expr:
    """The amount of the first limit that fits a record, else null."""
    chosen = NO_TIME
    for limit, amount in zip(reversed(limits), reversed(amounts), strict=True):
        chosen = pl.when(fits(limit)).then(pl.lit(amount, dtype=pl.Int64)).otherwise(chosen)
    return chosen


def _applies(indicator: Indicator, limits: tuple[Limit, ...], verdict: pl.Expr) -> pl.Expr:
    """Not for records no limit is for, nor for those with the flag of `unless` set."""
    lacking = [pl.col(name).is_null() for name in _limit_columns(limits)]
    concerned = pl.any_horizontal(*map(fits, limits), *lacking)
    if "unless" in indicator.options:
        concerned = concerned & ~pl.col(indicator.options["unless"]).fill_null(False)
    return pl.when(concerned).then(verdict).otherwise(NOT_APPLICABLE)


def _reason(moment: Moment, step: Step, limits: tuple[Limit, ...], deadline: pl.Expr) -> pl.Expr:
    """First what forbids a judgement, then what is open, then late or on time."""
    start, end = pl.col(step.start), pl.col(step.end)
    later = moment.later_filled(step.end)
    verdict = (
        pl.when(moment.unreadable(step.start))
        .then(reason("unreadable_stamp"))
        .when(start < pl.col(moment.lifecycle[0]))
        .then(reason("contradictory_start"))
        .when(moment.unreadable(step.end))
        .then(reason("unreadable_stamp"))
        .when(start.is_null() & (end.is_not_null() | later))
        .then(reason("missing_stamp"))
        .when(start.is_null())
        .then(reason("not_started"))
        .when(end < start)
        .then(reason("end_before_start"))
        .when(end.is_null() & later)
        .then(reason("missing_stamp"))
        .when(end.is_null() & (deadline < moment.as_of))
        .then(reason("not_done"))
        .when(end.is_null())
        .then(reason("running"))
        .when(end > deadline)
        .then(reason("too_late"))
        .otherwise(reason("in_time"))
    )
    for column in reversed(_limit_columns(limits)):
        lacking = reason(LACKING.get(column, "no_attribute"))
        verdict = pl.when(pl.col(column).is_null()).then(lacking).otherwise(verdict)
    return verdict


def _limit_columns(limits: tuple[Limit, ...]) -> list[str]:
    """Columns on which the limits depend, in the order of the rulebook."""
    return list(dict.fromkeys(name for limit in limits for name in limit.where))

"""Verdicts of repairs (抢修): R1, R2 by clock, R3 share of the limit, R4 repeats, R5 concealed (design §3.5)."""

from __future__ import annotations

import datetime as dt

import polars as pl

from checks.clock import DAY, Calendar
from checks.judge.base import (
    NO_TIME,
    NOT_APPLICABLE,
    Judge,
    Moment,
    Verdict,
    exclusion,
    is_child,
    judge,
    reason,
    with_filed,
)
from checks.judge.clocks import clock, fits
from checks.lifecycles import LIFECYCLES
from checks.reasons import NUMBER
from checks.rulebook.loader import Rulebook, scored_limits
from checks.rulebook.model import Indicator

LIFECYCLE = LIFECYCLES["repairs"]
COLUMNS = (
    "repair_no", "parent_repair_no", "ticket_no", "area", "customer_owned", "customer_no", "reported_arrival_late",
    "simulated",
)  # fmt: skip
"""What is read beside the stamps, `unreadable` and `precision`. `area` is the record's own, else its office's."""


def repair_exclusion() -> pl.Expr:
    """Why a repair counts nowhere, or 0; `inherited` is the reason number of the ticket it names (0: none)."""
    inherited = {code: pl.col("inherited") == NUMBER[code] for code in ("simulated", "withdrawn", "child", "filed")}
    own = {"simulated": pl.col("simulated").fill_null(False), "child": is_child("parent_repair_no", "repair_no"),
           "filed": pl.col("filed")}  # fmt: skip
    return exclusion(**{code: flag | own[code] if code in own else flag for code, flag in inherited.items()})


def judge_repairs(repairs: pl.DataFrame, rulebook: Rulebook, calendar: Calendar, as_of: dt.datetime) -> pl.LazyFrame:
    """Verdicts of repairs at `as_of`; columns as `checks.judge.base.judge` describes.

    Needs `inherited` (see `inherited_exclusion`) and `previous_at` (see `previous_repair`).
    """
    return judge(with_filed(repairs), "repairs", LIFECYCLE, JUDGES, rulebook, calendar, as_of, repair_exclusion())


def previous_repair(repairs: pl.DataFrame) -> pl.DataFrame:
    """Adds `previous_at`: when the same customer's last not excluded repair before this one was accepted.

    The frame holds all repairs that can be one another's predecessor, at any office. Two accepted in the same
    microsecond are not before each other (0 < Δ).
    """
    counted = with_filed(repairs).select(
        "customer_no", pl.col("accepted_at").cast(pl.Int64), repair_exclusion().alias("excluded")
    )
    times = counted.filter(pl.col("customer_no").is_not_null(), pl.col("excluded") == 0)
    times = times.select("customer_no", "accepted_at").unique().sort("customer_no", "accepted_at")
    times = times.with_columns(pl.col("accepted_at").shift(1).over("customer_no").alias("previous_at"))
    return repairs.with_columns(pl.col("accepted_at").cast(pl.Int64)).join(
        times, on=["customer_no", "accepted_at"], how="left", maintain_order="left"
    )


def _ratio_to_limit(moment: Moment, indicator: Indicator) -> Verdict:
    """R3: repairs judged by `of` that have arrived, each with its share of the limit in units of the scale."""
    of = moment.edition.indicator(indicator.options["of"])
    step = moment.edition.step(of.options["step"])
    scale = moment.rulebook.scale(indicator.code)
    factor = NO_TIME
    for limit in reversed(scored_limits(moment.edition, of)):
        factor = pl.when(fits(limit)).then(pl.lit(scale // limit.microseconds, dtype=pl.Int64)).otherwise(factor)
    done = pl.col(of.code).is_in([NUMBER["in_time"], NUMBER["too_late"]])
    # an excluded record shows as excluded here too, whether it arrived or not (design §3.1)
    concerned = done | ((pl.col("excluded") > 0) & (pl.col(of.code) > 0))
    return Verdict(
        reason=pl.when(concerned).then(reason("arrived")).otherwise(NOT_APPLICABLE),
        actual=pl.col(step.end),
        ratio=(pl.col(step.end) - pl.col(step.start)) * factor,
    )


def _repeat(_moment: Moment, indicator: Indicator) -> Verdict:
    """R4: the customer had another not excluded repair 0 < Δ ≤ 30 × 24 h before, judged or not."""
    span = pl.col("accepted_at") - pl.col("previous_at")
    verdict = pl.when(span <= indicator.options["days"] * DAY).then(reason("repeated"))
    known = pl.col(indicator.options["column"]).is_not_null()
    return Verdict(pl.when(known).then(verdict.otherwise(reason("not_repeated"))).otherwise(NOT_APPLICABLE))


def _concealed(_moment: Moment, indicator: Indicator) -> Verdict:
    """R5: late by the timestamps, arrived or not, and reported at all; counted if reported as not late."""
    reported = pl.col(indicator.options["column"])
    late = pl.col(indicator.options["of"]).is_in([NUMBER["too_late"], NUMBER["not_done"]]) | (pl.col("excluded") > 0)
    verdict = pl.when(reported).then(reason("late_reported")).otherwise(reason("late_not_reported"))
    return Verdict(pl.when(late & reported.is_not_null()).then(verdict).otherwise(NOT_APPLICABLE))


JUDGES: dict[str, Judge] = {
    "clock": clock,
    "ratio_to_limit": _ratio_to_limit,
    "repeat": _repeat,
    "concealed": _concealed,
}

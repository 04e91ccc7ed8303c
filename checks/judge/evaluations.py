"""Verdicts of evaluations (评价): O5, call-backs satisfied among those reached (design §3.5)."""

from __future__ import annotations

import datetime as dt

import polars as pl

from checks.clock import Calendar
from checks.judge.base import NOT_APPLICABLE, Judge, Moment, Verdict, judge, reason, with_filed
from checks.lifecycles import LIFECYCLES
from checks.rulebook.loader import Rulebook
from checks.rulebook.model import Indicator

LIFECYCLE = LIFECYCLES["evaluations"]
COLUMNS = ("evaluation_no", "kind", "record_no", "satisfaction", "reached")


def judge_evaluations(
    evaluations: pl.DataFrame, rulebook: Rulebook, calendar: Calendar, as_of: dt.datetime
) -> pl.LazyFrame:
    """Verdicts of evaluations at `as_of`; needs `inherited`, the reason number of the ticket named (0: none)."""
    own = pl.when(pl.col("filed")).then(reason("filed")).otherwise(NOT_APPLICABLE)
    excluded = pl.when(pl.col("inherited") > 0).then(pl.col("inherited").cast(pl.UInt8)).otherwise(own)
    return judge(with_filed(evaluations), "evaluations", LIFECYCLE, JUDGES, rulebook, calendar, as_of, excluded)


def _reached_share(_moment: Moment, indicator: Indicator) -> Verdict:
    """O5: satisfied ÷ reached; reached without an answer is not satisfied."""
    options = indicator.options
    value = pl.col(options["column"])
    verdict = (
        pl.when(value.is_in(list(options["counted"])))
        .then(reason("satisfied"))
        .when(value.is_null())
        .then(reason("not_answered"))
        .otherwise(reason("not_satisfied"))
    )
    concerned = pl.col("kind").is_in(list(options["kinds"])) & pl.col(options["reached"]).fill_null(False)
    return Verdict(pl.when(concerned).then(verdict).otherwise(NOT_APPLICABLE))


JUDGES: dict[str, Judge] = {"reached_share": _reached_share}

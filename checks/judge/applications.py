"""Verdicts of applications (业扩报装): C1 by clock, C2 forms collected, C3 notice cards (design §3.5)."""

from __future__ import annotations

import datetime as dt

import polars as pl

from checks.clock import Calendar
from checks.judge.base import NOT_APPLICABLE, Judge, Moment, Verdict, judge, reason, with_filed
from checks.judge.clocks import clock
from checks.lifecycles import LIFECYCLES
from checks.rulebook.loader import Rulebook
from checks.rulebook.model import Indicator

LIFECYCLE = LIFECYCLES["applications"]
COLUMNS = ("application_no", "class", "paused_working_days", "card_issued")
"""What is read beside the stamps, `unreadable` and `precision`."""


def judge_applications(
    applications: pl.DataFrame, rulebook: Rulebook, calendar: Calendar, as_of: dt.datetime
) -> pl.LazyFrame:
    """Verdicts of applications at `as_of`; columns as `checks.judge.base.judge` describes.

    Needs `form_at`: when the first designated-supplier form that names the application was collected, or null.
    """
    excluded = pl.when(pl.col("filed")).then(reason("filed")).otherwise(NOT_APPLICABLE)
    return judge(with_filed(applications), "applications", LIFECYCLE, JUDGES, rulebook, calendar, as_of, excluded)


def _form_collected(moment: Moment, indicator: Indicator) -> Verdict:
    """C2: connected applications; a form is collected once its time has come."""
    collected = (pl.col("form_at").cast(pl.Int64) <= moment.as_of).fill_null(False)
    verdict = pl.when(collected).then(reason("form_collected")).otherwise(reason("form_missing"))
    connected = pl.col(indicator.options["end"]).is_not_null()
    return Verdict(pl.when(connected).then(verdict).otherwise(NOT_APPLICABLE))


def _issued(_moment: Moment, indicator: Indicator) -> Verdict:
    """C3: applications of which it is known whether a card was issued."""
    issued = pl.col(indicator.options["column"])
    verdict = pl.when(issued).then(reason("card_issued")).otherwise(reason("card_missing"))
    return Verdict(pl.when(issued.is_null()).then(NOT_APPLICABLE).otherwise(verdict))


JUDGES: dict[str, Judge] = {"clock": clock, "form_collected": _form_collected, "issued": _issued}

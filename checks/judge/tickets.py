"""Verdicts of tickets (工单): T1–T3 by clock, T4 substantiated complaints, T5 satisfaction (design §3.5)."""

from __future__ import annotations

import datetime as dt

import polars as pl

from checks.clock import Calendar
from checks.judge.base import (
    NOT_APPLICABLE,
    Judge,
    Moment,
    Verdict,
    exclusion,
    is_child,
    judge,
    one_of,
    reason,
    with_filed,
)
from checks.judge.clocks import clock
from checks.lifecycles import LIFECYCLES
from checks.rulebook.loader import Rulebook
from checks.rulebook.model import Indicator

LIFECYCLE = LIFECYCLES["tickets"]
COLUMNS = ("type", "ticket_no", "parent_ticket_no", "simulated", "withdrawn", "substantiated", "satisfaction")
"""What is read beside the stamps, `unreadable` and `precision`."""


def ticket_exclusion() -> pl.Expr:
    """Why a ticket counts nowhere, or 0; `filed` says whether an approved exclusion covers it."""
    return exclusion(
        simulated=pl.col("simulated"),
        withdrawn=pl.col("withdrawn"),
        child=is_child("parent_ticket_no", "ticket_no"),
        filed=pl.col("filed"),
    )


def judge_tickets(tickets: pl.DataFrame, rulebook: Rulebook, calendar: Calendar, as_of: dt.datetime) -> pl.LazyFrame:
    """Verdicts of tickets at `as_of`; columns as `checks.judge.base.judge` describes."""
    filed = with_filed(tickets)
    return judge(filed, "tickets", LIFECYCLE, JUDGES, rulebook, calendar, as_of, ticket_exclusion())


def _per_customers(_moment: Moment, indicator: Indicator) -> Verdict:
    """T4: complaints are counted if substantiated; `partly` is not `yes`."""
    options = indicator.options
    counted = one_of(options["column"], options["counted"]).fill_null(False)
    verdict = pl.when(counted).then(reason("substantiated")).otherwise(reason("not_substantiated"))
    return Verdict(pl.when(one_of("type", options["types"])).then(verdict).otherwise(NOT_APPLICABLE))


def _share(_moment: Moment, indicator: Indicator) -> Verdict:
    """T5: rated tickets of every type, judged or not."""
    value = pl.col(indicator.options["column"])
    verdict = pl.when(one_of(indicator.options["column"], indicator.options["counted"])).then(reason("satisfied"))
    return Verdict(pl.when(value.is_null()).then(NOT_APPLICABLE).otherwise(verdict.otherwise(reason("not_satisfied"))))


JUDGES: dict[str, Judge] = {"clock": clock, "per_customers": _per_customers, "share": _share}

"""Deductions of a hall (扣分): confirmed violations of the score sheet, per hall-month (design §3.5, H1).

A deduction belongs to the hall-month of the moment observed. Same item, hall and day: the first three in time, counts
included. Doubled once if an earlier day within 30 × 24 h has a confirmed one of the same item. What a person joined as
one fact seen in several ways deducts once, by the costliest of them (domain trap 45, docs/decisions/0021).
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from checks.clock import DAY, local_day
from checks.judge.base import microseconds
from checks.rulebook.model import Sheet

EVENTS = {
    "hall_code": pl.String,
    "item_code": pl.String,
    "at": pl.Int64,
    "confirmed_at": pl.Int64,
    "count": pl.Int64,
    "record": pl.String,
    "number": pl.String,
}
"""One confirmed violation: an inspection row, or a finding that a person confirmed. Instants in microseconds UTC."""
FACT = "fact"
"""Optional column: what a person called the fact that several events show; null for an event that stands alone."""
FULL = 100


def deductions(events: pl.DataFrame, sheet: Sheet, as_of: dt.datetime) -> pl.DataFrame:
    """The events that deduct at `as_of`, with `day`, `month`, `doubled`, `points`, and `effective` points.

    `effective` uses up the hall-month's 100 points in the order of time (ties by record, number, hall, item); what is
    beyond costs nothing (floor 0). Of the events of one `fact` only the one that deducts most is left, as of `as_of`:
    an event that is annulled, or not yet decided, leaves the fact to the others.
    """
    at = microseconds(as_of)
    items = pl.DataFrame(
        {"item_code": list(sheet.deductions), "deduct": list(sheet.deductions.values())},
        schema={"item_code": pl.String, "deduct": pl.Int64},
    )
    known = events.with_columns(pl.col("at", "confirmed_at").cast(pl.Int64)).join(items, on="item_code")
    known = known.filter(pl.col("at") <= at, pl.col("confirmed_at") <= at, pl.col("deduct") > 0)
    known = once_per_fact(known, by=pl.col("deduct") * _times())
    known = known.with_columns(local_day(pl.col("at")).alias("day")).sort(
        "at", "record", "number", "hall_code", "item_code"
    )
    return _effective(_counted(_doubled(known, sheet), sheet))


def once_per_fact(events: pl.DataFrame, *, by: pl.Expr) -> pl.DataFrame:
    """The events that stand alone, and of each fact the one with the highest `by` (ties: the earliest, then by name).

    A frame without the column FACT has no facts: all its events stand alone.
    """
    if FACT not in events.columns:
        return events
    order = ["at", "record", "number", "hall_code", "item_code"]
    ranked = events.with_columns(by.alias("_by")).sort("_by", *order, descending=[True, *(False for _ in order)])
    alone = pl.col(FACT).is_null()
    return ranked.filter(alone | (pl.int_range(pl.len()).over(FACT) == 0)).drop("_by")


def _times() -> pl.Expr:
    return pl.max_horizontal(pl.col("count").fill_null(1), pl.lit(1, dtype=pl.Int64))


def _doubled(events: pl.DataFrame, sheet: Sheet) -> pl.DataFrame:
    """Whether the last one of an earlier day is near enough; those beyond the daily cap count as earlier ones too."""
    same = ["hall_code", "item_code"]
    days = events.group_by(*same, "day").agg(pl.col("at").max().alias("last_at")).sort(*same, "day")
    days = days.with_columns(pl.col("last_at").shift(1).over(same).alias("earlier_at")).drop("last_at")
    near = (pl.col("at") - pl.col("earlier_at")) <= sheet.repeat_days * DAY
    return events.join(days, on=[*same, "day"], how="left", maintain_order="left").with_columns(
        near.fill_null(False).alias("doubled")
    )


def _counted(events: pl.DataFrame, sheet: Sheet) -> pl.DataFrame:
    """Points after the daily cap: an event counts max(1, count) times as long as the day's three are not used up."""
    times = _times()
    before = times.cum_sum().over("hall_code", "item_code", "day") - times
    counted = (sheet.daily_cap - before).clip(0, None)
    factor = pl.when("doubled").then(sheet.repeat_factor).otherwise(1)
    return events.with_columns(
        (pl.min_horizontal(counted, times) * pl.col("deduct") * factor).alias("points"),
        month_of(pl.col("day")).alias("month"),
    )


def _effective(events: pl.DataFrame) -> pl.DataFrame:
    used_before = pl.col("points").cum_sum().over("hall_code", "month") - pl.col("points")
    return events.with_columns(
        pl.min_horizontal(pl.col("points"), (FULL - used_before).clip(0, None)).alias("effective")
    )


def month_of(day: pl.Expr) -> pl.Expr:
    """`YYYY-MM` of a day number."""
    return day.cast(pl.Int32).cast(pl.Date).dt.strftime("%Y-%m")


def hall_months(deducting: pl.DataFrame, checkable: pl.DataFrame) -> pl.DataFrame:
    """`hall_code, month, deductions, checkable` of every hall-month with a deduction or a checkable sample.

    `checkable` holds `hall_code, month, checkable`: how many samples were.
    """
    lost = deducting.group_by("hall_code", "month").agg(pl.col("points").sum().alias("deductions"))
    both = lost.join(checkable, on=["hall_code", "month"], how="full", coalesce=True)
    both = both.with_columns(pl.col("deductions", "checkable").fill_null(0))
    found = both.filter((pl.col("deductions") > 0) | (pl.col("checkable") > 0))
    return found.select("hall_code", "month", "deductions", "checkable").sort("hall_code", "month")

"""Which open records are to be warned of (预警判定), set-wise: one pass over the columns per rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from checks.clock import DAY, Calendar, last_second, local_day
from checks.warnings.catalogue import ClockRule, CountRule, RepeatRule, Rule, WordsRule

WARNINGS = {"id": pl.Int64, "rule": pl.String, "since": pl.Int64, "due": pl.Int64}
"""One warning: the stored record, the rule, from when on it holds, and the deadline it is about (null: none).
Instants in microseconds UTC. `since` may lie ahead: the warning holds from then on without anybody's doing."""
MINUTE = 60_000_000


def evaluate(
    open_records: pl.DataFrame, recent: Mapping[str, pl.DataFrame], rules: Iterable[Rule], calendar: Calendar
) -> pl.DataFrame:
    """The warnings of open records of one kind, by id and rule.

    `open_records` holds `id`, `heard_at` (when we learned its present version) and the columns that the rules name;
    for each clock rule `<indicator>.started` and `<indicator>.deadline` of the clock while it runs, else null.
    `recent` gives each repeat rule, by code, the records of its days that share a value with an open one, open or
    closed: `id`, `accepted_at` and the rule's column.
    """
    found = [
        _repeated(open_records, recent[rule.code], rule) if isinstance(rule, RepeatRule)
        else _of(open_records, rule, calendar)
        for rule in rules
    ]  # fmt: skip
    return pl.concat([pl.DataFrame(schema=WARNINGS), *found]).sort("id", "rule")


def _of(records: pl.DataFrame, rule: ClockRule | CountRule | WordsRule, calendar: Calendar) -> pl.DataFrame:
    due = pl.lit(None, dtype=pl.Int64)
    since = pl.col("heard_at")
    match rule:
        case ClockRule():
            due = pl.col(f"{rule.indicator}.deadline")
            since = _from_when(rule, calendar)
            condition = due.is_not_null() & (pl.lit(value=True) if rule.empty is None else pl.col(rule.empty).is_null())
        case CountRule():
            condition = pl.col(rule.column).cast(pl.Int64, strict=False) >= rule.least  # `calls` is kept as text
            if rule.types is not None:
                condition &= pl.col("type").is_in(list(rule.types))
        case WordsRule():
            condition = pl.col(rule.column).str.contains_any(list(rule.words))
    chosen = records.filter(condition.fill_null(value=False))
    return chosen.select("id", pl.lit(rule.code).alias("rule"), since.alias("since"), due.alias("due"))


def _from_when(rule: ClockRule, calendar: Calendar) -> pl.Expr:
    """From when on the clock is nearly up; never before it started."""
    started, deadline = pl.col(f"{rule.indicator}.started"), pl.col(f"{rule.indicator}.deadline")
    if rule.share is not None:
        since = started + (deadline - started) * rule.share // 100
    elif rule.before_minutes is not None:
        since = deadline - rule.before_minutes * MINUTE
    else:
        assert rule.before_working_days is not None
        day = calendar.end_day(local_day(deadline, calendar.zone), -rule.before_working_days)
        since = last_second(day, calendar.zone) + 1_000_000
    return pl.max_horizontal(since, started)


def _repeated(records: pl.DataFrame, recent: pl.DataFrame, rule: RepeatRule) -> pl.DataFrame:
    """The newest open record of each value, if with it `least` came within the days before its acceptance."""
    newest = (
        records.filter(pl.col(rule.column).is_not_null())
        .sort("accepted_at", "id")
        .group_by(rule.column, maintain_order=True)
        .agg(pl.col("id", "accepted_at").last())
    )
    both = recent.select(rule.column, pl.col("accepted_at").alias("came")).join(newest, on=rule.column)
    window = (pl.col("came") <= pl.col("accepted_at")) & (pl.col("came") > pl.col("accepted_at") - rule.days * DAY)
    counts = both.filter(window).group_by("id").agg(pl.len().alias("n"), pl.col("accepted_at").first())
    held = counts.filter(pl.col("n") >= rule.least)
    nothing = pl.lit(None, dtype=pl.Int64)
    return held.select(
        "id", pl.lit(rule.code).alias("rule"), pl.col("accepted_at").alias("since"), nothing.alias("due")
    )

"""Which open records are to be warned of (预警判定), set-wise: all rules in one pass over the columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from checks.clock import DAY, MINUTE, Calendar, last_second, local_day
from checks.warnings.catalogue import (
    ClockRule,
    CountRule,
    FallRule,
    RepeatRule,
    ReplyRule,
    Rule,
    ThresholdRule,
    ValueRule,
    WaitRule,
    WordsRule,
)

WARNINGS = {"id": pl.Int64, "rule": pl.String, "since": pl.Int64, "due": pl.Int64, "saw": pl.String}
"""One warning: the stored record, the rule, from when on it holds, the deadline it is about (null: none), and what the
rule saw: a number or words of the rule, never other words of the record. Instants in microseconds UTC. `since` may
lie ahead: the warning holds from then on without anybody's doing."""
HOUR = 60 * MINUTE
NOTHING = pl.lit(None, dtype=pl.Int64)
WRITTEN = (
    r"[一二三四五六七八九十两百半][多余几]?(月|日|号|时|点|分|小时|天|个|户|处|台|只|块|条|基|米|公里|千瓦|千伏|元)"
)
"""An amount or a time in Chinese figures is a fact as one in digits is."""


def evaluate(
    open_records: pl.DataFrame, recent: Mapping[str, pl.DataFrame], rules: Iterable[Rule], calendar: Calendar
) -> pl.DataFrame:
    """The warnings of open records of one kind, by rule, each rule's by the order of the records.

    `open_records` holds `id`, `heard_at` (when we learned its present version) and the columns that the rules name;
    for each clock rule `<indicator>.started` and `<indicator>.deadline` of the clock while it runs, else null.
    `recent` gives each repeat rule, by code, the records of its days that share a value with an open one, open or
    closed: `id`, `accepted_at` and the rule's column. Rules over measures are `checks.warnings.measured`'s.
    """
    listed = list(rules)
    by_row = [rule for rule in listed if not isinstance(rule, (RepeatRule, ThresholdRule, FallRule))]
    held = open_records.lazy().select(_condition(rule).fill_null(value=False).alias(rule.code) for rule in by_row)
    masks = held.collect()
    lazy, some = open_records.lazy(), masks.select(pl.all().any()).row(0) if by_row else ()
    told = [
        _told(lazy.filter(masks[rule.code]), rule, calendar)
        for rule, is_there in zip(by_row, some, strict=True)
        if is_there
    ]
    counted = [_repeated(lazy, recent[rule.code], rule) for rule in listed if isinstance(rule, RepeatRule)]
    return pl.concat([pl.DataFrame(schema=WARNINGS), *pl.collect_all([*told, *counted])])


def _condition(rule: Rule) -> pl.Expr:
    match rule:
        case ClockRule():
            runs = pl.col(f"{rule.indicator}.deadline").is_not_null()
            return runs if rule.empty is None else runs & pl.col(rule.empty).is_null()
        case CountRule():
            # `calls` is kept as text
            return (pl.col(rule.column).cast(pl.Int64, strict=False) >= rule.least) & _of_types(rule.types)
        case WordsRule():
            return pl.col(rule.column).str.contains_any(list(rule.words))
        case ValueRule():
            return pl.col(rule.column).is_in(list(rule.values))
        case WaitRule():
            named = pl.col(rule.column).str.contains_any(list(rule.words))
            return named & pl.col(rule.empty).is_null() & pl.col(rule.start).is_not_null()
        case ReplyRule():
            return _weak(rule)
    raise TypeError(f"{rule.kind} is no rule over single records")


def _of_types(types: tuple[str, ...] | None) -> pl.Expr:
    return pl.lit(value=True) if types is None else pl.col("type").is_in(list(types))


def _weak(rule: ReplyRule) -> pl.Expr:
    """A reply that was given and is there to be read; nothing is said of one that no export brought."""
    reply = pl.col("reply")
    condition = pl.col("replied_at").is_not_null() & (reply.str.len_chars() > 0) & _of_types(rule.types)
    if rule.says:
        condition &= reply.str.contains_any(list(rule.says))
    if rule.lacks:
        condition &= ~reply.str.contains_any(list(rule.lacks))
    if rule.without_number:
        condition &= ~reply.str.contains(r"[0-9０-９]")
    if rule.shorter_than is not None:
        condition &= reply.str.len_chars() < rule.shorter_than
    if rule.asked:
        condition &= pl.col("content").str.contains_any(list(rule.asked))
    return condition if rule.empty is None else condition & pl.col(rule.empty).is_null()


def _told(chosen: pl.LazyFrame, rule: Rule, calendar: Calendar) -> pl.LazyFrame:
    due, since = (NOTHING, pl.col("heard_at"))
    if isinstance(rule, ClockRule):
        due, since = pl.col(f"{rule.indicator}.deadline"), _from_when(rule, calendar)
    if isinstance(rule, WaitRule):
        since = pl.col(rule.start)
        due = since + rule.minutes * MINUTE
    if isinstance(rule, ReplyRule) and rule.without_number:  # of few: not every reply is searched for it
        chosen = chosen.filter(~pl.col("reply").str.contains(WRITTEN))
    told = chosen.select(
        "id", pl.lit(rule.code).alias("rule"), since.alias("since"), due.alias("due"), _saw(rule).alias("saw")
    )
    return told.filter(pl.col("saw") != "") if isinstance(rule, WordsRule) else told


def _saw(rule: Rule) -> pl.Expr:
    """What the rule saw, in words of the rule: the text of a record may tell who somebody is."""
    match rule:
        case CountRule():
            return pl.col(rule.column).cast(pl.String)
        case WordsRule():
            text = pl.col(rule.column)
            return _found(text.str.replace_many(list(rule.unless), ["…"]) if rule.unless else text, rule.words)
        case ValueRule() | WaitRule():
            return pl.col(rule.column)
        case ReplyRule() if rule.says:
            return _found(pl.col("reply"), rule.says)
        case ReplyRule() if rule.asked:
            return _found(pl.col("content"), rule.asked)
        case ReplyRule():
            return pl.col("reply").str.len_chars().cast(pl.String)
    return pl.lit(None, dtype=pl.String)


def _found(text: pl.Expr, words: tuple[str, ...]) -> pl.Expr:
    """The words that are there; one of digits only as a number of its own, not within a customer's or a telephone."""
    said = [
        pl.when(text.str.contains(rf"(^|[^0-9]){word}([^0-9]|$)") if word.isdecimal() else
                text.str.contains(word, literal=True)).then(pl.lit(word))
        for word in words
    ]  # fmt: skip
    return pl.concat_str(said, separator="、", ignore_nulls=True)


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


def _repeated(records: pl.LazyFrame, recent: pl.DataFrame, rule: RepeatRule) -> pl.LazyFrame:
    """The newest open record of each value, if with it `least` came within the days before its acceptance.

    Only records that count themselves (`recent`): what is left out of the count does not take the warning away either.
    """
    often = recent.lazy().group_by(rule.column).len().filter(pl.col("len") >= rule.least).collect()
    if often.is_empty():  # few values come so often at all
        return pl.LazyFrame(schema=WARNINGS)
    several = recent.lazy().select("id", "accepted_at", rule.column).join(often.lazy(), on=rule.column, how="semi")
    newest = (
        records.select("id", "accepted_at", rule.column)
        .join(often.lazy(), on=rule.column, how="semi")
        .join(several.select("id"), on="id", how="semi")
        .sort("accepted_at", "id")
        .group_by(rule.column, maintain_order=True)
        .agg(pl.col("id", "accepted_at").last())
    )
    both = several.select(rule.column, pl.col("accepted_at").alias("came")).join(newest, on=rule.column)
    window = (pl.col("came") <= pl.col("accepted_at")) & (pl.col("came") > pl.col("accepted_at") - rule.days * DAY)
    counted = both.filter(window)
    if rule.apart_hours is not None:
        after = (pl.col("came") - pl.col("came").shift(1).over("id")).alias("after")
        counted = counted.sort("id", "came").with_columns(after)
        counted = counted.filter((pl.col("after") > rule.apart_hours * HOUR).fill_null(value=True))
    numbers = counted.group_by("id").agg(pl.len().alias("n"), pl.col("accepted_at").first())
    held = numbers.filter(pl.col("n") >= rule.least).sort("id")
    return held.select(
        "id", pl.lit(rule.code).alias("rule"), pl.col("accepted_at").alias("since"), NOTHING.alias("due"),
        pl.col("n").cast(pl.String).alias("saw"),
    )  # fmt: skip

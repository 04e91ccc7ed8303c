"""What the quarter's sheets count beside the league (季度统计): volumes, minutes and spot-checks per office.

Everything is judged for the period and moment asked for, straight from the records, so that it holds for any as-of.
Counts are summed up the tree of each record's own day; rates come from the league, so the two cannot disagree.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import TypeVar

import polars as pl
import sqlalchemy as sa

from checks.clock import EPOCH, local_day
from checks.judge.base import microseconds
from checks.offices import Tree
from checks.periods import Period
from checks.reasons import NUMBER, numbers_of
from checks.rulebook.model import Edition
from dashboard.database.models import RECORD_TABLES
from dashboard.judging.halls import judged_samples
from dashboard.judging.kinds import KINDS
from dashboard.judging.reading import Condition, Reader
from dashboard.judging.rules import Rules

TICKET_TYPES = ("complaint", "report", "opinion", "suggestion", "enquiry", "request", "praise", "fault")
MARKETING = frozenset(
    {
        *("营业厅服务", "营业厅人员服务态度", "营业厅人员服务规范", "收费标准", "收费项目", "业扩报装超时限"),
        *("环节处理不当", "业务办理超时限", "环节处理问题", "抄表", "勘测人员服务态度", "勘测人员服务规范"),
        *("电价", "电费", "计量人员服务态度", "计量人员服务规范", "表计线路接错", "计量装置", "户表轮换改造", "验表"),
    }
)
PRODUCTION = frozenset(
    {
        *("抢修超时限", "抢修人员服务态度", "抢修人员服务规范", "抢修质量"),
        *("频繁停电", "电压质量长时间异常", "供电频率长时间异常"),
    }
)
"""Third-level categories of assessed complaints (考核投诉), marketing and production (domain.md §2.1)."""
THREE_CALLS = 3


@dataclass(slots=True)
class Ticketing:
    """Tickets of an office and everything below it, excluded ones apart."""

    total: int = 0
    complaint: int = 0
    report: int = 0
    opinion: int = 0
    suggestion: int = 0
    enquiry: int = 0
    request: int = 0
    praise: int = 0
    fault: int = 0
    marketing: int = 0
    production: int = 0
    substantiated: int = 0
    late: int = 0
    called_thrice: int = 0
    calls_known: int = 0
    """Tickets that state how often the customer called; none means the source does not say."""
    excluded: int = 0


@dataclass(slots=True)
class Repairing:
    """Repairs of an office and everything below it."""

    total: int = 0
    excluded: int = 0
    arrived: int = 0
    arrival_seconds: int = 0
    restored: int = 0
    repair_seconds: int = 0
    law_judged: int = 0
    law_on_time: int = 0


@dataclass(slots=True)
class HallWatch:
    """Spot-checks of the halls of an office."""

    halls: int = 0
    watchable: int = 0
    """Halls with at least one checkable sample."""
    visited: int = 0
    """Halls with at least one captured sample."""
    due: int = 0
    done: int = 0
    checkable: int = 0
    violations: int = 0
    deducted: int = 0


@dataclass(slots=True)
class Connecting:
    """What the designated-supplier forms of the period say (三指定评价表), by their own time."""

    forms: int = 0
    design: int = 0
    construction: int = 0
    supply: int = 0
    fee: int = 0


Counts = TypeVar("Counts", Ticketing, Repairing, Connecting)


def within(period: Period, moment: str, as_of: dt.datetime) -> Condition:
    """Records of the period that exist at as-of, by the column of their moment."""
    until = min(period.ends_at, microseconds(as_of) + 1)
    return lambda table: sa.and_(table.c[moment] >= period.starts_at, table.c[moment] < until)


def judged(reader: Reader, rules: Rules, record: str, period: Period, as_of: dt.datetime) -> pl.DataFrame:
    """The judged frame of one kind of record (`checks.judge.base.judge`) for a period at as-of."""
    kind = KINDS[record]
    return kind.judged(reader, rules, within(period, kind.moment, as_of), as_of).filter("exists").collect()


def ticketing(reader: Reader, tickets: pl.DataFrame, period: Period, as_of: dt.datetime) -> dict[str, Ticketing]:
    """Counts of judged tickets per office."""
    table = RECORD_TABLES["tickets"]
    names = ("id", "category", "category_3", "calls")
    said = reader.frame(
        sa.select(*(table.c[name] for name in names)).where(within(period, "accepted_at", as_of)(table))
    )
    found = tickets.join(said, on="id", how="left")
    counted, kind = pl.col("excluded") == 0, pl.col("type")
    last_level = pl.coalesce("category_3", pl.col("category").str.split("/").list.last())
    calls = pl.col("calls").cast(pl.Int64, strict=False)
    late = pl.any_horizontal(pl.col(code).is_in(numbers_of("L")) for code in ("T1", "T2", "T3"))
    complaint = counted & (kind == "complaint")
    tallied = _tallied(
        found,
        total=counted,
        **{name: counted & (kind == name) for name in TICKET_TYPES},
        marketing=complaint & last_level.is_in(list(MARKETING)),
        production=complaint & last_level.is_in(list(PRODUCTION)),
        substantiated=complaint & (pl.col("T4") == NUMBER["substantiated"]),
        late=late,
        called_thrice=counted & (calls >= THREE_CALLS),
        calls_known=calls.is_not_null(),
        excluded=~counted,
    )
    return _up_the_tree(tallied, reader.tree, Ticketing)


def repairing(reader: Reader, repairs: pl.DataFrame, edition: Edition, as_of: dt.datetime) -> dict[str, Repairing]:
    """Counts, minutes and the legal limit of judged repairs per office."""
    counted = pl.col("excluded") == 0
    arrival = (pl.col("arrived_at") - pl.col("accepted_at")) // 1_000_000
    work = (pl.col("restored_at") - pl.col("arrived_at")) // 1_000_000
    arrived = pl.col("R3") == NUMBER["arrived"]
    restored = pl.col("R2").is_in(numbers_of("OL")) & pl.col("restored_at").is_not_null()
    limit = _law_seconds(edition)
    concerned = pl.col("R1").is_in(numbers_of("OLP")) & limit.is_not_null()
    waited = (microseconds(as_of) - pl.col("accepted_at")) // 1_000_000
    tallied = _tallied(
        repairs,
        total=counted,
        excluded=~counted,
        arrived=arrived,
        arrival_seconds=pl.when(arrived).then(arrival),
        restored=restored,
        repair_seconds=pl.when(restored).then(work),
        law_judged=concerned & (arrived | (waited > limit)),
        law_on_time=concerned & arrived & (arrival <= limit),
    )
    return _up_the_tree(tallied, reader.tree, Repairing)


def connecting(reader: Reader, period: Period, as_of: dt.datetime) -> dict[str, Connecting]:
    """Forms and their accusations per office."""
    table = RECORD_TABLES["evaluations"]
    row = table.c
    asked = ("designated_design", "designated_construction", "designated_supply", "extra_fee")
    wanted = sa.select(row.office_code, row["at"], *(row[name] for name in asked)).where(
        within(period, "at", as_of)(table), row.kind == "designated_form"
    )
    frame = reader.frame(wanted).with_columns(local_day(pl.col("at")).alias("day"))
    yes = {
        name: pl.col(column) for name, column in zip(("design", "construction", "supply", "fee"), asked, strict=True)
    }
    return _up_the_tree(_tallied(frame, forms=pl.lit(True), **yes), reader.tree, Connecting)


def _law_seconds(edition: Edition) -> pl.Expr:
    """The legal limit of arrival by area in seconds; null where the edition names none."""
    limits = edition.step("arrival").limits_of("law")
    by_area = {area: limit.microseconds // 1_000_000 for limit in limits for area in limit.where["area"]}
    return pl.col("area").replace_strict(by_area, default=None, return_dtype=pl.Int64)


def hall_watch(
    reader: Reader, rules: Rules, period: Period, as_of: dt.datetime, deducting: pl.DataFrame
) -> dict[str, HallWatch]:
    """Spot-checks per office, and the confirmed violations among `deducting`."""
    look = RECORD_TABLES["samples"].c
    where = look.date.between(str(period.start), str(period.last_day))
    samples = judged_samples(reader, rules, where, as_of).filter("exists")
    found: dict[str, HallWatch] = defaultdict(HallWatch)
    for office in reader.tree.rows("hall", period):
        _add_hall(found, reader.tree.path(office.code, reader.tree.last_valid_day(office.code, period.last_day)))
    grouped = samples.group_by("hall_code").agg(
        pl.col("H2").is_in(numbers_of("CN")).sum().alias("due"),
        pl.col("H2").is_in(numbers_of("C")).sum().alias("done"),
        pl.col("checkable").sum(),
        (pl.col("H2") == NUMBER["sample_captured"]).any().alias("visited"),
        pl.col("date").max().alias("day"),
    )
    for row in grouped.iter_rows(named=True):
        for office_code in reader.tree.path(row["hall_code"], row["day"]):
            _add_samples(found[office_code], row)
    for row in deducting.iter_rows(named=True):
        for office_code in reader.tree.path(row["hall_code"], EPOCH + dt.timedelta(days=row["day"])):
            found[office_code].violations += max(1, row["count"] or 1)
            found[office_code].deducted += row["effective"]
    return dict(found)


def _add_hall(found: dict[str, HallWatch], path: Iterable[str]) -> None:
    for code in path:
        found[code].halls += 1


def _add_samples(watch: HallWatch, row: dict[str, int]) -> None:
    watch.due += row["due"]
    watch.done += row["done"]
    watch.checkable += row["checkable"]
    watch.watchable += row["checkable"] > 0
    watch.visited += bool(row["visited"])


def _tallied(frame: pl.DataFrame, **counts: pl.Expr) -> pl.DataFrame:
    """Sums per office and day; conditions count, numbers add up."""
    sums = [expression.cast(pl.Int64).fill_null(0).sum().alias(name) for name, expression in counts.items()]
    return frame.group_by("office_code", "day").agg(sums)


def _up_the_tree(tallied: pl.DataFrame, tree: Tree, kind: type[Counts]) -> dict[str, Counts]:
    """Adds each office's sums to everything above it on that day."""
    found: dict[str, Counts] = defaultdict(kind)
    names = [field.name for field in fields(kind)]
    paths: dict[tuple[str, int], tuple[str, ...]] = {}
    for row in tallied.sort("office_code", "day").iter_rows(named=True):
        key = (row["office_code"], row["day"])
        if key not in paths:
            paths[key] = tree.path(key[0], EPOCH + dt.timedelta(days=key[1]))
        for code in paths[key]:
            counts = found[code]
            for name in names:
                setattr(counts, name, getattr(counts, name) + row[name])
    return dict(found)

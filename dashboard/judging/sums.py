"""What every office adds up to in a period (汇总): from roll-ups, or from records judged aside for another as-of."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import polars as pl
import sqlalchemy as sa

from checks.clock import local_day
from checks.judge.base import microseconds
from checks.judge.inspections import FULL, hall_months, once_per_fact
from checks.judge.measures import measure_sums, months_that_count
from checks.offices import Tree, ancestors, day_of_month
from checks.periods import Period, month_bounds, next_month
from checks.rollup import RECORDS, SUMS
from checks.rulebook.model import Edition
from checks.scoring import Sums
from dashboard.database.models import HALL_MONTHS, RECORD_TABLES, ROLLUP_MONTHS, ROLLUPS, VERDICTS
from dashboard.judging.halls import CHECKABLE, confirmed_events, deducting_events, judged_samples, sample_rollup
from dashboard.judging.kinds import KINDS, Kind
from dashboard.judging.reading import Condition, Reader
from dashboard.judging.rules import Rules
from dashboard.judging.verdicts import day_text, packed, rolled

Cells = pl.DataFrame
"""`office_code, epoch, indicator` and the sums: offices as records name them, days gathered into epochs of the tree."""


@dataclass(frozen=True)
class Leaves:
    """Everything counted in a period where it happened, before anything is summed up the tree."""

    epochs: tuple[dt.date, ...]
    cells: Cells
    hall_months: pl.DataFrame
    measures: Mapping[tuple[str, str, str], tuple[Fraction, Fraction]]
    red_lines: pl.DataFrame
    """`hall_code, day` (Date), one row per event (design §3.2)."""
    ratios: pl.DataFrame
    """`office_code, epoch, ratio`: R3's share of every record, in units of the scale; resampled for its interval."""


@dataclass
class OfficeSums:
    """What one office and everything below it add up to."""

    indicators: dict[str, Sums] = field(default_factory=lambda: defaultdict(Sums))
    values: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """The single values behind a mean (R3: records, H1: hall-months), in rising order."""
    records: int = 0
    checkable: int = 0
    red_lines: int = 0


# --- where it happened ------------------------------------------------------------------------------------------------


def stored_leaves(reader: Reader, rules: Rules, period: Period, edition: Edition, as_of: dt.datetime) -> Leaves:
    """From the roll-ups, which must be up to date."""
    bounds = tuple(reader.tree.bounds(period.start, period.end))
    cells = pl.concat([reader.frame(query) for query in _stretches(bounds, period.end)])
    months = sa.select(HALL_MONTHS).where(HALL_MONTHS.c.month.in_(period.months_that_begin()))
    ratios = pl.concat([reader.frame(_ratios_between(*days)) for days in pairwise((*bounds, period.end))])
    return _leaves(reader, rules, period, edition, as_of, bounds, cells, reader.frame(months), _dated(ratios, bounds))


def _ratios_between(first: dt.date, following: dt.date) -> sa.Select[Any]:
    row = VERDICTS["repairs"].c
    days = sa.and_(row.day >= first.isoformat(), row.day < following.isoformat())
    return sa.select(row.office_code, row.day, row.ratio).where(row.ratio.is_not(None), days)


def _dated(ratios: pl.DataFrame, bounds: tuple[dt.date, ...]) -> pl.DataFrame:
    return ratios.select("office_code", _epoch_in(ratios, bounds), "ratio")


def _stretches(bounds: tuple[dt.date, ...], end: dt.date) -> Iterator[sa.Select[Any]]:
    """Queries that together read every day once: whole months of an epoch from the months, other days from the days."""
    for epoch, (first, following) in enumerate(pairwise((*bounds, end))):
        months = Period("", first, following).months_inside()
        day = ROLLUPS.c.day
        if not months:
            yield _summed(ROLLUPS, epoch, sa.and_(day >= first.isoformat(), day < following.isoformat()))
            continue
        yield _summed(ROLLUP_MONTHS, epoch, ROLLUP_MONTHS.c.month.in_(months))
        starts, ends = f"{months[0]}-01", next_month(dt.date.fromisoformat(f"{months[-1]}-01")).isoformat()
        if starts > first.isoformat():
            yield _summed(ROLLUPS, epoch, sa.and_(day >= first.isoformat(), day < starts))
        if ends < following.isoformat():
            yield _summed(ROLLUPS, epoch, sa.and_(day >= ends, day < following.isoformat()))


def _summed(table: sa.Table, epoch: int, inside: sa.ColumnElement[bool]) -> sa.Select[Any]:
    row = table.c
    added = [sa.cast(sa.func.sum(row[name]), sa.BigInteger).label(name) for name in SUMS]
    here = sa.literal_column(str(epoch), sa.BigInteger).label("epoch")
    return (
        sa.select(row.office_code, here, row.indicator, *added).where(inside).group_by(row.office_code, row.indicator)
    )


def aside_leaves(
    reader: Reader, rules: Rules, period: Period, edition: Edition, as_of: dt.datetime, offices: frozenset[str] | None
) -> Leaves:
    """Judged at another as-of, in memory; nothing is stored. `offices` limits what is read to what names them."""
    judged = {
        kind.record: packed(kind.judged(reader, rules, in_period(kind, period, offices), as_of), codes, rules.rulebook)
        for kind in KINDS.values()
        for codes in [rules.rulebook.order(kind.record)]
        if codes
    }
    rollups = [rolled(found, rules.rulebook.order(record), rules.rulebook) for record, found in judged.items()]
    months = period.months_that_begin()
    samples = sample_rollup(judged_samples(reader, rules, sample_days(period, months, offices), as_of))
    inside = pl.col("day").is_between(pl.lit(period.start.isoformat()), pl.lit(period.last_day.isoformat()))
    bounds = tuple(reader.tree.bounds(period.start, period.end))
    days = pl.concat([*rollups, samples.filter(inside)])
    cells = days.with_columns(_epoch_in(days, bounds)).group_by("office_code", "epoch", "indicator")
    checkable = samples.filter(pl.col("indicator") == CHECKABLE).select(
        pl.col("office_code").alias("hall_code"),
        pl.col("day").str.slice(0, 7).alias("month"),
        pl.col("numerator").alias("checkable"),
    )
    checkable = checkable.group_by("hall_code", "month").agg(pl.col("checkable").sum())
    hall_month_rows = hall_months(events_of_months(reader, rules, months, offices, as_of), checkable)
    hall_month_rows = hall_month_rows.filter(pl.col("month").is_in(months))
    return _leaves(
        reader, rules, period, edition, as_of, bounds, cells.agg(pl.col(SUMS).sum()), hall_month_rows,
        _dated(_ratios_of(judged.get("repairs")), bounds),
    )  # fmt: skip


def _ratios_of(repairs: pl.DataFrame | None) -> pl.DataFrame:
    """`office_code, day, ratio` of the repairs that have one."""
    if repairs is None:
        return pl.DataFrame(schema={"office_code": pl.String, "day": pl.String, "ratio": pl.Int64})
    found = repairs.filter(pl.col("exists"), pl.col("ratio").is_not_null())
    return found.select("office_code", day_text(found).alias("day"), "ratio")


def with_difference(leaves: Leaves, rollup: pl.DataFrame) -> Leaves:
    """The same leaves with a roll-up added (by office and day; sums may be negative); single values stay."""
    dated = rollup.with_columns(_epoch_in(rollup, leaves.epochs)).select(leaves.cells.columns)
    cells = pl.concat([leaves.cells, dated]).group_by("office_code", "epoch", "indicator").agg(pl.col(SUMS).sum())
    return replace(leaves, cells=cells)


def _epoch_in(days: pl.DataFrame, bounds: tuple[dt.date, ...]) -> pl.Expr:
    texts = pl.Series([bound.isoformat() for bound in bounds])
    return pl.Series("epoch", texts.search_sorted(days["day"], side="right").cast(pl.Int64) - 1, dtype=pl.Int64)  # type: ignore[return-value]


def in_period(kind: Kind, period: Period, offices: frozenset[str] | None) -> Condition:
    """Records whose moment lies in the period, at these offices."""

    def condition(table: Any) -> sa.ColumnElement[bool]:
        moment = table.c[kind.moment]
        inside = sa.and_(moment >= period.starts_at, moment < period.ends_at)
        return inside if offices is None else sa.and_(inside, table.c.office_code.in_(sorted(offices)))

    return condition


def sample_days(period: Period, months: Iterable[str], offices: frozenset[str] | None) -> sa.ColumnElement[bool]:
    """Samples of the period and of the hall-months that count in it."""
    sample = RECORD_TABLES["samples"].c
    inside = sa.and_(sample.date >= period.start.isoformat(), sample.date < period.end.isoformat())
    wanted = sa.or_(inside, sa.func.substr(sample.date, 1, 7).in_(list(months)))
    return wanted if offices is None else sa.and_(wanted, sample.hall_code.in_(sorted(offices)))


def events_of_months(
    reader: Reader, rules: Rules, months: list[str], halls: frozenset[str] | None, as_of: dt.datetime
) -> pl.DataFrame:
    """The deducting events of some months (see `deducting_events`)."""
    bounds = [month_bounds(month) for month in months] or [(0, 0)]
    return deducting_events(reader, rules, halls, bounds[0][0], bounds[-1][1], as_of)


def _leaves(
    reader: Reader,
    rules: Rules,
    period: Period,
    edition: Edition,
    as_of: dt.datetime,
    bounds: tuple[dt.date, ...],
    cells: Cells,
    months: pl.DataFrame,
    ratios: pl.DataFrame,
) -> Leaves:
    counting = months_that_count(period, as_of)
    return Leaves(
        bounds, cells, months, measure_sums(measures_of(reader, counting), edition, counting),
        red_line_events(reader, edition, period, as_of), ratios,
    )  # fmt: skip


def measures_of(reader: Reader, months: list[str]) -> pl.DataFrame:
    """Rows of measures of these months."""
    row = RECORD_TABLES["measures"].c
    names = ("indicator", "office_code", "period", "numerator", "denominator")
    return reader.frame(sa.select(*(row[name] for name in names)).where(row.period.in_(months)))


def red_line_events(reader: Reader, edition: Edition, period: Period, as_of: dt.datetime) -> pl.DataFrame:
    """`hall_code, day` of each red line of the period."""
    events = red_lines_of(reader, edition, period, as_of)
    return events.select("hall_code", local_day(pl.col("at")).cast(pl.Int32).cast(pl.Date).alias("day"))


def red_lines_of(reader: Reader, edition: Edition, period: Period, as_of: dt.datetime) -> pl.DataFrame:
    """Confirmed events of the items that are red lines, F03 only where a person found it deliberate; a fact once."""
    events = confirmed_events(reader, None, period.starts_at, period.ends_at, as_of)
    rules = edition.red_lines
    red = pl.col("item_code").is_in(list(rules.items))
    deliberate = pl.col("item_code").is_in(list(rules.deliberate_items)) & pl.col("deliberate")
    found = events.filter(red | deliberate, pl.col("at") <= microseconds(as_of))
    return once_per_fact(found, by=pl.lit(0))


# --- summed up the tree -----------------------------------------------------------------------------------------------


def office_sums(leaves: Leaves, tree: Tree, rules: Rules, period: Period) -> dict[str, OfficeSums]:
    """Every office with the sum of itself and everything below it, each record by the tree of its own day.

    R3's numerator is brought from its scale to ones; T4's denominator is the row's customers.
    """
    found: dict[str, OfficeSums] = defaultdict(OfficeSums)
    scales = {code: rules.rulebook.scale(code) for edition in rules.rulebook.editions for code in _ratios(edition)}
    for row in _climbed(leaves, tree).iter_rows(named=True):
        office, code = found[row["ancestor"]], row["indicator"]
        if code == RECORDS:
            office.records += row["numerator"]
        elif code == CHECKABLE:
            office.checkable += row["numerator"]
        else:
            sums = office.indicators[code] = Sums(**{name: row[name] for name in SUMS})
            if code in scales:
                sums.numerator = Fraction(row["numerator"], scales[code])
    _add_ratios(found, leaves, tree, scales)
    _add_hall_months(found, leaves, tree, rules)
    _add_measures(found, leaves, tree)
    for hall, day in leaves.red_lines.iter_rows():
        for office_code in tree.path(hall, day):
            found[office_code].red_lines += 1
    return found


def _ratios(edition: Edition) -> list[str]:
    return [indicator.code for indicator in edition.indicators if indicator.formula == "ratio_to_limit"]


def _climbed(leaves: Leaves, tree: Tree) -> pl.DataFrame:
    """`ancestor, indicator` and sums."""
    return _with_ancestors(leaves.cells, leaves, tree).group_by("ancestor", "indicator").agg(pl.col(SUMS).sum())


def _with_ancestors(frame: pl.DataFrame, leaves: Leaves, tree: Tree) -> pl.DataFrame:
    """Every row once for each office above it in the tree of its epoch, itself included."""
    parts = []
    for number, day in enumerate(leaves.epochs):
        rows = frame.filter(pl.col("epoch") == number)
        parts.append(rows.join(ancestors(tree, rows["office_code"].unique().to_list(), day), on="office_code"))
    return pl.concat(parts)


def _add_ratios(found: dict[str, OfficeSums], leaves: Leaves, tree: Tree, scales: Mapping[str, int]) -> None:
    gathered = _with_ancestors(leaves.ratios, leaves, tree).group_by("ancestor").agg(pl.col("ratio").sort())
    for office, ratios in gathered.select("ancestor", "ratio").iter_rows():
        for code, scale in scales.items():
            found[office].values[code] = [ratio / scale for ratio in ratios]


def _add_hall_months(found: dict[str, OfficeSums], leaves: Leaves, tree: Tree, rules: Rules) -> None:
    codes = [i.code for i in rules.rulebook.editions[-1].indicators if i.formula == "hall_months"]
    for row in leaves.hall_months.iter_rows(named=True):
        day = day_of_month(tree, row["hall_code"], row["month"])
        for office_code in tree.path(row["hall_code"], day):
            for code in codes:
                sums = found[office_code].indicators[code]
                sums.numerator += max(0, FULL - row["deductions"])
                sums.denominator += FULL
                found[office_code].values[code].append(max(0, FULL - row["deductions"]) / FULL)
    for office in found.values():
        for code in codes:
            office.values[code].sort()


def _add_measures(found: dict[str, OfficeSums], leaves: Leaves, tree: Tree) -> None:
    for (office, month, code), (numerator, denominator) in leaves.measures.items():
        for office_code in tree.path(office, day_of_month(tree, office, month)):
            sums = found[office_code].indicators[code]
            sums.numerator += numerator
            sums.denominator += denominator

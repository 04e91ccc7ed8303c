"""What every office adds up to in a period (汇总): from roll-ups, or from records judged aside for another as-of."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Any

import polars as pl
import sqlalchemy as sa

from checks.clock import local_day
from checks.judge.base import microseconds
from checks.judge.inspections import FULL, hall_months, once_per_fact
from checks.judge.measures import measure_sums, months_that_count
from checks.offices import Tree, day_of_month
from checks.periods import Period, month_bounds, month_name, next_month
from checks.rollup import RECORDS, SUMS
from checks.rulebook.model import Edition
from checks.scoring import Sums
from dashboard.database.models import FINDINGS, HALL_MONTHS, RECORD_TABLES, REVIEWS, ROLLUP_MONTHS, ROLLUPS, VERDICTS
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
    cells = [
        reader.frame(_SUMMED[span], epoch=epoch, first=first, following=following)
        for span, epoch, first, following in _stretches(bounds, period.end)
    ]
    begin = period.months_that_begin()
    months = reader.frame(_HALL_MONTHS, first=min(begin, default=""), last=max(begin, default=""))
    ratios = reader.frame(_RATIOS, first=period.start.isoformat(), following=period.end.isoformat())
    return _leaves(reader, rules, period, edition, as_of, bounds, pl.concat(cells), months, _dated(ratios, bounds))


def _dated(ratios: pl.DataFrame, bounds: tuple[dt.date, ...]) -> pl.DataFrame:
    return ratios.select("office_code", _epoch_in(ratios, bounds), "ratio")


def _stretches(bounds: tuple[dt.date, ...], end: dt.date) -> Iterator[tuple[str, int, str, str]]:
    """Whole months of an epoch from the months, other days from the days: `span, epoch, first, following`.

    Together they read every day once; `following` is the first day or month no longer read.
    """
    for epoch, (first, following) in enumerate(pairwise((*bounds, end))):
        months = Period("", first, following).months_inside()
        if not months:
            yield "day", epoch, first.isoformat(), following.isoformat()
            continue
        after = next_month(dt.date.fromisoformat(f"{months[-1]}-01"))
        yield "month", epoch, months[0], month_name(after)
        starts, ends = f"{months[0]}-01", after.isoformat()
        if starts > first.isoformat():
            yield "day", epoch, first.isoformat(), starts
        if ends < following.isoformat():
            yield "day", epoch, ends, following.isoformat()


def _summed(table: sa.Table, span: str) -> sa.Select[Any]:
    row = table.c
    added = [sa.cast(sa.func.sum(row[name]), sa.BigInteger).label(name) for name in SUMS]
    here = sa.cast(sa.bindparam("epoch", type_=sa.BigInteger), sa.BigInteger).label("epoch")
    return (
        sa.select(row.office_code, here, row.indicator, *added)
        .where(row[span] >= _FIRST, row[span] < _FOLLOWING)
        .group_by(row.office_code, row.indicator)
    )


_FIRST, _FOLLOWING = (sa.bindparam(name, type_=sa.Text) for name in ("first", "following"))
_LAST = sa.bindparam("last", type_=sa.Text)
_SUMMED = {"day": _summed(ROLLUPS, "day"), "month": _summed(ROLLUP_MONTHS, "month")}
_HALL_MONTHS = sa.select(HALL_MONTHS).where(HALL_MONTHS.c.month.between(_FIRST, _LAST))
_VERDICT = VERDICTS["repairs"].c
_RATIOS = sa.select(_VERDICT.office_code, _VERDICT.day, _VERDICT.ratio).where(
    _VERDICT.ratio.is_not(None), _VERDICT.day >= _FIRST, _VERDICT.day < _FOLLOWING
)
_MEASURE_COLUMNS = ("indicator", "office_code", "period", "numerator", "denominator")
_MEASURES = sa.select(*(RECORD_TABLES["measures"].c[name] for name in _MEASURE_COLUMNS)).where(
    RECORD_TABLES["measures"].c.period.between(_FIRST, _LAST)
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
    if len(bounds) == 1:
        return pl.lit(0, dtype=pl.Int64).alias("epoch")
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
    """Rows of measures of these months, which follow one another."""
    if not months:
        return pl.DataFrame(schema=dict.fromkeys(_MEASURE_COLUMNS, pl.String))
    return reader.frame(_MEASURES, first=min(months), last=max(months))


def red_line_events(reader: Reader, edition: Edition, period: Period, as_of: dt.datetime) -> pl.DataFrame:
    """`hall_code, day` of each red line of the period.

    They are rare: one question tells whether there can be any, before all that people decided is read.
    """
    asked = _red_line_asked((*edition.red_lines.items, *edition.red_lines.deliberate_items))
    if reader.frame(asked, since=period.starts_at, until=period.ends_at).is_empty():
        return pl.DataFrame(schema={"hall_code": pl.String, "day": pl.Date})
    events = red_lines_of(reader, edition, period, as_of)
    return events.select("hall_code", local_day(pl.col("at")).cast(pl.Int32).cast(pl.Date).alias("day"))


@lru_cache(maxsize=64)
def _red_line_asked(items: tuple[str, ...]) -> sa.Select[Any]:
    """One row if a sheet, or any review of a finding, ever said one of these items of `[since, until)`, else none."""
    since, until = (sa.bindparam(name, 0, type_=sa.BigInteger) for name in ("since", "until"))
    sheet, finding, review = RECORD_TABLES["inspections"].c, FINDINGS.c, REVIEWS.c
    on_sheets = sa.exists().where(
        sheet.item_code.in_(items), sheet.result == "violation", sheet["at"] >= since, sheet["at"] < until
    )
    in_reviews = sa.exists().where(
        finding.observed_at >= since, finding.observed_at < until, review.finding_id == finding.id,
        review.decision == "confirmed", sa.func.coalesce(review.item_code, finding.item_code).in_(items),
    )  # fmt: skip
    return sa.select(sa.literal_column("1", sa.BigInteger).label("found")).where(sa.or_(on_sheets, in_reviews))


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
    for above, code, numerator, *others in _climbed(leaves, tree).iter_rows():
        office = found[above]
        if code == RECORDS:
            office.records += numerator
        elif code == CHECKABLE:
            office.checkable += numerator
        else:
            exact = Fraction(numerator, scales[code]) if code in scales else numerator
            office.indicators[code] = Sums(exact, *others)
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
    cells = _with_ancestors(leaves.cells, leaves, tree).group_by("ancestor", "indicator")
    return cells.agg(pl.col(SUMS).sum())


def _with_ancestors(frame: pl.DataFrame, leaves: Leaves, tree: Tree) -> pl.DataFrame:
    """Every row once for each office above it in the tree of its epoch, itself included; an unknown one is a root."""
    joined = frame.join(tree.climbs(leaves.epochs), on=["office_code", "epoch"], how="left")
    return joined.with_columns(pl.coalesce("ancestor", "office_code").alias("ancestor"))


def _add_ratios(found: dict[str, OfficeSums], leaves: Leaves, tree: Tree, scales: Mapping[str, int]) -> None:
    if leaves.ratios.is_empty():
        return
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
            if code in office.values:
                office.values[code].sort()


def _add_measures(found: dict[str, OfficeSums], leaves: Leaves, tree: Tree) -> None:
    for (office, month, code), (numerator, denominator) in leaves.measures.items():
        for office_code in tree.path(office, day_of_month(tree, office, month)):
            sums = found[office_code].indicators[code]
            sums.numerator += numerator
            sums.denominator += denominator

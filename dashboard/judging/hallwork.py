"""Keeps the halls' roll-ups and hall-months up to date: by (hall, date) and by (hall, month).

The samples of a hall's day are judged together; so are the deductions of a hall-month, with the 30 days before it.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import sqlalchemy as sa

from checks.clock import DAY, local_day
from checks.judge.base import microseconds
from checks.judge.inspections import hall_months, month_of
from checks.periods import month_bounds
from checks.rollup import KEYS, SUMS
from dashboard.database.models import (
    FACT_JOINS,
    FINDINGS,
    HALL_MONTHS,
    HISTORY_TABLES,
    OPEN_CLOCKS,
    RECORD_TABLES,
    REVIEWS,
    ROLLUP_MONTHS,
    ROLLUPS,
)
from dashboard.judging import changes
from dashboard.judging.halls import CHECKABLE, SAMPLE_CODES, deducting_events, judged_samples, sample_rollup
from dashboard.judging.reading import Reader
from dashboard.judging.rules import Rules

SAMPLE_ROWS = (*SAMPLE_CODES, CHECKABLE)
COMING = ("inspections", "reviews", "joins")
"""What may stand in the database before its moment."""
FOREVER = 1 << 62
DATES = {"hall_code": pl.String, "date": pl.String}
MONTHS = {"hall_code": pl.String, "month": pl.String}


def rebuild(reader: Reader, rules: Rules, as_of: dt.datetime) -> None:
    """Everything of the halls, into tables that are empty."""
    changes.apply(reader, changes.added([_judge(reader, rules, sa.true(), as_of)]))
    _store_months(reader, rules, None, as_of)
    _store_coming(reader, as_of)


def update(reader: Reader, rules: Rules, as_of: dt.datetime, judged_batch: int, judged_review: int) -> None:
    """The days and months of halls that newer rows, newer reviews or passed moments touch."""
    dates = _touched_dates(reader, as_of, judged_batch)
    months = _touched_months(reader, rules, as_of, judged_batch, judged_review)
    if dates.height:
        sample = RECORD_TABLES["samples"].c
        pairs = reader.pairs(dates)
        inside = sa.tuple_(sample.hall_code, sample.date).in_(pairs)
        looks = sa.select(sample.id).where(inside)
        reader.execute(sa.delete(OPEN_CLOCKS).where(_of("samples"), OPEN_CLOCKS.c.record_id.in_(looks)))
        changes.apply(reader, changes.added([_taken_back(reader, pairs), _judge(reader, rules, inside, as_of)]))
    reader.execute(sa.delete(OPEN_CLOCKS).where(OPEN_CLOCKS.c.record.in_(COMING)))
    _store_coming(reader, as_of)
    months = pl.concat([months, dates.select("hall_code", pl.col("date").str.slice(0, 7).alias("month"))]).unique()
    if months.height:
        cell = sa.tuple_(HALL_MONTHS.c.hall_code, HALL_MONTHS.c.month).in_(reader.pairs(months))
        reader.execute(sa.delete(HALL_MONTHS).where(cell))
        _store_months(reader, rules, months, as_of)


def _of(record: str) -> sa.ColumnElement[bool]:
    return OPEN_CLOCKS.c.record == record


def _taken_back(reader: Reader, pairs: sa.Select[Any]) -> pl.DataFrame:
    """The stored roll-ups of samples of some (hall, date) pairs, negative."""
    row = ROLLUPS.c
    inside = sa.tuple_(row.office_code, row.day).in_(pairs)
    stored = reader.frame(sa.select(ROLLUPS).where(inside, row.indicator.in_(SAMPLE_ROWS)))
    return stored.select(*KEYS, -pl.col(SUMS))


def _judge(reader: Reader, rules: Rules, where: sa.ColumnElement[bool], as_of: dt.datetime) -> pl.DataFrame:
    """The roll-up of the samples that fit; their open clocks are stored."""
    samples = judged_samples(reader, rules, where, as_of)
    coming = samples.filter(pl.col("next_change").is_not_null())
    reader.ingest(
        OPEN_CLOCKS.name,
        coming.select(pl.lit("samples").alias("record"), "record_id", pl.col("next_change").alias("next_at")),
    )
    return sample_rollup(samples)


def _store_coming(reader: Reader, as_of: dt.datetime) -> None:
    """Inspections, reviews and joined facts whose moment has not come yet, so that it is noticed when it does.

    A reviewed finding counts once it is both observed and decided.
    """
    row, finding, review = RECORD_TABLES["inspections"].c, FINDINGS.c, REVIEWS.c
    later = sa.case((finding.observed_at > review["at"], finding.observed_at), else_=review["at"])
    inspected = sa.select(row.id.label("record_id"), row["at"].label("next_at")).where(row["at"] > microseconds(as_of))
    reviewed = (
        sa.select(review.id.label("record_id"), later.label("next_at"))
        .select_from(FINDINGS.join(REVIEWS, review.finding_id == finding.id))
        .where(later > microseconds(as_of))
    )
    joined = sa.select(FACT_JOINS.c.id.label("record_id"), FACT_JOINS.c["at"].label("next_at"))
    joined = joined.where(FACT_JOINS.c["at"] > microseconds(as_of))
    for record, query in zip(COMING, (inspected, reviewed, joined), strict=True):
        coming = reader.frame(query)
        reader.ingest(OPEN_CLOCKS.name, coming.select(pl.lit(record).alias("record"), "record_id", "next_at"))


def _store_months(reader: Reader, rules: Rules, months: pl.DataFrame | None, as_of: dt.datetime) -> None:
    """Hall-months from the events of their halls and the checkable samples in the roll-ups."""
    if months is None:
        since, until, halls = 0, FOREVER, None
    else:
        bounds = [month_bounds(month) for month in months["month"].unique()]
        since, until = min(first for first, _ in bounds), max(last for _, last in bounds)
        halls = months["hall_code"].unique().to_list()
    events = deducting_events(reader, rules, halls, since, until, as_of)
    found = hall_months(events, _checkable(reader, halls))
    if months is not None:
        found = found.join(months, on=["hall_code", "month"], how="semi")
    reader.ingest(HALL_MONTHS.name, found)


def _checkable(reader: Reader, halls: list[str] | None) -> pl.DataFrame:
    """`hall_code, month, checkable` from the roll-ups."""
    row = ROLLUP_MONTHS.c
    chosen = sa.true() if halls is None else row.office_code.in_(halls)
    query = sa.select(row.office_code.label("hall_code"), row.month, row.numerator.label("checkable"))
    return reader.frame(query.where(row.indicator == CHECKABLE, chosen))


def _touched_dates(reader: Reader, as_of: dt.datetime, judged_batch: int) -> pl.DataFrame:
    sample, old = RECORD_TABLES["samples"].c, HISTORY_TABLES["samples"].c
    hall_day, camera = RECORD_TABLES["hall_days"].c, RECORD_TABLES["cameras"].c
    due = sa.select(OPEN_CLOCKS.c.record_id).where(_of("samples"), OPEN_CLOCKS.c.next_at <= microseconds(as_of))
    halls = sa.select(camera.hall_code).where(camera.batch_id > judged_batch)
    queries: list[sa.Select[Any]] = [
        sa.select(sample.hall_code, sample.date).where(sample.batch_id > judged_batch),
        sa.select(sample.hall_code, sample.date).where(sample.id.in_(due)),
        sa.select(sample.hall_code, sample.date).where(sample.hall_code.in_(halls)),
        sa.select(old.hall_code, old.date).where(old.ended_by_batch > judged_batch),
        sa.select(hall_day.hall_code, hall_day.date).where(hall_day.batch_id > judged_batch),
    ]
    found = pl.concat([reader.frame(query).cast(DATES) for query in queries])  # type: ignore[arg-type]
    return found.drop_nulls().unique().sort("hall_code", "date")


def _touched_months(
    reader: Reader, rules: Rules, as_of: dt.datetime, judged_batch: int, judged_review: int
) -> pl.DataFrame:
    """Months of new, reviewed or joined events, and those in which they may double a later one."""
    row, finding, review, join = RECORD_TABLES["inspections"].c, FINDINGS.c, REVIEWS.c, FACT_JOINS.c
    at = microseconds(as_of)
    come = {
        record: sa.select(OPEN_CLOCKS.c.record_id).where(_of(record), OPEN_CLOCKS.c.next_at <= at) for record in COMING
    }
    reviewed = sa.or_(review.id > judged_review, review.id.in_(come["reviews"]))
    queries: list[sa.Select[Any]] = [
        sa.select(row.hall_code, row["at"]).where(row.batch_id > judged_batch),
        sa.select(row.hall_code, row["at"]).where(row.id.in_(come["inspections"])),
        sa.select(finding.hall_code, finding.observed_at.label("at"))
        .select_from(FINDINGS.join(REVIEWS, review.finding_id == finding.id))
        .where(reviewed),
        sa.select(join.hall_code, join.observed_at.label("at")).where(
            sa.or_(join.batch_id > judged_batch, join.id.in_(come["joins"]))
        ),
    ]
    moments = pl.concat([reader.frame(query) for query in queries]).drop_nulls().unique()
    span = rules.rulebook.sheet.repeat_days * DAY
    found = [
        moments.select("hall_code", month_of(local_day(pl.col("at") + later)).alias("month"))
        for later in (0, span // 2, span)  # three probes meet every month that 30 days can reach
    ]
    return pl.concat(found).cast(MONTHS).unique().sort("hall_code", "month")  # type: ignore[arg-type]

"""Versions of records judged as they stood (历史版本): what was late before somebody changed it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl
import sqlalchemy as sa

from checks.clock import local_day
from checks.judge.applications import judge_applications
from checks.judge.base import microseconds
from checks.judge.repairs import judge_repairs
from checks.judge.tickets import judge_tickets
from checks.offices import with_area
from dashboard.database.models import HISTORY_TABLES, RECORD_TABLES
from dashboard.judging.kinds import KINDS
from dashboard.judging.reading import Condition, Reader
from dashboard.judging.rules import Rules


def earlier_versions(
    reader: Reader, rules: Rules, record: str, condition: Condition, columns: Sequence[str], now: dt.datetime
) -> pl.DataFrame:
    """Every replaced version of the records that fit, judged as it stood; its own clocks only.

    Adds `written_at` and `ended_at` (microseconds): when the version and the one after it were written. `columns` come
    as stored. Nothing is inherited from other records: a version is looked at alone.
    """
    history = HISTORY_TABLES[record].c
    concerned = sa.select(RECORD_TABLES[record].c.id).where(condition(RECORD_TABLES[record]))
    names = (name for name in _columns(record, columns) if name != "id")
    query = sa.select(history.record_id.label("id"), history.version_at, *(history[name] for name in names))
    old = reader.frame(query.where(history.fate == "replaced", history.record_id.in_(concerned)))
    if old.is_empty():
        return old
    current = reader.records(record, ("version_at",), lambda table: table.c.id.in_(concerned))
    written = pl.col("version_at").cast(pl.Int64).alias("written_at")
    every = pl.concat([old.select("id", written), current.select("id", written)]).unique().sort("id", "written_at")
    every = every.with_columns(pl.col("written_at").shift(-1).over("id").alias("ended_at")).drop_nulls()
    ended = old.with_columns(written).drop("version_at").join(every, on=["id", "written_at"])
    return _judged_alone(reader, rules, record, ended, columns, now)


def present_versions(
    reader: Reader, rules: Rules, record: str, condition: Condition, columns: Sequence[str], now: dt.datetime
) -> pl.DataFrame:
    """The stored versions of the same records, judged the same way, with `number`."""
    kind = KINDS[record]
    found = reader.records(record, _columns(record, columns), condition)
    judged = _judged_alone(reader, rules, record, found, columns, now)
    return judged.with_columns(pl.col(kind.number).alias("number"))


def _columns(record: str, columns: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*KINDS[record].columns, *columns)))


def _judged_alone(
    reader: Reader, rules: Rules, record: str, versions: pl.DataFrame, columns: Sequence[str], now: dt.datetime
) -> pl.DataFrame:
    """`columns` keep what is stored, beside the judged frame where an area is filled in and the future is hidden."""
    stored = [pl.col(name).alias(f"stored.{name}") for name in columns]
    versions = versions.with_columns(stored).filter(pl.col(KINDS[record].moment).cast(pl.Int64) <= microseconds(now))
    book, calendar, nothing = rules.rulebook, rules.calendar, pl.lit(None, dtype=pl.Int64)
    if record == "tickets":
        judged = judge_tickets(versions, book, calendar, now)
    elif record == "applications":
        judged = judge_applications(versions.with_columns(form_at=nothing), book, calendar, now)
    else:
        alone = versions.with_columns(pl.col("accepted_at").cast(pl.Int64), inherited=pl.lit(0), previous_at=nothing)
        alone = with_area(alone.with_columns(local_day(pl.col("accepted_at")).alias("day")), reader.tree)
        judged = judge_repairs(alone, book, calendar, now)
    return judged.collect()

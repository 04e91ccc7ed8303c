"""Records by day (逐日计数): how many a system has of each office and local day, kept as batches come.

Only what batches since the last count wrote or replaced is looked at, so the cost follows the change. A record that
moved to another day or office is taken away there and added here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from checks.clock import LOCAL, local_day
from collectors.records import RECORDS
from dashboard.database.models import BATCHES, DAY_COUNTS, HISTORY_TABLES, META, RECORD_TABLES
from dashboard.intake.flags import ALL
from dashboard.intake.tables import Tables

COUNTED = ("tickets", "repairs", "applications", "evaluations", "measures")
"""What comes day by day, or month by month; samples are planned by ourselves, inspections come when they come."""
COUNTED_THROUGH = "day_counts_through"
_STAGED = "counted_days"
_KEY = ("system", "record", "series", "office_code", "day")
QUARTER_HOUR = 900_000_000


def count_days(tables: Tables, zones: Mapping[str, str]) -> bool:
    """Bring the counts up to the newest batch; False if there was none. `zones`: system → time zone of its days."""
    through, newest = _through(tables), tables.scalar(sa.select(sa.func.max(BATCHES.c.id))) or 0
    if newest <= through:
        return False
    changed = [frame for record in COUNTED for frame in _changed(tables, record, through, newest, zones)]
    if changed:
        _store(tables, pl.concat(changed))
    value = {"value": str(newest)}
    statement = postgresql.insert(META).values(key=COUNTED_THROUGH, **value)
    tables.run(statement.on_conflict_do_update(index_elements=["key"], set_=value))
    return True


def _through(tables: Tables) -> int:
    return int(tables.scalar(sa.select(META.c.value).where(META.c.key == COUNTED_THROUGH)) or 0)


def _changed(
    tables: Tables, record: str, through: int, newest: int, zones: Mapping[str, str]
) -> Iterator[pl.DataFrame]:
    """What the batches after `through` added to each day, and what they took away."""
    batch = BATCHES.c
    query = sa.select(sa.func.min(batch.id)).where(batch.id > through, batch.id <= newest, batch.record == record)
    if tables.scalar(query) is None:
        return
    table, history = RECORD_TABLES[record], HISTORY_TABLES[record]
    now = sa.and_(table.c.batch_id > through, table.c.batch_id <= newest)
    ended = sa.and_(history.c.ended_by_batch > through, history.c.ended_by_batch <= newest)
    before = sa.and_(ended, history.c.fate == "replaced", history.c.batch_id <= through)
    yield _days_of(tables.frame(_counted(table, record, zones).where(now)), record, zones)
    gone = _days_of(tables.frame(_counted(history, record, zones).where(before)), record, zones)
    yield gone.with_columns(-pl.col("n"))


def _counted(table: sa.Table, record: str, zones: Mapping[str, str]) -> sa.Select[Any]:
    """Records by system, office and stretch of time (a day where all days are ours, else a quarter of an hour)."""
    keys: list[Any] = [table.c.system, table.c.office_code]
    if record == "measures":
        keys += [table.c.indicator.label("series"), table.c.period.label("day")]
    else:
        # written out: PostgreSQL takes two parameters for two different expressions
        offset, length = (sa.literal_column(str(number), sa.BigInteger) for number in _stretch(zones))
        keys.append(((table.c[str(RECORDS[record].moment)] + offset) // length).label("stretch"))
    return sa.select(*keys, sa.func.count().label("n")).group_by(*keys)


def _stretch(zones: Mapping[str, str]) -> tuple[int, int]:
    """Offset and length in microseconds; every zone of today is whole quarters of an hour from UTC."""
    return (0, QUARTER_HOUR) if set(zones.values()) - {LOCAL} else (8 * 4 * QUARTER_HOUR, 96 * QUARTER_HOUR)


def _days_of(counted: pl.DataFrame, record: str, zones: Mapping[str, str]) -> pl.DataFrame:
    """The stretches as local days of their system."""
    if record != "measures":
        offset, length = _stretch(zones)
        moment = pl.col("stretch") * length - offset
        day = local_day(moment)
        for system, zone in zones.items():
            if zone != LOCAL:
                day = pl.when(pl.col("system") == system).then(local_day(moment, zone)).otherwise(day)
        days = day.cast(pl.Int32).cast(pl.Date).dt.strftime("%Y-%m-%d").alias("day")
        counted = counted.with_columns(days, pl.lit(ALL).alias("series"))
    named = counted.with_columns(pl.lit(record).alias("record"), pl.col("n").cast(pl.Int64))
    return named.drop_nulls(["system", "office_code", "day"]).select(*_KEY, "n")


def _store(tables: Tables, changed: pl.DataFrame) -> None:
    summed = changed.group_by(_KEY).agg(pl.col("n").sum()).filter(pl.col("n") != 0)
    if summed.is_empty():
        return
    tables.stage(_STAGED, summed.with_columns(pl.lit(value=True).alias("pending")))
    staged = sa.table(_STAGED, sa.column("n", sa.BigInteger), sa.column("pending", sa.Boolean), *map(sa.column, _KEY))
    names = [*_KEY, "n", "pending"]
    chosen = sa.select(*(staged.c[name] for name in names)).where(sa.true())  # SQLite needs a WHERE here
    insert = postgresql.insert(DAY_COUNTS).from_select(names, chosen)
    added = {"n": DAY_COUNTS.c.n + insert.excluded.n, "pending": sa.true()}
    tables.run(insert.on_conflict_do_update(index_elements=list(_KEY), set_=added))

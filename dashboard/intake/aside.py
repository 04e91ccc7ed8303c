"""Rows that cannot be stored are put aside (隔离): each once, however often overlapping exports bring it again.

The same row of the same record and system, word for word, joins the one that is there, in whatever state a person has
left it; where and when it was read again is kept. So the quarantined rows of a batch are those that it brought first
and those that it brought again: conservation can be counted in the tables.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import sqlalchemy as sa
import xxhash

from dashboard.database.models import BATCHES, QUARANTINE, QUARANTINE_SIGHTINGS
from dashboard.intake.prepare import Prepared
from dashboard.intake.tables import Tables

_MARKS, _AGAIN = "intake_marks", "intake_again"


def fingerprints(record: str, system: str, raw: Sequence[str]) -> pl.Series:
    """Signed 64-bit hash of each row's text within its record and system."""
    start = f"{record}\x1f{system}\x1f"
    digests = (xxhash.xxh3_64_intdigest((start + text).encode()) for text in raw)
    return pl.Series("fingerprint", np.fromiter(digests, dtype=np.uint64, count=len(raw)).view(np.int64))


def put_aside(
    tables: Tables,
    record: str,
    system: str,
    refused: pl.DataFrame,
    chunk: Prepared,
    batch_id: int,
    version: int,
    since: int,
) -> None:
    """Put the refused rows of a chunk aside. `version` is the batch's version time, `since` the arrival (micros)."""
    if refused.is_empty():
        return
    numbers = refused["row_no"].to_list()
    raw, context = chunk.raw(numbers), chunk.context(numbers)
    texts = [raw.get(number, "{}") for number in numbers]
    rows = refused.with_columns(
        pl.Series("raw", texts, dtype=pl.String),
        pl.Series("context", [context.get(number) for number in numbers], dtype=pl.String),
        fingerprints(record, system, texts),
    )
    known = _known(tables, rows)
    fresh = rows.join(known, on=["fingerprint", "raw"], how="anti", maintain_order="left")
    fresh = fresh.unique(["fingerprint", "raw"], keep="first", maintain_order=True)
    _add(tables, fresh, record, batch_id, since)
    again = rows.join(fresh, on="row_no", how="anti", maintain_order="left")
    if again.height:
        _see_again(tables, again, batch_id, version)


def _known(tables: Tables, rows: pl.DataFrame) -> pl.DataFrame:
    """`id, fingerprint, raw, version` of rows put aside before; `version` of the newest export that said them."""
    tables.stage(_MARKS, rows.select("fingerprint").unique())
    marks = sa.table(_MARKS, sa.column("fingerprint", sa.BigInteger))
    row, newest = QUARANTINE.c, BATCHES.c
    statement = sa.select(row.id, row.fingerprint, row.raw, newest.exported_at.label("version")).select_from(
        marks.join(QUARANTINE, row.fingerprint == marks.c.fingerprint).join(BATCHES, newest.id == row.last_batch_id)
    )
    return tables.frame(statement)


def _add(tables: Tables, fresh: pl.DataFrame, record: str, batch_id: int, since: int) -> None:
    tables.append(
        QUARANTINE.name,
        fresh.with_columns(
            pl.lit(batch_id, pl.Int64).alias("batch_id"),
            pl.lit(record).alias("record"),
            pl.lit("open").alias("state"),
            pl.lit(since, pl.Int64).alias("since"),
            pl.lit(1, pl.Int64).alias("times"),
            pl.lit(batch_id, pl.Int64).alias("last_batch_id"),
            pl.col("row_no").alias("last_row_no"),
        ),
    )


def _see_again(tables: Tables, again: pl.DataFrame, batch_id: int, version: int) -> None:
    """Note where rows were read again; the newest export that says them is what a replay goes by."""
    known = _known(tables, again)
    seen = again.join(known, on=["fingerprint", "raw"], maintain_order="left")
    batch = pl.lit(batch_id, pl.Int64)
    tables.append(
        QUARANTINE_SIGHTINGS.name,
        seen.select(batch.alias("batch_id"), "row_no", pl.col("id").alias("quarantine_id")),
    )
    counted = seen.group_by("id").agg(
        pl.len().cast(pl.Int64).alias("more"),
        pl.col("row_no").last().alias("last_row_no"),
        (pl.col("version").first() <= version).alias("newer"),
        pl.col("reason", "column_name", "value").last(),
    )
    tables.stage(_AGAIN, counted.with_columns(batch.alias("last_batch_id")))
    names = ("id", "more", "last_batch_id", "last_row_no", "reason", "column_name", "value")
    told = sa.table(_AGAIN, sa.column("newer", sa.Boolean), *map(sa.column, names))
    mine = QUARANTINE.c.id == told.c.id
    tables.run(sa.update(QUARANTINE).values(times=QUARANTINE.c.times + told.c.more).where(mine))
    newest = {name: told.c[name] for name in names[2:]}
    tables.run(sa.update(QUARANTINE).values(newest).where(mine, told.c.newer))

"""Offices that a person has changed (手工变更的单位): a later file never undoes that silently.

A change made by hand is a batch of its own, without a file. A row of a file that says something else about a version
written so, or brings another version of that office, goes to quarantine and waits for a person (docs/decisions/0009).
"""

from __future__ import annotations

from collections.abc import Collection

import polars as pl
import sqlalchemy as sa

from collectors.records import RecordType
from dashboard.database.models import BATCHES, RECORD_TABLES
from dashboard.intake.tables import Tables

SOURCE, STATE = "by hand", "by_hand"
"""Source and state of the batches of such changes."""
REASON = "changed_by_hand"


def contradicting(
    tables: Tables, record: RecordType, rows: pl.DataFrame, clears: Collection[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows that may be stored, and those that contradict a person, as refused rows. Of other records: all may."""
    if record.name != "offices" or rows.is_empty():
        return rows, _refused(rows.clear().with_columns(_NOTHING))
    own = _by_hand(tables, record)
    if own.is_empty():
        return rows, _refused(rows.clear().with_columns(_NOTHING))
    said = rows.filter(pl.col("code").is_in(own["code"].implode()))
    both = said.join(own, on=list(record.key), how="left", suffix="_by_hand", maintain_order="left")
    stated = [name for name in record.names if name not in record.key]
    kept = _every_key(tables, record)
    another = pl.col("_hand").is_null() & ~pl.concat_str(record.key, separator="\x1f").is_in(kept.implode())
    differs = {name: _differs(name, clears) & pl.col("_hand").is_not_null() for name in stated}
    column = pl.coalesce(
        pl.when(another).then(pl.lit("valid_from")),
        *(pl.when(condition).then(pl.lit(name)) for name, condition in differs.items()),
    )
    value = pl.coalesce(
        pl.when(another).then(pl.col("valid_from")),
        *(pl.when(condition).then(pl.col(name).cast(pl.String)) for name, condition in differs.items()),
    )
    found = both.with_columns(column.alias("column_name"), value.alias("value"))
    found = found.filter(pl.col("column_name").is_not_null())
    return rows.join(found, on="row_no", how="anti", maintain_order="left"), _refused(found)


_NOTHING = (pl.lit(None, pl.String).alias("column_name"), pl.lit(None, pl.String).alias("value"))


def _refused(rows: pl.DataFrame) -> pl.DataFrame:
    nobody = pl.lit(None, pl.String).alias("office_named")
    return rows.select("row_no", pl.col("code").alias("number") if "code" in rows.columns else nobody.alias("number"),
                       nobody, pl.lit(REASON).alias("reason"), "column_name", "value")  # fmt: skip


def _differs(name: str, clears: Collection[str]) -> pl.Expr:
    """Whether a row states something else; an empty cell states nothing, unless it clears."""
    stored = pl.col(f"{name}_by_hand")
    says = pl.col(name).is_not_null() | pl.lit(name in clears)
    return says & pl.col(name).ne_missing(stored)


def _by_hand(tables: Tables, record: RecordType) -> pl.DataFrame:
    """The versions that a person has written last."""
    table = RECORD_TABLES[record.name].c
    batches = sa.select(BATCHES.c.id).where(BATCHES.c.state == STATE)
    found = tables.frame(sa.select(*(table[name] for name in record.names)).where(table.batch_id.in_(batches)))
    return found.with_columns(pl.lit(value=True).alias("_hand"))


def _every_key(tables: Tables, record: RecordType) -> pl.Series:
    table = RECORD_TABLES[record.name].c
    keys = tables.frame(sa.select(*(table[name] for name in record.key)))
    return keys.select(pl.concat_str(pl.all(), separator="\x1f").alias("key"))["key"]

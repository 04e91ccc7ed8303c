"""From judged frames to what is stored: a row of letters per record, tallies, clocks that still run."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from checks.rollup import indicator_of, letters, pack, rollup
from checks.rulebook.loader import Rulebook

TALLY = ["office_code", "day", "states", "marks", "count", "ratio"]


def packed(judged: pl.LazyFrame, codes: Sequence[str], rulebook: Rulebook) -> pl.DataFrame:
    """`record_id, office_code, day (number), exists, next_change, word…, ratio` of a judged frame."""
    ratios = [f"{code}.ratio" for code in codes if indicator_of(rulebook, code).formula == "ratio_to_limit"]
    ratio = pl.coalesce(ratios) if ratios else pl.lit(None, dtype=pl.Int64)
    return judged.select(
        pl.col("id").alias("record_id"),
        "office_code",
        "day",
        "exists",
        "next_change",
        *pack(codes),
        ratio.alias("ratio"),
    ).collect()


def rows_of(found: pl.DataFrame, codes: Sequence[str], rulebook: Rulebook) -> pl.DataFrame:
    """The rows of the kind's verdict table for the records that exist at as-of, in the order of their ids."""
    existing = found.filter("exists")
    words = [name for name in existing.columns if name.startswith("word")]
    listed = pl.col("losing") | (pl.col("ratio") > _least_losing_ratio(codes, rulebook)).fill_null(False)
    return existing.join(letters(existing, codes, rulebook), on=words, how="left", maintain_order="left").select(
        "record_id",
        "office_code",
        day_text(existing).alias("day"),
        "states",
        "marks",
        "ratio",
        listed.alias("losing"),
    )


def open_clocks(found: pl.DataFrame, record: str) -> pl.DataFrame:
    """The rows of `open_clocks`: records whose verdict changes by itself, and when."""
    running = found.filter(pl.col("next_change").is_not_null())
    return running.select(pl.lit(record).alias("record"), "record_id", pl.col("next_change").alias("next_at"))


def tallies(found: pl.DataFrame, codes: Sequence[str], rulebook: Rulebook) -> pl.DataFrame:
    """Tallies of packed rows (`checks.rollup.rollup`): grouped by integers first, decoded afterwards."""
    existing = found.filter("exists")
    words = [name for name in existing.columns if name.startswith("word")]
    grouped = existing.group_by("office_code", "day", *words).agg(
        pl.len().cast(pl.Int64).alias("count"), pl.col("ratio").sum()
    )
    decoded = grouped.join(letters(existing, codes, rulebook), on=words, how="left")
    return decoded.with_columns(day_text(decoded).alias("day")).select(TALLY)


def rolled(found: pl.DataFrame, codes: Sequence[str], rulebook: Rulebook) -> pl.DataFrame:
    """The roll-up of packed rows."""
    return rollup(tallies(found, codes, rulebook), codes, rulebook)


def differences(before: pl.DataFrame, after: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows of a verdict table that go and those that come; what stays the same is in neither."""
    columns = list(after.columns)
    before = before.select(columns)
    goes = before.join(after, on=columns, how="anti", nulls_equal=True)
    return goes, after.join(before, on=columns, how="anti", nulls_equal=True)


def stored_tallies(verdicts: pl.DataFrame, *, sign: int) -> pl.DataFrame:
    """Tallies of rows of a verdict table; with `sign` −1 they are taken back."""
    return verdicts.select(
        "office_code",
        "day",
        "states",
        "marks",
        pl.lit(sign, dtype=pl.Int64).alias("count"),
        (pl.col("ratio").fill_null(0) * sign).alias("ratio"),
    )


def day_text(frame: pl.DataFrame) -> pl.Expr:
    """`YYYY-MM-DD` of the day numbers of a frame, each day written once."""
    days = frame["day"].unique()
    if not days.len():
        return pl.col("day").cast(pl.String)
    texts = days.cast(pl.Int32).cast(pl.Date).dt.strftime("%Y-%m-%d")
    return pl.col("day").replace_strict(days, texts, return_dtype=pl.String)


def _least_losing_ratio(codes: Sequence[str], rulebook: Rulebook) -> int:
    """The smallest stored ratio that can lose points under any edition: R3 above its target."""
    bounds = [
        indicator.target * rulebook.scale(indicator.code)
        for edition in rulebook.editions
        for indicator in edition.indicators
        if indicator.code in codes and indicator.formula == "ratio_to_limit"
    ]
    return int(min(bounds, default=0))

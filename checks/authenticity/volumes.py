"""Volumes of two periods (转类): did complaints shrink while opinions and enquiries grew? (domain §9 trap 51)."""

from __future__ import annotations

import polars as pl

from checks.authenticity.catalogue import bound
from checks.authenticity.chance import holm, two_sided_table

COMPLAINTS = ("complaint",)
SOFTER = ("opinion", "enquiry", "suggestion")


def migration(now: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Tests every office: complaints against softer types, this period against the one before (Fisher, exact).

    Both frames: `office_code, type, tickets`. Returns `office_code, complaints, softer, complaints_before,
    softer_before, p, p_adjusted, called`; only a falling share of complaints can be called.
    """
    both = _split(now).join(_split(before), on="office_code", how="full", coalesce=True, suffix="_before")
    numbers = ("complaints", "softer", "complaints_before", "softer_before")
    both = both.with_columns(pl.col(numbers).fill_null(0).cast(pl.Int64)).sort("office_code")
    least = bound("migration", "least")
    both = both.filter(pl.col("complaints") + pl.col("complaints_before") >= least)
    p = two_sided_table(*(both[name].to_list() for name in numbers)).tolist()
    falling = pl.col("complaints") * pl.col("softer_before") < pl.col("complaints_before") * pl.col("softer")
    return both.with_columns(
        pl.Series("p", p, dtype=pl.Float64), pl.Series("p_adjusted", holm(p), dtype=pl.Float64)
    ).with_columns(
        (falling & (pl.col("p_adjusted") * 1000 < bound("migration", "level_permille"))).alias("called")
    ).sort("p", "office_code")  # fmt: skip


def _split(volumes: pl.DataFrame) -> pl.DataFrame:
    def count(types: tuple[str, ...]) -> pl.Expr:
        return pl.col("tickets").filter(pl.col("type").is_in(types)).sum()

    return volumes.group_by("office_code").agg(count(COMPLAINTS).alias("complaints"), count(SOFTER).alias("softer"))

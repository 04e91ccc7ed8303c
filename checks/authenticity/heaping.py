"""Heaping at a limit (临界聚集): are there too many records just inside it, or just outside?

Where nothing happens at the limit, the number of records per minute changes smoothly there, so a stretch of length w
that ends at the limit holds a third of what it holds together with the stretches of length w on either side of it.
Given the sum, its count is Binomial(sum, 1/3): exact for any smooth (locally linear) density, whatever its height.
Intervals are half open, (limit − w, limit], so that times known to the minute spread evenly over all three.
"""

from __future__ import annotations

import polars as pl

from checks.authenticity.catalogue import bound
from checks.authenticity.chance import holm, two_sided_binomial
from checks.clock import MINUTE

THIRD = 1 / 3


def window(limit: pl.Expr) -> pl.Expr:
    """Length of the stretch in microseconds: two minutes, or a thirtieth of a long limit in whole minutes."""
    share = limit.floordiv(bound("heaping", "window_share") * MINUTE) * MINUTE
    return pl.max_horizontal(share, pl.lit(bound("heaping", "window_minutes") * MINUTE))


def heaping(durations: pl.DataFrame) -> pl.DataFrame:
    """Tests every office and limit with enough records around it.

    `durations`: `office_code, indicator, limit, took` (microseconds), one row per finished record on a natural clock.
    Returns `office_code, indicator, limit, window, inside, beside, expected, p, p_adjusted, direction` (`inside`: too
    many within the limit; `outside`: too few), most surprising first; `called` where Holm's p is below the level.
    """
    near = durations.with_columns(window(pl.col("limit")).alias("window")).with_columns(
        (pl.col("took") - pl.col("limit")).alias("past")
    )
    inside = (pl.col("past") > -pl.col("window")) & (pl.col("past") <= 0)
    around = (pl.col("past") > -2 * pl.col("window")) & (pl.col("past") <= pl.col("window"))
    counted = (
        near.filter(around)
        .group_by("office_code", "indicator", "limit", "window")
        .agg(inside.sum().cast(pl.Int64).alias("inside"), (~inside).sum().cast(pl.Int64).alias("beside"))
        .filter(pl.col("inside") + pl.col("beside") >= bound("heaping", "least"))
        .sort("office_code", "indicator", "limit")
    )
    inside_counts = counted["inside"].to_list()
    sums = (counted["inside"] + counted["beside"]).to_list()
    p = two_sided_binomial(inside_counts, sums, THIRD).tolist()
    return counted.with_columns(
        (pl.Series(sums, dtype=pl.Float64) / 3).alias("expected"),
        pl.Series("p", p, dtype=pl.Float64),
        pl.Series("p_adjusted", holm(p), dtype=pl.Float64),
    ).with_columns(
        pl.when(pl.col("inside") > pl.col("expected")).then(pl.lit("inside")).otherwise(pl.lit("outside"))
        .alias("direction"),
        (pl.col("p_adjusted") * 1000 < bound("heaping", "level_permille")).alias("called"),
    ).sort("p", "office_code", "indicator", "limit")  # fmt: skip

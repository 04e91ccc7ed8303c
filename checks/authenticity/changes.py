"""Leads that come from comparing two judgements of one record (改动线索): other versions, other areas, no pause.

Frames are judged ones (`checks.judge.base.judge`): per indicator CODE its reason number, `CODE.deadline` and
`CODE.actual`.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from checks.authenticity.stamps import SECOND, leads
from checks.reasons import NUMBER, numbers_of

LATE, IN_TIME = "L", "O"


def changed_after_breach(
    old: pl.DataFrame, new: pl.DataFrame, record: str, codes: Sequence[str], compared: Sequence[str]
) -> pl.DataFrame:
    """Records whose stored version was late and whose present one, written after the deadline, is not.

    `old`: judged earlier versions with `id` (of the record), `written_at` and `ended_at`; `new`: the judged present
    ones with `id, number, office_code`; both with `stored.<column>` for every column `compared`. A version that said
    nothing yet was late only if it was written after its deadline: an early export is no breach. `other` names the
    columns that differ, `amount` is the time from the deadline to the change.
    """
    found = pl.concat([_turned(old, new, record, code, compared) for code in codes])
    return found.sort("at", "number", "step").unique(["id", "step"], keep="first", maintain_order=True)


def _turned(old: pl.DataFrame, new: pl.DataFrame, record: str, code: str, compared: Sequence[str]) -> pl.DataFrame:
    deadline, stated = f"{code}.deadline", pl.col(code) == NUMBER["too_late"]
    overdue = (pl.col(code) == NUMBER["not_done"]) & (pl.col(deadline) < pl.col("written_at"))
    before = [pl.col(f"stored.{name}").alias(f"before.{name}") for name in compared]
    late = old.filter(stated | overdue).select("id", "ended_at", pl.col(deadline).alias("was_due"), *before)
    pairs = new.filter(~pl.col(code).is_in(numbers_of(LATE))).join(late, on="id")
    differ = [
        pl.when(pl.col(f"stored.{name}").ne_missing(pl.col(f"before.{name}"))).then(pl.lit(name)) for name in compared
    ]
    changes = pl.concat_str(differ, separator=", ", ignore_nulls=True).alias("changes")
    pairs = pairs.with_columns(changes).filter(pl.col("changes") != "")
    return leads(
        pairs, "changed_after_breach", record,
        at=pl.col("ended_at"), step=pl.lit(code), other=pl.col("changes"),
        amount=(pl.col("ended_at") - pl.col("was_due")) // SECOND,
    )  # fmt: skip


def saved_by(judged: pl.DataFrame, stricter: pl.DataFrame, signal: str, record: str, code: str) -> pl.DataFrame:
    """Records that are in time as they stand, and late when judged by the stricter reading (no pause, another area).

    `amount` is by how many seconds they would be late.
    """
    good = judged.filter(pl.col(code).is_in(numbers_of(IN_TIME)))
    bad = stricter.filter(pl.col(code).is_in(numbers_of(LATE)))
    bad = bad.select("id", pl.col(f"{code}.deadline").alias("due"))
    pairs = good.join(bad, on="id")
    over = (pl.col(f"{code}.actual") - pl.col("due")) // SECOND
    return leads(pairs, signal, record, at=pl.col(f"{code}.actual"), step=pl.lit(code), amount=over)


def stricter_area(repairs: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """The repairs whose own area is easier than another known one, with `area` replaced by the strictest known.

    `known`: `id, area`, any number of rows per repair (the areas of other records of the customer).
    """
    order = {"urban": 0, "rural": 1, "remote": 2}
    strictest = known.filter(pl.col("area").is_in(list(order))).with_columns(
        pl.col("area").replace_strict(order, return_dtype=pl.Int64).alias("place")
    )
    strictest = strictest.sort("place").unique("id", keep="first").select("id", pl.col("area").alias("known"), "place")
    own = pl.col("area").replace_strict(order, default=None, return_dtype=pl.Int64)
    found = repairs.join(strictest, on="id").filter(own > pl.col("place"))
    return found.with_columns(pl.col("known").alias("area")).drop("known", "place")


def hidden_late(repairs: pl.DataFrame, code: str) -> pl.DataFrame:
    """Repairs late by their timestamps and reported as not late (`late_not_reported` of the indicator)."""
    found = repairs.filter(pl.col(code) == NUMBER["late_not_reported"])
    return leads(found, "hidden_late", "repairs", at=pl.col("accepted_at"), step=pl.lit(code))

"""Leads inside one record, and between records that stand beside each other (时间戳线索).

Frames hold `id, number, office_code` and the stamps of the record's lifecycle (microseconds UTC, null = empty).
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from checks.authenticity.catalogue import bound

SECOND, MINUTE = 1_000_000, 60_000_000
LEADS = {
    "signal": pl.String, "record": pl.String, "id": pl.Int64, "number": pl.String, "office_code": pl.String,
    "at": pl.Int64, "step": pl.String, "other": pl.String, "amount": pl.Int64,
}  # fmt: skip
"""A lead: which record, when, at which step. `other`: the step or text compared with; `amount`: seconds or records."""


def leads(frame: pl.DataFrame, signal: str, record: str, **columns: pl.Expr) -> pl.DataFrame:
    """The frame's rows as leads of a signal; columns that are not given are empty."""
    given = {"signal": pl.lit(signal), "record": pl.lit(record), **columns}
    kept = ("id", "number", "office_code")
    return frame.select(
        (given.get(name) if name in given else pl.col(name) if name in kept else pl.lit(None)).cast(kind).alias(name)  # type: ignore[union-attr]
        for name, kind in LEADS.items()
    )


def no_leads() -> pl.DataFrame:
    return pl.DataFrame(schema=LEADS)


def impossible_order(records: pl.DataFrame, record: str, lifecycle: Sequence[str]) -> pl.DataFrame:
    """Steps that lie before an earlier one by more than the tolerance (60 s: clocks of systems differ, trap 9).

    Each record once, with the step that goes furthest back and the one it ought to follow.
    """
    tolerance = bound("impossible_order", "tolerance_seconds") * SECOND
    pairs = [
        _backwards(records, record, earlier, later, tolerance)
        for place, later in enumerate(lifecycle)
        for earlier in lifecycle[:place]
    ]
    found = pl.concat(pairs)
    return found.sort("amount", "step", "other", descending=[True, False, False]).unique(
        "id", keep="first", maintain_order=True
    )


def _backwards(records: pl.DataFrame, record: str, earlier: str, later: str, tolerance: int) -> pl.DataFrame:
    back = pl.col(earlier) - pl.col(later)
    return leads(
        records.filter(back > tolerance), "impossible_order", record,
        at=pl.col(later), step=pl.lit(later), other=pl.lit(earlier), amount=back // SECOND,
    )  # fmt: skip


def identical_stamps(records: pl.DataFrame, record: str, lifecycle: Sequence[str]) -> pl.DataFrame:
    """Three or more steps at the same time, or arrival and restoration in one; the acceptance is not counted.

    (An order dispatched by a machine carries the time of its acceptance honestly.)
    """
    least = bound("identical_stamps", "steps")
    steps = lifecycle[1:]
    keys = ["id", "number", "office_code"]
    long = records.unpivot(on=list(steps), index=keys, variable_name="step", value_name="at").drop_nulls("at")
    same = long.group_by(*keys, "at", maintain_order=True).agg(
        pl.len().alias("steps"), pl.col("step").first().alias("first"), pl.col("step").last().alias("last"),
        pl.col("step").is_in(["arrived_at", "restored_at"]).sum().alias("arrival"),
    )  # fmt: skip
    found = same.filter((pl.col("steps") >= least) | (pl.col("arrival") == 2))
    found = found.sort("steps", "at", descending=[True, False]).unique("id", keep="first", maintain_order=True)
    return leads(
        found, "identical_stamps", record,
        at=pl.col("at"), step=pl.col("first"), other=pl.col("last"), amount=pl.col("steps"),
    )  # fmt: skip


def quick_arrival(records: pl.DataFrame, record: str) -> pl.DataFrame:
    """Arrived less than two minutes after dispatch (not before it: that is an impossible order)."""
    took = pl.col("arrived_at") - pl.col("dispatched_at")
    quick = records.filter((took >= 0) & (took < bound("quick_arrival", "minutes") * MINUTE))
    return leads(
        quick, "quick_arrival", record,
        at=pl.col("arrived_at"), step=pl.lit("arrived_at"), other=pl.lit("dispatched_at"), amount=took // SECOND,
    )  # fmt: skip


def same_minute(records: pl.DataFrame, record: str, signal: str, stamp: str, by: Sequence[str]) -> pl.DataFrame:
    """Records whose stamp falls into the same minute as that of enough others of the same team or office."""
    minute = pl.col(stamp).floordiv(MINUTE).alias("minute")
    filled = records.filter(pl.col(stamp).is_not_null()).with_columns(minute)
    crowd = pl.len().over("minute", *by)
    found = filled.with_columns(crowd.alias("crowd")).filter(pl.col("crowd") >= bound(signal, "records"))
    return leads(found, signal, record, at=pl.col(stamp), step=pl.lit(stamp), amount=pl.col("crowd"))


def same_caller(tickets: pl.DataFrame) -> pl.DataFrame:
    """Satisfied tickets of an office that come from one telephone; the number itself is not repeated in the lead."""
    satisfied = tickets.filter((pl.col("satisfaction") == "satisfied") & pl.col("phone").is_not_null())
    found = satisfied.with_columns(pl.len().over("office_code", "phone").alias("crowd"))
    found = found.filter(pl.col("crowd") >= bound("same_caller", "records"))
    return leads(found, "same_caller", "tickets", at=pl.col("accepted_at"), amount=pl.col("crowd"))


def reopened_as_enquiry(tickets: pl.DataFrame) -> pl.DataFrame:
    """Enquiries of a customer within a day after a fault ticket of theirs was closed at the same office.

    The customer is known by number, else by telephone. `other` is the number of the fault ticket.
    """
    known = tickets.with_columns(pl.coalesce("customer_no", "phone").alias("who")).filter(
        pl.col("who").is_not_null(), pl.col("office_code").is_not_null()
    )
    closed = pl.coalesce("archived_at", "replied_at", "finished_at").alias("closed")
    faults = known.filter(pl.col("type") == "fault").select("office_code", "who", "number", closed).drop_nulls()
    asked = known.filter(pl.col("type") == "enquiry").select("id", "number", "office_code", "who", "accepted_at")
    pairs = asked.join(faults.rename({"number": "fault"}), on=["office_code", "who"])
    gap = pl.col("accepted_at") - pl.col("closed")
    pairs = pairs.filter(gap.is_between(0, bound("reopened_as_enquiry", "hours") * 60 * MINUTE))
    pairs = pairs.sort(gap, "fault").unique("id", keep="first", maintain_order=True)
    return leads(
        pairs, "reopened_as_enquiry", "tickets",
        at=pl.col("accepted_at"), other=pl.col("fault"), amount=gap // SECOND,
    )  # fmt: skip

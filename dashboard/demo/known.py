"""What an export can know (截至): rows and stamps of a whole life, cut to a moment (导出时刻)."""

from __future__ import annotations

from datetime import datetime

import polars as pl

_BEGINS = {"tickets": "accepted_at", "repairs": "accepted_at", "samples": "planned_at", "inspections": "at",
           "applications": "accepted_at", "evaluations": "at"}  # fmt: skip
_LEARNT = {
    "tickets": {"satisfaction": "visited_at", "substantiated": "replied_at", "severity": "replied_at"},
    "repairs": {
        "reported_arrival_late": "arrived_at",
        "fault_class": "restored_at",
        "customer_owned": "restored_at",
        "transformer": "dispatched_at",
    },
    "samples": {"verdict": "reviewed_at"},
    "inspections": {},
    "applications": {"note": "archived_at"},
    "evaluations": {},
}
"""Attributes that nobody knows before a stamp was made."""


def as_known(record: str, rows: pl.DataFrame, moment: datetime) -> pl.DataFrame:
    """Rows begun by `moment` (naive local), later stamps empty, what follows from them empty too."""
    begun = rows.filter(pl.col(_BEGINS[record]) <= moment)
    learnt = [
        pl.when(pl.col(stamp) <= moment).then(pl.col(name)).alias(name) for name, stamp in _LEARNT[record].items()
    ]
    stamps = [name for name in rows.columns if name.endswith("_at")]
    hidden = [pl.when(pl.col(name) <= moment).then(pl.col(name)).alias(name) for name in stamps]
    return begun.with_columns(*learnt).with_columns(*hidden)

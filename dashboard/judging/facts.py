"""One fact seen in several ways (一事多证): which confirmed violations a person has joined (docs/decisions/0021)."""

from __future__ import annotations

import datetime as dt
import json

import polars as pl
import sqlalchemy as sa

from checks.judge.base import microseconds
from checks.judge.inspections import FACT
from dashboard.database.models import FACT_JOINS
from dashboard.judging.reading import Reader

MEMBERS = {FACT: pl.String, "record": pl.String, "record_id": pl.Int64}
JOINED = "joined"


def members(reader: Reader, as_of: dt.datetime) -> pl.DataFrame:
    """`fact, record, record_id` of everything joined at `as_of`: the latest row of a fact says what holds."""
    row, at = FACT_JOINS.c, microseconds(as_of)
    decided = max(at, reader.decided or at)
    query = sa.select(row.id, row.fact, row.action, row.members).where(row["at"] <= decided)
    rows = reader.frame(query).sort("id")
    latest = {fact: (action, told) for fact, action, told in rows.select("fact", "action", "members").iter_rows()}
    found = [
        (fact, record, number)
        for fact, (action, told) in latest.items() if action == JOINED
        for record, number in json.loads(told)
    ]  # fmt: skip
    return pl.DataFrame(found, schema=MEMBERS, orient="row")


def with_facts(reader: Reader, events: pl.DataFrame, as_of: dt.datetime) -> pl.DataFrame:
    """The events with the fact that each shows, null for one that stands alone."""
    return events.join(members(reader, as_of), on=["record", "record_id"], how="left", maintain_order="left")

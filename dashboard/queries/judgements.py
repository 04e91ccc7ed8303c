"""What each person said of each sample (盲审记录), for the statistics of agreement only.

It is the one query that shows judgements of samples that are not settled: no page of people who still have to judge
may show its rows.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from dashboard.database import Database
from dashboard.database.models import GOLD_SAMPLES, JUDGEMENTS, RECORD_TABLES
from dashboard.instants import from_micros, to_micros
from dashboard.people import Viewer
from dashboard.queries.offices import visible_tree
from dashboard.reviewing.standing import stands


def judged(
    db: Database, viewer: Viewer, *, as_of: datetime, since: datetime | None = None, until: datetime | None = None
) -> list[dict[str, Any]]:
    """Standing judgements of samples taken in `[since, until)`, in the order in which they were given.

    Keys: sample, hall, date, slot, round (1, 2, 3, gold), by, decision, items (codes), reason, calls_for, drawn, at,
    seconds.
    """
    row, look = JUDGEMENTS.c, RECORD_TABLES["samples"]
    sample = sa.select(
        look.c.sample_id, look.c.hall_code, look.c.date, look.c.slot, sa.func.min(look.c.planned_at).label("planned_at")
    ).group_by(look.c.sample_id, look.c.hall_code, look.c.date, look.c.slot).subquery()  # fmt: skip
    query = (
        sa.select(JUDGEMENTS, sample.c.hall_code, sample.c.date, sample.c.slot)
        .join(sample, sample.c.sample_id == row.sample_id)
        .where(stands(as_of)).order_by(row.id)
    )  # fmt: skip
    if since is not None:
        query = query.where(sample.c.planned_at >= to_micros(since))
    if until is not None:
        query = query.where(sample.c.planned_at < to_micros(until))
    if not viewer.sees_everything:
        query = query.where(sample.c.hall_code.in_(sorted(visible_tree(db, viewer).offices)))
    with db.reading() as connection:
        found = connection.execute(query).mappings().all()
    return [
        {
            "sample": one["sample_id"], "hall": one["hall_code"], "date": one["date"], "slot": one["slot"],
            "round": one["round"], "by": one["by"], "decision": one["decision"],
            "items": sorted({item["item"] for item in json.loads(one["items"])}), "reason": one["reason"],
            "calls_for": one["calls_for"], "drawn": one["drawn"], "at": from_micros(one["at"]),
            "seconds": one["seconds"],
        }
        for one in found
    ]  # fmt: skip


def gold_answers(db: Database, viewer: Viewer, *, as_of: datetime) -> dict[str, dict[str, Any]]:
    """Sample → what is known to be right of it: decision, items (codes), note, by, at; the latest mark stands."""
    gold, other = GOLD_SAMPLES.c, GOLD_SAMPLES.alias("other").c
    withdrawn = sa.select(other.withdraws).where(other.withdraws == gold.id, other["at"] <= to_micros(as_of)).exists()
    look = RECORD_TABLES["samples"].c
    query = sa.select(GOLD_SAMPLES).where(gold.withdraws.is_(None), ~withdrawn, gold["at"] <= to_micros(as_of))
    if not viewer.sees_everything:
        mine = sa.select(look.sample_id).where(look.hall_code.in_(sorted(visible_tree(db, viewer).offices)))
        query = query.where(gold.sample_id.in_(mine))
    with db.reading() as connection:
        rows = connection.execute(query.order_by(gold.id)).mappings().all()
    return {
        row["sample_id"]: {
            "decision": row["decision"], "items": json.loads(row["items"]), "note": row["note"], "by": row["by"],
            "at": from_micros(row["at"]),
        }
        for row in rows
    }  # fmt: skip

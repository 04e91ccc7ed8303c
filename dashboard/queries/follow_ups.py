"""What following a candidate of unproven duration showed (时长核实)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dashboard.database.models import FOLLOW_UPS
from dashboard.instants import to_micros

AT_ONCE = 500
"""A statement takes only so many parameters."""


def followed(connection: Connection, findings: Sequence[int], as_of: datetime) -> dict[int, str]:
    """Finding → proven, refuted or not_possible, for those that were followed to their end by then."""
    row, found = FOLLOW_UPS.c, dict[int, str]()
    query = sa.select(row.finding_id, row.outcome).where(row["at"] <= to_micros(as_of))
    for start in range(0, len(findings), AT_ONCE):
        rows = connection.execute(query.where(row.finding_id.in_(findings[start : start + AT_ONCE])))
        found |= {one.finding_id: one.outcome for one in rows}
    return found

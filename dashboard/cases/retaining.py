"""When the cases about a sample ended (保存期起点): what the terms of confirmed evidence count from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from checks.violations.table import ALIVE
from dashboard.cases.stored import Book, parts
from dashboard.database.models import VIOLATION_SOURCES, VIOLATIONS
from dashboard.instants import from_micros


def closings(connection: Connection, samples: Collection[str]) -> Mapping[str, datetime | None]:
    """Sample → when the last case about it ended, None while one is open (an appeal keeps it open).

    Samples about which there never was a case are left out.
    """
    book, row, source = Book(connection), VIOLATIONS.c, VIOLATION_SOURCES.c
    ended: dict[str, int] = {}
    open_ones: set[str] = set()
    for part in parts(sorted(samples)):
        query = (
            sa.select(source.sample_id, row.state, row.ended_at)
            .join(VIOLATIONS, row.id == source.violation_id)
            .where(source.sample_id.in_(part))
        )
        for one in book.rows(query):
            if one["state"] in ALIVE or one["ended_at"] is None:
                open_ones.add(one["sample_id"])
            else:
                ended[one["sample_id"]] = max(ended.get(one["sample_id"], 0), one["ended_at"])
    over = {sample: from_micros(at) for sample, at in ended.items() if sample not in open_ones}
    return {**dict.fromkeys(open_ones), **over}

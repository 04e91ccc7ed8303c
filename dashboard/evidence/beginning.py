"""The first entries of a chain (建链): what the database already held is entered, row by row.

They are made in the transaction that brings the tables to this version, so nothing can slip in between.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dashboard.database.models import AUDIT, CHAIN, EVIDENCE, LEGAL_HOLD_LIFTS, LEGAL_HOLDS, REMOVALS, REVIEWS
from dashboard.evidence.chain import append, key_of, subject_of
from dashboard.people import system_viewer

ALWAYS = (AUDIT, EVIDENCE, REVIEWS, REMOVALS, LEGAL_HOLDS, LEGAL_HOLD_LIFTS)
"""Tables in which every row has its entry."""


def begin(connection: Connection, *, at: datetime) -> None:
    """Begin the chain of a database that has none; each row of the tables in `ALWAYS` is adopted as it is."""
    if connection.execute(sa.select(CHAIN.c.number).limit(1)).first() is not None:
        return
    by, adopted = system_viewer(), {}
    for table in ALWAYS:
        key = key_of(table)
        rows = connection.execute(sa.select(table).order_by(key)).mappings().all()
        for row in rows:
            told = {name: value for name, value in row.items() if value is not None and name != key.name}
            append(connection, "adopted", subject_of(table, row[key.name]), told, by=by, at=at)
        adopted[table.name] = len(rows)
    append(connection, "begun", "chain", {"adopted": adopted}, by=by, at=at)

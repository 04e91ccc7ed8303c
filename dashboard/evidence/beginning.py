"""The first entries of a chain (建链): what the database already held is listed, row by row.

They are made in the transaction that brings the tables to this version, so nothing can slip in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dashboard.database.models import AUDIT, CHAIN, EVIDENCE, LEGAL_HOLD_LIFTS, LEGAL_HOLDS, REMOVALS, REVIEWS
from dashboard.evidence.chain import append, key_of
from dashboard.freezing.canonical import canonical, digest_of
from dashboard.people import system_viewer

ALWAYS = (AUDIT, EVIDENCE, REVIEWS, REMOVALS, LEGAL_HOLDS, LEGAL_HOLD_LIFTS)
"""Tables in which every row has its entry, or is listed in one of the first."""
AT_ONCE = 1000


def begin(connection: Connection, *, at: datetime) -> None:
    """Begin the chain of a database that has none; rows of the tables in `ALWAYS` are adopted as they are."""
    if connection.execute(sa.select(CHAIN.c.number).limit(1)).first() is not None:
        return
    by, through = system_viewer(), {}
    for table in ALWAYS:
        for chunk in _chunks(connection, table):
            through[table.name] = max(chunk)
            content = {"table": table.name, "rows": {str(key): digest_of_row(row) for key, row in chunk.items()}}
            append(connection, "adopted", f"{table.name} {min(chunk)}-{max(chunk)}", content, by=by, at=at)
    append(connection, "begun", "chain", {"through": through}, by=by, at=at)


def digest_of_row(row: Mapping[str, Any]) -> str:
    """Of the columns that are filled: one that a later version adds changes nothing."""
    return digest_of(canonical({name: value for name, value in row.items() if value is not None}))


def _chunks(connection: Connection, table: sa.Table) -> Iterator[dict[int, dict[str, Any]]]:
    key, last = key_of(table), 0
    while True:
        query = sa.select(table).where(key > last).order_by(key).limit(AT_ONCE)
        chunk = {row[key.name]: dict(row) for row in connection.execute(query).mappings()}
        if not chunk:
            return
        last = max(chunk)
        yield chunk

"""What a source wants remembered between two rounds (来源状态): a watermark, files read, when it was asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from dashboard.database import Database
from dashboard.database.models import SOURCE_STATES

ASKED_AT = "asked_at"
"""Microseconds UTC of the last round, whether or not it ended well."""
FIRST_ASKED_AT = "first_asked_at"
"""The same of the first round under the present mapping: a source that never stored anything is silent since then."""
FAILURES = "failures"
"""How many rounds in a row have failed; absent after a good one."""
MAPPING = "mapping"
"""Digest of the mapping under which everything else was remembered."""


def remembered(db: Database, source: str, *, mapping: str | None = None) -> dict[str, str]:
    """Everything remembered for a source; with `mapping`, forgotten first if it was remembered under another one."""
    if mapping is not None:
        _forget_other_mappings(db, source, mapping)
    query = sa.select(SOURCE_STATES.c.key, SOURCE_STATES.c.value).where(SOURCE_STATES.c.source == source)
    with db.reading() as connection:
        return {row.key: row.value or "" for row in connection.execute(query)}


def _forget_other_mappings(db: Database, source: str, mapping: str) -> None:
    """A corrected mapping reads everything again: what was read under the old one says nothing."""
    with db.session() as connection:
        mine = SOURCE_STATES.c.source == source
        query = sa.select(SOURCE_STATES.c.value).where(mine, SOURCE_STATES.c.key == MAPPING)
        if connection.execute(query).scalar() != mapping:
            connection.execute(sa.delete(SOURCE_STATES).where(mine))
            for statement in remembering(source, {MAPPING: mapping}):
                connection.execute(statement)


def remembering(source: str, state: Mapping[str, str]) -> Iterator[Any]:
    """Statements that store `state`; an empty value forgets its key. The same words on both databases."""
    for key, value in state.items():
        if value == "":
            yield sa.delete(SOURCE_STATES).where(SOURCE_STATES.c.source == source, SOURCE_STATES.c.key == key)
            continue
        statement = postgresql.insert(SOURCE_STATES).values(source=source, key=key, value=value)
        yield statement.on_conflict_do_update(index_elements=["source", "key"], set_={"value": value})

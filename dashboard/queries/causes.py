"""Known causes that rebase a control chart (已知原因): those of an office and of what stands above it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from dashboard.database import Database
from dashboard.database.models import KNOWN_CAUSES
from dashboard.queries.offices import Tree, require_visible


@dataclass(frozen=True, slots=True)
class Cause:
    """From `day` on the process is another one, says `by`."""

    number: int
    office: str
    day: date
    cause: str
    by: str


def causes(db: Database, tree: Tree, *, office: str, indicator: str) -> list[Cause]:
    """What was noted and not withdrawn, oldest day first. NotAllowedError for an office outside the tree."""
    require_visible(tree, office)
    row = KNOWN_CAUSES.c
    withdrawn = sa.select(row.withdraws).where(row.withdraws.is_not(None))
    query = (
        sa.select(row.id, row.office_code, row.day, row.cause, row.by)
        .where(row.office_code.in_([above.code for above in tree.path(office)]), row.indicator == indicator)
        .where(row.withdraws.is_(None), row.id.not_in(withdrawn))
        .order_by(row.day, row.id)
    )
    with db.reading() as connection:
        found = connection.execute(query).all()
    return [Cause(number, code, date.fromisoformat(day), cause, by) for number, code, day, cause, by in found]

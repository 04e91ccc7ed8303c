"""Letters that were made about a violation (已制公文), for whoever may see the case."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from dashboard.actions.letters import refuse
from dashboard.database import Database
from dashboard.database.models import LETTER_CASES, LETTERS
from dashboard.errors import UsageError
from dashboard.instants import from_micros
from dashboard.letters.kinds import KINDS, WRITE, Kind
from dashboard.people import Viewer
from dashboard.queries.violations import Story, Violation
from dashboard.reviewing.own import own_offices
from dashboard.rights import may


@dataclass(frozen=True, slots=True)
class Made:
    """One letter; `at` is aware."""

    number: str
    kind: str
    by: str
    at: datetime
    sha256: str


def letters_of(db: Database, viewer: Viewer, story: Story) -> list[Made]:
    """The letters about a case that the viewer was shown, oldest first; what is not theirs to write they do not see."""
    row = LETTERS.c
    query = (
        sa.select(row.number, row.kind, row.by, row["at"], row.sha256)
        .join(LETTER_CASES, LETTER_CASES.c.letter_id == row.id)
        .where(LETTER_CASES.c.violation_number == story.violation.number)
        .order_by(row.id)
    )
    with db.reading() as connection:
        found = connection.execute(query).mappings().all()
    shown = ("notice", "supervision", "circular")
    return [
        Made(one["number"], one["kind"], one["by"], from_micros(one["at"]), one["sha256"])
        for one in found
        if one["kind"] in shown or may(viewer, KINDS[one["kind"]].right)
    ]


def writable(db: Database, viewer: Viewer, story: Story) -> list[str]:
    """Kinds of letters that this viewer may write about this case now."""
    if not may(viewer, WRITE) or story.violation.office in own_offices(db, viewer):
        return []
    return [name for name, kind in KINDS.items() if may(viewer, kind.right) and _is_possible(kind, story.violation)]


def circulable(db: Database, viewer: Viewer, found: Iterable[Violation]) -> list[str]:
    """Numbers of the cases that this viewer may make known to all offices now, in their order."""
    kind = KINDS["circular"]
    if not may(viewer, WRITE) or not may(viewer, kind.right):
        return []
    own = own_offices(db, viewer)
    return [one.number for one in found if one.office not in own and _is_possible(kind, one)]


def _is_possible(kind: Kind, one: Violation) -> bool:
    try:
        refuse(kind, one)
    except UsageError:
        return False
    return True

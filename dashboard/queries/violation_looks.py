"""What there is to see of a case (违规影像): its pictures, and the looks since that may serve its re-check."""

from __future__ import annotations

import sqlalchemy as sa

from dashboard.cases.stored import Book
from dashboard.database import Database
from dashboard.database.models import EVIDENCE, RECORD_TABLES, VIOLATION_SOURCES, VIOLATIONS
from dashboard.instants import to_micros
from dashboard.people import Viewer
from dashboard.queries.violations import READ, Sight, Story
from dashboard.rights import may

MOST = 50


def kinds_of_evidence(db: Database, viewer: Viewer, story: Story) -> dict[int, str]:
    """Evidence of what was seen, by id: clip | frame | photograph."""
    return _kinds(db, EVIDENCE.c.id.in_(story.evidence))


def kinds_of_proof(db: Database, viewer: Viewer, story: Story) -> dict[int, str]:
    """The photographs of what was put right, by id."""
    return _kinds(db, EVIDENCE.c.violation_number == story.violation.number)


def _kinds(db: Database, condition: sa.ColumnElement[bool]) -> dict[int, str]:
    row = EVIDENCE.c
    query = sa.select(row.id, row.kind).where(condition)
    with db.reading() as connection:
        return {one.id: one.kind for one in connection.execute(query.order_by(row.id))}


def looks_since(db: Database, viewer: Viewer, story: Story) -> list[str]:
    """Samples of the hall that were taken since the rectification was submitted, newest first."""
    if not may(viewer, "re-check a violation") or story.violation.state != "submitted":
        return []
    row = RECORD_TABLES["samples"].c
    query = sa.select(row.sample_id, sa.func.max(row.captured_at).label("at")).where(
        row.hall_code == story.violation.office, row.captured_at >= to_micros(story.violation.since),
        row.outcome == "captured",
    )  # fmt: skip
    with db.reading() as connection:
        found = connection.execute(query.group_by(row.sample_id).order_by(sa.desc("at")).limit(MOST))
        return [one.sample_id for one in found]


def cases_about(db: Database, viewer: Viewer, *, record: str, record_id: int) -> list[str]:
    """Numbers of the visible cases that a record speaks for, the oldest first; none where its source is withheld."""
    if not may(viewer, READ):
        return []
    sight, source = Sight(db, viewer), VIOLATION_SOURCES.c
    query = (
        sa.select(VIOLATIONS)
        .join(VIOLATION_SOURCES, source.violation_id == VIOLATIONS.c.id)
        .where(source.record == record, source.record_id == record_id)
        .order_by(VIOLATIONS.c.id)
    )
    with db.reading() as connection:
        rows = Book(connection).rows(query)
    return list(dict.fromkeys(str(row["number"]) for row in rows if sight.sees(row) and not sight.withheld(row)))

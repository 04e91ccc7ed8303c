"""One piece of evidence (存证): where it lies, and whether this person may look at it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from dashboard.database import Database
from dashboard.database.models import EVIDENCE, FINDINGS, INSPECTION_SHEETS, KEPT_CASES, RECORD_TABLES, VIOLATIONS
from dashboard.errors import NotAllowedError
from dashboard.instants import from_micros
from dashboard.people import Viewer
from dashboard.queries.kept_cases import standing_cases
from dashboard.queries.offices import visible_tree


@dataclass(frozen=True, slots=True)
class Piece:
    """`path` is below the evidence folder; `camera` and `taken_at` say by which polygons others may see it."""

    id: int
    kind: str
    path: str
    sha256: str
    hall: str | None
    camera: str | None = None
    taken_at: datetime | None = None


def piece(db: Database, viewer: Viewer, evidence: int) -> Piece:
    """The piece, if its hall is among the viewer's offices, or it belongs to a case that is kept for all to learn from.

    NotAllowedError otherwise, also when there is none.
    """
    samples = RECORD_TABLES["samples"].c
    of_sample = sa.select(samples.hall_code).where(samples.sample_id == EVIDENCE.c.sample_id).limit(1)
    of_finding = sa.select(FINDINGS.c.hall_code).where(FINDINGS.c.id == EVIDENCE.c.finding_id)
    of_sheet = sa.select(INSPECTION_SHEETS.c.hall_code).where(
        INSPECTION_SHEETS.c.inspection_no == EVIDENCE.c.inspection_no
    )
    cameras = RECORD_TABLES["cameras"].c
    of_camera = sa.select(cameras.hall_code).where(cameras.code == EVIDENCE.c.camera_code)
    of_case = sa.select(VIOLATIONS.c.office_code).where(VIOLATIONS.c.number == EVIDENCE.c.violation_number)
    places = (query.scalar_subquery() for query in (of_sample, of_finding, of_sheet, of_camera, of_case))
    hall = sa.func.coalesce(*places)
    columns = (EVIDENCE.c[name] for name in ("id", "kind", "path", "sha256"))
    kept = sa.exists().where(KEPT_CASES.c.sample_id == EVIDENCE.c.sample_id, standing_cases(datetime.now(UTC)))
    query = sa.select(*columns, hall, EVIDENCE.c.camera_code, EVIDENCE.c.taken_at, kept.label("kept"))
    with db.reading() as connection:
        row = connection.execute(query.where(EVIDENCE.c.id == evidence)).first()
    if row is None:
        raise NotAllowedError(f"There is no evidence {evidence}, or it is outside what you may see.")
    found = Piece(*row[:6], None if row.taken_at is None else from_micros(row.taken_at))
    if not viewer.sees_everything and not row.kept and found.hall not in visible_tree(db, viewer).offices:
        raise NotAllowedError(f"There is no evidence {evidence}, or it is outside what you may see.")
    return found

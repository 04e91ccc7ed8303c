"""Photographs of what was put right (整改佐证): kept with the case the moment they are given."""

from __future__ import annotations

import hashlib
from datetime import datetime

import sqlalchemy as sa

from collectors.base import CollectorError
from collectors.photographs import cleaned
from collectors.video.evidence import write_whole
from dashboard.actions import audit
from dashboard.actions.violations import locked
from dashboard.cases.stored import Book, case_of
from dashboard.database import Database
from dashboard.database.models import EVIDENCE
from dashboard.errors import MingchaError, UsageError
from dashboard.evidence import chain
from dashboard.instants import to_micros
from dashboard.people import Viewer
from dashboard.queries.offices import visible_tree
from dashboard.queries.violations import Sight, require_case
from dashboard.rights import require
from dashboard.settings import Settings

MOST = 20


def add_proof(db: Database, settings: Settings, *, by: Viewer, number: str, content: bytes, at: datetime) -> bool:
    """Keep a photograph with a case that is being rectified; False if the case has this very one already.

    UsageError for what is no photograph, too many, or a case in another state; NotAllowedError for who may not, or a
    case out of sight.
    """
    require(by, "rectify a violation")
    try:
        found = cleaned(content)
    except CollectorError as error:
        raise UsageError(error.message) from error
    digest = hashlib.sha256(found.content).hexdigest()
    row = EVIDENCE.c
    with db.session() as connection:
        case = require_case(Sight(db, by), case_of(locked(Book(connection), number), number), number)
        if case.standing.state != "rectifying" or "suspended" in case.standing.sides:
            raise UsageError(f"Case {number} is not being rectified now.", "Reload the page.")
        kept = connection.execute(sa.select(row.sha256).where(row.violation_number == number)).scalars().all()
        if digest in kept:
            return False
        if len(kept) >= MOST:
            raise UsageError(f"A case takes at most {MOST} photographs.")
        path = f"violations/{number}/{digest[:16]}.jpg"
        target = settings.path(settings.video.evidence_dir) / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            write_whole(target, found.content)
        except OSError as error:
            raise MingchaError(f"The photograph cannot be written: {error.strerror}.", "Try again later.") from error
        values = {
            "violation_number": number, "kind": "photograph", "path": path, "sha256": digest,
            "bytes": len(found.content), "taken_at": to_micros(found.taken_at) if found.taken_at else None,
            "hall_name": visible_tree(db, by).name(case.office), "created_at": to_micros(at),
        }  # fmt: skip
        chain.enter(connection, EVIDENCE, values, by=by, at=at, kind="photograph")
        audit.record(connection, by, "violation_proof", number, digest, at=at)
    return True

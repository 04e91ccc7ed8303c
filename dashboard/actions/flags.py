"""Closing a flag (关闭核查标记): a person says why what looked wrong is right, or cannot be had.

Each is one transaction with an event of the flag and a line in the audit trail; nothing is deleted or rewritten.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from dashboard.actions import audit
from dashboard.database import Database
from dashboard.database.models import BATCH_FLAGS
from dashboard.errors import UsageError
from dashboard.instants import to_micros
from dashboard.intake.flags import CLEARED, CLOSED, REOPENED, add_event, last_actions
from dashboard.people import Viewer
from dashboard.rights import require


def close_flag(db: Database, *, by: Viewer, flag_id: int, why: str, at: datetime) -> None:
    """Close an open flag with a written reason. UsageError without one, or for a flag that is not open."""
    require(by, "close a flag")
    if not why.strip():
        raise UsageError("A flag cannot be closed without a reason.", "Say why the numbers are right as they are.")
    _say(db, by, flag_id, CLOSED, why.strip(), at)


def reopen_flag(db: Database, *, by: Viewer, flag_id: int, why: str, at: datetime) -> None:
    """Open a closed flag again, with a written reason."""
    require(by, "reopen a flag")
    if not why.strip():
        raise UsageError("A flag cannot be reopened without a reason.", "Say what is known now that was not then.")
    _say(db, by, flag_id, REOPENED, why.strip(), at)


def _say(db: Database, by: Viewer, flag_id: int, action: str, why: str, at: datetime) -> None:
    with db.session() as connection:
        last = last_actions()
        query = sa.select(BATCH_FLAGS.c.id, last.c.action).select_from(
            BATCH_FLAGS.outerjoin(last, last.c.flag_id == BATCH_FLAGS.c.id)
        )
        found = connection.execute(query.where(BATCH_FLAGS.c.id == flag_id)).one_or_none()
        if found is None:
            raise UsageError(f"There is no flag {flag_id}.", "See: mingcha flags --state all")
        _require_state(flag_id, found.action, action)
        connection.execute(add_event(flag_id, action, by.name, to_micros(at), why))
        audit.record(connection, by, f"flag_{action}", str(flag_id), why, at=at)


def _require_state(flag_id: int, now: str | None, action: str) -> None:
    if now == CLEARED:
        raise UsageError(f"Flag {flag_id} was settled by later data.", "There is nothing left to decide.")
    if action == CLOSED and now == CLOSED:
        raise UsageError(f"Flag {flag_id} is closed already.", "Reopen it to give another reason.")
    if action == REOPENED and now != CLOSED:
        raise UsageError(f"Flag {flag_id} is open.", "Only a closed one can be reopened.")

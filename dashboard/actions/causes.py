"""Noting why a figure changed (记录已知原因): a control chart starts anew there, for a person said why and signed it.

Offices do not rebase their own charts: whoever answers for several of them does.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from dashboard.actions import audit
from dashboard.database import Database
from dashboard.database.models import KNOWN_CAUSES
from dashboard.errors import UsageError
from dashboard.instants import LOCAL, to_micros
from dashboard.people import Viewer
from dashboard.queries.offices import require_visible, visible_tree
from dashboard.rights import require

LONGEST = 200


def note_cause(
    db: Database, *, by: Viewer, office: str, indicator: str, day: date, cause: str, at: datetime
) -> int:  # fmt: skip
    """The process behind an indicator of an office is another one from `day` on; the number of the note.

    UsageError for a day that has not come, or an empty or long cause; NotAllowedError for offices of others.
    """
    _require(db, by, office)
    told = cause.strip()
    if not told or len(told) > LONGEST:
        raise UsageError(f"The cause has {len(told)} characters.", f"Write 1 to {LONGEST}.")
    if day > at.astimezone(LOCAL).date():
        raise UsageError(f"The day {day} has not come yet.", "Note a cause once it has happened.")
    values = {"office_code": office, "indicator": indicator, "day": day.isoformat(), "cause": told}
    return _add(db, by, "note_cause", values, at)


def withdraw_cause(db: Database, *, by: Viewer, number: int, at: datetime) -> int:
    """Take a note back: a row that says so; both stay. UsageError for one that is unknown or taken back already."""
    row = KNOWN_CAUSES.c
    with db.reading() as connection:
        note = connection.execute(sa.select(KNOWN_CAUSES).where(row.id == number)).mappings().first()
        taken = connection.execute(sa.select(row.id).where(row.withdraws == number)).first()
    if note is None or taken or note["withdraws"] is not None:
        raise UsageError(f"There is no note {number} to withdraw.")
    _require(db, by, note["office_code"])
    values = {name: note[name] for name in ("office_code", "indicator", "day", "cause")}
    return _add(db, by, "withdraw_cause", {**values, "withdraws": number}, at)


def _require(db: Database, by: Viewer, office: str) -> None:
    require(by, "note a known cause")
    require_visible(visible_tree(db, by), office)


def _add(db: Database, by: Viewer, action: str, values: dict[str, Any], at: datetime) -> int:
    with db.session() as connection:
        added = sa.insert(KNOWN_CAUSES).values(**values, by=by.name, at=to_micros(at)).returning(KNOWN_CAUSES.c.id)
        number = int(connection.execute(added).scalar_one())
        told = f"{values['day']} {values['cause']}"
        audit.record(connection, by, action, f"{values['office_code']}/{values['indicator']}", told, at=at)
    return number

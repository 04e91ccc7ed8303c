"""What people do about an early warning (预警处置): acknowledge, hand on, act, close with what the customer said."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from dashboard.actions import audit
from dashboard.database import Database
from dashboard.database.models import WARNING_EVENTS, WARNINGS
from dashboard.errors import NotAllowedError, UsageError
from dashboard.evidence import chain
from dashboard.instants import to_micros
from dashboard.people import Viewer
from dashboard.queries.offices import require_visible, visible_tree
from dashboard.queries.warnings import holder_of
from dashboard.rights import require
from dashboard.secrecy import secret_of_reporter

DEEDS = ("acknowledged", "handed_on", "acted", "closed")


def deal_with(
    db: Database, *, by: Viewer, warning: int, deed: str, note: str = "", to_office: str | None = None,
    satisfied: bool | None = None, at: datetime,
) -> None:  # fmt: skip
    """Note what was done about an open warning. Closing needs what was done and whether the customer is satisfied.

    UsageError for what is missing, and for a warning that ended meanwhile (it says how); NotAllowedError for who may
    not, or a record out of sight that was not handed on to an office of theirs.
    """
    require(by, "deal with a warning")
    if deed not in DEEDS:
        raise UsageError(f"Unknown deed '{deed}';", f"one of {', '.join(DEEDS)}.")
    tree = visible_tree(db, by)
    if deed == "handed_on" and not to_office:
        raise UsageError("To whom it is handed on is missing.", "Choose an office.")
    if deed == "handed_on":
        require_visible(tree, to_office or "")
    if deed in ("acted", "closed") and not note.strip():
        raise UsageError("What was done is missing.", "One sentence is enough.")
    if deed == "closed" and satisfied is None:
        raise UsageError("Whether the customer is satisfied is missing.", "Ask, or say no.")
    with db.session() as connection:
        asked = sa.select(WARNINGS).where(WARNINGS.c.id == warning).with_for_update()  # two at once: one waits here
        row = connection.execute(asked).mappings().first()
        seen = row is not None and (
            by.sees_everything or row["office_code"] in tree.offices or holder_of(connection, warning) in tree.offices
        )
        if row is None or not seen or secret_of_reporter(db, by, row["record"], row["number"]):
            raise NotAllowedError(f"There is no warning {warning}, or it is outside what you may see.")
        if row["closed_at"] is not None:
            if row["closed_why"] == "closed":
                raise UsageError(f"Warning {warning} was closed by a person meanwhile.", "Reload the page.")
            raise UsageError(f"Warning {warning} is over: what it was about has ended.", "Reload the page.")
        values = {"warning_id": warning, "deed": deed, "to_office": to_office if deed == "handed_on" else None,
                  "note": note.strip() or None, "satisfied": satisfied if deed == "closed" else None,
                  "by": by.name, "at": to_micros(at)}  # fmt: skip
        chain.enter(connection, WARNING_EVENTS, values, by=by, at=at)
        if deed == "closed":
            over = sa.update(WARNINGS).where(WARNINGS.c.id == warning, WARNINGS.c.closed_at.is_(None))
            connection.execute(over.values(closed_at=to_micros(at), closed_why="closed"))
        audit.record(connection, by, f"warning_{deed}", f"{row['record']} {row['number']} {row['rule']}", at=at)

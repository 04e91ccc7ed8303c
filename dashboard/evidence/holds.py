"""Legal holds (保全): what nobody may remove or erase, whatever its term, until a person lifts the hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dashboard.actions import audit
from dashboard.database import Database
from dashboard.database.models import LEGAL_HOLD_LIFTS, LEGAL_HOLDS, RECORD_TABLES
from dashboard.errors import NotAllowedError, UsageError
from dashboard.evidence.chain import enter
from dashboard.instants import from_micros, to_micros
from dashboard.people import Viewer
from dashboard.queries.offices import Tree, require_visible, visible_tree
from dashboard.rights import require

LOCK = 20261123
"""Number of PostgreSQL's advisory lock: a hold is placed before a removal looks, or after it is done."""
SCOPES = ("sample", "office", "everything")


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold that stands; `subject` is the sample or the office with all below it."""

    id: int
    scope: str
    subject: str | None
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """What standing holds cover."""

    everything: bool
    offices: frozenset[str]
    samples: frozenset[str]

    def covers(self, *, sample: str | None, hall: str | None) -> bool:
        return self.everything or sample in self.samples or hall in self.offices


def place_hold(db: Database, *, by: Viewer, scope: str, subject: str | None = None, reason: str, at: datetime) -> int:
    """Put a sample, an office with all below it, or everything on hold; returns the hold's number.

    UsageError for an unknown scope, sample or office, or without a reason; NotAllowedError for roles that may not, and
    for `everything` by somebody who does not see everything.
    """
    require(by, "place or lift a hold")
    if scope not in SCOPES:
        raise UsageError(f"Unknown scope '{scope}';", f"one of {', '.join(SCOPES)}.")
    if not reason.strip():
        raise UsageError("A hold needs a reason.", "Name the case or the letter that asks for it.")
    if scope == "everything" and not by.sees_everything:
        raise NotAllowedError(f"{by.name} does not see the whole company and cannot hold everything.")
    if scope == "office":
        require_visible(visible_tree(db, by), subject or "")
    values = {"scope": scope, "subject": None if scope == "everything" else subject, "reason": reason.strip(),
              "by": by.name, "at": to_micros(at)}  # fmt: skip
    with db.session() as connection:
        wait_for_holds(connection)
        if scope == "sample":
            require_sample(db, connection, by, subject or "")
        number = enter(connection, LEGAL_HOLDS, values, by=by, at=at)
        audit.record(connection, by, "place_hold", f"hold {number}", reason.strip(), at=at)
    return number


def lift_hold(db: Database, *, by: Viewer, hold: int, reason: str, at: datetime) -> None:
    """End a hold; its term counts on from where it was. UsageError when it does not stand, or without a reason."""
    require(by, "place or lift a hold")
    if not reason.strip():
        raise UsageError("Lifting a hold needs a reason.", "Say who decided that it is over.")
    with db.session() as connection:
        found = next((one for one in standing_holds(connection) if one.id == hold), None)
        if found is None:
            raise UsageError(f"There is no hold {hold} that stands.", "See: mingcha hold list")
        if found.scope == "everything" and not by.sees_everything:
            raise NotAllowedError(f"{by.name} does not see the whole company and cannot lift this hold.")
        if found.scope == "office":
            require_visible(visible_tree(db, by), found.subject or "")
        if found.scope == "sample":
            require_sample(db, connection, by, found.subject or "")
        values = {"hold_id": hold, "reason": reason.strip(), "by": by.name, "at": to_micros(at)}
        enter(connection, LEGAL_HOLD_LIFTS, values, by=by, at=at)
        audit.record(connection, by, "lift_hold", f"hold {hold}", reason.strip(), at=at)


def wait_for_holds(connection: Connection) -> None:
    """From here to the end of the transaction nobody else places a hold or removes; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))


def standing_holds(connection: Connection) -> list[Hold]:
    """Oldest first."""
    row = LEGAL_HOLDS.c
    lifted = sa.exists().where(LEGAL_HOLD_LIFTS.c.hold_id == row.id)
    query = sa.select(LEGAL_HOLDS).where(~lifted).order_by(row.id)
    return [
        Hold(one["id"], one["scope"], one["subject"], one["reason"], one["by"], from_micros(one["at"]))
        for one in connection.execute(query).mappings()
    ]


def visible_holds(db: Database, viewer: Viewer) -> list[Hold]:
    """Standing holds about what the viewer may see; one on everything is everybody's to know."""
    seen = visible_tree(db, viewer).offices
    with db.reading() as connection:
        holds = standing_holds(connection)
        halls = _halls(connection, [hold.subject for hold in holds if hold.scope == "sample" and hold.subject])
    whose = {hold.id: hold.subject if hold.scope == "office" else halls.get(hold.subject or "") for hold in holds}
    return [hold for hold in holds if viewer.sees_everything or hold.scope == "everything" or whose[hold.id] in seen]


def _halls(connection: Connection, samples: Sequence[str]) -> dict[str, str]:
    table = RECORD_TABLES["samples"].c
    query = sa.select(table.sample_id, table.hall_code).where(table.sample_id.in_(samples)).distinct()
    return {row.sample_id: row.hall_code for row in connection.execute(query)}


def held_by(holds: Sequence[Hold], tree: Tree) -> Held:
    """What holds cover; `tree` is that of the whole company."""
    offices = (tree.below(hold.subject) for hold in holds if hold.scope == "office" and hold.subject)
    return Held(
        any(hold.scope == "everything" for hold in holds),
        frozenset[str]().union(*offices),
        frozenset(hold.subject for hold in holds if hold.scope == "sample" and hold.subject),
    )


def require_sample(db: Database, connection: Connection, by: Viewer, sample: str) -> str:
    """The hall of a sample that the person may see; NotAllowedError that does not tell whether it exists elsewhere."""
    table = RECORD_TABLES["samples"].c
    hall = connection.execute(sa.select(table.hall_code).where(table.sample_id == sample).limit(1)).scalar()
    if hall is None or not (by.sees_everything or hall in visible_tree(db, by).offices):
        raise NotAllowedError(f"There is no sample '{sample}', or it is outside what you may see.")
    return str(hall)

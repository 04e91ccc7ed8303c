"""Joining what several ways of looking show as one fact, and parting it again (一事多证): rows are only added.

A joined fact deducts once, by the costliest of its evidence; the others stay as evidence (docs/decisions/0021).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from dashboard.actions import audit
from dashboard.database import Database
from dashboard.database.models import FACT_JOINS, RECORD_TABLES
from dashboard.errors import NotAllowedError, UsageError
from dashboard.instants import to_micros
from dashboard.intake import by_hand
from dashboard.intake.tables import Tables, alone
from dashboard.judging.facts import JOINED, members
from dashboard.judging.halls import confirmed_events
from dashboard.judging.reading import Reader
from dashboard.people import Viewer
from dashboard.queries.facts import COMPLAINT, Reference, Sighting, told
from dashboard.queries.offices import Tree, visible_tree
from dashboard.reviewing.own import own_offices
from dashboard.rights import require
from dashboard.secrecy import secret_of_reporter

SEPARATED = "separated"


def join(db: Database, *, by: Viewer, evidence: Sequence[Reference], reason: str, at: datetime) -> str:
    """Say that all of this evidence shows one fact; returns what the fact is called.

    At least one confirmed violation; all of one hall and local day (a complaint: of the hall or an office above it).
    Evidence of one fact that is joined with more goes on as that fact. UsageError, NotAllowedError.
    """
    tree = _allowed(db, by, reason)
    with alone(db) as tables:
        source = Reader(db, tables.connection)
        known, parts = _known(source, evidence, at, "Part one of them first.")
        sightings = _fitting(source, tree, list(dict.fromkeys([*evidence, *parts])), at)
        _require_others(db, by, sightings)
        fact = known or _name(tables, sightings)
        _write(tables, fact, JOINED, sightings, by, reason, at)
    return fact


def separate(db: Database, *, by: Viewer, evidence: Sequence[Reference], reason: str, at: datetime) -> str:
    """Say that this evidence shows different facts: a joined fact is parted, a proposal is not made again."""
    tree = _allowed(db, by, reason)
    with alone(db) as tables:
        source = Reader(db, tables.connection)
        known, parts = _known(source, evidence, at, "Part one of them at a time.")
        sightings = _seen(source, tree, parts or list(evidence))
        _require_others(db, by, sightings)
        fact = known or _name(tables, sightings)
        _write(tables, fact, SEPARATED, sightings, by, reason, at)
    return fact


def _known(
    source: Reader, evidence: Sequence[Reference], at: datetime, hint: str
) -> tuple[str | None, list[Reference]]:
    """The fact that some of the evidence belongs to already, and all that does. UsageError for several facts."""
    held = {(record, number): fact for fact, record, number in members(source, at).iter_rows()}
    known = {held[one] for one in evidence if one in held}
    if len(known) > 1:
        raise UsageError("This evidence belongs to several facts already.", hint)
    return next(iter(known), None), [one for one, fact in held.items() if fact in known]


def _allowed(db: Database, by: Viewer, reason: str) -> Tree:
    require(by, "join or part evidence")
    if not reason.strip():
        raise UsageError("Say why it is one fact, or why it is not.")
    return visible_tree(db, by)


def _require_others(db: Database, by: Viewer, sightings: Sequence[Sighting]) -> None:
    """Nobody spares their own office a deduction (回避)."""
    if own_offices(db, by).intersection(one.hall for one in sightings if one.way != COMPLAINT):
        raise NotAllowedError("This evidence is about your own office.", "Nobody decides about their own.")


def _seen(source: Reader, tree: Tree, evidence: Sequence[Reference]) -> list[Sighting]:
    """What the references name, all of it in sight and at least two."""
    sightings = told(source, list(dict.fromkeys(evidence)))
    if len(sightings) != len(set(evidence)) or any(one.hall not in tree.offices for one in sightings):
        raise NotAllowedError("Some of this evidence does not exist, or is outside what you may see.")
    if len(sightings) < 2:
        raise UsageError("One piece of evidence alone is no fact seen in several ways.", "Name at least two.")
    return sorted(sightings, key=lambda one: (one.at, one.reference))


def _fitting(source: Reader, tree: Tree, evidence: Sequence[Reference], at: datetime) -> list[Sighting]:
    """Of one hall and day; everything but a complaint a violation that counts at present."""
    sightings = _seen(source, tree, evidence)
    seen = [one for one in sightings if one.way != COMPLAINT]
    if not seen:
        raise UsageError("Complaints alone are no violation of the score sheet.", "Add what was seen in the hall.")
    halls = {one.hall for one in seen}
    if len(halls) > 1 or any(not halls <= tree.below(one.hall) for one in sightings):
        raise UsageError("Evidence of different halls shows different facts.")
    if len({one.day for one in sightings}) > 1:
        raise UsageError("Evidence of different days shows different facts.")
    moments = [to_micros(one.at) for one in seen]
    counting = confirmed_events(source, halls, min(moments), max(moments) + 1, at)
    confirmed = set(counting.select("record", "record_id").iter_rows())
    if any(one.reference not in confirmed for one in seen):
        raise UsageError("Only confirmed violations can be joined.", "Review the film first.")
    return sightings


def _name(tables: Tables, sightings: Sequence[Sighting]) -> str:
    """The next free name of the day, such as F-20260901-003: nobody else allots one meanwhile."""
    start = f"F-{sightings[0].day.replace('-', '')}-"
    taken = tables.frame(sa.select(FACT_JOINS.c.fact).where(FACT_JOINS.c.fact.like(f"{start}%"))).to_series()
    return f"{start}{max((int(name.removeprefix(start)) for name in taken), default=0) + 1:03d}"


def _write(
    tables: Tables, fact: str, action: str, sightings: Sequence[Sighting], by: Viewer, reason: str, at: datetime
) -> None:  # fmt: skip
    """The row, with a batch of its own so that judging notices, and its line in the audit trail."""
    hall = next((one.hall for one in sightings if one.way != COMPLAINT), sightings[0].hall)
    details = {"fact": fact, "action": action}
    batch = by_hand.open_batch(tables, "inspections", by=by, at=at, details=details)
    by_hand.close_batch(tables, batch, details, new=0, read=0)
    names = json.dumps([list(one.reference) for one in sightings])
    values = {
        "fact": fact, "action": action, "hall_code": hall, "day": sightings[0].day,
        "observed_at": to_micros(sightings[0].at), "members": names, "reason": reason.strip(), "batch_id": batch,
        "by": by.name, "at": to_micros(at),
    }  # fmt: skip
    tables.run(sa.insert(FACT_JOINS).values(values))
    detail = json.dumps({"evidence": [one.number for one in sightings], "reason": reason.strip()}, ensure_ascii=False)
    audit.record(tables, by, "join_evidence" if action == JOINED else "separate_evidence", fact, detail, at=at)


def complaint(db: Database, by: Viewer, number: str) -> Reference:
    """The complaint of that number as evidence. UsageError if there is none in sight."""
    row, tree = RECORD_TABLES["tickets"].c, visible_tree(db, by)
    query = sa.select(row.id, row.office_code).where(row.ticket_no == number.strip(), row.type == "complaint")
    with db.reading() as connection:
        found = [identity for identity, office in connection.execute(query) if office in tree.offices]
    if len(found) != 1 or secret_of_reporter(db, by, "tickets", number.strip()):
        raise UsageError(f"There is no complaint '{number.strip()}', or it is outside what you may see.")
    return "tickets", found[0]

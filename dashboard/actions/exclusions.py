"""Filing, approving and revoking exclusions (剔除): two people, one document, rows that are only added (issue 4.8)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from checks.errors import RuleError
from checks.exclusions import LAPSES_AFTER, Filing, require_sound
from checks.offices import Tree
from dashboard.actions import audit
from dashboard.database import Database
from dashboard.database.models import EXCLUSION_DECISIONS, EXCLUSIONS
from dashboard.errors import NotAllowedError, UsageError
from dashboard.instants import to_micros
from dashboard.judging.filed import local_date, systems_of
from dashboard.judging.reading import Reader, reader
from dashboard.nearest import nearest
from dashboard.people import EVERYTHING, Viewer, same_person
from dashboard.privacy import masked
from dashboard.queries.offices import visible_tree
from dashboard.reviewing.own import own_offices
from dashboard.rights import require
from dashboard.secrecy import hidden_numbers

LOCK = 20261125
"""Number of PostgreSQL's advisory lock under which exclusions are decided."""


def file_exclusion(db: Database, *, by: Viewer, filing: Filing, at: datetime) -> int:
    """Ask for records to be left out; nothing changes until another person approves. The number of the filing.

    UsageError for what `checks.exclusions` refuses or an unknown office; NotAllowedError for offices of others.
    """
    require(by, "file an exclusion")
    filing = require_possible(db, by, filing)
    with db.session() as connection:
        return enter_filing(connection, by=by, filing=filing, at=at)


def enter_filing(connection: Connection, *, by: Viewer, filing: Filing, at: datetime) -> int:
    """Store a filing that `require_possible` has found right, in the caller's transaction; its number."""
    moment = to_micros(at)
    values = {
        "offices": _listed(filing.offices), "area": filing.area, "records": _listed(filing.records),
        "numbers": _listed(filing.numbers) if filing.numbers else None,
        "system": filing.system if filing.numbers else None, "starts_at": filing.starts_at,
        "ends_at": filing.ends_at, "reason": filing.reason, "document": filing.document.strip(),
        "note": (filing.note or "").strip() or None, "lapses_at": moment + LAPSES_AFTER, "by": by.name, "at": moment,
    }  # fmt: skip
    number = int(connection.execute(sa.insert(EXCLUSIONS).values(**values).returning(EXCLUSIONS.c.id)).scalar_one())
    told = json.dumps(asdict(replace(filing, id=number, note=masked("text", filing.note))), ensure_ascii=False)
    audit.record(connection, by, "file_exclusion", str(number), told, at=at)
    return number


def require_possible(db: Database, by: Viewer, filing: Filing) -> Filing:
    """Refuse a filing that is unsound, names an office nobody knows, one the person may not see, or numbers that are
    nobody's or several systems'. The filing, with the system of its numbers."""
    try:
        require_sound(filing)
    except RuleError as error:
        raise UsageError(str(error)) from error
    with reader(db) as source:
        _require_offices(source.tree, by, filing)
        return _with_system(db, by, source, filing) if filing.numbers else filing


def _with_system(db: Database, by: Viewer, source: Reader, filing: Filing) -> Filing:
    """Numbers are one system's: the same number in another one is another record. One that is hidden is nobody's."""
    systems = systems_of(source, filing)
    if not systems or any(hidden_numbers(db, by, record, filing.numbers or ()) for record in filing.records):
        raise UsageError("No record of these numbers lies at these offices in this time.")
    if len(systems) > 1:
        raise UsageError(
            f"These numbers are records of several systems: {', '.join(systems)}.", "Name one of them (--system)."
        )
    return replace(filing, system=systems[0])


def _require_offices(tree: Tree, by: Viewer, filing: Filing) -> None:
    for code in filing.offices:
        if code not in tree.versions:
            guess = nearest(code, tree.versions)
            raise UsageError(f"There is no office '{code}'.", f"Did you mean '{guess}'?" if guess else "")
        day = tree.last_valid_day(code, local_date(filing.ends_at - 1))
        if not by.sees_everything and not by.offices.intersection(tree.path(code, day)):
            raise NotAllowedError(f"Office '{code}' is outside what {by.name} may see.")


def approve_exclusion(db: Database, *, by: Viewer, number: int, at: datetime, note: str | None = None) -> None:
    """Let the filing hold from now on. Never by who filed it."""
    require(by, "approve an exclusion")
    _require_not_own(db, by, number)
    with db.session() as connection:
        row = _undecided(connection, number, at)
        if same_person(by, row.by, row.at):
            raise NotAllowedError(
                f"{by.name} filed exclusion {number} and may not approve it.", "A second person does."
            )
        _decide(connection, by, number, "approved", note, at)


def reject_exclusion(db: Database, *, by: Viewer, number: int, at: datetime, note: str) -> None:
    """Refuse the filing, for a reason."""
    require(by, "reject an exclusion")
    _require_not_own(db, by, number)
    with db.session() as connection:
        _undecided(connection, number, at)
        _require_note(note)
        _decide(connection, by, number, "rejected", note, at)


def revoke_exclusion(db: Database, *, by: Viewer, number: int, at: datetime, note: str) -> None:
    """End an approved exclusion from now on, for a reason: its records count again.

    One person is enough, who approves too; never `system`. To leave records out takes two, to count them takes none.
    """
    require(by, "revoke an exclusion")
    _require_not_own(db, by, number)
    with db.session() as connection:
        _require_note(note)
        _locked(connection)
        decided = _decisions(connection, _filed(connection, number).id)
        if "approved" not in decided or "revoked" in decided:
            raise UsageError(f"Exclusion {number} does not hold.")
        _decide(connection, by, number, "revoked", note, at)


def _require_not_own(db: Database, by: Viewer, number: int) -> None:
    """Nobody decides what is left out of the figures of the office where they work, alone or with others."""
    own = own_offices(db, by)
    if not own:
        return
    tree = visible_tree(db, replace(by, offices=EVERYTHING))
    with db.reading() as connection:
        offices = json.loads(_filed(connection, number).offices)
    if any(own & tree.below(code) for code in offices):
        raise NotAllowedError(f"Exclusion {number} concerns the office where you work.", "Somebody else decides.")


def _undecided(connection: Connection, number: int, at: datetime) -> sa.Row[tuple[object, ...]]:
    _locked(connection)
    row = _filed(connection, number)
    decided = _decisions(connection, number)
    if decided:
        raise UsageError(f"Exclusion {number} is {' and '.join(sorted(decided))} already.")
    if row.lapses_at <= to_micros(at):
        raise UsageError(f"Exclusion {number} lapsed: nobody approved it for 30 days.", "File it again.")
    return row


def _require_note(note: str) -> None:
    if not note.strip():
        raise UsageError("Say why.", "--note TEXT")


def _locked(connection: Connection) -> None:
    """Decisions are numbered in the order in which they are made; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":  # LOCK TABLE would need the right to change what is only added to
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))


def _filed(connection: Connection, number: int) -> sa.Row[tuple[object, ...]]:
    row = connection.execute(sa.select(EXCLUSIONS).where(EXCLUSIONS.c.id == number)).one_or_none()
    if row is None:
        raise UsageError(f"There is no exclusion {number}.", "See mingcha exclusions.")
    return row


def _decisions(connection: Connection, number: int) -> set[str]:
    row = EXCLUSION_DECISIONS.c
    return set(connection.execute(sa.select(row.decision).where(row.exclusion_id == number)).scalars())


def _decide(connection: Connection, by: Viewer, number: int, decision: str, note: str | None, at: datetime) -> None:
    """One decision; its time is never before that of an earlier one, even where two machines' clocks differ."""
    last = connection.execute(sa.select(sa.func.max(EXCLUSION_DECISIONS.c["at"]))).scalar() or 0
    connection.execute(sa.insert(EXCLUSION_DECISIONS).values(
        exclusion_id=number, decision=decision, note=(note or "").strip() or None, by=by.name,
        at=max(to_micros(at), last),
    ))  # fmt: skip
    audit.record(connection, by, f"{decision}_exclusion", str(number), note, at=at)


def _listed(texts: Iterable[str]) -> str:
    return json.dumps(list(dict.fromkeys(texts)), ensure_ascii=False)


__all__ = [
    "approve_exclusion",
    "file_exclusion",
    "reject_exclusion",
    "require_possible",
    "revoke_exclusion",
]

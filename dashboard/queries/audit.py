"""The audit trail as an auditor reads it (审计日志): who did what to which thing when, and its place in the chain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from collectors.records import RECORDS
from dashboard.database import Database
from dashboard.database.models import AUDIT, CHAIN, CHAIN_HEADS, RECORD_TABLES, REVIEWS
from dashboard.evidence.chain import subject_of
from dashboard.evidence.heads import Head, end_of, read_head
from dashboard.instants import LOCAL, from_micros, iso_local, to_micros
from dashboard.people import Viewer
from dashboard.privacy import harmless
from dashboard.queries.quarantine import quarantine_row
from dashboard.reviewing.standing import blind_to, settled
from dashboard.rights import may, require
from dashboard.secrecy import SEALED, WITHHELD, hidden_numbers, seals
from dashboard.texts import t

AT_ONCE = 200
"""Lines of one page."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines: of a person, a verb, things that hold these words, days of Asia/Shanghai (both inclusive)."""

    person: str | None = None
    verb: str | None = None
    thing: str | None = None
    first: date | None = None
    last: date | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        line = AUDIT.c
        found: list[sa.ColumnElement[bool]] = []
        if self.person:
            found.append(line.actor == self.person)
        if self.verb:
            found.append(line.action == self.verb)
        if self.thing:
            found.append(line.subject.contains(self.thing, autoescape=True))
        if self.first:
            found.append(line.at >= _start(self.first))
        if self.last:
            found.append(line.at < _start(self.last + timedelta(days=1)))
        return found


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `entry` is its number in the chain; None: it was never entered, which is a finding."""

    id: int
    at: datetime
    actor: str
    os_user: str | None
    action: str
    subject: str | None
    detail: str | None
    entry: int | None
    acting_for: str | None = None
    """In whose stead the actor acted."""

    def document(self) -> dict[str, Any]:
        return {**asdict(self), "at": iso_local(to_micros(self.at))}


@dataclass(frozen=True, slots=True)
class Trail:
    """One page of lines, newest first. `older` is the id before which the next page begins; None at the end."""

    lines: tuple[Line, ...]
    older: int | None
    people: tuple[str, ...]
    verbs: Mapping[str, int]
    """Verb → lines, of all days."""
    entries: int
    head: Head | None
    """The last signed head of the chain."""
    detects_only: bool
    """SQLite: whoever has the file can change it; the chain tells, and cannot hinder."""


def trail(db: Database, viewer: Viewer, wanted: Wanted, *, before: int | None = None, limit: int = AT_ONCE) -> Trail:
    """A page of the audit trail. NotAllowedError for who may not read it."""
    require(viewer, "read the audit trail")
    line = AUDIT.c
    with db.reading() as connection:
        lines = _veiled(connection, viewer, _lines(connection, wanted, before, limit + 1))
        people = tuple(connection.execute(sa.select(line.actor).distinct().order_by(line.actor)).scalars())
        many = sa.func.count()
        verbs = connection.execute(sa.select(line.action, many).group_by(line.action).order_by(line.action)).all()
        entries = end_of(connection)[0]
        document = connection.execute(sa.select(CHAIN_HEADS.c.document).order_by(CHAIN_HEADS.c.id.desc())).scalar()
    lines = _without_reporters(db, viewer, lines)
    older = lines[limit - 1].id if len(lines) > limit else None
    head = read_head(document, "chain_heads") if document else None
    return Trail(
        tuple(lines[:limit]), older, people, {verb: int(n) for verb, n in verbs}, entries, head, db.dialect == "sqlite"
    )


def every_line(db: Database, viewer: Viewer, wanted: Wanted) -> list[Line]:
    """All lines that are wanted, oldest first, for an export."""
    require(viewer, "export the audit trail")
    with db.reading() as connection:
        lines = _veiled(connection, viewer, _lines(connection, wanted, None, None))[::-1]
    return _without_reporters(db, viewer, lines)


def _lines(connection: Connection, wanted: Wanted, before: int | None, limit: int | None) -> list[Line]:
    query = sa.select(AUDIT).where(*wanted.conditions()).order_by(AUDIT.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(AUDIT.c.id < before)
    rows = connection.execute(query).mappings().all()
    entries = _entries(connection, [int(row["id"]) for row in rows])
    return [
        Line(
            row["id"], from_micros(row["at"]), row["actor"], row["os_user"], row["action"],
            row["subject"] and harmless(row["subject"]), row["detail"], entries.get(row["id"]), row["acting_for"],
        )
        for row in rows
    ]  # fmt: skip


def _veiled(connection: Connection, viewer: Viewer, lines: list[Line]) -> list[Line]:
    """Without what others said of samples that the viewer may still have to judge, or is judging."""
    if not may(viewer, "decide about a sample"):
        return lines
    asked = sorted({line.subject for line in lines if line.action == "review" and line.subject})
    told: set[str] = set()
    for start in range(0, len(asked), 500):
        row = REVIEWS.c
        query = sa.select(row.sample_id).where(row.sample_id.in_(asked[start : start + 500]), settled(row.sample_id))
        told |= set(connection.execute(query.distinct()).scalars())
    told -= blind_to(connection, viewer.name, datetime.now(UTC))
    return [
        replace(line, detail=t("Told once the sample is settled."))
        if line.action == "review" and line.actor != viewer.name and line.subject not in told else line
        for line in lines
    ]  # fmt: skip


def _without_reporters(db: Database, viewer: Viewer, lines: list[Line]) -> list[Line]:
    """Without what lines tell of sealed records to who watches over the trail and works at the reported office."""
    if not seals(viewer):
        return lines
    named = {line.id: about for line in lines if (about := _about(db, line)) is not None}
    hidden = {
        (record, number)
        for record in SEALED
        for number in hidden_numbers(db, viewer, record, [one for kind, one in named.values() if kind == record])
    }
    return [
        replace(line, subject=WITHHELD, detail=None)
        if named.get(line.id) in hidden or _of_hidden_row(db, viewer, line) else line for line in lines
    ]  # fmt: skip


def _about(db: Database, line: Line) -> tuple[str, str] | None:
    """(record, number) of the ticket or evaluation that a line is about."""
    said = line.detail if line.action.startswith("dispute_") else line.subject
    words = (said or "").split()
    if line.action in ("enter_form", "unmask_form"):
        return "evaluations", str(line.subject if line.action == "unmask_form" else line.detail)
    if len(words) < 2 or words[0] not in SEALED:
        return None
    if line.action != "unmask" or not words[1].isdecimal():
        return words[0], words[1]
    table = RECORD_TABLES[words[0]].c
    with db.reading() as connection:
        number = connection.scalar(sa.select(table[RECORDS[words[0]].number]).where(table.id == int(words[1])))
    return words[0], str(number)


def _of_hidden_row(db: Database, viewer: Viewer, line: Line) -> bool:
    """Whether a cell of a quarantined row was unmasked that may be a report."""
    words = (line.subject or "").split()
    if line.action != "unmask" or words[:1] != ["quarantine"] or not words[-1].isdecimal():
        return False
    return quarantine_row(db, viewer, int(words[-1])) is None


def _entries(connection: Connection, ids: list[int]) -> dict[int, int]:
    """Line → its number in the chain."""
    found: dict[int, int] = {}
    for start in range(0, len(ids), 500):
        subjects = {subject_of(AUDIT, one): one for one in ids[start : start + 500]}
        query = sa.select(CHAIN.c.subject, CHAIN.c.number).where(CHAIN.c.subject.in_(subjects))
        found |= {subjects[subject]: int(number) for subject, number in connection.execute(query)}
    return found


def _start(day: date) -> int:
    return to_micros(datetime.combine(day, time(), LOCAL))

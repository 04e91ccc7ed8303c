"""Disputing a record and deciding about it (数据异议): two people, a proof, and rows that are only added.

The office's head says what is wrong; somebody else, not of that office, refuses with a reason, writes a corrected
version, or files an exclusion, which then takes a second person of the whole company as every exclusion does.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa

from checks.exclusions import Filing
from collectors.records import RECORDS
from dashboard.actions import audit
from dashboard.actions.exclusions import enter_filing, require_possible
from dashboard.database import Database
from dashboard.database.models import DISPUTE_DECISIONS, DISPUTE_PROOFS, DISPUTES, RECORD_TABLES
from dashboard.disputing.proofs import MOST, Proof, accepted, keep
from dashboard.disputing.proofs import read as read_proof
from dashboard.disputing.values import DISPUTABLE, typed
from dashboard.errors import NotAllowedError, UsageError
from dashboard.evidence import chain
from dashboard.instants import LOCAL, to_micros
from dashboard.intake.by_hand import enter as enter_version
from dashboard.intake.tables import Tables, alone
from dashboard.judging.rules import Rules
from dashboard.notices.outbox import Audience, Msgid, Office, enter, page_link
from dashboard.people import Viewer, same_person
from dashboard.queries.disputes import concerned
from dashboard.queries.offices import require_visible, visible_tree
from dashboard.reviewing.own import own_offices
from dashboard.rights import require
from dashboard.secrecy import secret_of_reporter
from dashboard.settings import Settings

LOCK = 20261128
"""Number of PostgreSQL's advisory lock under which disputes are numbered and decided; SQLite has one writer anyway."""
FILE, DECIDE = "dispute a record", "decide about a dispute"
DECIDERS = {"department": "regional_manager", "company": "evaluator"}
"""Who is told of a dispute → their role."""
WISHES = ("correction", "exclusion")
OUTCOMES = {
    "corrected": "a corrected version was written", "excluded": "an exclusion was filed",
    "refused": "the record stays as it is", "withdrawn": "withdrawn",
}  # fmt: skip
"""Outcomes; msgids."""


def file_dispute(
    db: Database, settings: Settings, rules: Rules, *, by: Viewer, record: str, record_id: int, wish: str, reason: str,
    wanted: Mapping[str, str] | None = None, proofs: Sequence[Proof], at: datetime,
) -> str:  # fmt: skip
    """Say that a record of one's own office is wrong; the number of the dispute.

    `record_id` as pages and lists give it; `wanted` are the right values as typed (a correction needs some). UsageError
    for what is missing or an open dispute of the same record; NotAllowedError for a record out of sight.
    """
    require(by, FILE)
    if wish not in WISHES:
        raise UsageError(f"Unknown wish '{wish}';", f"one of {', '.join(WISHES)}.")
    if not reason.strip():
        raise UsageError("What is wrong is missing.", "One sentence is enough.")
    if not proofs or len(proofs) > MOST:
        raise UsageError("A dispute needs its proof.", "One to ten pictures or PDF files.")
    row = _record(db, by, record, record_id)
    right = typed(record, wanted or {})
    if wish == "correction" and not right:
        raise UsageError("What would be right is missing.", "Name a column and its value.")
    _require_office(db, record, right)
    kept = [accepted(proof) for proof in proofs]
    for one in kept:
        keep(settings, one)
    due = rules.calendar.deadline(at.astimezone(LOCAL).date(), settings.disputes.working_days)
    number_of = RECORDS[record].number
    with db.session() as connection:
        _locked(connection)
        _require_none_open(connection, record, record_id)
        number = _next(connection, at)
        values = {
            "number": number, "record": record, "record_id": record_id, "record_number": row[number_of],
            "office_code": row["office_code"], "wish": wish, "reason": reason.strip(),
            "wanted": json.dumps(right, ensure_ascii=False, sort_keys=True) if right else None,
            "due": to_micros(due), "by": by.name, "at": to_micros(at),
        }  # fmt: skip
        dispute = chain.enter(connection, DISPUTES, values, by=by, at=at)
        for one in kept:
            chain.enter(connection, DISPUTE_PROOFS, {"dispute_id": dispute, "name": one.name, "kind": one.kind,
                        "sha256": one.sha256, "bytes": len(one.content), "by": by.name, "at": to_micros(at)},
                        by=by, at=at)  # fmt: skip
        audit.record(connection, by, "dispute_filed", number, f"{record} {row[number_of]}", at=at)
        office = str(row["office_code"])
        enter(connection, key=f"dispute {number} filed", to=[Audience(role, office) for role in DECIDERS.values()],
              topic="dispute", words="Dispute {number} of {office} waits for a decision until {due}.",
              values={"number": number, "office": Office(office), "due": due}, office=office,
              link=page_link("disputes", dispute=number), at=at)  # fmt: skip
    return number


def withdraw(db: Database, *, by: Viewer, number: str, reason: str, at: datetime) -> None:
    """Take one's own dispute back; UsageError when it is decided already."""
    require(by, FILE)
    with db.session() as connection:
        row = _open(db, connection, by, number)
        if row.by != by.name:
            raise NotAllowedError(f"Dispute {number} is not yours.", "Who filed it can take it back.")
        _decide(connection, row, by, "withdrawn", reason, None, at)


def refuse(db: Database, *, by: Viewer, number: str, reason: str, at: datetime) -> None:
    """The record stays as it is, for a reason."""
    with db.session() as connection:
        row = _to_decide(db, connection, by, number)
        _decide(connection, row, by, "refused", reason, None, at)


def correct(
    db: Database, *, by: Viewer, number: str, reason: str, values: Mapping[str, str] | None = None, at: datetime
) -> int:
    """Write a corrected version of the record: what was wanted, or other values as typed. The batch that wrote it.

    The version before goes to the history. A later file that says again what was wrong changes nothing; one that says
    something new about a corrected column waits for a person (`by_hand.contradicting`).
    """
    right_typed = None if values is None else dict(values)
    with alone(db) as tables:
        tables.wait_for(LOCK)
        row = _to_decide(db, tables, by, number)
        right = json.loads(row.wanted or "{}") if right_typed is None else typed(row.record, right_typed)
        if not right:
            raise UsageError("What would be right is missing.", "Name a column and its value.")
        _require_office(db, row.record, right)
        _require_foreign(db, by, number, {right.get(RECORDS[row.record].office or "") or row.office_code})
        old = _version(tables, row.record, row.record_id)
        changed = {name: (old[name], value) for name, value in right.items() if old[name] != value}
        if not changed:
            raise UsageError("The record says so already.", "Refuse the dispute, or name another value.")
        columns = {name: list(pair) for name, pair in changed.items()}
        corrected = {"system": old["system"], "number": row.record_number, "columns": columns}
        details = {"dispute": number, "corrected": corrected}
        batch = enter_version(tables, row.record, [_corrected(old, right)], by=by, at=at, details=details)
        _decide(tables, row, by, "corrected", reason, {"batch": batch, "columns": sorted(changed)}, at)
    return batch


def exclude(db: Database, *, by: Viewer, number: str, reason: str, cause: str, document: str, at: datetime) -> int:
    """File an exclusion of this one record; its number. It holds once another person of the whole company approves it.

    The decider counts as the first of the two people that every exclusion takes: they filed it and cannot approve it.
    """
    require(by, DECIDE)
    found = _find(db, number)
    _require_seen(db, by, found, number)
    old = _current(db, found.record, found.record_id)
    moment = old[RECORDS[found.record].moment or "accepted_at"]
    note = f"{number}: {reason.strip()}"
    filing = Filing((old["office_code"],), (found.record,), moment, moment + 1, cause, document,
                    numbers=(found.record_number,), note=note, system=old["system"])  # fmt: skip
    filing = require_possible(db, by, filing)
    with db.session() as connection:
        row = _to_decide(db, connection, by, number)
        require(by, "file an exclusion")
        exclusion = enter_filing(connection, by=by, filing=filing, at=at)
        _decide(connection, row, by, "excluded", reason, {"exclusion": exclusion}, at)
    return exclusion


def open_proof(db: Database, settings: Settings, *, by: Viewer, proof: int, at: datetime) -> tuple[str, bytes]:
    """(name, bytes) of a proof for who may see its dispute; the look is logged. NotAllowedError for any other."""
    kept = DISPUTE_PROOFS.c
    query = sa.select(DISPUTE_PROOFS, DISPUTES.c.number.label("dispute")).join(
        DISPUTES, DISPUTES.c.id == kept.dispute_id).where(kept.id == proof)  # fmt: skip
    with db.session() as connection:
        row = connection.execute(query).one_or_none()
        if row is None:
            raise _unknown(str(proof))
        _require_seen(db, by, _one(connection, row.dispute), row.dispute)
        audit.record(connection, by, "open_proof", row.dispute, row.sha256, at=at)
    return row.name, read_proof(settings, row.sha256)


# --- what stands --------------------------------------------------------------------------------------------------


def _record(db: Database, by: Viewer, record: str, record_id: int) -> dict[str, Any]:
    """A record of the viewer's own offices; one out of sight and none give the same error."""
    unknown = NotAllowedError("There is no such record, or it is outside what you may see.")
    if record not in DISPUTABLE:
        raise UsageError(f"Records of kind '{record}' are not disputed here.", f"Of these: {', '.join(DISPUTABLE)}.")
    table = RECORD_TABLES[record]
    with db.reading() as connection:
        row = connection.execute(sa.select(table).where(table.c.id == record_id)).mappings().first()
    if row is None or row["office_code"] not in visible_tree(db, by).offices:
        raise unknown
    if secret_of_reporter(db, by, record, str(row[RECORDS[record].number])):
        raise unknown
    return dict(row)


def _current(db: Database, record: str, record_id: int) -> dict[str, Any]:
    table = RECORD_TABLES[record]
    with db.reading() as connection:
        return dict(connection.execute(sa.select(table).where(table.c.id == record_id)).mappings().one())


def _version(tables: Tables, record: str, record_id: int) -> dict[str, Any]:
    table = RECORD_TABLES[record]
    return tables.frame(sa.select(table).where(table.c.id == record_id)).row(0, named=True)


def _corrected(old: Mapping[str, Any], right: Mapping[str, Any]) -> dict[str, Any]:
    """The whole version with the right values; what is known of how exactly the others were read stays."""
    coarse = [name for name in json.loads(old["precision"] or "[]") if name not in right]
    unread = {name: text for name, text in json.loads(old["unreadable"] or "{}").items() if name not in right}
    return {**old, **right, "precision": json.dumps(coarse) if coarse else None,
            "unreadable": json.dumps(unread, ensure_ascii=False) if unread else None}  # fmt: skip


def _require_office(db: Database, record: str, right: Mapping[str, Any]) -> None:
    office = right.get(RECORDS[record].office or "")
    if office is not None:
        whole = visible_tree(db, Viewer("", "", frozenset({"*"})))
        require_visible(whole, office)


def _find(db: Database, number: str) -> Any:
    with db.reading() as connection:
        return connection.execute(sa.select(DISPUTES).where(DISPUTES.c.number == number)).one_or_none()


def _one(transaction: Any, number: str) -> Any:
    query = sa.select(DISPUTES).where(DISPUTES.c.number == number)
    if isinstance(transaction, Tables):
        found = transaction.frame(query).to_dicts()
        return SimpleNamespace(**found[0]) if found else None
    return transaction.execute(query).one_or_none()


def _unknown(number: str) -> NotAllowedError:
    return NotAllowedError(f"There is no dispute '{number}', or it is outside what you may see.")


def _require_seen(db: Database, by: Viewer, row: Any, number: str) -> None:
    if row is None or row.office_code not in visible_tree(db, by).offices:
        raise _unknown(number)
    if secret_of_reporter(db, by, row.record, row.record_number):
        raise _unknown(number)


def _to_decide(db: Database, transaction: Any, by: Viewer, number: str) -> Any:
    """An open dispute that this person may decide: not its filer, nor of its office."""
    require(by, DECIDE)
    row = _open(db, transaction, by, number)
    if same_person(by, row.by, row.at):
        raise NotAllowedError(f"{by.name} filed dispute {number} and may not decide it.", "A second person does.")
    table = RECORD_TABLES[row.record].c
    now = transaction.scalar(sa.select(table.office_code).where(table.id == row.record_id))
    _require_foreign(db, by, number, concerned(row) | {now})
    return row


def _require_foreign(db: Database, by: Viewer, number: str, offices: Collection[str]) -> None:
    """Nobody decides whose a record is when it is, or would become, that of where they work."""
    if not own_offices(db, by).isdisjoint(offices):
        raise NotAllowedError(f"Dispute {number} is of the office where {by.name} works.", "Somebody else decides.")


def _open(db: Database, transaction: Any, by: Viewer, number: str) -> Any:
    if not isinstance(transaction, Tables):
        _locked(transaction)
    row = _one(transaction, number)
    _require_seen(db, by, row, number)
    decided = sa.select(DISPUTE_DECISIONS.c.outcome).where(DISPUTE_DECISIONS.c.dispute_id == row.id)
    outcome = transaction.scalar(decided)
    if outcome is not None:
        raise UsageError(f"Dispute {number} was decided meanwhile: {outcome}.", "Reload the page.")
    return row


def _decide(
    transaction: Any, row: Any, by: Viewer, outcome: str, reason: str, detail: Mapping[str, Any] | None, at: datetime
) -> None:
    if not reason.strip():
        raise UsageError("Say why.", "--note TEXT")
    values = {"dispute_id": row.id, "outcome": outcome, "reason": reason.strip(),
              "detail": json.dumps(detail, ensure_ascii=False, sort_keys=True) if detail else None,
              "by": by.name, "at": to_micros(at)}  # fmt: skip
    chain.enter(transaction, DISPUTE_DECISIONS, values, by=by, at=at)
    audit.record(transaction, by, f"dispute_{outcome}", row.number, f"{row.record} {row.record_number}", at=at)
    if outcome != "withdrawn":
        enter(transaction, key=f"dispute {row.number} decided", to=row.by, topic="dispute",
              words="Dispute {number} is decided: {outcome}.", office=row.office_code,
              values={"number": row.number, "outcome": Msgid(OUTCOMES[outcome])},
              link=page_link("disputes", dispute=row.number), at=at)  # fmt: skip


def _require_none_open(connection: sa.Connection, record: str, record_id: int) -> None:
    decided = sa.select(DISPUTE_DECISIONS.c.dispute_id)
    query = sa.select(DISPUTES.c.number).where(
        DISPUTES.c.record == record, DISPUTES.c.record_id == record_id, DISPUTES.c.id.not_in(decided)
    )
    number = connection.execute(query).scalar()
    if number is not None:
        raise UsageError(f"Dispute {number} of this record is still open.", "Wait for its decision.")


def _next(connection: sa.Connection, at: datetime) -> str:
    """`D-2026-000012`: serial per local year, under the lock."""
    year = at.astimezone(LOCAL).year
    last = connection.execute(
        sa.select(sa.func.max(DISPUTES.c.number)).where(DISPUTES.c.number.like(f"D-{year}-%"))
    ).scalar()
    return f"D-{year}-{int(last.rsplit('-', 1)[1]) + 1 if last else 1:06d}"


def _locked(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))

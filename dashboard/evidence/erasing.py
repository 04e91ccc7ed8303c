"""Personal fields past their term (个人信息到期清除): taken out of records, raw rows and the audit trail.

The chain holds keyed digests only; with its content each entry's random key is dropped, so nobody can try numbers
against the digest, and the links hold. A customer's number in repairs becomes a random word that is the same for the
same customer within one run: repeated repairs can still be counted, nobody can be found. What was printed, exported,
backed up or frozen before is not reached (docs/decisions/0015).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from collectors.records import RECORDS
from dashboard.bootstrap import Application
from dashboard.database import Database
from dashboard.database.models import (
    AUDIT,
    CHAIN,
    CHAIN_CONTENTS,
    DISPUTE_DECISIONS,
    DISPUTE_PROOFS,
    DISPUTES,
    FORM_IDENTITIES,
    FORM_SHEETS,
    HISTORY_TABLES,
    QUARANTINE,
    QUARANTINE_EVENTS,
    RECORD_TABLES,
)
from dashboard.disputing.proofs import path_of
from dashboard.errors import NotAllowedError
from dashboard.evidence.chain import append, subject_of
from dashboard.evidence.holds import Held, held_by, standing_holds, wait_for_holds
from dashboard.instants import to_micros
from dashboard.people import Viewer, system_viewer
from dashboard.queries.offices import visible_tree
from dashboard.rights import require
from dashboard.settings import Settings

PERSONAL = {
    "tickets": ("customer_no", "phone", "content", "reply", "taken_by"),
    "repairs": ("customer_no", "taken_by", "repaired_by"),
    "applications": ("customer_no",),
    "evaluations": ("opened_by",),
}
ALIAS = "erased-"
"""What the word begins with that stands for a customer's number in repairs."""
ERASED_HASH = 0
"""Stored for the digest of an erased version: that of the old content would let phone numbers be tried."""
AT_ONCE = 500


def erase_personal(app: Application, *, by: Viewer) -> dict[str, int]:
    """Erase what is older than `[retention] ledgers`, in one transaction with its entry; table → rows.

    A hold on everything stops all of it, one on an office that office's records. NotAllowedError as for files.
    """
    require(by, "erase personal fields")
    now = app.now()
    before = now - timedelta(days=app.settings.retention.ledgers)
    require_owner(app.db)
    with app.db.as_owner() as owner, owner.session() as connection:
        wait_for_holds(connection)
        held = held_by(standing_holds(connection), visible_tree(app.db, system_viewer()))
        if held.everything:
            return {}
        counts = {name: _records(connection, name, before, held) for name in PERSONAL}
        counts["quarantine"] = 0 if held.offices else _quarantine(connection, before)
        lines = [] if held.offices or held.samples else _audit(connection, before)
        entries = _contents(connection, lines)
        counts["audit"] = len(lines)
        counts[FORM_IDENTITIES.name] = _identities(connection, before, held)
        proofs = _proofs(connection, app.settings, before, held)
        counts[DISPUTE_PROOFS.name] = len(proofs)
        if any(counts.values()):
            rows = {AUDIT.name: lines, DISPUTE_PROOFS.name: [proof for proof, _ in proofs]}
            told = {"before": before.isoformat(), "counts": counts, "entries": entries, "rows": rows}
            append(connection, "erased", "personal fields", told, by=by, at=now)
    for _, path in proofs:  # an entry before it is a deed; killed here, the next run finds the file and says it again
        path.unlink(missing_ok=True)
    return {name: count for name, count in counts.items() if count}


def may_erase(db: Database) -> bool:
    """Whether this process can take text out of what may only be added to: on PostgreSQL its owner alone."""
    if db.dialect == "sqlite" or db.migration_url is not None:
        return True
    with db.reading() as connection:
        return bool(connection.scalar(sa.select(sa.func.has_table_privilege(AUDIT.name, "UPDATE"))))


def require_owner(db: Database) -> None:
    """NotAllowedError where the database's everyday role would have to erase."""
    if not may_erase(db):
        raise NotAllowedError(
            "Personal fields are erased as the owner of the tables.",
            "Run with MINGCHA_MIGRATION_URL: mingcha retention --apply",
        )


def due(app: Application) -> int:
    """Rows of the audit trail that are past their term and still say more than who did what when."""
    before = to_micros(app.now() - timedelta(days=app.settings.retention.ledgers))
    query = sa.select(sa.func.count()).where(AUDIT.c.at < before, AUDIT.c.detail.is_not(None))
    with app.db.reading() as connection:
        return int(connection.scalar(query) or 0)


def _records(connection: Connection, name: str, before: datetime, held: Held) -> int:
    """Current versions and history of one record type."""
    record = RECORDS[name]
    assert record.moment is not None
    assert record.office is not None
    touched = 0
    for table in (RECORD_TABLES[name], HISTORY_TABLES[name]):
        moment = sa.func.coalesce(table.c[record.moment], table.c.version_at)  # where it tells none: its export
        old = sa.and_(
            moment < to_micros(before), table.c[record.office].not_in(held.offices) if held.offices
            else sa.true(), sa.or_(*(_is_filled(table.c[column]) for column in PERSONAL[name])),
        )  # fmt: skip
        _blank_unreadable(connection, table, old, PERSONAL[name])
        counted = name == "repairs" and table is RECORD_TABLES[name]
        if counted:
            _rename_customers(connection, table, old)
        gone = {column: None for column in PERSONAL[name] if not (counted and column == "customer_no")}
        statement = sa.update(table).where(old if not counted else _renamed(table, old))
        touched += connection.execute(statement.values({**gone, "content_hash": ERASED_HASH})).rowcount
    return touched


def _is_filled(column: sa.Column[Any]) -> sa.ColumnElement[bool]:
    filled = column.is_not(None)
    return sa.and_(filled, ~column.startswith(ALIAS)) if column.name == "customer_no" else filled


def _renamed(table: sa.Table, old: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """Rows that still have something to erase, or were renamed just now."""
    return sa.or_(old, sa.and_(table.c.customer_no.startswith(ALIAS), table.c.content_hash != ERASED_HASH))


def _rename_customers(connection: Connection, table: sa.Table, old: sa.ColumnElement[bool]) -> None:
    query = sa.select(table.c.customer_no).where(old, _is_filled(table.c.customer_no)).distinct()
    for number in connection.execute(query).scalars().all():
        mine = sa.update(table).where(old, table.c.customer_no == number)
        connection.execute(mine.values(customer_no=ALIAS + secrets.token_hex(8)))


def _blank_unreadable(
    connection: Connection, table: sa.Table, old: sa.ColumnElement[bool], columns: Collection[str]
) -> None:
    """The text that could not be read is text too; that something stood there is kept."""
    query = sa.select(table.c.id, table.c.unreadable).where(old, table.c.unreadable.is_not(None))
    for row in connection.execute(query).all():
        told = {name: "" if name in columns else text for name, text in json.loads(row.unreadable).items()}
        mine = sa.update(table).where(table.c.id == row.id)
        connection.execute(mine.values(unreadable=json.dumps(told, ensure_ascii=False)))


def _quarantine(connection: Connection, before: datetime) -> int:
    """The text of refused rows; why they were refused stays. An open one can never be stored now: it is dismissed."""
    row = QUARANTINE.c
    old = sa.and_(row.since < to_micros(before), row.raw != "{}")
    of_old = QUARANTINE_EVENTS.c.quarantine_id.in_(sa.select(row.id).where(old))
    connection.execute(sa.update(QUARANTINE_EVENTS).where(of_old).values(detail=None))
    gone = {"raw": "{}", "number": None, "value": None, "context": None, "corrections": None, "fingerprint": -row.id}
    state = sa.case((row.state == "open", "dismissed"), else_=row.state)
    return connection.execute(sa.update(QUARANTINE).where(old).values({**gone, "state": state})).rowcount


def _identities(connection: Connection, before: datetime, held: Held) -> int:
    """Who wrote a form, sealed or not; what the form says stays."""
    sheet = FORM_SHEETS.c
    old = sa.select(sheet.id).where(sheet["at"] < to_micros(before), sheet.office_code.not_in(held.offices))
    return connection.execute(sa.delete(FORM_IDENTITIES).where(FORM_IDENTITIES.c.sheet_id.in_(old))).rowcount


def _proofs(connection: Connection, settings: Settings, before: datetime, held: Held) -> list[tuple[int, Path]]:
    """(row, file) of the proofs of old disputes that were decided, where no later one rests on the same file."""
    proof, dispute, decided = DISPUTE_PROOFS.c, DISPUTES.c, DISPUTE_DECISIONS.c
    ended = dispute.id.in_(sa.select(decided.dispute_id).where(decided["at"] < to_micros(before)))
    query = sa.select(proof.id, proof.sha256, ended.label("ended"), dispute.office_code)
    rows = connection.execute(query.join(DISPUTES, dispute.id == proof.dispute_id).order_by(proof.id)).all()
    kept = {row.sha256 for row in rows if not row.ended or row.office_code in held.offices}
    going = [(row.id, path_of(settings, row.sha256)) for row in rows if row.sha256 not in kept]
    return [(row, path) for row, path in going if path.is_file()]


def _audit(connection: Connection, before: datetime) -> list[int]:
    """Free text of old lines; who did what to which thing when stays."""
    old = sa.and_(AUDIT.c.at < to_micros(before), AUDIT.c.detail.is_not(None))
    lines = list(connection.execute(sa.select(AUDIT.c.id).where(old).order_by(AUDIT.c.id)).scalars())
    connection.execute(sa.update(AUDIT).where(old).values(detail=None))
    return lines


def _contents(connection: Connection, lines: list[int]) -> list[int]:
    """Drop content and key of the entries of these lines; the numbers of the entries."""
    gone: list[int] = []
    for part in _parts(lines):
        subjects = [subject_of(AUDIT, line) for line in part]
        query = sa.select(CHAIN.c.number).where(CHAIN.c.subject.in_(subjects))  # kinds `audit` and `adopted`
        numbers = list(connection.execute(query).scalars())
        connection.execute(sa.delete(CHAIN_CONTENTS).where(CHAIN_CONTENTS.c.number.in_(numbers)))
        gone += numbers
    return sorted(gone)


def _parts(lines: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(lines), AT_ONCE):
        yield lines[start : start + AT_ONCE]

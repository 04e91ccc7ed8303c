"""Unmasking one personal field (解除脱敏): one field of one record, for one person, with a reason, for a short time.

The line in the audit trail is committed before the value is read: nobody sees a value of which no line tells. What is
sealed from somebody (`dashboard.secrecy`) cannot be unmasked by them: for them that record does not exist.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from collectors.records import RECORDS
from dashboard.actions import audit
from dashboard.database import Database
from dashboard.database.models import QUARANTINE, RECORD_TABLES
from dashboard.errors import MingchaError, UsageError
from dashboard.nearest import nearest
from dashboard.people import Viewer
from dashboard.privacy import PERSONAL, masked_text
from dashboard.queries.offices import visible_tree
from dashboard.queries.quarantine import quarantine_row
from dashboard.rights import require
from dashboard.secrecy import WITHHELD, secret_of_reporter

SHOWN_FOR = timedelta(minutes=2)
"""How long a page goes on showing the value; then it is masked again."""
SHORTEST_REASON = 4


@dataclass(frozen=True, slots=True)
class Unmasked:
    """A value, and until when (aware UTC) it may be shown to who asked."""

    value: str | None
    until: datetime


def unmask(db: Database, *, by: Viewer, record: str, row_id: int, field: str, reason: str, at: datetime) -> Unmasked:
    """One personal field of the stored record `row_id` (its current version).

    Raises UsageError (kind, field, reason), NotAllowedError for a role that may not, and the error of an unknown record
    for one out of sight or sealed.
    """
    require(by, "unmask a field")
    said = _reason(reason)
    if record not in RECORDS:
        raise UsageError(f"There is no record kind '{record}'.", f"Did you mean '{nearest(record, RECORDS)}'?")
    if field not in PERSONAL or field not in RECORDS[record].names:
        raise UsageError(f"'{field}' of {record} is not masked.", "Masked are: " + ", ".join(masked_fields(record)))
    row = _row(db, by, record, row_id)
    subject = f"{record} {row['id']} {field}"
    with db.session() as connection:
        audit.record(connection, by, "unmask", subject, json.dumps({"reason": said}, ensure_ascii=False), at=at)
    return Unmasked(row[field], at + SHOWN_FOR)


def unmask_cell(db: Database, *, by: Viewer, quarantine_id: int, header: str, reason: str, at: datetime) -> Unmasked:
    """One cell of a quarantined row as it was read, for who may unmask and sees the whole company."""
    require(by, "unmask a field")
    said = _reason(reason)
    told = quarantine_row(db, by, quarantine_id)  # what may be sealed from them does not exist here either
    query = sa.select(QUARANTINE.c.raw).where(QUARANTINE.c.id == quarantine_id)
    with db.reading() as connection:
        row = connection.execute(query).one_or_none() if told is not None else None
    cells = {} if row is None else json.loads(row.raw)
    if told is None or header not in cells or told.cells[header] == WITHHELD:
        raise MingchaError(f"There is no cell '{masked_text(header)}' in quarantined row {quarantine_id}.")
    with db.session() as connection:
        detail = json.dumps({"cell": header, "reason": said}, ensure_ascii=False)
        audit.record(connection, by, "unmask", f"quarantine {quarantine_id}", detail, at=at)
    return Unmasked(cells[header], at + SHOWN_FOR)


def masked_fields(record: str) -> list[str]:
    """Personal columns of a kind of record."""
    return [name for name in RECORDS[record].names if name in PERSONAL]


def _reason(reason: str) -> str:
    said = " ".join(reason.split())
    if len(said) < SHORTEST_REASON:
        raise UsageError("A field is unmasked with a reason.", "Say what the value is needed for.")
    return masked_text(said)


def _row(db: Database, by: Viewer, record: str, row_id: int) -> dict[str, Any]:
    kind, table = RECORDS[record], RECORD_TABLES[record]
    with db.reading() as connection:
        found = connection.execute(sa.select(table).where(table.c.id == row_id)).mappings().one_or_none()
    office = str(found[kind.office]) if found is not None and kind.office else ""
    seen = found is not None and (by.sees_everything or office in visible_tree(db, by).offices)
    if found is None or not seen or secret_of_reporter(db, by, record, str(found[kind.number])):
        raise MingchaError(f"No record {row_id} among {record}, or it is outside what you may see.")
    return dict(found)

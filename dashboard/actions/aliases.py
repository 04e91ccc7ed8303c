"""Names that mean an office (别名), said by a person: with dates, kept for good, and taken back by saying so."""

from __future__ import annotations

import json
from datetime import date, datetime

import sqlalchemy as sa

from dashboard.actions import audit
from dashboard.database import Database
from dashboard.database.models import OFFICE_ALIASES, RECORD_TABLES
from dashboard.errors import UsageError
from dashboard.instants import to_micros
from dashboard.intake.names import BEGINNING, END, compared, office_names
from dashboard.intake.tables import Tables, alone
from dashboard.nearest import nearest
from dashboard.people import Viewer
from dashboard.rights import require


def add_alias(
    db: Database,
    *,
    by: Viewer,
    code: str,
    name: str,
    valid_from: date | None = None,
    valid_to: date | None = None,
    at: datetime,
) -> int:
    """Let `name` mean the office `code` from `valid_from` to `valid_to` (both included; None: always). The alias's id.

    UsageError for an unknown office, days that end before they begin, or a name that means another office on any of
    these days; NotAllowedError for who does not keep offices.
    """
    with alone(db) as tables:
        return added(tables, by, code, name, (valid_from, valid_to), at)


def added(tables: Tables, by: Viewer, code: str, name: str, days: tuple[date | None, date | None], at: datetime) -> int:
    """`add_alias` inside an open write transaction."""
    require(by, "say what an office is called")
    first, last = (day.isoformat() if day else None for day in days)
    if not compared(name):
        raise UsageError("An office cannot have an empty name.")
    if first and last and last < first:
        raise UsageError(f"The days end ({last}) before they begin ({first}).")
    _require_office(tables, code)
    _require_unambiguous(tables, code, name, first or BEGINNING, last or END)
    values = {"office_code": code, "name": name, "valid_from": first or BEGINNING, "valid_to": last}
    insert = sa.insert(OFFICE_ALIASES).values(**values, by=by.name, at=to_micros(at))
    alias = int(tables.scalar(insert.returning(OFFICE_ALIASES.c.id)))
    audit.record(tables, by, "name_office", code, json.dumps(values, ensure_ascii=False), at=at)
    return alias


def withdraw_alias(db: Database, *, by: Viewer, alias_id: int, at: datetime) -> None:
    """The name does not mean the office any more; what was stored by it stays. UsageError when it does not hold."""
    require(by, "take back a name of an office")
    with db.session() as connection:
        holds = sa.and_(OFFICE_ALIASES.c.id == alias_id, OFFICE_ALIASES.c.withdrawn_at.is_(None))
        done = connection.execute(
            sa.update(OFFICE_ALIASES).where(holds).values(withdrawn_by=by.name, withdrawn_at=to_micros(at))
        )
        if done.rowcount != 1:
            raise UsageError(f"There is no alias {alias_id} that holds.")
        audit.record(connection, by, "withdraw_office_name", str(alias_id), at=at)


def _require_office(tables: Tables, code: str) -> None:
    known = tables.frame(sa.select(RECORD_TABLES["offices"].c.code))["code"].unique().to_list()
    if code not in known:
        guess = nearest(code, known)
        raise UsageError(f"There is no office '{code}'.", f"Did you mean '{guess}'?" if guess else "Import offices.")


def _require_unambiguous(tables: Tables, code: str, name: str, first: str, last: str) -> None:
    """A name that means two offices on one day would send every row of it to quarantine."""
    offices = RECORD_TABLES["offices"].c
    rulebook = tables.scalar(sa.select(offices.rulebook).where(offices.code == code))
    names = office_names(tables.db, tables.connection, rulebook=rulebook).table
    for key, other, _, valid_from, valid_to in names.rows():
        if key == compared(name) and other != code and valid_from <= last and valid_to >= first:
            raise UsageError(
                f"'{name}' means office '{other}' from {valid_from} to {valid_to}.",
                "Choose days outside these, or take that name back first.",
            )

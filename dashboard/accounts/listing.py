"""Accounts as an administrator sees them (人员), and what concerns one's own account."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from dashboard.accounts.managing import MANAGE
from dashboard.accounts.persons import local_day
from dashboard.database import Database
from dashboard.database.models import (
    ACCOUNT_CODES,
    ACCOUNT_GRANTS,
    ACCOUNT_SESSIONS,
    ACCOUNTS,
    AUDIT,
    GRANT_REVOCATIONS,
)
from dashboard.instants import from_micros, to_micros
from dashboard.people import Viewer
from dashboard.rights import require

EVENTS = ("signed_in", "signed_out", "session_ended", "sign_in_failed", "sign_in_locked", "code_made", "code_used",
          "password_changed", "token_made", "token_ended", "delegated", "delegation_ended", "acts_for")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Grant:
    """An office and what lies below it, from day until day (None: no end). `state`: holds, later, over, revoked."""

    id: int
    office: str
    from_day: str
    until_day: str | None
    state: str


@dataclass(frozen=True, slots=True)
class Account:
    """One account. `entry`: password, code (a link waits), none (needs a link)."""

    id: int
    name: str
    role: str
    works_at: str | None
    contact: dict[str, str]
    active: bool
    entry: str
    seen_at: datetime | None
    grants: tuple[Grant, ...]
    bound: bool = False
    """Whether the company's provider may let the person in."""

    @property
    def offices(self) -> list[str]:
        """Those that hold today."""
        return sorted({one.office for one in self.grants if one.state == "holds"})


def accounts(db: Database, viewer: Viewer, *, at: datetime) -> list[Account]:
    """All accounts by name. NotAllowedError for who does not manage them."""
    if not viewer.is_system:
        require(viewer, MANAGE)
    return _accounts(db, at)


def own_account(db: Database, viewer: Viewer, *, at: datetime) -> Account | None:
    """The viewer's own; None where people are believed."""
    return next((one for one in _accounts(db, at) if one.name == viewer.name), None)


def _accounts(db: Database, at: datetime) -> list[Account]:
    session, code = ACCOUNT_SESSIONS.c, ACCOUNT_CODES.c
    seen = sa.select(session.account_id, sa.func.max(session.seen_at).label("seen_at")).group_by(session.account_id)
    waiting = sa.select(code.account_id).where(code.over_at.is_(None), code.expires_at > to_micros(at))
    with db.reading() as connection:
        grants = _grants(connection, local_day(at))
        last = {row.account_id: from_micros(row.seen_at) for row in connection.execute(seen)}
        codes = set(connection.execute(waiting).scalars())
        rows = connection.execute(sa.select(ACCOUNTS).order_by(ACCOUNTS.c.name)).all()
    return [
        Account(row.id, row.name, row.role, row.works_at, json.loads(row.contact or "{}"), row.active,
                "password" if row.password else "code" if row.id in codes else "none", last.get(row.id),
                tuple(grants[row.id]), row.subject is not None)
        for row in rows
    ]  # fmt: skip


def _grants(connection: sa.Connection, day: str) -> defaultdict[int, list[Grant]]:
    held = ACCOUNT_GRANTS.c
    query = sa.select(ACCOUNT_GRANTS, GRANT_REVOCATIONS.c.id.label("revoked")).outerjoin(
        GRANT_REVOCATIONS, GRANT_REVOCATIONS.c.grant_id == held.id
    )
    found: defaultdict[int, list[Grant]] = defaultdict(list)
    for row in connection.execute(query.order_by(held.id)):
        over, later = row.until_day is not None and row.until_day < day, row.from_day > day
        state = "revoked" if row.revoked else "over" if over else "later" if later else "holds"
        found[row.account_id].append(Grant(row.id, row.office_code, row.from_day, row.until_day, state))
    return found


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened with an account: when, what (`EVENTS`), by whom."""

    at: datetime
    what: str
    by: str
    detail: str | None


def own_events(db: Database, viewer: Viewer, *, most: int = 30) -> list[Event]:
    """What last happened at the entrance with the viewer's name, newest first: also what others did to it."""
    row = AUDIT.c
    query = sa.select(AUDIT).where(row.subject == viewer.name, row.action.in_(EVENTS)).order_by(row.id.desc())
    with db.reading() as connection:
        return [
            Event(from_micros(one["at"]), one["action"], one["actor"], one["detail"])
            for one in connection.execute(query.limit(most)).mappings()
        ]

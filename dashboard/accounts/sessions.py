"""Sign-ins that hold (会话): begun with a fresh secret, looked up at every run, ended by time, by leaving, by others.

The secret is the value of the cookie; the database keeps its digest. Nothing that a browser brings along before
signing in is ever taken over.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dashboard.accounts.persons import acting_choices, local_day, viewer_in
from dashboard.accounts.secret_words import digest
from dashboard.actions import audit
from dashboard.database import Database
from dashboard.database.models import ACCOUNT_SESSIONS, ACCOUNTS
from dashboard.errors import DatabaseUnusableError, NotAllowedError
from dashboard.instants import from_micros, to_micros
from dashboard.people import Viewer
from dashboard.settings import AccessSettings

CLOCK_BACK = timedelta(minutes=5)
"""A sign-in that began this much after now was not made by this clock: a clock set back keeps nobody in."""
AGENT_SHOWN = 120
PATIENCE = 0.2
"""Seconds for which noting a click waits for another writer."""


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in. `must_change`: nothing may be done but choosing a new password."""

    id: int
    account: int
    name: str
    role: str
    how: str
    agent: str | None
    began_at: datetime
    seen_at: datetime
    must_change: bool
    delegation: int | None
    ended_at: datetime | None = None
    ended_why: str | None = None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is here: the sign-in, the viewer (acting for somebody, if chosen), and for whom else the person may act."""

    session: Session
    viewer: Viewer
    choices: tuple[tuple[int, str, str], ...]
    """(delegation, name, role)."""


def over(session: Session, access: AccessSettings, now: datetime) -> str | None:
    """Why a sign-in does not hold any more at this moment: `idle`, `absolute`; None while it does."""
    if now - session.began_at >= timedelta(hours=access.absolute_hours) or session.began_at - now > CLOCK_BACK:
        return "absolute"
    return "idle" if now - session.seen_at >= timedelta(minutes=access.idle_minutes) else None


def signed_in(
    db: Database, access: AccessSettings, secret: str | None, *, at: datetime, touch: bool = False
) -> SignedIn | None:
    """Who has this secret, if the sign-in holds. With `touch` this counts as a click.

    A click is written once a minute (or a tenth of the idle limit): a sign-in may end so much earlier than the limit.
    """
    if not secret:
        return None
    return _holding(db, access, ACCOUNT_SESSIONS.c.digest == digest(secret), at, touch=touch)


def numbered(db: Database, access: AccessSettings, session: int, *, at: datetime) -> SignedIn | None:
    """The same by the number of a sign-in that was proved before: for what a page left to be made later."""
    return _holding(db, access, ACCOUNT_SESSIONS.c.id == session, at)


def _holding(
    db: Database, access: AccessSettings, which: sa.ColumnElement[bool], at: datetime, *, touch: bool = False
) -> SignedIn | None:
    with db.reading() as connection:
        session = _of(connection, which)
        if session is None:
            return None
        why = over(session, access, at)
        if why is None:
            viewer = viewer_in(connection, session.account, at=at, delegation=session.delegation, proved=True,
                               session=session.id)  # fmt: skip
            found = SignedIn(session, viewer, tuple(acting_choices(connection, session.account, local_day(at))))
    if why is not None:
        end(db, session.id, why, at=at)
        return None
    if touch and at - session.seen_at >= min(timedelta(minutes=1), timedelta(minutes=access.idle_minutes) / 10):
        note_seen(db, ACCOUNT_SESSIONS, session.id, at)
    return found


def note_seen(db: Database, table: sa.Table, number: int, at: datetime) -> None:
    """That a sign-in or a token was used, unless somebody writes for long: who only looks waits for no import."""
    with suppress(DatabaseUnusableError), db.session(patience=PATIENCE) as connection:
        connection.execute(sa.update(table).where(table.c.id == number).values(seen_at=to_micros(at)))


def _of(connection: Connection, which: sa.ColumnElement[bool]) -> Session | None:
    """The open sign-in of an active account that `which` names."""
    query = _sessions().where(which, ACCOUNT_SESSIONS.c.ended_at.is_(None), ACCOUNTS.c.active)
    found = connection.execute(query).one_or_none()
    return None if found is None else _session(found)


def _sessions() -> sa.Select[tuple[object, ...]]:
    account = ACCOUNTS.c
    return sa.select(ACCOUNT_SESSIONS, account.name, account.role, account.must_change, account.active).join(
        ACCOUNTS, ACCOUNT_SESSIONS.c.account_id == account.id
    )


def _session(row: sa.Row[tuple[object, ...]]) -> Session:
    ended = None if row.ended_at is None else from_micros(row.ended_at)
    return Session(
        row.id, row.account_id, row.name, row.role, row.how, row.agent, from_micros(row.began_at),
        from_micros(row.seen_at), row.must_change, row.delegation_id, ended, row.ended_why,
    )  # fmt: skip


def begin(connection: Connection, account: int, secret: str, how: str, agent: str, *, at: datetime) -> int:
    """A new sign-in in the caller's transaction, noted in the audit; its number.

    `secret` is what the browser keeps: one of ours, or the value of another provider's cookie (OpenID Connect).
    NotAllowedError for an account that is not active, IntegrityError for a secret that was used before.
    """
    held = connection.execute(sa.select(ACCOUNTS).where(ACCOUNTS.c.id == account)).one()
    if not held.active:
        raise NotAllowedError("There is no account of this name, or it is not active.")
    now = to_micros(at)
    values = {"account_id": account, "digest": digest(secret), "how": how, "began_at": now, "seen_at": now,
              "agent": "".join(letter for letter in agent if letter.isprintable())[:AGENT_SHOWN] or None}  # fmt: skip
    made = sa.insert(ACCOUNT_SESSIONS).values(values).returning(ACCOUNT_SESSIONS.c.id)
    number = int(connection.execute(made).scalar_one())
    who = Viewer(held.name, held.role, frozenset())
    audit.record(connection, who, "signed_in", held.name, f"session {number}, {how}", at=at)
    return number


def end(db: Database, session: int, why: str, *, at: datetime, by: Viewer | None = None) -> None:
    """End one sign-in, once; by itself or by a person."""
    with db.session() as connection:
        end_in(connection, ACCOUNT_SESSIONS.c.id == session, why, at=at, by=by)


def end_in(
    connection: Connection, which: sa.ColumnElement[bool], why: str, *, at: datetime, by: Viewer | None = None
) -> None:
    """End the open sign-ins that `which` names, each with its line in the audit."""
    row = ACCOUNT_SESSIONS.c
    ended = sa.update(ACCOUNT_SESSIONS).where(which, row.ended_at.is_(None)).values(
        ended_at=to_micros(at), ended_why=why
    )  # fmt: skip
    for one in connection.execute(ended.returning(row.id, row.account_id)).all():
        held = connection.execute(sa.select(ACCOUNTS).where(ACCOUNTS.c.id == one.account_id)).one()
        who = by or Viewer(held.name, held.role, frozenset())
        verb = "signed_out" if why == "left" else "session_ended"
        audit.record(connection, who, verb, held.name, f"session {one.id}, {why}", at=at)


def sessions_of(db: Database, access: AccessSettings, name: str, *, at: datetime) -> list[Session]:
    """The sign-ins of a person that hold, newest first."""
    query = _sessions().where(ACCOUNTS.c.name == name, ACCOUNT_SESSIONS.c.ended_at.is_(None))
    with db.reading() as connection:
        rows = connection.execute(query.order_by(ACCOUNT_SESSIONS.c.id.desc())).all()
    return [one for one in map(_session, rows) if over(one, access, at) is None]


def end_own(db: Database, *, by: Viewer, session: int, at: datetime) -> None:
    """A person ends one of their own sign-ins. NotAllowedError for one that is not theirs."""
    row = ACCOUNT_SESSIONS.c
    query = sa.select(row.id).join(ACCOUNTS, row.account_id == ACCOUNTS.c.id)
    with db.session() as connection:
        if connection.execute(query.where(row.id == session, ACCOUNTS.c.name == by.name)).first() is None:
            raise NotAllowedError("There is no such sign-in of yours.")
        end_in(connection, row.id == session, "ended", at=at, by=by)


def act_for(db: Database, *, by: Viewer, delegation: int | None, at: datetime) -> None:
    """Choose for this sign-in in whose stead the person acts; None: in their own name.

    NotAllowedError where that person gave no such power for today.
    """
    row = ACCOUNT_SESSIONS.c
    with db.session() as connection:
        held = connection.execute(
            sa.select(ACCOUNT_SESSIONS).where(row.id == by.session, row.ended_at.is_(None))
        ).one_or_none()
        if held is None:
            raise NotAllowedError("You are not signed in any more.", "Sign in again.")
        choices = {number: name for number, name, _ in acting_choices(connection, held.account_id, local_day(at))}
        if delegation is not None and delegation not in choices:
            raise NotAllowedError("You may not act for this person today.")
        connection.execute(sa.update(ACCOUNT_SESSIONS).where(row.id == by.session).values(delegation_id=delegation))
        whom = by.name if delegation is None else choices[delegation]
        audit.record(connection, by, "acts_for", whom, f"session {by.session}", at=at)

"""Signing in and out (登录与退出), one-time codes, new passwords. Nothing tells whether somebody has an account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dashboard.accounts import sessions
from dashboard.accounts.attempts import count_attempt, forget, shortened
from dashboard.accounts.secret_words import digest, hashed, matches, new_secret, require_good, worn_out
from dashboard.actions import audit
from dashboard.database import Database
from dashboard.database.models import ACCOUNT_CODES, ACCOUNT_SESSIONS, ACCOUNT_TOKENS, ACCOUNTS
from dashboard.errors import NotAllowedError, UsageError
from dashboard.instants import to_micros
from dashboard.people import Viewer
from dashboard.settings import AccessSettings

ENTRANCE = Viewer("entrance", "nobody", frozenset())
"""Who stands in the audit for somebody who did not get in."""


@dataclass(frozen=True, slots=True)
class Entered:
    """A sign-in just begun: the secret for the cookie, and whether a new password must be chosen first."""

    secret: str
    must_change: bool


def sign_in(db: Database, access: AccessSettings, *, name: str, password: str, agent: str, at: datetime) -> Entered:
    """By name and password. NotAllowedError in the same words, after the same time, whatever was wrong."""
    account = proved(db, access, name=name, password=password, at=at)
    secret = new_secret()
    with db.session() as connection:
        row = unchanged(connection, account)
        sessions.begin(connection, row.id, secret, "password", agent, at=at)
    return Entered(secret, row.must_change)


def proved(db: Database, access: AccessSettings, *, name: str, password: str, at: datetime) -> Any:
    """The row of the active account of which this is the password. Counts the attempt; NotAllowedError else."""
    name = name.strip().replace("\x00", "\ufffd")  # PostgreSQL takes no NUL, and nobody's name holds one
    with db.session() as connection:
        attempt = count_attempt(connection, access, name, at)
        row: Any = connection.execute(sa.select(ACCOUNTS).where(ACCOUNTS.c.name == name)).one_or_none()
    if attempt.wait:
        raise NotAllowedError(f"Too many attempts with this name: wait {attempt.wait} seconds.")
    right = matches(row.password if row is not None and row.active else None, password)
    with db.session() as connection:
        if right:
            forget(connection, name)
            if worn_out(row.password):
                connection.execute(_password_of(row.id).values(password=hashed(password)))
        else:
            audit.record(connection, ENTRANCE, "sign_in_failed", shortened(name), at=at)
            if attempt.locks:
                audit.record(connection, ENTRANCE, "sign_in_locked", shortened(name), at=at)
    if not right:
        raise NotAllowedError("The name or the password is not right.", "A one-time link from an administrator helps.")
    return row


def unchanged(connection: Connection, account: Any) -> Any:
    """The account as it is now; refused if its password or standing changed while this one was compared."""
    row = connection.execute(sa.select(ACCOUNTS).where(ACCOUNTS.c.id == account.id).with_for_update()).one()
    if not row.active or row.password_at != account.password_at:
        raise NotAllowedError("The name or the password is not right.", "A one-time link from an administrator helps.")
    return row


def make_code(connection: Connection, access: AccessSettings, account: int, *, by: Viewer, at: datetime) -> str:
    """A one-time code for an account, in the caller's transaction; the one before it is void. Told once, here."""
    now, code, row = to_micros(at), new_secret(), ACCOUNT_CODES.c
    connection.execute(
        sa.update(ACCOUNT_CODES).where(row.account_id == account, row.over_at.is_(None)).values(over_at=now)
    )
    ends = to_micros(at + timedelta(hours=access.code_hours))
    values = {"account_id": account, "digest": digest(code), "by": by.name, "at": now, "expires_at": ends}
    number = connection.execute(sa.insert(ACCOUNT_CODES).values(values).returning(row.id)).scalar_one()
    name = connection.execute(sa.select(ACCOUNTS.c.name).where(ACCOUNTS.c.id == account)).scalar_one()
    audit.record(connection, by, "code_made", name, f"code {number}", at=at)
    return code


def use_code(db: Database, *, code: str, agent: str, at: datetime) -> Entered:
    """Enter by a one-time code, which is used up; the old password ends, and a new one must be chosen.

    NotAllowedError in the same words for a code that is unknown, used, replaced or too old.
    """
    row, secret = ACCOUNT_CODES.c, new_secret()
    with db.session() as connection:
        used = sa.update(ACCOUNT_CODES).where(
            row.digest == digest(code), row.over_at.is_(None), row.expires_at > to_micros(at)
        ).values(over_at=to_micros(at)).returning(row.id, row.account_id)  # fmt: skip
        found = connection.execute(used).one_or_none()
        if found is not None:
            held = connection.execute(
                sa.select(ACCOUNTS).where(ACCOUNTS.c.id == found.account_id).with_for_update()
            ).one()
            if held.active:
                _enter_by_code(connection, held, found.id, secret, agent, at)
                return Entered(secret, must_change=True)
        audit.record(connection, ENTRANCE, "code_refused", at=at)
    raise NotAllowedError(
        "This code was used, is too old, or was never given out.", "Ask an administrator for another."
    )


def _enter_by_code(connection: Connection, held: Any, code: int, secret: str, agent: str, at: datetime) -> None:
    who = Viewer(held.name, held.role, frozenset())
    audit.record(connection, who, "code_used", held.name, f"code {code}", at=at)
    connection.execute(_password_of(held.id).values(password=None, password_at=to_micros(at), must_change=True))
    end_all(connection, held.id, "replaced", by=who, at=at)
    forget(connection, held.name)
    sessions.begin(connection, held.id, secret, "code", agent, at=at)


def change_password(
    db: Database, access: AccessSettings, *, session: sessions.Session, old: str, new: str, at: datetime
) -> str:
    """A new password of one's own; every other sign-in and token ends. The new secret of this sign-in.

    The old password is asked for except after a one-time code. UsageError for a poor password, NotAllowedError for a
    wrong old one (it counts as an attempt).
    """
    require_good(new, session.name, access.least_length)
    if not session.must_change:
        proved(db, access, name=session.name, password=old, at=at)
        if old == new:
            raise UsageError("The new password is the old one.")
    kept, secret, row = hashed(new), new_secret(), ACCOUNT_SESSIONS.c
    with db.session() as connection:
        held = connection.execute(sa.select(ACCOUNTS).where(ACCOUNTS.c.id == session.account).with_for_update()).one()
        still = sa.select(row.id).where(row.id == session.id, row.ended_at.is_(None))
        if not held.active or held.must_change != session.must_change or connection.execute(still).first() is None:
            raise NotAllowedError("You are not signed in any more.", "Sign in again.")
        who = Viewer(held.name, held.role, frozenset())
        connection.execute(_password_of(held.id).values(password=kept, password_at=to_micros(at), must_change=False))
        end_all(connection, held.id, "password", by=who, at=at, but=session.id)
        renewed = sa.update(ACCOUNT_SESSIONS).where(row.id == session.id)
        connection.execute(renewed.values(digest=digest(secret), seen_at=to_micros(at)))
        audit.record(connection, who, "password_changed", held.name, at=at)
    return secret


def end_all(
    connection: Connection, account: int, why: str, *, by: Viewer, at: datetime, but: int | None = None
) -> None:
    """Every sign-in (but one), token and open code of an account ends, in the caller's transaction."""
    row, now = ACCOUNT_SESSIONS.c, to_micros(at)
    sessions.end_in(connection, sa.and_(row.account_id == account, row.id != (but or 0)), why, at=at, by=by)
    token, code = ACCOUNT_TOKENS.c, ACCOUNT_CODES.c
    connection.execute(sa.update(ACCOUNT_TOKENS).where(token.account_id == account, token.ended_at.is_(None)).values(
        ended_at=now, ended_by=by.name))  # fmt: skip
    connection.execute(
        sa.update(ACCOUNT_CODES).where(code.account_id == account, code.over_at.is_(None)).values(over_at=now)
    )


def shut_all(connection: Connection, *, by: Viewer, at: datetime) -> None:
    """Every sign-in, token and code of everybody ends: a restored backup must not open doors that were shut since."""
    sessions.end_in(connection, ACCOUNT_SESSIONS.c.id > 0, "restored", at=at, by=by)
    for table, ended in ((ACCOUNT_TOKENS, "ended_at"), (ACCOUNT_CODES, "over_at")):
        connection.execute(sa.update(table).where(table.c[ended].is_(None)).values({ended: to_micros(at)}))


def _password_of(account: int) -> Any:
    return sa.update(ACCOUNTS).where(ACCOUNTS.c.id == account)

"""Tokens of the command line (令牌): made against the password, shown once, they end by themselves or are revoked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from dashboard.accounts.entering import proved, unchanged
from dashboard.accounts.persons import viewer_in
from dashboard.accounts.secret_words import digest, new_secret
from dashboard.accounts.sessions import note_seen
from dashboard.actions import audit
from dashboard.database import Database
from dashboard.database.models import ACCOUNT_TOKENS, ACCOUNTS
from dashboard.errors import NotAllowedError
from dashboard.instants import from_micros, to_micros
from dashboard.people import Viewer
from dashboard.settings import AccessSettings

PREFIX = "mct_"
"""So that a token in a log or a script is known for what it is."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token that holds; the words themselves are nowhere."""

    id: int
    made_at: datetime
    expires_at: datetime
    seen_at: datetime | None


def make_token(db: Database, access: AccessSettings, *, name: str, password: str, at: datetime) -> tuple[str, datetime]:
    """A token of the person, and when it ends. NotAllowedError for a wrong password (it counts as an attempt)."""
    account = proved(db, access, name=name, password=password, at=at)
    token, ends = PREFIX + new_secret(), at + timedelta(days=access.token_days)
    with db.session() as connection:
        row = unchanged(connection, account)
        if row.must_change:
            raise NotAllowedError("A new password must be chosen first.", "Sign in on the pages.")
        values = {
            "account_id": row.id,
            "digest": digest(token),
            "made_at": to_micros(at),
            "expires_at": to_micros(ends),
        }
        number = connection.execute(
            sa.insert(ACCOUNT_TOKENS).values(values).returning(ACCOUNT_TOKENS.c.id)
        ).scalar_one()
        who = Viewer(row.name, row.role, frozenset())
        audit.record(connection, who, "token_made", row.name, f"token {number}", at=at)
    return token, ends


def token_viewer(db: Database, name: str, token: str | None, *, at: datetime) -> Viewer:
    """The person of `--as`, proved by a token. NotAllowedError in the same words whatever is wrong with it."""
    row, now = ACCOUNT_TOKENS.c, to_micros(at)
    query = sa.select(row.id, row.account_id).join(ACCOUNTS, row.account_id == ACCOUNTS.c.id).where(
        row.digest == digest(token or ""), row.ended_at.is_(None), row.expires_at > now,
        ACCOUNTS.c.name == name, ACCOUNTS.c.active, ACCOUNTS.c.must_change.is_(False),
    )  # fmt: skip
    with db.reading() as connection:
        found = connection.execute(query).one_or_none()
        if found is not None:
            viewer = viewer_in(connection, found.account_id, at=at, proved=True)
    if found is None:
        raise NotAllowedError(
            "People have accounts here: who acts as somebody needs that person's token in MINGCHA_TOKEN.",
            "Make one with: mingcha token USER",
        )
    note_seen(db, ACCOUNT_TOKENS, found.id, at)
    return viewer


def tokens_of(db: Database, name: str, *, at: datetime) -> list[Token]:
    """The tokens of a person that hold, newest first."""
    row = ACCOUNT_TOKENS.c
    query = (
        sa.select(ACCOUNT_TOKENS).join(ACCOUNTS, row.account_id == ACCOUNTS.c.id)
        .where(ACCOUNTS.c.name == name, row.ended_at.is_(None), row.expires_at > to_micros(at)).order_by(row.id.desc())
    )  # fmt: skip
    with db.reading() as connection:
        return [
            Token(one.id, from_micros(one.made_at), from_micros(one.expires_at),
                  None if one.seen_at is None else from_micros(one.seen_at))
            for one in connection.execute(query)
        ]  # fmt: skip


def end_token(db: Database, *, by: Viewer, token: int, at: datetime) -> None:
    """A person revokes one of their own tokens. NotAllowedError for one that is not theirs."""
    row = ACCOUNT_TOKENS.c
    with db.session() as connection:
        own = sa.select(ACCOUNTS.c.id).where(ACCOUNTS.c.name == by.name).scalar_subquery()
        ended = sa.update(ACCOUNT_TOKENS).where(row.id == token, row.account_id == own, row.ended_at.is_(None))
        values = {"ended_at": to_micros(at), "ended_by": by.name}
        if connection.execute(ended.values(values).returning(row.id)).one_or_none() is None:
            raise NotAllowedError("There is no such token of yours.")
        audit.record(connection, by, "token_ended", by.name, f"token {token}", at=at)

"""People (人员) of the company at a moment: from accounts, or from `[people]` where there is none."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dashboard.database import Database
from dashboard.database.models import ACCOUNT_GRANTS, ACCOUNTS, DELEGATION_ENDS, DELEGATIONS, GRANT_REVOCATIONS
from dashboard.errors import NotAllowedError
from dashboard.instants import LOCAL, to_micros
from dashboard.people import Stand, Viewer, viewer_named
from dashboard.rights import APART, RIGHTS
from dashboard.settings import Settings

ANSWERING = RIGHTS["answer for the offices in sight"].roles
NEVER = 2**62
"""Microseconds: later than anything."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may be told things or act. `offices`: codes whose subtrees they see; `{"*"}` the whole company.

    `contact`: channel → address. Who is not `active` cannot sign in, acts no more and is told nothing.
    """

    name: str
    role: str
    offices: frozenset[str]
    works_at: str | None = None
    contact: Mapping[str, str] | None = None
    active: bool = True


def has_accounts(db: Database) -> bool:
    """Whether the database has an account: from then on `[people]` is not believed any more."""
    with db.reading() as connection:
        return any_account(connection)


def any_account(connection: Connection) -> bool:
    return connection.execute(sa.select(ACCOUNTS.c.id).limit(1)).first() is not None


def people_of(db: Database, settings: Settings, *, at: datetime) -> list[Person]:
    """Everybody who has an account, active or not, by name, with the offices of the day; else those of `[people]`."""
    with db.reading() as connection:
        rows = connection.execute(sa.select(ACCOUNTS).order_by(ACCOUNTS.c.name)).all()
        offices = offices_of(connection, local_day(at))
    if not rows:
        return [
            Person(name, one.role, frozenset(one.offices), one.works_at, one.contact)
            for name, one in settings.people.items()
        ]
    return [
        Person(row.name, row.role, offices[row.id], row.works_at, json.loads(row.contact or "{}"), row.active)
        for row in rows
    ]


def viewer_of(db: Database, settings: Settings, name: str, *, at: datetime) -> Viewer:
    """The person of this name, not proved: whoever asks must know that it is them (a session, a token, a notice).

    NotAllowedError for an account that is not there or not active; UsageError for a name not under `[people]`.
    """
    with db.reading() as connection:
        if not any_account(connection):
            return viewer_named(settings, name)
        row = connection.execute(sa.select(ACCOUNTS).where(ACCOUNTS.c.name == name)).one_or_none()
        if row is None or not row.active:
            raise NotAllowedError("There is no account of this name, or it is not active.")
        return viewer_in(connection, row.id, at=at)


def viewer_in(
    connection: Connection, account: int, *, at: datetime, delegation: int | None = None, proved: bool = False,
    session: int = 0,
) -> Viewer:  # fmt: skip
    """The viewer of an account, acting by `delegation` if that holds on the day."""
    own = connection.execute(sa.select(ACCOUNTS).where(ACCOUNTS.c.id == account)).one()
    day = local_day(at)
    other = None if delegation is None else delegator(connection, delegation, account, day)
    as_whom = other or own
    answers = () if other is None or own.role not in ANSWERING else offices_of(connection, day, own.id)[own.id] - {"*"}
    return Viewer(
        own.name, as_whom.role, offices_of(connection, day, as_whom.id)[as_whom.id], proved, own.works_at,
        None if other is None else other.name, None if other is None else other.works_at,
        stands_of(connection, [account] if other is None else [account, other.id], own=account), session,
        tuple(sorted(answers)),
    )  # fmt: skip


def offices_of(connection: Connection, day: str, account: int | None = None) -> defaultdict[int, frozenset[str]]:
    """Account → offices granted on the day (of all accounts, or of one); nothing where nothing is granted."""
    grant = ACCOUNT_GRANTS.c
    query = sa.select(grant.account_id, grant.office_code).where(
        grant.from_day <= day,
        sa.or_(grant.until_day.is_(None), grant.until_day >= day),
        grant.id.not_in(sa.select(GRANT_REVOCATIONS.c.grant_id)),
    )
    if account is not None:
        query = query.where(grant.account_id == account)
    found: defaultdict[int, frozenset[str]] = defaultdict(frozenset)
    for row in connection.execute(query):
        found[row.account_id] |= {row.office_code}
    for who, codes in found.items():
        if "*" in codes:
            found[who] = frozenset({"*"})
    return found


def delegator(connection: Connection, delegation: int, delegate: int, day: str) -> sa.Row[tuple[object, ...]] | None:
    """The active account for which `delegate` may act on the day by this delegation; None if it does not hold."""
    row = DELEGATIONS.c
    query = (
        sa.select(ACCOUNTS).join(DELEGATIONS, row.account_id == ACCOUNTS.c.id)
        .join(_OTHER, row.delegate_id == _OTHER.c.id)
        .where(row.id == delegation, row.delegate_id == delegate, ACCOUNTS.c.active, *_holds(day))
    )  # fmt: skip
    return connection.execute(query).one_or_none()


def acting_choices(connection: Connection, delegate: int, day: str) -> list[tuple[int, str, str]]:
    """(delegation, name, role) of everybody for whom the account may act on the day."""
    row = DELEGATIONS.c
    query = (
        sa.select(row.id, ACCOUNTS.c.name, ACCOUNTS.c.role).join(ACCOUNTS, row.account_id == ACCOUNTS.c.id)
        .join(_OTHER, row.delegate_id == _OTHER.c.id)
        .where(row.delegate_id == delegate, ACCOUNTS.c.active, *_holds(day)).order_by(ACCOUNTS.c.name, row.id)
    )  # fmt: skip
    return [(one.id, one.name, one.role) for one in connection.execute(query)]


_OTHER = ACCOUNTS.alias("other")
"""The account of who acts for another."""


def _holds(day: str) -> tuple[sa.ColumnElement[bool], ...]:
    """Within its days, not taken back, and between roles that may lend to each other: either may have changed since."""
    row, lender, other = DELEGATIONS.c, ACCOUNTS.c.role, _OTHER.c.role
    ended = sa.select(DELEGATION_ENDS.c.delegation_id)
    fit = sa.or_(lender == other, sa.and_(lender.not_in(APART), other.not_in(APART)))
    return (row.from_day <= day, row.until_day >= day, row.id.not_in(ended), fit)


def stands_of(connection: Connection, accounts: Iterable[int], own: int) -> tuple[Stand, ...]:
    """Who acts or acted for these accounts, and for whom `own` may or might act, in whatever name it was done: when."""
    row = DELEGATIONS.c
    other = sa.case((row.delegate_id == own, row.account_id), else_=row.delegate_id)
    query = (
        sa.select(ACCOUNTS.c.name, row.from_day, row.until_day, DELEGATION_ENDS.c["at"])
        .join(ACCOUNTS, ACCOUNTS.c.id == other)
        .outerjoin(DELEGATION_ENDS, DELEGATION_ENDS.c.delegation_id == row.id)
        .where(sa.or_(row.account_id.in_(list(accounts)), row.delegate_id == own)).order_by(row.id)
    )  # fmt: skip
    return tuple(
        Stand(one.name, day_starts(one.from_day), min(day_starts(one.until_day, after=1), one.at or NEVER))
        for one in connection.execute(query)
    )


def local_day(at: datetime) -> str:
    return at.astimezone(LOCAL).date().isoformat()


def day_starts(day: str, after: int = 0) -> int:
    """Microseconds of the first moment of a local day, or of the day so many days after it."""
    chosen = date.fromisoformat(day) + timedelta(days=after)
    return to_micros(datetime(chosen.year, chosen.month, chosen.day, tzinfo=LOCAL))


__all__ = ["Person", "acting_choices", "any_account", "has_accounts", "people_of", "viewer_in",
           "viewer_of"]  # fmt: skip

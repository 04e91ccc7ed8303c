"""Acting for somebody else (代理): a person lends role and offices to another for some days, with a reason.

Who acts keeps the own name. Powers are never lent on, and never between those who decide cases and those who keep
the system or watch over it: an administrator would otherwise come by what administrators must not have.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from dashboard.accounts.managing import MANAGE, account_named, as_day
from dashboard.accounts.persons import local_day
from dashboard.actions import audit
from dashboard.database import Database
from dashboard.database.models import ACCOUNTS, DELEGATION_ENDS, DELEGATIONS
from dashboard.errors import NotAllowedError, UsageError
from dashboard.evidence import chain
from dashboard.instants import to_micros
from dashboard.people import Viewer
from dashboard.rights import APART, may, require

LONGEST_DAYS = 92


@dataclass(frozen=True, slots=True)
class Delegation:
    """`person` lets `delegate` act, from day until day (both included); `ended`: taken back before."""

    id: int
    person: str
    delegate: str
    from_day: str
    until_day: str
    reason: str
    ended: bool


def delegate(db: Database, *, by: Viewer, to: str, from_day: str, until_day: str, reason: str, at: datetime) -> int:
    """Lend one's own role and offices. The number of the delegation.

    UsageError for what is missing, past or too long; NotAllowedError for who may not lend, or not to this one.
    """
    require(by, "delegate")
    if by.acting_for is not None:
        raise NotAllowedError("Borrowed powers are not lent on.", "Act in your own name.")
    first, last = as_day(from_day), as_day(until_day)
    if not reason.strip():
        raise UsageError("Say why.")
    if last < first or last < local_day(at):
        raise UsageError(f"The last day {last} is over, or before the first.")
    if date.fromisoformat(last) - date.fromisoformat(first) >= timedelta(days=LONGEST_DAYS):
        raise UsageError(f"A delegation lasts {LONGEST_DAYS} days at most.")
    with db.session() as connection:
        mine, theirs = account_named(connection, by.name), account_named(connection, to)
        _require_fit(mine, theirs)
        values = {"account_id": mine.id, "delegate_id": theirs.id, "from_day": max(first, local_day(at)),
                  "until_day": last, "reason": reason.strip(), "by": by.name, "at": to_micros(at)}  # fmt: skip
        number = chain.enter(connection, DELEGATIONS, values, by=by, at=at)
        audit.record(connection, by, "delegated", theirs.name, f"{values['from_day']}..{last}: {reason.strip()}", at=at)
    return number


def _require_fit(mine: Any, theirs: Any) -> None:
    if mine.id == theirs.id or not theirs.active:
        raise UsageError("Choose another person, whose account is active.")
    if mine.role != theirs.role and (mine.role in APART or theirs.role in APART):
        raise NotAllowedError(f"A {mine.role} lends nothing to a {theirs.role}.", "Their duties are kept apart.")


def end_delegation(db: Database, *, by: Viewer, delegation: int, at: datetime) -> None:
    """Take a delegation back, or give it back; by either of the two, or an administrator. Ends at once."""
    row, person, other = DELEGATIONS.c, ACCOUNTS.alias("person"), ACCOUNTS.alias("other")
    with db.session() as connection:
        found = connection.execute(
            sa.select(row.id, person.c.name, other.c.name.label("delegate"))
            .join(person, row.account_id == person.c.id).join(other, row.delegate_id == other.c.id)
            .where(row.id == delegation, row.id.not_in(sa.select(DELEGATION_ENDS.c.delegation_id)))
        ).one_or_none()  # fmt: skip
        if found is None or not (by.name in (found.name, found.delegate) or may(by, MANAGE)):
            raise NotAllowedError("There is no such delegation of yours, or it was taken back.")
        values = {"delegation_id": delegation, "by": by.name, "at": to_micros(at)}
        chain.enter(connection, DELEGATION_ENDS, values, by=by, at=at)
        audit.record(connection, by, "delegation_ended", found.delegate, f"for {found.name}", at=at)


def delegations(db: Database, viewer: Viewer, *, at: datetime) -> list[Delegation]:
    """Those from and to the viewer, newest first; all of them for who manages accounts."""
    row, person, other = DELEGATIONS.c, ACCOUNTS.alias("person"), ACCOUNTS.alias("other")
    query = (
        sa.select(DELEGATIONS, person.c.name.label("person"), other.c.name.label("delegate"),
                  DELEGATION_ENDS.c.id.label("ended"))
        .join(person, row.account_id == person.c.id).join(other, row.delegate_id == other.c.id)
        .outerjoin(DELEGATION_ENDS, DELEGATION_ENDS.c.delegation_id == row.id).order_by(row.id.desc())
    )  # fmt: skip
    if not may(viewer, MANAGE):
        query = query.where(sa.or_(person.c.name == viewer.name, other.c.name == viewer.name))
    day = local_day(at)
    with db.reading() as connection:
        return [
            Delegation(one.id, one.person, one.delegate, one.from_day, one.until_day, one.reason,
                       one.ended is not None or one.until_day < day)
            for one in connection.execute(query)
        ]  # fmt: skip

"""The lease (租约): one leader at a time, by a row that is taken and renewed with a conditional update.

The clock is the caller's (`now`), so that tests set it. Workers on several machines need clocks that agree within a few
seconds (NTP); a lease is 20 s long.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from dashboard.database import Database
from dashboard.database.models import LEASES
from dashboard.instants import from_micros, to_micros

LEADER = "worker"
PATIENCE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Lease:
    """Who holds it, since when, until when (aware UTC)."""

    holder: str
    since: datetime
    until: datetime


def current(db: Database, name: str = LEADER) -> Lease | None:
    """The lease as it stands, run out or not; None when nobody holds it."""
    with db.reading() as connection:
        row = connection.execute(sa.select(LEASES).where(LEASES.c.name == name)).one_or_none()
    if row is None or row.holder is None:
        return None
    return Lease(row.holder, from_micros(row.taken_at), from_micros(row.until))


def take(db: Database, holder: str, *, now: datetime, seconds: float, name: str = LEADER) -> bool:
    """Take the lease if it is free or has run out, renew it if it is ours. Returns whether `holder` holds it now.

    A challenger gives way when it had to wait for the database's write lock: on SQLite a long import keeps everybody
    from writing, the leader too, and a leader that could not renew for that reason alone must not be deposed.
    """
    lease = current(db, name)
    ours = lease is not None and lease.holder == holder
    if lease is not None and not ours and lease.until >= now:
        return False
    asked = time.monotonic()
    with db.session() as connection:
        if not ours and time.monotonic() - asked > PATIENCE_SECONDS:
            return False
        return _taken(connection, name, holder, now, now + timedelta(seconds=seconds))


def release(db: Database, holder: str, *, name: str = LEADER) -> None:
    """Give the lease back, so that the next worker need not wait for it to run out."""
    with db.session() as connection:
        mine = (LEASES.c.name == name) & (LEASES.c.holder == holder)
        connection.execute(sa.update(LEASES).where(mine).values(holder=None, until=None, taken_at=None))


def _taken(connection: Connection, name: str, holder: str, now: datetime, until: datetime) -> bool:
    """The conditional update; a second worker's comes too late and changes no row."""
    ours = LEASES.c.holder == holder
    free = LEASES.c.holder.is_(None) | (LEASES.c.until < to_micros(now))
    changed = connection.execute(
        sa.update(LEASES)
        .where(LEASES.c.name == name, ours | free)
        .values(
            holder=holder,
            until=to_micros(until),
            taken_at=sa.case((ours, LEASES.c.taken_at), else_=to_micros(now)),
        )
    )
    if changed.rowcount == 1:
        return True
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    row = {"name": name, "holder": holder, "until": to_micros(until), "taken_at": to_micros(now)}
    inserted = insert(LEASES).values(row).on_conflict_do_nothing().returning(LEASES.c.name)
    return connection.execute(inserted).first() is not None

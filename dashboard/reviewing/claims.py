"""Claims (领取): a sample lies on one desk at a time, and leaves it by itself when nothing happens there."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from dashboard.database.models import REVIEW_CLAIMS
from dashboard.instants import to_micros

LIVE = "live"
"""The lane of samples that wait; a sample with a known answer has one lane per person."""


def gold_lane(person: str) -> str:
    return f"gold:{person}"


def take(connection: Connection, sample: str, lane: str, person: str, *, at: datetime, lasts: timedelta) -> bool:
    """Claim, or go on holding. False if it lies on somebody else's desk.

    The row stays locked until the transaction ends: what is asked after it cannot be changed by another taker.
    """
    claim, now = REVIEW_CLAIMS.c, to_micros(at)
    row = {"sample_id": sample, "lane": lane, "by": person, "claimed_at": now, "expires_at": to_micros(at + lasts)}
    insert = _dialect(connection).insert(REVIEW_CLAIMS).values(row)
    held = sa.and_(claim.by == person, claim.expires_at > now)
    statement = insert.on_conflict_do_update(
        index_elements=[claim.sample_id, claim.lane],
        set_={
            "by": person,
            "claimed_at": sa.case((held, claim.claimed_at), else_=now),
            "expires_at": insert.excluded.expires_at,
        },
        where=sa.or_(claim.by == person, claim.expires_at <= now),
    )
    return connection.execute(statement.returning(claim.by)).first() is not None


def release(connection: Connection, sample: str, person: str) -> None:
    """Put a sample back, in whichever lane this person holds it."""
    claim = REVIEW_CLAIMS.c
    connection.execute(sa.delete(REVIEW_CLAIMS).where(claim.sample_id == sample, claim.by == person))


def leave_gold(connection: Connection, sample: str, person: str) -> None:
    """The sample waits like any other now: its answer counts, whatever it was given out as before."""
    claim = REVIEW_CLAIMS.c
    connection.execute(sa.delete(REVIEW_CLAIMS).where(claim.sample_id == sample, claim.lane == gold_lane(person)))


def release_others(connection: Connection, sample: str, person: str) -> None:
    """One person, one sample: whatever else lay on their desk goes back."""
    claim = REVIEW_CLAIMS.c
    connection.execute(sa.delete(REVIEW_CLAIMS).where(claim.by == person, claim.sample_id != sample))


def held(connection: Connection, *, at: datetime) -> list[Any]:
    """What lies on desks now: `sample_id, lane, by, claimed_at`, what was claimed last first."""
    claim = REVIEW_CLAIMS.c
    query = sa.select(claim.sample_id, claim.lane, claim.by, claim.claimed_at)
    return list(
        connection.execute(query.where(claim.expires_at > to_micros(at)).order_by(claim.claimed_at.desc())).all()
    )


def claimed_at(connection: Connection, sample: str, lane: str, person: str) -> int | None:
    claim = REVIEW_CLAIMS.c
    query = sa.select(claim.claimed_at).where(claim.sample_id == sample, claim.lane == lane, claim.by == person)
    found = connection.execute(query).scalar()
    return None if found is None else int(found)


def _dialect(connection: Connection) -> Any:
    return sqlite if connection.dialect.name == "sqlite" else postgresql

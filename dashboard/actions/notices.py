"""What people do about notices (通知处理): read them, and try a channel."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from dashboard.actions import audit
from dashboard.database import Database
from dashboard.database.models import NOTICE_DELIVERIES
from dashboard.errors import UsageError
from dashboard.instants import to_micros
from dashboard.nearest import nearest
from dashboard.notices import channels
from dashboard.notices.readers import readers
from dashboard.people import Viewer
from dashboard.rights import require
from dashboard.settings import Settings
from dashboard.texts import t


def mark_read(db: Database, *, by: Viewer, ids: Collection[int] | None = None, at: datetime) -> int:
    """Note that the person has read these of their own notices (None: all); how many were unread."""
    row = NOTICE_DELIVERIES.c
    mine = sa.and_(row.person == by.name, row.read_at.is_(None))
    if ids is not None:
        mine = sa.and_(mine, row.id.in_(list(ids)))
    with db.session() as connection:
        done = connection.execute(sa.update(NOTICE_DELIVERIES).where(mine).values(read_at=to_micros(at)))
        return int(done.rowcount)


def try_channel(db: Database, settings: Settings, *, by: Viewer, channel: str, at: datetime) -> None:
    """Send one message to oneself through a channel; `ChannelError` says what the channel said."""
    require(by, "try a channel")
    address = settings.notices.channels.get(channel)
    if address is None:
        guess = nearest(channel, settings.notices.channels)
        raise UsageError(f"There is no channel '{channel}'.", f"Did you mean '{guess}'?" if guess else "")
    contact = readers(db, settings, at=at).contact(by.name, channel)
    body = t("This is a test of the channel {channel}, asked for by {name}.", channel=channel, name=by.name)
    whole = channels.filled(channel, address, contact)
    channels.send(channel, whole, title=t("Mingcha: {topic}", topic=t("test message")), body=body,
                  message=uuid.uuid4().hex)  # fmt: skip
    with db.session() as connection:
        audit.record(connection, by, "try_channel", channel, at=at)

"""Notices as people see them (通知): one's own with their links, and what became of each, for who keeps them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import sqlalchemy as sa

from dashboard.database import Database
from dashboard.database.models import NOTICE_DELIVERIES, NOTICES
from dashboard.instants import from_micros, to_micros
from dashboard.notices.readers import OWN
from dashboard.notices.writing import Told
from dashboard.people import Viewer
from dashboard.queries.offices import visible_tree
from dashboard.rights import require
from dashboard.secrecy import hidden_offices
from dashboard.texts import current_language

MOST = 300
FATES = ("waiting", "failing", "sending", "sent", "digest", "page_only", "withheld", "given_up", "nobody")
"""What may have become of a notice for a person, or of one for whom nobody was found."""
_ROW = NOTICE_DELIVERIES.c


@dataclass(frozen=True, slots=True)
class Mine:
    """A notice of the viewer's own, in their language. Times are aware UTC."""

    id: int
    at: datetime
    topic: str
    text: str
    page: str
    parameters: Mapping[str, str]
    urgent: bool
    sent_at: datetime | None
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a notice for one person; what it said is not told here. `together`: notices in its message."""

    key: str
    topic: str
    person: str
    at: datetime
    fate: str
    why: str | None
    due: datetime | None
    tries: int
    failing_since: datetime | None
    error: str | None
    channel: str | None
    sent_at: datetime | None
    together: int


def mine(db: Database, viewer: Viewer, *, as_of: datetime, most: int = MOST) -> list[Mine]:
    """The viewer's own notices entered by `as_of`, the newest first, but those they may not know any more."""
    columns = (_ROW.id, _ROW.at, _ROW.urgent, _ROW.sent_at, _ROW.read_at, NOTICES.c.office, NOTICES.c.role,
               NOTICES.c.roles, NOTICES.c.topic, NOTICES.c.words, NOTICES.c["values"], NOTICES.c.link)  # fmt: skip
    query = sa.select(*columns).join(NOTICES, NOTICES.c.id == _ROW.notice_id)
    query = query.where(_ROW.person == viewer.name, _ROW.state != "withheld", _ROW.at <= to_micros(as_of))
    with db.reading() as connection:
        rows = connection.execute(query.order_by(_ROW.at.desc(), _ROW.id.desc()).limit(most)).all()
    tree, hidden = visible_tree(db, viewer), hidden_offices(db, viewer)
    language = current_language()
    return [_mine(row, language, tree) for row in rows if _may_know(viewer, row, tree, hidden)]


def unread(db: Database, viewer: Viewer, *, as_of: datetime) -> int:
    """How many of the viewer's own notices nobody has read yet."""
    query = sa.select(sa.func.count()).select_from(NOTICE_DELIVERIES).where(
        _ROW.person == viewer.name, _ROW.state != "withheld", _ROW.read_at.is_(None), _ROW.at <= to_micros(as_of)
    )  # fmt: skip
    with db.reading() as connection:
        return int(connection.execute(query).scalar_one())


def outbox(db: Database, viewer: Viewer, *, as_of: datetime, fate: str | None = None) -> list[Fate]:
    """Every notice's fate, the newest first; NotAllowedError for who does not keep the outbox."""
    require(viewer, "read the outbox")
    query = (
        sa.select(NOTICE_DELIVERIES, NOTICES.c.topic, NOTICES.c.key.label("told"), NOTICES.c.recipient,
                  NOTICES.c["at"].label("entered"), NOTICES.c.addressed_at)
        .select_from(NOTICES).outerjoin(NOTICE_DELIVERIES, _ROW.notice_id == NOTICES.c.id)
        .where(NOTICES.c["at"] <= to_micros(as_of),
               sa.or_(_ROW.id.is_not(None), sa.func.coalesce(NOTICES.c.people, 0) == 0))
        .order_by(NOTICES.c["at"].desc(), NOTICES.c.id.desc(), _ROW.id)
    )  # fmt: skip
    with db.reading() as connection:
        rows = connection.execute(query.limit(MOST * 10)).all()
    together = Counter(row.message for row in rows if row.message and row.state == "sent")
    found = [_fate(row, together) for row in rows]
    return [one for one in found if fate in (None, one.fate)][:MOST]


def outbox_counts(db: Database, viewer: Viewer, *, as_of: datetime) -> dict[str, int]:
    """How many notices met each fate, of all that were entered; `outbox` lists the newest of them."""
    require(viewer, "read the outbox")
    shared = sa.select(_ROW.message).where(_ROW.state == "sent", _ROW.message.is_not(None))
    shared = shared.group_by(_ROW.message).having(sa.func.count() > 1)
    fate = sa.case(
        (sa.and_(_ROW.id.is_(None), NOTICES.c.addressed_at.is_(None)), "waiting"), (_ROW.id.is_(None), "nobody"),
        (sa.and_(_ROW.state == "waiting", _ROW.tries > 0), "failing"),
        (sa.and_(_ROW.state == "sent", _ROW.message.in_(shared)), "digest"), else_=_ROW.state,
    )  # fmt: skip
    query = (
        sa.select(fate.label("fate"), sa.func.count())
        .select_from(NOTICES).outerjoin(NOTICE_DELIVERIES, _ROW.notice_id == NOTICES.c.id)
        .where(NOTICES.c["at"] <= to_micros(as_of),
               sa.or_(_ROW.id.is_not(None), sa.func.coalesce(NOTICES.c.people, 0) == 0))
        .group_by("fate")
    )  # fmt: skip
    with db.reading() as connection:
        return {str(name): int(number) for name, number in connection.execute(query).all()}


def _mine(row: Any, language: str, tree: Any) -> Mine:
    page, _, query = row.link.partition("?")
    text = Told(row.topic, row.words, row.values, row.link).text(language, tree)
    return Mine(row.id, from_micros(row.at), row.topic, text, page, dict(parse_qsl(query)), row.urgent,
                _moment(row.sent_at), _moment(row.read_at))  # fmt: skip


def _may_know(viewer: Viewer, row: Any, tree: Any, hidden: Callable[[str | None], bool]) -> bool:
    """As it is asked before it is sent (`sending`): what only some roles may know is a secret of its reporter too."""
    if row.roles and (viewer.role not in json.loads(row.roles) or hidden(row.office)):
        return False
    if not row.roles and row.role and viewer.role != row.role:
        return False
    if row.topic == OWN or viewer.sees_everything:
        return True
    return row.office is not None and row.office in tree.offices


def _fate(row: Any, together: Mapping[str, int]) -> Fate:
    if row.person is None:
        fate = "waiting" if row.addressed_at is None else "nobody"
        return Fate(row.told, row.topic, row.recipient, from_micros(row.entered), fate, None, None, 0, None, None,
                    None, None, 0)  # fmt: skip
    count = together.get(row.message, 1)
    fate = row.state
    if fate == "waiting" and row.tries:
        fate = "failing"
    elif fate == "sent" and count > 1:
        fate = "digest"
    return Fate(row.told, row.topic, row.person, from_micros(row.at), fate, row.why, _moment(row.due), row.tries,
                _moment(row.failing_since), row.error, row.channel, _moment(row.sent_at), count)  # fmt: skip


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)

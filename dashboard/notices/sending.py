"""Sending what waits (发送): who is told, which notices make one message, one worker at a time, and what came of it.

A message is claimed for `[notices] lease_minutes` by an UPDATE that only one worker can win, sent, and marked after the
channel said yes. A worker killed before it was sent loses nothing: the claim lapses and another sends. Killed between
the channel's yes and the mark the same message goes out once more, under the same Message-ID and Idempotency-Key. So it
does where sending takes longer than the claim: whichever was told yes notes it, who was refused late changes nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from dashboard.accounts import viewer_of
from dashboard.database import Database
from dashboard.database.models import NOTICE_DELIVERIES, NOTICES
from dashboard.instants import from_micros, to_micros
from dashboard.notices import channels
from dashboard.notices.channels import ChannelError, NoContactError
from dashboard.notices.moot import over
from dashboard.notices.readers import Readers, readers
from dashboard.notices.timing import HOUR, Item, first_due, fold, has_lapsed, pause
from dashboard.notices.writing import Told, message
from dashboard.secrecy import hides
from dashboard.settings import Settings

DOWN_AFTER = 2
"""A channel that fails so often in succession is left alone until the pauses are over."""
READ_AGAIN = timedelta(minutes=1)
"""Who may know what is asked again within a run that lasts: sending to many takes long."""
_CHUNK, _AT_ONCE = 500, 2000
_ROW = NOTICE_DELIVERIES.c
Clock = Callable[[], datetime]
Part = TypeVar("Part")


@dataclass(slots=True)
class Report:
    """What one run did: messages that were taken, notices in them, messages refused, notices withheld or given up."""

    messages: int = 0
    notices: int = 0
    failed: int = 0
    withheld: int = 0
    given_up: int = 0


@dataclass(frozen=True, slots=True)
class Parcel:
    """Notices that make one message for one mailbox."""

    mailbox: str
    channel: str
    ids: tuple[int, ...]
    message: str
    until: int = 0
    """When this worker's claim lapses, microseconds UTC: by it a worker knows its own."""


def send_due(db: Database, settings: Settings, *, clock: Clock, go_on: Callable[[], None] = lambda: None) -> Report:
    """Address what was entered, then send what is due. `go_on` is asked between two messages."""
    read_at = clock()
    report, known = Report(), readers(db, settings, at=read_at)
    _address(db, known, clock())
    failures: dict[str, list[str]] = defaultdict(list)
    for parcel in _parcels(db, known, clock()):
        go_on()
        if abs(clock() - read_at) > READ_AGAIN:
            read_at = clock()
            known = readers(db, settings, at=read_at)
        said = failures[parcel.channel]
        if len(said) >= DOWN_AFTER:
            _put_off(db, settings, parcel, said[-1], clock(), report, tried=False)
            continue
        claimed = _claim(db, settings, parcel, clock())
        if claimed is None:
            continue
        try:
            _send(db, known, claimed, clock, report)
        except ChannelError as error:
            if not isinstance(error, NoContactError):
                said.append(error.message)
            report.failed += 1
            _put_off(db, settings, claimed, error.message, clock(), report)
        else:
            said.clear()
    return report


# --- who is told ----------------------------------------------------------------------------------------------------


def _address(db: Database, known: Readers, now: datetime) -> None:
    """A delivery for everybody named by the notices that have none yet; who is named twice is told once."""
    waiting = sa.select(NOTICES).where(NOTICES.c.addressed_at.is_(None)).order_by(NOTICES.c.id).limit(_AT_ONCE)
    insert = sqlite.insert if db.dialect == "sqlite" else postgresql.insert
    more = True
    while more:  # in several transactions: on SQLite nobody else writes meanwhile
        with db.session() as connection:
            found = connection.execute(waiting.with_for_update(skip_locked=True)).all()
            named = {notice.id: _people(known, notice) for notice in found}
            rows = [_delivery(known, notice, person) for notice in found for person in named[notice.id]]
            for some in _chunks(rows):
                connection.execute(insert(NOTICE_DELIVERIES).values(some).on_conflict_do_nothing())
            for count in {len(people) for people in named.values()}:
                done = sa.update(NOTICES).values(addressed_at=to_micros(now), people=count)
                for ids in _chunks([notice for notice, people in named.items() if len(people) == count]):
                    connection.execute(done.where(NOTICES.c.id.in_(ids)))
        more = len(found) == _AT_ONCE


def _people(known: Readers, notice: Any) -> list[str]:
    return [notice.recipient] if notice.role is None else known.of_role(notice.role, notice.seat)


def _delivery(known: Readers, notice: Any, person: str) -> dict[str, Any]:
    due = first_due(from_micros(notice.at), notice.topic, notice.urgent, known.settings.notices)
    state = "waiting" if known.channel(person) else "page_only"
    return {"notice_id": notice.id, "key": notice.key, "person": person, "state": state, "urgent": notice.urgent,
            "at": notice.at, "due": to_micros(due), "tries": 0}  # fmt: skip


# --- which notices make a message ------------------------------------------------------------------------------------


def _parcels(db: Database, known: Readers, now: datetime) -> list[Parcel]:
    """What is to be sent now: what a worker left half-way, as it was, then everything that is due, folded."""
    settings = known.settings.notices
    lease = timedelta(minutes=settings.lease_minutes)
    with db.reading() as connection:
        rows = connection.execute(sa.select(NOTICE_DELIVERIES).where(_ROW.state.in_(("waiting", "sending")))).all()
        sent = _sent_lately(connection, now)
    half_way: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    boxes: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        mailbox = known.mailbox(row.person)
        if row.state == "sending":
            if has_lapsed(from_micros(row.claimed_until), now, lease):
                half_way[row.mailbox, row.channel, row.message].append(row.id)
        elif mailbox is not None:
            boxes[mailbox][row.key].append(row)  # a group that shares a mailbox reads it once
    again = [Parcel(box, way, tuple(ids), which) for (box, way, which), ids in half_way.items()]
    fresh, refused = [], {box: max(row.tries for rows in keys.values() for row in rows) for box, keys in boxes.items()}
    for box in sorted(boxes, key=lambda one: refused[one]):  # whom nobody can reach comes last and holds up nobody else
        keys = boxes[box]
        same = {rows[0].id: [row.id for row in rows] for rows in keys.values()}
        for items in fold([_item(rows[0]) for rows in keys.values()], now, sent.get(box, ()), settings):
            fresh.append(_parcel(box, [each for one in items for each in same[one.id]]))
    return [*again, *fresh]


def _item(row: Any) -> Item:
    return Item(row.id, from_micros(row.at), from_micros(row.due), row.urgent)


def _parcel(mailbox: str, ids: Sequence[int]) -> Parcel:
    """The identity is that of its content: the same notices tried again are the same message."""
    digest = hashlib.sha256(json.dumps([mailbox, sorted(ids)]).encode()).hexdigest()[:32]
    return Parcel(mailbox, mailbox.split("\x1f")[0], tuple(ids), digest)


def _sent_lately(connection: sa.Connection, now: datetime) -> dict[str, list[datetime]]:
    query = sa.select(_ROW.mailbox, _ROW.message, sa.func.max(_ROW.sent_at)).where(
        _ROW.sent_at > to_micros(now - HOUR), _ROW.sent_at <= to_micros(now), _ROW.message.is_not(None)
    )
    found: dict[str, list[datetime]] = defaultdict(list)
    for mailbox, _, at in connection.execute(query.group_by(_ROW.mailbox, _ROW.message)):
        found[mailbox].append(from_micros(at))
    return found


# --- claiming, sending, marking ---------------------------------------------------------------------------------------


class _TakenError(Exception):
    """Another worker has one of these notices."""


def _claim(db: Database, settings: Settings, parcel: Parcel, now: datetime) -> Parcel | None:
    """Take all notices of the parcel for this worker, or none: None."""
    lease = timedelta(minutes=settings.notices.lease_minutes)
    at, until = to_micros(now), to_micros(now + lease)
    lapsed = sa.or_(_ROW.claimed_until <= at, _ROW.claimed_until > until)
    free = sa.or_(_ROW.state == "waiting", sa.and_(_ROW.state == "sending", lapsed, _ROW.message == parcel.message))
    values = {"state": "sending", "message": parcel.message, "mailbox": parcel.mailbox, "channel": parcel.channel,
              "claimed_until": until}  # fmt: skip
    try:
        with db.session() as connection:
            for ids in _chunks(sorted(parcel.ids)):
                mine = sa.select(_ROW.id).where(_ROW.id.in_(ids), free).order_by(_ROW.id)
                found = connection.execute(mine.with_for_update(skip_locked=True)).scalars().all()
                if len(found) != len(ids):
                    raise _TakenError
                connection.execute(sa.update(NOTICE_DELIVERIES).where(_ROW.id.in_(ids)).values(**values))
    except _TakenError:
        return None
    return replace(parcel, until=until)


def _send(db: Database, known: Readers, parcel: Parcel, clock: Clock, report: Report) -> None:
    """Withhold what its reader may not know any more, send the rest, mark it. ChannelError when it was not taken."""
    rows = _content(db, parcel)
    refused = {row.id: why for row in rows if (why := _why_not(db, known, row, clock()))}
    refused |= dict.fromkeys(over(db, known.settings, rows), "over")
    for row_id, why in refused.items():
        _mark(db, [row_id], state="withheld", why=why, claimed_until=None)
    report.withheld += len(refused)
    address = known.settings.notices.channels.get(parcel.channel)
    if address is None:
        raise ChannelError(f"Channel {parcel.channel} is not in the configuration any more.")
    shared = channels.is_shared(address)
    for row in rows:
        if shared and row.roles is not None and row.id not in refused:  # nobody knows who else is in that chat
            _mark(db, [row.id], state="page_only", claimed_until=None)
    kept = [row for row in rows if row.id not in refused and not (shared and row.roles is not None)]
    if not kept:
        return
    first = kept[0].person
    told = {row.key: Told(row.topic, row.words, row.values, row.link) for row in kept}  # once for a whole group
    language = known.settings.web.language if shared else known.language(first)
    whole = channels.filled(parcel.channel, address, known.contact(first, parcel.channel))
    room = channels.room(parcel.channel, whole)
    title, body = message(list(told.values()), language, known.tree, known.settings, room)
    channels.send(parcel.channel, whole, title=title, body=body, message=parcel.message)
    _mark_sent(db, parcel, [row.id for row in kept], clock())
    report.messages, report.notices = report.messages + 1, report.notices + len(kept)


def _mark_sent(db: Database, parcel: Parcel, ids: Sequence[int], now: datetime) -> None:
    """Also where the claim lapsed meanwhile, and whoever took it then was refused."""
    open_still = sa.and_(_ROW.message == parcel.message, _ROW.state.in_(("sending", "waiting")))
    values = {"state": "sent", "sent_at": to_micros(now), "claimed_until": None, "error": None}
    with db.session() as connection:
        for some in _chunks(ids):
            connection.execute(sa.update(NOTICE_DELIVERIES).where(_ROW.id.in_(some), open_still).values(**values))


def _content(db: Database, parcel: Parcel) -> list[Any]:
    columns = (_ROW.id, _ROW.key, _ROW.person, NOTICES.c.role, NOTICES.c.office, NOTICES.c.roles, NOTICES.c.topic,
               NOTICES.c.words, NOTICES.c["values"], NOTICES.c.link)  # fmt: skip
    query = sa.select(*columns).join(NOTICES, NOTICES.c.id == _ROW.notice_id)
    rows: list[Any] = []
    with db.reading() as connection:
        for ids in _chunks(parcel.ids):
            rows += connection.execute(query.where(_ROW.id.in_(ids))).all()
    place = {one: index for index, one in enumerate(parcel.ids)}
    return sorted(rows, key=lambda row: place[row.id])


def _why_not(db: Database, known: Readers, row: Any, now: datetime) -> str | None:
    """Rights may have changed since it was entered. What only some roles may know is a secret of its reporter too."""
    only = json.loads(row.roles) if row.roles else None
    roles = only if only is not None else [row.role] if row.role else None
    why = known.why_not(row.person, row.office, roles, row.topic)
    if why is None and only is not None:
        viewer = viewer_of(db, known.settings, row.person, at=now)
        return "secret" if hides(db, viewer, row.office) else None
    return why


def _put_off(
    db: Database, settings: Settings, parcel: Parcel, error: str, now: datetime, report: Report, *, tried: bool = True
) -> None:
    """Back to waiting with a longer pause, or given up; not `tried`: its channel failed for others a moment ago.

    That may be the others' fault, who have an address that no server takes: it waits a minute and is tried before them.
    """
    patience = to_micros(now - timedelta(days=settings.notices.give_up_days))
    since = sa.case((_ROW.failing_since <= to_micros(now), _ROW.failing_since), else_=to_micros(now))
    mine_still = sa.and_(_ROW.state == "sending", _ROW.claimed_until == parcel.until)
    state = mine_still if tried else _ROW.state == "waiting"
    values = {"state": "waiting", "failing_since": since, "claimed_until": None, "channel": parcel.channel,
              "error": error}  # fmt: skip
    with db.session() as connection:
        for ids in _chunks(parcel.ids):
            mine = sa.and_(_ROW.id.in_(ids), state)
            known = connection.execute(sa.select(_ROW.tries).where(mine).distinct()).scalars()
            for tries in sorted(known, reverse=True):  # the highest first, or one row would go up twice
                some = sa.update(NOTICE_DELIVERIES).where(mine, _ROW.tries == tries)
                counted = tries + 1 if tried else tries
                connection.execute(some.values(**values, tries=counted, due=to_micros(now + pause(counted or 1))))
            ended = sa.and_(_ROW.id.in_(ids), _ROW.state == "waiting", _ROW.failing_since <= patience)
            gone = connection.execute(sa.update(NOTICE_DELIVERIES).where(ended).values(state="given_up", why="channel"))
            report.given_up += gone.rowcount


def _mark(db: Database, ids: Sequence[int], **values: Any) -> None:
    with db.session() as connection:
        for some in _chunks(ids):
            mine = sa.and_(_ROW.id.in_(some), _ROW.state == "sending")
            connection.execute(sa.update(NOTICE_DELIVERIES).where(mine).values(**values))


def _chunks(items: Sequence[Part]) -> Iterable[Sequence[Part]]:
    return (items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK))

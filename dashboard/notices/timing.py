"""When what is told (何时通知): quiet hours, the daily digest, growing pauses and folding, as pure functions.

All moments are aware. A clock that was set back holds nothing up: what seems entered later than now, or due further
ahead than anything can be, is due.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from dashboard.instants import LOCAL
from dashboard.settings import NoticeSettings, parse_quiet

PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60))
"""After the first, second … failure; the last one goes on."""
FURTHEST = timedelta(hours=25)
"""Nothing is put off longer: a daily digest, or the last pause."""
SINGLES = 3
"""So many notices that are due together are messages of their own; more are one."""
URGENT_EVERY = timedelta(minutes=10)
"""How often what is urgent is gathered and sent to somebody who has had this hour's messages."""
HOUR = timedelta(hours=1)
MOST = 5000
"""Notices in one message; what is more waits for the next."""


@dataclass(frozen=True, slots=True)
class Item:
    """A notice that waits for one person."""

    id: int
    at: datetime
    due: datetime
    urgent: bool = False


def is_quiet(now: datetime, quiet: str | None) -> bool:
    """Whether `now` lies in the quiet hours, start included, end not."""
    if not quiet:
        return False
    starts, ends = parse_quiet(quiet)
    clock = now.astimezone(LOCAL).time()
    return starts <= clock < ends if starts <= ends else clock >= starts or clock < ends


def first_due(at: datetime, topic: str, urgent: bool, settings: NoticeSettings) -> datetime:
    """When a notice entered `at` may first be sent: at once, or with the next daily digest."""
    if urgent or topic not in settings.daily:
        return at
    local = at.astimezone(LOCAL)
    today = datetime.combine(local.date(), time.fromisoformat(settings.digest_at), LOCAL)
    return today if today > local else today + timedelta(days=1)


def pause(tries: int) -> timedelta:
    """How long to wait after `tries` failures (at least one)."""
    return PAUSES[min(tries, len(PAUSES)) - 1]


def is_due(item: Item, now: datetime) -> bool:
    return item.due <= now or item.due - now > FURTHEST or item.at > now


def has_lapsed(claimed_until: datetime, now: datetime, lease: timedelta) -> bool:
    """Whether a claim is over; one that reaches further than a lease was made by a clock that has been set back."""
    return claimed_until <= now or claimed_until - now > lease


def fold(
    items: Collection[Item], now: datetime, sent: Sequence[datetime], settings: NoticeSettings
) -> list[tuple[Item, ...]]:
    """The messages that one mailbox gets now, each of one notice or of many. `sent`: when it got messages lately."""
    quiet = is_quiet(now, settings.quiet)
    due = sorted((one for one in items if is_due(one, now) and (one.urgent or not quiet)), key=lambda one: one.id)
    due.sort(key=lambda one: not one.urgent)
    lately = [moment for moment in sent if now - HOUR < moment <= now]
    room = settings.most_per_hour - len(lately)
    if not due:
        return []
    if room <= 0:
        rested = now - max(lately) >= URGENT_EVERY
        return [tuple(due[:MOST])] if rested and due[0].urgent else []
    if len(due) <= min(SINGLES, room):
        return [(one,) for one in due]
    return [tuple(due[:MOST])]

"""How far a source has been read (水位线): the largest value of one column, kept as text with its type, pure.

The next reading starts an overlap before it, so that rows edited or committed late are read again; what is the same
as before is counted `unchanged` and costs little.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from collectors.base import CollectorError
from collectors.mapping import seconds_of

STATE = "watermark"
"""State key. `dashboard` forgets it under another mapping, so that a corrected one reads everything again."""
Value = int | Decimal | datetime | date | str
_TEXT_FORMATS = (
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y%m%d%H%M%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M",
    "%Y-%m-%d", "%Y/%m/%d", "%Y%m%d",
)  # fmt: skip
"""Forms whose order as text is their order in time: only those can serve as a watermark."""
_STAMP = re.compile(r"^(?P<main>\d{4}.*?)(?P<fraction>\.\d+)?(?P<zone>Z|[+-]\d{2}:?\d{2})?$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Stamp:
    """A time as a source writes it, in a shape that can be written the same way again."""

    moment: datetime
    form: str
    fraction: str
    zone: str

    def at(self, moment: datetime) -> str:
        return moment.strftime(self.form) + self.fraction + self.zone

    def wall_clock(self, moment: datetime, timezone: str) -> datetime:
        """An aware moment as this stamp's clock would show it."""
        zone = datetime.strptime(self.zone, "%z").tzinfo if self.zone else ZoneInfo(timezone)
        return moment.astimezone(zone).replace(tzinfo=None, microsecond=0)


@dataclass(frozen=True, slots=True)
class Overlap:
    """How far before the watermark the next reading starts: seconds for times, a count for numbers."""

    text: str

    @property
    def count(self) -> int:
        if not self.text.isdecimal():
            raise CollectorError(
                f"overlap = '{self.text}' is a time, but the watermark column holds numbers. Write a count: '1000'.",
                permanent=True,
            )
        return int(self.text)

    @property
    def span(self) -> timedelta:
        if self.text.isdecimal():
            raise CollectorError(
                f"overlap = '{self.text}' is a count, but the watermark column holds times. Write a time: '2d'.",
                permanent=True,
            )
        return timedelta(seconds=seconds_of(self.text))


def dumped(value: Value) -> str:
    """A watermark as the text that is stored."""
    if isinstance(value, datetime):
        return json.dumps(["datetime", value.isoformat()])
    if isinstance(value, date):
        return json.dumps(["date", value.isoformat()])
    kind = "text" if isinstance(value, str) else "decimal" if isinstance(value, Decimal) else "integer"
    return json.dumps([kind, str(value)])


def loaded(stored: str) -> Value:
    """The stored text as the value it was."""
    kind, text = json.loads(stored)
    if kind == "datetime":
        return datetime.fromisoformat(text)
    if kind == "date":
        return date.fromisoformat(text)
    if kind == "text":
        return str(text)
    return int(text) if kind == "integer" else Decimal(text)


def start_of(stored: str | None, overlap: Overlap | None) -> Value | None:
    """Where the next reading starts; None: from the beginning. CollectorError when overlap and column disagree."""
    if stored is None:
        return None
    value = loaded(stored)
    if overlap is None:
        return value
    if isinstance(value, (datetime, date)):
        return value - overlap.span
    if isinstance(value, str):
        return _earlier_text(value, overlap)
    return value - overlap.count


def _earlier_text(value: str, overlap: Overlap) -> str:
    stamp = _stamp(value)
    if stamp is None:
        raise CollectorError(
            f"The watermark '{value}' is a text that is no time, so no overlap can be taken from it. "
            "Leave overlap out, or use a column of times or numbers.",
            permanent=True,
        )
    return stamp.at(stamp.moment - overlap.span)


def _stamp(text: str) -> _Stamp | None:
    found = _STAMP.match(text)
    if found is None:
        return None
    for form in _TEXT_FORMATS:
        try:
            moment = datetime.strptime(found["main"], form)  # noqa: DTZ007 - written back in the same form and zone
        except ValueError:
            continue
        return _Stamp(moment, form, found["fraction"] or "", found["zone"] or "")
    return None


def highest(previous: Value | None, seen: Value | None) -> Value | None:
    """The larger of two. Raises CollectorError when the column has changed its type between readings."""
    if previous is None or seen is None:
        return seen if previous is None else previous
    try:
        return max(previous, seen)
    except TypeError as error:
        raise CollectorError(
            f"The watermark column held {previous!r} before and holds {seen!r} now. Give the source a new name "
            "or correct its query.",
            permanent=True,
        ) from error


def not_beyond(value: Value, moment: datetime, timezone: str) -> Value:
    """A watermark no later than `moment` (aware): one row dated 2099 would keep every later row from being read."""
    local = moment.astimezone(ZoneInfo(timezone))
    if isinstance(value, datetime):
        return min(value, local if value.tzinfo else local.replace(tzinfo=None))
    if isinstance(value, date):
        return min(value, local.date())
    stamp = _stamp(value) if isinstance(value, str) else None
    if stamp is None:
        return value
    limit = stamp.wall_clock(moment, timezone)
    return value if stamp.moment <= limit else stamp.at(limit)

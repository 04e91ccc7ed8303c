"""Instants (时刻) as the database keeps them: microseconds since 1970 UTC, from and to aware datetimes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970 UTC of an aware datetime, exact. ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone; give an aware datetime.")
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The aware UTC datetime of microseconds since 1970."""
    return _EPOCH + micros * _MICROSECOND


LOCAL = timezone(timedelta(hours=8))
"""Asia/Shanghai as every moment since 1991 has it."""


def iso_local(micros: int | None) -> str | None:
    """ISO 8601 with the offset of Asia/Shanghai, whole seconds where there are no fractions; None stays None."""
    return None if micros is None else from_micros(micros).astimezone(LOCAL).isoformat()

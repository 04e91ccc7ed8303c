"""How values look on screen (显示): scores 2 decimals, rates 1 with %, `—` for none, times local and short.

Documents have their own precision (two decimals for rates); see `dashboard.exports`.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from dashboard.texts import current_language, t

LOCAL = ZoneInfo("Asia/Shanghai")
NONE = "—"
THIN = "\u2009"


def rounded(value: float, decimals: int) -> str:
    """Half up, as published figures are, not half to even as Python's format does."""
    return str(Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))


def score(value: float | None) -> str:
    return NONE if value is None else rounded(value, 2)


def rate(value: float | None, decimals: int = 1) -> str:
    return NONE if value is None else f"{rounded(value * 100, decimals)}%"


def count(value: int | None) -> str:
    return NONE if value is None else f"{value:,}".replace(",", THIN)


def signed(value: float | None, decimals: int = 2) -> str:
    """A difference with its sign; an exact zero is `0`, never `+0`."""
    if value is None:
        return NONE
    text = rounded(abs(value), decimals)
    if not Decimal(text):
        return text
    return f"{'+' if value > 0 else '−'}{text}"


def points_apart(value: float | None) -> str:
    """A difference of two rates in percentage points (百分点)."""
    return NONE if value is None else t("{n} pp", n=signed(value * 100, 1))


def duration(seconds: float | None) -> str:
    """`43 min 12 s`, `3 h 05 min`, `2 d 4 h`: the two largest units."""
    if seconds is None:
        return NONE
    sign, whole = ("−" if seconds < 0 else ""), abs(int(seconds))
    if whole < 3600:
        return sign + t("{m} min {s:02d} s", m=whole // 60, s=whole % 60)
    if whole < 86_400:
        return sign + t("{h} h {m:02d} min", h=whole // 3600, m=whole % 3600 // 60)
    return sign + t("{d} d {h} h", d=whole // 86_400, h=whole % 86_400 // 3600)


def age(moment: datetime | None, now: datetime) -> str:
    """How long ago, by the largest unit."""
    if moment is None:
        return NONE
    minutes = int((now - moment).total_seconds() // 60)
    if minutes < 1:
        return t("just now")
    if minutes < 60:
        return t("{n} min ago", n=minutes)
    return t("{n} h ago", n=minutes // 60) if minutes < 2880 else t("{n} d ago", n=minutes // 1440)


def moment(value: datetime | None, now: datetime | None = None) -> str:
    """`8月21日 14:05`, with the year only where it is not this one."""
    if value is None:
        return NONE
    local = value.astimezone(LOCAL)
    year = "" if now and now.astimezone(LOCAL).year == local.year else str(local.year)
    return f"{_day(local.date(), year)} {local:%H:%M}"


def clock(value: datetime | None) -> str:
    return NONE if value is None else f"{value.astimezone(LOCAL):%H:%M}"


def exact(value: datetime | None) -> str:
    """The hover text of a moment: seconds and zone."""
    return NONE if value is None else f"{value.astimezone(LOCAL):%Y-%m-%d %H:%M:%S} UTC+8"


def day(value: date, today: date | None = None) -> str:
    return _day(value, "" if today and today.year == value.year else str(value.year))


MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _day(value: date, year: str) -> str:
    if current_language() == "zh":
        return f"{year}年{value.month}月{value.day}日" if year else f"{value.month}月{value.day}日"
    return f"{value.day} {MONTHS[value.month - 1]}{' ' + year if year else ''}"


def from_micros(value: int | None) -> datetime | None:
    """Microseconds since 1970 UTC, as stored, to an aware local time."""
    if value is None:
        return None
    return (datetime(1970, 1, 1, tzinfo=ZoneInfo("UTC")) + timedelta(microseconds=value)).astimezone(LOCAL)


def day_begins(now: datetime) -> datetime:
    """The midnight in Asia/Shanghai with which the local day of a moment begins."""
    return now.astimezone(LOCAL).replace(hour=0, minute=0, second=0, microsecond=0)

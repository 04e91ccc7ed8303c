"""Periods (统计周期) to choose from and their names; reading one is the business of `checks`."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from checks.errors import PeriodError
from checks.periods import parse_period, period_before
from dashboard.texts import current_language, t
from dashboard.web.display import LOCAL

_FORMS = (
    ("quarter", re.compile(r"(\d{4})-Q([1-4])")),
    ("month", re.compile(r"(\d{4})-(\d{2})")),
    ("week", re.compile(r"(\d{4})-W(\d{2})")),
    ("days", re.compile(r"(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})")),
)


def current_quarter(now: datetime) -> str:
    today = now.astimezone(LOCAL).date()
    return f"{today.year}-Q{(today.month + 2) // 3}"


def offered(now: datetime, chosen: str) -> list[tuple[str, str, str]]:
    """(code, name, group) of recent quarters, months and weeks, and the chosen one if it is none of them."""
    today = now.astimezone(LOCAL).date()
    groups = (
        (t("Quarters"), [_quarter(today, back) for back in range(6)]),
        (t("Months"), [_month(today, back) for back in range(7)]),
        (t("Weeks"), [_week(today, back) for back in range(9)]),
    )
    found = [(code, name(code), group) for group, codes in groups for code in codes]
    return found if any(code == chosen for code, _, _ in found) else [(chosen, name(chosen), ""), *found]


def name(code: str) -> str:
    """`2026-Q3` as people say it; a code of no known form as it is."""
    for kind, form in _FORMS:
        match = form.fullmatch(code)
        if match:
            return _name(kind, *match.groups())
    return code


def before(code: str) -> str | None:
    """The period before (环比) of the same kind; of free days, the same number of days before. None if unreadable."""
    try:
        return period_before(parse_period(code)).name
    except PeriodError:
        return None


def _name(kind: str, first: str, second: str) -> str:
    if kind == "quarter":
        return t("Q{n} {year}", n=second, year=first)
    if kind == "month":
        if current_language() == "zh":
            return f"{first}年{int(second)}月"
        return f"{date(int(first), int(second), 1):%b %Y}" if 1 <= int(second) <= 12 else f"{first}-{second}"
    if kind == "week":
        return t("Week {n}, {year}", n=int(second), year=first)
    return f"{first} – {second}"


def _quarter(today: date, back: int) -> str:
    index = today.year * 4 + (today.month - 1) // 3 - back
    return f"{index // 4}-Q{index % 4 + 1}"


def _month(today: date, back: int) -> str:
    index = today.year * 12 + today.month - 1 - back
    return f"{index // 12}-{index % 12 + 1:02d}"


def _week(today: date, back: int) -> str:
    year, week, _ = (today - timedelta(weeks=back)).isocalendar()
    return f"{year}-W{week:02d}"

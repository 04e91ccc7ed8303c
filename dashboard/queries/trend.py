"""One indicator of one office over time (走势), from the roll-ups: a point per week or month with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

import numpy as np
import sqlalchemy as sa

from checks.fairness import wilson
from checks.periods import next_month
from checks.rulebook.model import Indicator
from dashboard.database import Database
from dashboard.database.models import ROLLUPS
from dashboard.instants import LOCAL
from dashboard.judging.rules import Rules
from dashboard.people import Viewer
from dashboard.queries.offices import Tree, require_visible

Step = Literal["week", "month"]
COUNTS = {"week": 20, "month": 14}


@dataclass(frozen=True, slots=True)
class Point:
    """One week (its Monday) or month (its first day). Value and interval are None where nothing was judged."""

    start: date
    n: int
    value: float | None
    low: float | None
    high: float | None


def trend(
    db: Database, viewer: Viewer, rules: Rules, tree: Tree, *, office: str, indicator: Indicator, step: str,
    as_of: datetime,
) -> list[Point]:  # fmt: skip
    """The last 20 weeks or 14 months up to `as_of`, with the offices that lie below today.

    Ratios only: [] for H1 and O1–O4 (their months are sums on the Office page) and T4 (no days in its denominator).
    """
    require_visible(tree, office)
    if indicator.record in ("halls", "measures") or indicator.formula == "per_customers":
        return []
    starts = _starts(as_of.astimezone(LOCAL).date(), step)
    totals = {start: [0, 0] for start in starts[:-1]}
    rows = ROLLUPS.c
    query = (
        sa.select(rows.day, sa.func.sum(rows.numerator), sa.func.sum(rows.denominator))
        .where(rows.indicator == indicator.code, rows.day >= starts[0].isoformat(), rows.day < starts[-1].isoformat())
        .group_by(rows.day)
    )
    below = tree.below(office)
    if not (viewer.sees_everything and len(below) == len(tree.offices)):
        query = query.where(rows.office_code.in_(sorted(below)))
    with db.reading() as connection:
        for day, numerator, denominator in connection.execute(query):
            start = max(one for one in totals if one <= date.fromisoformat(day))
            totals[start][0] += int(numerator)
            totals[start][1] += int(denominator)
    scale = rules.rulebook.scale(indicator.code) if indicator.formula == "ratio_to_limit" else 1
    return [_point(start, sums[0], sums[1], scale, indicator) for start, sums in totals.items()]


def _point(start: date, numerator: int, denominator: int, scale: int, indicator: Indicator) -> Point:
    if not denominator:
        return Point(start, 0, None, None, None)
    value = numerator / scale / denominator
    if indicator.interval != "wilson":
        return Point(start, denominator, value, None, None)
    low, high = wilson(np.array([float(numerator)]), np.array([float(denominator)]))
    return Point(start, denominator, value, float(low[0]), float(high[0]))


def _starts(today: date, step: str) -> list[date]:
    """First days of the steps, oldest first, and the first day after the last one."""
    count = COUNTS["month" if step == "month" else "week"]
    if step == "month":
        first = today.replace(day=1)
        starts = [first]
        for _ in range(count - 1):
            starts.append((starts[-1] - timedelta(days=1)).replace(day=1))
        return [*starts[::-1], next_month(first)]
    monday = today - timedelta(days=today.weekday())
    return [monday - timedelta(weeks=back) for back in range(count - 1, -2, -1)]

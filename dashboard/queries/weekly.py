"""Twelve weeks at a glance (十二周走势): a rate by ISO week of acceptance for every office a viewer may see."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import sqlalchemy as sa

from dashboard.database import Database
from dashboard.database.models import ROLLUPS
from dashboard.people import Viewer
from dashboard.queries.offices import Tree

WEEKS = 12
Weeks = dict[str, tuple[float | None, ...]]
"""Office → share per week, oldest first; None where nothing was judged."""


def weekly(db: Database, viewer: Viewer, tree: Tree, codes: Sequence[str], *, until: dt.date) -> Weeks:
    """Numerators ÷ denominators of the indicators together, in the twelve weeks up to that of `until`.

    An office holds what lies below it today. Only for indicators whose numerator counts records of the denominator.
    """
    if not codes:
        return {}
    first = until - dt.timedelta(days=until.weekday() + 7 * (WEEKS - 1))
    rows = ROLLUPS.c
    query = (
        sa.select(rows.office_code, rows.day, *(_total(rows[name]) for name in ("numerator", "denominator")))
        .where(rows.indicator.in_(codes), rows.day >= first.isoformat(), rows.day <= until.isoformat())
        .group_by(rows.office_code, rows.day)
    )
    if not viewer.sees_everything:
        query = query.where(rows.office_code.in_(sorted(tree.offices)))
    sums: dict[str, np.ndarray[tuple[int, int], np.dtype[np.int64]]] = {}
    for office, day, numerator, denominator in db.frame(query).iter_rows():
        week = (dt.date.fromisoformat(day) - first).days // 7
        for above in tree.path(office):
            found = sums.setdefault(above.code, np.zeros((2, WEEKS), dtype=np.int64))
            found[:, week] += numerator, denominator
    return {office: tuple(_shares(found)) for office, found in sums.items()}


def _total(column: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    return sa.cast(sa.func.sum(column), sa.BigInteger).label(str(column.name))


def _shares(found: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> list[float | None]:
    return [above / below if below else None for above, below in zip(*found.tolist(), strict=True)]

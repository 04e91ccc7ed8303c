"""What the figures would be if other exclusions held (剔除前后): only the records they touch are judged twice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import polars as pl
import sqlalchemy as sa

from checks.exclusions import Filing
from checks.periods import Period
from checks.rollup import SUMS, empty_rollup
from dashboard.judging.changes import added, covered_by
from dashboard.judging.kinds import KINDS
from dashboard.judging.reading import Reader
from dashboard.judging.rules import Rules
from dashboard.judging.sums import in_period
from dashboard.judging.verdicts import packed, rolled


def difference(
    reader: Reader,
    rules: Rules,
    period: Period,
    as_of: dt.datetime,
    before: Iterable[Filing],
    after: Iterable[Filing],
    offices: frozenset[str] | None,
) -> pl.DataFrame:
    """The roll-up with `after` holding minus that with `before`, of the period's records at these offices (or all)."""
    sides = {1: tuple(after), -1: tuple(before)}
    moved = sorted(set(sides[1]) ^ set(sides[-1]), key=lambda filing: filing.id)
    parts = [empty_rollup()]
    if not moved:
        return parts[0]
    touched = covered_by(reader, rules, moved)
    for record in touched.records():
        codes = rules.rulebook.order(record)
        which = _both(touched.condition(record), in_period(KINDS[record], period, offices))
        for sign, filings in sides.items():
            judged = KINDS[record].judged(reader.assuming(filings), rules, which, as_of)
            rollup = rolled(packed(judged, codes, rules.rulebook), codes, rules.rulebook)
            parts.append(rollup.with_columns(pl.col(SUMS) * sign))
    return added(parts)


def _both(one: Any, other: Any) -> Any:
    return lambda table: sa.and_(one(table), other(table))

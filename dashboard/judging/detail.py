"""Records with everything that shows why they were judged so: for explanations, lists and the record page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import polars as pl
import sqlalchemy as sa

from checks.clock import day_number
from checks.offices import Tree, day_of_month
from checks.periods import Period
from checks.reasons import REASONS, STATES
from dashboard.database.models import VERDICTS
from dashboard.instants import iso_local
from dashboard.judging.kinds import Kind
from dashboard.judging.reading import Condition, Reader
from dashboard.judging.rules import Rules


@dataclass(frozen=True)
class Scope:
    """Records of a period at offices below some (None: everywhere), each by the tree of its own day."""

    tree: Tree
    period: Period
    tops: tuple[frozenset[str], ...] = ()
    """A record must lie below one office of every set: the office asked for, and those the viewer may see."""

    @cached_property
    def epochs(self) -> list[tuple[dt.date, dt.date, frozenset[str] | None]]:
        """First day, day after the last, and the offices that belong to the scope then."""
        bounds = [*self.tree.bounds(self.period.start, self.period.end), self.period.end]
        return [(start, end, self._inside(start)) for start, end in pairwise(bounds)]

    @property
    def offices(self) -> frozenset[str] | None:
        """Every office that belongs to the scope on some day."""
        sets = [codes for _, _, codes in self.epochs if codes is not None]
        return frozenset[str]().union(*sets) if self.tops else None

    @property
    def reach(self) -> frozenset[str] | None:
        """The same, and those that belong to it on the day that decides for one of the months beginning in the period.

        A hall-month and a measure belong to the tree of their month's last day, which may lie after the period.
        """
        if self.offices is None:
            return None
        months = self.period.months_that_begin()
        return self.offices | {code for code in self.tree.versions if any(self.has(code, month) for month in months)}

    def has(self, office: str, month: str) -> bool:
        """Whether an office's figures of a month (hall-month, measure) belong to the scope."""
        path = self.tree.path(office, day_of_month(self.tree, office, month))
        return all(top.intersection(path) for top in self.tops)

    def _inside(self, day: dt.date) -> frozenset[str] | None:
        if not self.tops:
            return None
        return frozenset.intersection(*(self.tree.below(top, day) for top in self.tops))

    def holds(self, office: str, day: str) -> pl.Expr:
        """Whether a row lies in the scope, by its office and its day number."""
        inside = pl.lit(False)
        for start, end, codes in self.epochs:
            days = pl.col(day).is_between(day_number(start), day_number(end), closed="left")
            inside = inside | (days if codes is None else days & pl.col(office).is_in(sorted(codes)))
        return inside

    def stored(self, office: Any, day: Any) -> sa.ColumnElement[bool]:
        """The same as an SQL condition on an office column and a day column (text)."""
        parts = []
        for start, end, codes in self.epochs:
            inside = sa.and_(day >= start.isoformat(), day < end.isoformat())
            parts.append(inside if codes is None else sa.and_(inside, office.in_(sorted(codes))))
        return sa.or_(*parts)


def scope_of(tree: Tree, period: Period, *tops: Iterable[str] | None) -> Scope:
    """The scope below every given set of offices; None and `{"*"}` limit nothing."""
    limiting = [frozenset(top) for top in tops if top is not None]
    return Scope(tree, period, tuple(top for top in limiting if "*" not in top))


def worth_naming(scope: Scope, kind: Kind) -> Condition:
    """Stored rows of the scope that an explanation may have to name."""
    verdict = VERDICTS[kind.record]
    # written out, not bound: the partial index answers only to its own condition
    listed = sa.literal_column(f"{verdict.name}.losing", sa.Boolean)
    ids = sa.select(verdict.c.record_id).where(listed, scope.stored(verdict.c.office_code, verdict.c.day))

    def condition(table: Any) -> sa.ColumnElement[bool]:
        return table.c.id.in_(ids)  # type: ignore[no-any-return]

    return condition


def detailed(reader: Reader, rules: Rules, kind: Kind, condition: Condition, as_of: dt.datetime) -> pl.DataFrame:
    """The judged rows that exist, with reason, deadline and actual of every indicator, and `number`."""
    judged = kind.judged(reader, rules, condition, as_of)
    return judged.filter("exists").with_columns(pl.col(kind.number).alias("number")).collect()


def verdict_of(row: dict[str, Any], code: str) -> dict[str, Any]:
    """State, reason, deadline and actual of one indicator of a detailed row."""
    reason = REASONS[row[code]]
    return {
        "verdict": STATES.get(reason.state),
        "reason": reason.code,
        "deadline": iso_local(row.get(f"{code}.deadline")) if reason.state in "OLPU" else None,
        "actual": iso_local(row.get(f"{code}.actual")),
    }

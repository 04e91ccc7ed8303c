"""How the people of an office do (人员评价): time, satisfaction and conformity, for their own leader alone.

No figure of a person stands anywhere else: not in a league, an export, a notice or a document (docs/decisions/0030).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import Any

import numpy as np
import sqlalchemy as sa

from checks.fairness import wilson
from checks.periods import Period
from dashboard.database import Database
from dashboard.database.models import RECORD_TABLES, VERDICTS
from dashboard.instants import to_micros
from dashboard.judging.rules import Rules
from dashboard.people import Viewer
from dashboard.queries.offices import visible_tree
from dashboard.rights import require
from dashboard.secrecy import REPORT

LEAST = 10
"""A share of fewer than this is greyed and gives no place (p)."""
DEED = "read ratings of people"
CLOCK = "R1"
"""Its verdicts tell whether a person was in time."""
LEFT_OUT = "X"
"""Test calls, merged, withdrawn and filed repairs: nothing of them is a person's work."""


@dataclass(frozen=True, slots=True)
class Share:
    """`good` of `n` with a 95 % interval; no value without any."""

    good: int
    n: int

    @property
    def value(self) -> float | None:
        return self.good / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        if not self.n:
            return None
        low, high = wilson(np.array([float(self.good)]), np.array([float(self.n)]))
        return float(low[0]), float(high[0])

    @property
    def is_few(self) -> bool:
        return self.n < LEAST


@dataclass(frozen=True, slots=True)
class Rated:
    """One person of one office in a period (a team where no export names people). `rank` None: too few records.

    `time`: arrivals in time; `conformity`: repairs whose reported lateness is what the stamps say;
    `minutes`: median from acceptance to taking.
    """

    person: str
    office: str
    time: Share
    satisfaction: Share
    conformity: Share
    minutes: float | None
    rating: float | None
    rank: int | None


@dataclass(slots=True)
class _Sums:
    time: list[bool] = field(default_factory=list)
    satisfied: list[bool] = field(default_factory=list)
    conform: list[bool] = field(default_factory=list)
    waits: list[int] = field(default_factory=list)


def ratings(db: Database, viewer: Viewer, rules: Rules, *, period: Period, as_of: datetime) -> list[Rated]:
    """The people of the viewer's offices by place, then name; a place counts within an office.

    Rests on the stored verdicts of repairs accepted in the period up to `as_of`. NotAllowedError for everybody who does
    not head these offices (or act for who does).
    """
    require(viewer, DEED)
    place = rules.rulebook.order("repairs").index(CLOCK)
    sums: Mapping[tuple[str, str], _Sums] = defaultdict(_Sums)
    for row in _rows(db, sorted(visible_tree(db, viewer).offices), period, as_of):
        _add(sums[row.person, row.office_code], row, row.states[place])
    return _placed([_rated(person, office, found) for (person, office), found in sums.items()])


def _rows(db: Database, offices: list[str], period: Period, as_of: datetime) -> list[sa.Row[tuple[Any, ...]]]:
    """Repairs with a name on them, what was judged of each, and what the customer of the ticket said."""
    row, ticket, verdict = RECORD_TABLES["repairs"].c, RECORD_TABLES["tickets"].c, VERDICTS["repairs"].c
    person = sa.func.coalesce(row.repaired_by, row.team)
    query = sa.select(person.label("person"), row.office_code, row.accepted_at, row.taken_at, ticket.satisfaction,
                      row.reported_arrival_late, verdict.states)  # fmt: skip
    named = sa.and_(ticket.system == row.system, ticket.ticket_no == row.ticket_no, ticket.type != REPORT)
    judged = RECORD_TABLES["repairs"].join(VERDICTS["repairs"], verdict.record_id == row.id)
    query = query.select_from(judged.outerjoin(RECORD_TABLES["tickets"], named)).where(
        person.is_not(None), row.office_code.in_(offices), row.accepted_at >= period.starts_at,
        row.accepted_at < min(period.ends_at, to_micros(as_of)),
    )  # fmt: skip
    with db.reading() as connection:
        return list(connection.execute(query))


def _add(sums: _Sums, row: sa.Row[tuple[Any, ...]], state: str) -> None:
    if state == LEFT_OUT:
        return
    if state in "OL":
        sums.time.append(state == "O")
    if row.satisfaction is not None:
        sums.satisfied.append(row.satisfaction == "satisfied")
    if row.reported_arrival_late is not None and state in "OL":
        sums.conform.append(row.reported_arrival_late == (state == "L"))
    if row.taken_at is not None and row.taken_at >= row.accepted_at:
        sums.waits.append(row.taken_at - row.accepted_at)


def _rated(person: str, office: str, sums: _Sums) -> Rated:
    time, satisfied, conform = (Share(sum(one), len(one)) for one in (sums.time, sums.satisfied, sums.conform))
    enough = [one.value for one in (time, satisfied, conform) if one.value is not None and not one.is_few]
    rating = None if time.is_few else sum(enough) / len(enough)
    return Rated(
        person, office, time, satisfied, conform, median(sums.waits) / 60e6 if sums.waits else None, rating, None
    )


def _placed(found: list[Rated]) -> list[Rated]:
    """Equal ratings share a place, the next is skipped."""

    def rank(one: Rated) -> int | None:
        if one.rating is None:
            return None
        return 1 + sum(other.office == one.office and (other.rating or 0) > one.rating for other in found)

    placed = [
        Rated(one.person, one.office, one.time, one.satisfaction, one.conformity, one.minutes, one.rating, rank(one))
        for one in found
    ]
    return sorted(placed, key=lambda one: (one.office, one.rank is None, one.rank or 0, one.person))

"""What if (试算): a period scored by tried rules beside its real score, computed aside; nothing is stored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from checks.offices import Tree
from checks.periods import Period
from checks.rank_intervals import seed_of
from checks.ranking import rank
from checks.rounding import published
from checks.rulebook.model import Edition
from checks.sandbox import Change, Spread, moved_by, spreads, tried
from checks.scoring import Row
from dashboard.database import Database
from dashboard.instants import iso_local, to_micros
from dashboard.judging.reading import reader
from dashboard.judging.rules import Rules
from dashboard.judging.sums import Leaves, OfficeSums, office_sums
from dashboard.people import Viewer
from dashboard.queries.league import edition_of, leaves_of, period_named, row_of, visible


@dataclass(frozen=True, slots=True)
class Moved:
    """One office by the real rules and by the tried ones, and which indicators moved its score."""

    before: Row
    after: Row
    parts: tuple[tuple[str, Fraction], ...]
    """(indicator, points of the score): they add up to the difference of the exact scores."""
    spread: Spread | None

    @property
    def places(self) -> int | None:
        """Places won (above 0) or lost; None where it is not ranked by both."""
        if self.before.rank is None or self.after.rank is None:
            return None
        return self.before.rank - self.after.rank


@dataclass(frozen=True, slots=True)
class Sandbox:
    """What was tried and what came of it, for the offices that the viewer may see."""

    period: Period
    level: str
    as_of: dt.datetime
    edition: Edition
    change: Change
    rows: tuple[Moved, ...]
    """By the tried rank, then code."""

    def to_json(self) -> dict[str, Any]:
        """A document that says of itself that it is no result."""
        return {
            "sandbox": True,
            "period": self.period.name,
            "level": self.level,
            "as_of": iso_local(to_micros(self.as_of)),
            "rulebook": f"{self.edition.code} ({self.change.digest})",
            "rows": [_document(row) for row in self.rows],
        }


def what_if(
    db: Database,
    viewer: Viewer,
    rules: Rules,
    change: Change,
    *,
    period: str,
    level: str,
    now: dt.datetime,
    as_of: dt.datetime | None = None,
) -> Sandbox:
    """The league of the period as it is and as it would be.

    Changed weights, floors and targets score the stored sums anew; a changed limit judges every record of the period
    again, in memory. Raises RuleError for a change that cannot be, UsageError for an unknown period.
    """
    asked = period_named(period, rules)
    edition = edition_of(rules, asked)
    book = tried(rules.rulebook, edition, change)
    other = replace(rules, rulebook=book)
    new = book.edition_named(edition.code)
    stored = as_of is None and rules.foreign is None
    moment = as_of or now
    with reader(db, rules.foreign) as source:
        leaves = leaves_of(source, rules, asked, edition, moment, stored=stored)
        before = _ranked(source.tree, leaves, rules, asked, edition, level)
        if change.limits:
            leaves = leaves_of(source, other, asked, new, moment, stored=False)
        after = _ranked(source.tree, leaves, other, asked, new, level)
        seen = visible(after.values(), source.tree, viewer, asked)
        seed = seed_of(asked.name, level, edition.code, str(iso_local(to_micros(moment))), change.digest)
        drawn = spreads(list(after.values()), seed)
    rows = tuple(
        Moved(before[row.office], row, tuple(moved_by(before[row.office], row)), drawn.get(row.office)) for row in seen
    )
    return Sandbox(asked, level, moment, new, change, rows)


def _ranked(
    tree: Tree, leaves: Leaves, rules: Rules, period: Period, edition: Edition, level: str
) -> Mapping[str, Row]:
    sums = office_sums(leaves, tree, rules, period)
    rows = [
        row_of(tree, sums.get(office.code) or OfficeSums(), period, edition, office.code, level)
        for office in tree.rows(level, period)
    ]
    return {row.office: row for row in rank(rows, edition)}


def _document(moved: Moved) -> dict[str, Any]:
    spread = moved.spread
    return {
        "office": moved.after.office,
        "name": moved.after.name,
        "score": published(moved.before.score, 2),
        "rank": moved.before.rank,
        "tried_score": published(moved.after.score, 2),
        "tried_rank": moved.after.rank,
        "places": moved.places,
        "parts": {code: published(part) for code, part in moved.parts},
        "weights_low": spread.low if spread else None,
        "weights_middle": spread.middle if spread else None,
        "weights_high": spread.high if spread else None,
    }

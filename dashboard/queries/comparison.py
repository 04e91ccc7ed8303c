"""How offices stood before (环比、同比): in the period before and a year before, beside the league, never in it.

A frozen period answers from its snapshot (`snapshot`). Where records of that time are here they are judged and counted
(`computed`); otherwise a score finished elsewhere may have been imported (`imported`, not recomputed). A comparison
over two editions of the rulebook says so. By today's tree nothing comes from a snapshot: it was taken by the tree then.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from checks.periods import Period
from checks.ranking import rank
from checks.rounding import published
from checks.scoring import Row, scoring_edition
from dashboard.database import Database
from dashboard.freezing.stored import league_of, snapshot_of
from dashboard.judging.reading import Reader, reader
from dashboard.judging.rules import Rules
from dashboard.judging.sums import OfficeSums, office_sums
from dashboard.people import Viewer
from dashboard.queries.finished_scores import IMPORTED, finished_scores
from dashboard.queries.league import leaves_of, period_named, row_of, visible
from dashboard.queries.office_changes import day_of_tree
from dashboard.queries.quarter import neighbours

COMPUTED, SNAPSHOT = "computed", "snapshot"


@dataclass(frozen=True, slots=True)
class Then:
    """One office in another period. `indicators` are values by code; of an imported score those that came with it."""

    period: str
    score: float
    rank: int | None
    source: str
    rulebook: str | None
    """The edition that scored it; None of an imported one: nobody knows."""
    indicators: Mapping[str, float | None]

    def to_json(self) -> dict[str, Any]:
        return {"period": self.period, "score": self.score, "rank": self.rank, "ranked": self.rank is not None,
                "source": self.source, "rulebook": self.rulebook}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Comparison:
    """Offices in the period before and a year before, those without a score then left out."""

    before: str
    year: str
    previous: Mapping[str, Then]
    year_before: Mapping[str, Then]


def comparison(
    db: Database, viewer: Viewer, rules: Rules, *, period: str, level: str, now: dt.datetime,
    as_of: dt.datetime | None = None, tree: str = "day",
) -> Comparison:  # fmt: skip
    """Both comparisons for the offices that the viewer may see; as-of and tree as in `league`, but nothing is brought
    up to date: ask for the league first.

    Raises UsageError for an unknown period.
    """
    before, year = neighbours(period_named(period, rules))
    moment, stored = as_of or now, as_of is None and rules.foreign is None
    with reader(db, rules.foreign, day_of_tree(tree, moment)) as source:
        found = [
            {
                **_imported(source, viewer, then),
                **_computed(source, viewer, rules, then, level, moment, stored=stored),
                **(_frozen(db, viewer, then, level) if stored and tree == "day" else {}),
            }
            for then in (before, year)
        ]
    return Comparison(before.name, year.name, *found)


def with_comparison(document: dict[str, Any], found: Comparison) -> dict[str, Any]:
    """The league's document with `previous` and `year_before` in each row; null where nothing is known."""
    rows = [
        {
            **row,
            "previous": _json(found.previous, row["office"]),
            "year_before": _json(found.year_before, row["office"]),
        }
        for row in document["rows"]
    ]
    return {**document, "rows": rows}


def _json(found: Mapping[str, Then], office: str) -> dict[str, Any] | None:
    return found[office].to_json() if office in found else None


def _computed(
    source: Reader, viewer: Viewer, rules: Rules, period: Period, level: str, moment: dt.datetime, *, stored: bool
) -> dict[str, Then]:
    """The league of then, ranked among all; only offices in which something was judged: no records prove nothing."""
    edition = scoring_edition(rules.rulebook, period)
    if edition is None:
        return {}
    leaves = leaves_of(source, rules, period, edition, moment, stored=stored)
    sums = office_sums(leaves, source.shown, rules, period)
    rows = [
        row_of(source.shown, sums.get(office.code) or OfficeSums(), period, edition, office.code, level)
        for office in source.shown.rows(level, period)
    ]
    seen = visible(rank(rows, edition), source.shown, viewer, period)
    return {row.office: _then(row, period, edition.code) for row in seen if row.n and row.score is not None}


def _then(row: Row, period: Period, edition: str) -> Then:
    score = published(row.score, 2)
    values = {code: published(figure.value) for code, figure in row.figures.items()}
    return Then(period.name, float(score or 0), row.rank, COMPUTED, edition,
                {code: None if value is None else float(value) for code, value in values.items()})  # fmt: skip


def _frozen(db: Database, viewer: Viewer, period: Period, level: str) -> dict[str, Then]:
    """What was published of then: it stays, whatever came later."""
    snapshot = snapshot_of(db, period.name)
    document = league_of(snapshot, viewer, level, None, None) if snapshot else {"rows": []}
    return {
        row["office"]: Then(period.name, row["score"], row["rank"], SNAPSHOT, document["rulebook"],
                            {code: cell["value"] for code, cell in row["indicators"].items()})
        for row in document["rows"] if row["n"] and row["score"] is not None
    }  # fmt: skip


def _imported(source: Reader, viewer: Viewer, period: Period) -> dict[str, Then]:
    return {
        office: Then(period.name, row["score"], row["rank"], IMPORTED, None,
                     {code: cell["value"] for code, cell in row["indicators"].items()})
        for office, row in finished_scores(source, viewer, period).items()
    }  # fmt: skip

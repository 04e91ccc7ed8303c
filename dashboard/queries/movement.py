"""What moved (名次变化): every office's change of rank since an earlier period, in parts that add up exactly."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

from checks.movement import Movement, Stages, own_by_indicator, scores_of
from checks.periods import Period, period_before
from checks.ranking import rank
from checks.rounding import published
from checks.rulebook.model import Edition
from checks.scoring import Row
from dashboard.database import Database
from dashboard.freezing.stored import league_of, snapshot_of
from dashboard.instants import iso_local, to_micros
from dashboard.judging.present import bring_up_to_date
from dashboard.judging.reading import Reader, reader
from dashboard.judging.rules import Rules
from dashboard.judging.sums import OfficeSums, office_sums
from dashboard.people import Viewer, system_viewer
from dashboard.queries.league import edition_of, leaves_of, period_named, row_of, visible


def movement(
    db: Database,
    viewer: Viewer,
    rules: Rules,
    *,
    period: str,
    before: str | None = None,
    level: str = "station",
    now: dt.datetime,
    refresh: bool = True,
) -> dict[str, Any]:
    """The change of every visible office since `before` (default: the period before), most places first.

    A frozen period stands as it was published; what late data changed in the earlier one since is a part of its own.

    `{"period", "before", "level", "edition", "edition_before", "frozen", "rows": [{"office", "name", "rank_before",
    "rank", "change", "late_data", "rules", "own", "peers", "score_before", "score", …, "indicators": {…}}]}`;
    negative places are up. `indicators` splits the office's own change of score. Raises as `league_table` does.
    """
    asked = period_named(period, rules)
    earlier = period_named(before, rules) if before else period_before(asked)
    edition, edition_before = edition_of(rules, asked), edition_of(rules, earlier)
    if refresh and rules.foreign is None:
        bring_up_to_date(db, rules, now)
    with reader(db, rules.foreign) as source:
        rows = _ranked(source, rules, asked, edition, level, now)
        restated = _ranked(source, rules, earlier, edition_before, level, now)
        reruled = restated if edition == edition_before else _ranked(source, rules, earlier, edition, level, now)
        seen = visible(rows, source.tree, viewer, asked)
    now_shown = _published(db, asked, level) or scores_of(rows)
    stages = Stages(_published(db, earlier, level), scores_of(restated), scores_of(reruled), now_shown)
    old = {row.office: row for row in reruled}
    moved = [(row, stages.movement(row.office)) for row in seen]
    moved.sort(key=lambda pair: (pair[1].change is None, -abs(pair[1].change or 0), pair[0].office))
    return {
        "period": asked.name, "before": earlier.name, "level": level, "as_of": iso_local(to_micros(now)),
        "edition": edition.code, "edition_before": edition_before.code, "frozen": stages.published is not None,
        "rows": [_document(row, found, old.get(row.office)) for row, found in moved],
    }  # fmt: skip


def _published(db: Database, period: Period, level: str) -> dict[str, Fraction] | None:
    """Scores of the ranked offices as the period was published; None where it never was."""
    frozen = snapshot_of(db, period.name)
    if frozen is None:
        return None
    rows = league_of(frozen, system_viewer(), level, None, None)["rows"]
    return {row["office"]: Fraction(str(row["score"])) for row in rows if row["ranked"] and row["score"] is not None}


def _ranked(source: Reader, rules: Rules, period: Period, edition: Edition, level: str, now: dt.datetime) -> list[Row]:
    leaves = leaves_of(source, rules, period, edition, now, stored=rules.foreign is None)
    sums = office_sums(leaves, source.tree, rules, period)
    rows = [
        row_of(source.tree, sums.get(office.code) or OfficeSums(), period, edition, office.code, level)
        for office in source.tree.rows(level, period)
    ]
    return rank(rows, edition)


def _document(row: Row, moved: Movement, before: Row | None) -> dict[str, Any]:
    places = ("rank_before", "rank", "change", "late_data", "rules", "own", "peers")
    scores = ("score_before", "score", "score_late_data", "score_rules", "score_own")
    known = before is not None and moved.own is not None and row.score == moved.score  # a frozen score may differ
    own = own_by_indicator(before, row) if before is not None and known else {}
    return {
        "office": row.office, "name": row.name,
        **{name: getattr(moved, name) for name in places},
        **{name: published(getattr(moved, name), 2) for name in scores},
        "indicators": {code: cents / 100 for code, cents in own.items() if cents},
    }  # fmt: skip

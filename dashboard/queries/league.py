"""The league table (排名): who is better, from sums to ranks, in the shape of design §4.1."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from checks.errors import PeriodError
from checks.judge.base import microseconds
from checks.offices import Tree
from checks.periods import Period, parse_period
from checks.ranking import rank
from checks.rounding import published
from checks.rulebook.model import LEVELS, Edition
from checks.scoring import Figure, Row, compose, figures_of, scoring_edition, with_intervals
from checks.standings import rank_shrunken, with_bootstrap, with_pairs, with_rank_intervals, with_shrunken
from dashboard.database import Database
from dashboard.errors import MingchaError, UsageError
from dashboard.freezing.stored import league_of, snapshot_of
from dashboard.instants import iso_local, to_micros
from dashboard.judging.alternatives import difference
from dashboard.judging.filed import holding
from dashboard.judging.present import bring_up_to_date
from dashboard.judging.reading import Reader, reader
from dashboard.judging.rules import Rules
from dashboard.judging.sums import Leaves, OfficeSums, aside_leaves, office_sums, stored_leaves, with_difference
from dashboard.nearest import nearest
from dashboard.people import Viewer
from dashboard.queries.office_changes import change_document, changes_in, day_of_tree, visible_offices
from dashboard.queries.pairs import pairs_among
from dashboard.queries.staleness import Silent, mark, silent_sources

WITHOUT = ("numerator", "denominator", "value", "points")
"""What of an indicator is told once more, as it were had no exclusion been approved."""
COUNTS = ("pending", "unjudgeable", "excluded", "provisional", "to_the_minute")


@dataclass(frozen=True)
class League:
    """The rows of one level, ranked, with the edition that scored them. `rows` holds only what the viewer may see."""

    period: Period
    level: str
    as_of: dt.datetime
    edition: Edition
    rows: list[Row]
    silent: tuple[Silent, ...] = ()
    """Sources on which figures rest and that are silent for longer than expected."""
    tree: str = "day"
    changes: tuple[dict[str, Any], ...] = ()
    """What changed in the tree of offices inside what is compared, as it is printed."""
    without: Mapping[str, Row] = field(default_factory=dict)
    """Rows by office as they were had no exclusion been approved; empty where that changes nothing."""

    def to_json(self) -> dict[str, Any]:
        """The document of design §4.1 `league`."""
        return {
            "period": self.period.name,
            "level": self.level,
            "as_of": iso_local(to_micros(self.as_of)),
            "rulebook": self.edition.code,
            "rows": [with_and_without(row_document(row), self.without.get(row.office)) for row in self.rows],
            "pairs": self.pairs(),
            "stale_sources": [silent.to_json() for silent in self.silent],
            "tree": self.tree,
            "changes": list(self.changes),
            "snapshot": None,
        }

    def pairs(self) -> dict[str, Any]:
        """The pairs of these rows that really differ (`checks.pairs`), the better first, the widest gaps named."""
        scores = {row.office: float(row.score) for row in self.rows if row.rank is not None and row.score is not None}
        return pairs_among(scores, {row.office: row.better_than for row in self.rows})

    def to_freeze(self) -> dict[str, Any]:
        """The document with all pairs, for whoever will see only some of the rows.

        `better` holds of every row the places in `rows` of the offices that it is better than.
        """
        places = {row.office: place for place, row in enumerate(self.rows)}
        better = [sorted(places[other] for other in row.better_than if other in places) for row in self.rows]
        return {**self.to_json(), "better": better}


def league(
    db: Database,
    viewer: Viewer,
    rules: Rules,
    *,
    period: str,
    level: str = "station",
    now: dt.datetime,
    as_of: dt.datetime | None = None,
    indicator: str | None = None,
    peer_group: str | None = None,
    refresh: bool = True,
    looked_at: dt.datetime | None = None,
    tree: str = "day",
) -> dict[str, Any]:
    """The league as a document (design §4.1); see `league_table`. A frozen period answers from its snapshot."""
    if as_of is None and rules.foreign is None and tree == "day":
        asked = period_named(period, rules)
        frozen = snapshot_of(db, asked.name)
        if frozen is not None:
            return league_of(frozen, viewer, level, indicator, peer_group)
    found = league_table(
        db, viewer, rules, period=period, level=level, now=now, as_of=as_of, indicator=indicator, peer_group=peer_group,
        refresh=refresh, tree=tree, looked_at=looked_at,
    )  # fmt: skip
    return found.to_json()


def league_table(
    db: Database,
    viewer: Viewer,
    rules: Rules,
    *,
    period: str,
    level: str = "station",
    now: dt.datetime,
    as_of: dt.datetime | None = None,
    indicator: str | None = None,
    peer_group: str | None = None,
    refresh: bool = True,
    looked_at: dt.datetime | None = None,
    tree: str = "day",
) -> League:
    """Every office of the level valid on some day of the period, best first, then those not ranked.

    Without `as_of` the present: the roll-ups are brought up to date first, unless `refresh` is off (a page shows what
    the worker stored, and says of when). With it, judged aside and stored nowhere.
    `looked_at` is the present of whoever reads stored figures that are older: silence is told as of then.
    With `indicator` the score is that one's points alone; with `peer_group` ranks are among the group. Ranks are
    counted over all offices, then rows outside the viewer's offices are left out.
    `tree`: a record counts for the office above it on its own `day`, or on the as-of's (`today`).
    Raises UsageError (period, level, indicator, group), MingchaError when no edition was in force.
    """
    asked = period_named(period, rules)
    edition = edition_of(rules, asked)
    _require_known(level, edition, indicator)
    moment = as_of or now
    stored = as_of is None and rules.foreign is None
    if stored and refresh:
        bring_up_to_date(db, rules, now)
    silent = tuple(silent_sources(db, viewer, rules, as_of=as_of or looked_at or now, period=asked))
    with reader(db, rules.foreign, day_of_tree(tree, moment)) as source:
        leaves = leaves_of(source, rules, asked, edition, moment, stored=stored)
        sums = office_sums(leaves, source.shown, rules, asked)
        ranked = ranked_rows(source.shown, sums, rules, asked, edition, moment, level, indicator, silent)
        if peer_group is not None:
            ranked = of_group(ranked, peer_group)
        changed = changes_in(source.tree, viewer, asked, source.one_day)
        told = tuple(change_document(change, source.tree) for change in changed)
        seen = visible(ranked, source.shown, viewer, asked)
        other = sums_without(source, rules, asked, moment, leaves)
        without = rows_without(source.shown, other, asked, edition, level, indicator) if other else {}
        return League(asked, level, moment, edition, seen, silent, tree, told, without)


def sums_without(
    source: Reader, rules: Rules, period: Period, as_of: dt.datetime, leaves: Leaves,
    offices: frozenset[str] | None = None,
) -> dict[str, OfficeSums] | None:  # fmt: skip
    """What offices add up to had no exclusion been approved (issue 4.8); None where that changes nothing."""
    changed = difference(source, rules, period, as_of, holding(source, microseconds(as_of)), (), offices)
    if changed.is_empty():
        return None
    return office_sums(with_difference(leaves, changed), source.shown, rules, period)


def rows_without(
    tree: Tree, sums: Mapping[str, OfficeSums], period: Period, edition: Edition, level: str,
    indicator: str | None = None,
) -> dict[str, Row]:  # fmt: skip
    """The rows of a level from such sums, by office, not ranked: a rank without exclusions would be no one's."""
    return {
        office.code: row_of(tree, sums.get(office.code) or OfficeSums(), period, edition, office.code, level, indicator)
        for office in tree.rows(level, period)
    }


def ranked_rows(
    tree: Tree,
    sums: Mapping[str, OfficeSums],
    rules: Rules,
    period: Period,
    edition: Edition,
    as_of: dt.datetime,
    level: str,
    indicator: str | None = None,
    silent: Sequence[Silent] = (),
) -> list[Row]:
    """All rows of a level from what the offices add up to: marked, ranked, best first."""
    rows = [
        row_of(tree, sums.get(office.code) or OfficeSums(), period, edition, office.code, level, indicator)
        for office in tree.rows(level, period)
    ]
    mark(rows, edition, rules, silent)
    return standings(rows, period, edition, level, as_of)


def standings(rows: list[Row], period: Period, edition: Edition, level: str, as_of: dt.datetime) -> list[Row]:
    """All rows of a level ranked, best first, with everything that says how sure figures and ranks are."""
    ranked = rank(rows, edition)
    with_certainty(ranked, period, edition, level, as_of)
    with_rank_intervals(ranked, period, *_seed(period, level, edition, as_of))
    with_shrunken(ranked, period)
    with_pairs(ranked, period)
    return ranked


def with_certainty(rows: list[Row], period: Period, edition: Edition, level: str, as_of: dt.datetime) -> None:
    """Sets `low` and `high` of every figure that carries an interval (design §3.3)."""
    with_intervals(rows, period)
    with_bootstrap(rows, *_seed(period, level, edition, as_of))


def _seed(period: Period, level: str, edition: Edition, as_of: dt.datetime) -> tuple[str, ...]:
    """What seeds every random draw (design §3.3), each as it is printed."""
    return period.name, level, edition.code, str(iso_local(to_micros(as_of)))


def period_named(text: str, rules: Rules) -> Period:
    """The period of that name, in the days of the rules' time zone; UsageError shows the known forms."""
    try:
        return parse_period(text, rules.calendar.zone)
    except PeriodError as error:
        raise UsageError(str(error)) from error


def edition_of(rules: Rules, period: Period) -> Edition:
    """The edition in force on the period's last day, which gives weights and grades."""
    edition = scoring_edition(rules.rulebook, period)
    if edition is None:
        first = rules.rulebook.editions[0]
        raise MingchaError(
            f"No edition of rulebook '{rules.rulebook.name}' is in force on {period.last_day}.",
            f"The first one, {first.code}, begins on {first.valid_from}.",
        )
    return edition


def leaves_of(
    source: Reader,
    rules: Rules,
    period: Period,
    edition: Edition,
    as_of: dt.datetime,
    *,
    stored: bool,
    offices: frozenset[str] | None = None,
) -> Leaves:
    """What was counted, from the roll-ups or judged aside; `offices` limits only what is judged aside."""
    if stored:
        return stored_leaves(source, rules, period, edition, as_of)
    return aside_leaves(source, rules, period, edition, as_of, offices)


def _require_known(level: str, edition: Edition, indicator: str | None) -> None:
    if level not in LEVELS:
        raise UsageError(f"There is no level '{level}'.", f"Known are {', '.join(LEVELS)}.")
    codes = [row.code for row in edition.at_level(level)]
    if indicator is not None and indicator not in codes:
        raise UsageError(f"No indicator '{indicator}' at level {level}.", f"Known are {', '.join(codes)}.")


def row_of(
    tree: Tree, sums: OfficeSums, period: Period, edition: Edition, code: str, level: str, indicator: str | None = None
) -> Row:
    """One office's row with its figures and score, not ranked yet."""
    day = tree.last_valid_day(code, period.last_day)
    office = tree.on(code, day)
    for row in edition.at_level(level):
        if row.formula == "per_customers":
            sums.indicators[row.code].denominator = tree.customers(code, day)
    found = Row(
        office=code,
        name=office.name if office else code,
        level=level,
        peer_group=office.peer_group if office else None,
        n=sums.checkable if level == "hall" else sums.records,
        red_lines=sums.red_lines,
        figures=figures_of(edition, level, sums.indicators, period, indicator),
    )
    for figure in found.figures.values():
        if figure.indicator.code in sums.values:
            figure.values = np.array(sums.values[figure.indicator.code])
    compose(found, edition, guarded=indicator is None)
    return found


def of_group(rows: Sequence[Row], peer_group: str) -> list[Row]:
    """The rows of one group, ranked among themselves: rank and interval are those within the group."""
    groups = sorted({row.peer_group for row in rows if row.peer_group})
    if peer_group not in groups:
        guess = nearest(peer_group, groups)
        hint = f"Did you mean '{guess}'?" if guess else f"Known are {', '.join(groups) or 'none'}."
        raise UsageError(f"No office of this level is in peer group '{peer_group}'.", hint)
    members = [row for row in rows if row.peer_group == peer_group]
    for row in members:
        row.rank, row.rank_low, row.rank_high = row.group_rank, row.group_low, row.group_high
    rank_shrunken(members)
    return members


def visible(rows: Iterable[Row], tree: Tree, viewer: Viewer, period: Period) -> list[Row]:
    """The rows of the viewer's offices and everything below them on the period's last day."""
    allowed = visible_offices(tree, viewer, period)
    return [row for row in rows if allowed is None or row.office in allowed]


def row_document(row: Row) -> dict[str, Any]:
    """One row of design §4.1."""
    return {
        "office": row.office,
        "name": row.name,
        "score": published(row.score, 2),
        "rank": row.rank,
        "ranked": row.ranked,
        "reason": row.reason,
        "rank_low": row.rank_low,
        "rank_high": row.rank_high,
        "grade": row.grade,
        "red_line": row.red_lines,
        "n": row.n,
        "available_weight": published(row.available_weight),
        "missing": row.missing,
        "indicators": {code: figure_document(figure) for code, figure in row.figures.items()},
        "peer_group": row.peer_group,
        "group_rank": row.group_rank,
        "group_low": row.group_low,
        "group_high": row.group_high,
        "shrunken_score": published(row.shrunken_score, 2),
        "shrunken_rank": row.shrunken_rank,
        "better_than": len(row.better_than),
        "marks": row.marks,
    }


def with_and_without(document: dict[str, Any], other: Row | None) -> dict[str, Any]:
    """The row with score and rates once more as in `other`, had no exclusion been approved; None: they are the same."""
    document["score_without_exclusions"] = document["score"] if other is None else published(other.score, 2)
    for code, cell in document["indicators"].items():
        numbers = cell if other is None else figure_document(other.figures[code])
        cell["without_exclusions"] = {name: numbers[name] for name in WITHOUT}
    return document


def figure_document(figure: Figure) -> dict[str, Any]:
    """One indicator of a row: six decimals, half up (design §3.2)."""
    sums = figure.sums
    return {
        "numerator": published(sums.numerator),
        "denominator": published(sums.denominator),
        "value": published(figure.value),
        "low": None if figure.low is None else round(figure.low, 6),
        "high": None if figure.high is None else round(figure.high, 6),
        "points": published(figure.points),
        "weight": published(figure.indicator.weight),
        "no_interval": figure.no_interval,
        "shrunken": None if figure.shrunken is None else round(figure.shrunken, 6),
        **{name: getattr(sums, name) for name in COUNTS},
        "marks": figure.marks,
    }

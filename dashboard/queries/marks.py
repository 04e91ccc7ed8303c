"""The rows of a period that carry a mark (有标记的行), for whoever has to sign it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from checks.rulebook.model import LEVELS
from checks.scoring import Row
from dashboard.database import Database
from dashboard.judging.reading import reader
from dashboard.judging.rules import Rules
from dashboard.judging.sums import OfficeSums, office_sums
from dashboard.people import Viewer
from dashboard.queries.league import edition_of, leaves_of, period_named, row_of, visible
from dashboard.queries.staleness import mark, silent_sources


@dataclass(frozen=True, slots=True)
class MarkedRow:
    """An office whose score needs a word beside it. `indicators` are its marked ones that have a weight."""

    level: str
    office: str
    name: str
    marks: tuple[str, ...]
    indicators: tuple[str, ...]


def marked(rows: Iterable[Row]) -> list[MarkedRow]:
    """Those of some rows that carry a mark."""
    return [
        MarkedRow(
            row.level, row.office, row.name, tuple(row.marks),
            tuple(code for code, figure in row.figures.items() if figure.marks and figure.indicator.weight),
        )
        for row in rows if row.marks
    ]  # fmt: skip


def marked_rows(
    db: Database,
    viewer: Viewer,
    rules: Rules,
    *,
    period: str,
    as_of: datetime,
    stored: bool = False,
    levels: Collection[str] = LEVELS,
) -> list[MarkedRow]:
    """The marked rows of a period at `as_of`, level by level, of the offices the viewer may see; [] when none is.

    Judged aside, or (`stored`) from the roll-ups, which must be up to date. Raises as `league_table` does.
    """
    asked = period_named(period, rules)
    edition = edition_of(rules, asked)
    silent = silent_sources(db, viewer, rules, as_of=as_of, period=asked)
    found: list[MarkedRow] = []
    with reader(db, rules.foreign) as source:
        tree = source.tree
        sums = office_sums(leaves_of(source, rules, asked, edition, as_of, stored=stored), tree, rules, asked)
        for level in (one for one in LEVELS if one in levels):
            rows = [
                row_of(tree, sums.get(office.code) or OfficeSums(), asked, edition, office.code, level)
                for office in tree.rows(level, asked)
            ]
            mark(rows, edition, rules, silent)
            found += marked(visible(rows, tree, viewer, asked))
    return found

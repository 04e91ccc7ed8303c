"""`mingcha bench league`: the league from roll-ups over five million records against a fiftieth of them and by hand."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import cast

import polars as pl

from checks.periods import parse_period
from dashboard.bench.judge import CHANGED, NOW, Changes, fill
from dashboard.bench.timing import machine, paired, report
from dashboard.database import Database
from dashboard.database.migrate import migrate
from dashboard.judging.present import bring_up_to_date
from dashboard.judging.reading import reader
from dashboard.judging.rules import Rules, rules_of
from dashboard.judging.sums import OfficeSums, office_sums, stored_leaves
from dashboard.people import system_viewer
from dashboard.queries.league import edition_of, league
from dashboard.settings import Settings

MANY, FEW = 5_000_000, 100_000
ROUNDS = 20
ABOVE = """
WITH RECURSIVE above(office_code, ancestor) AS (
    SELECT code, code FROM offices
    UNION SELECT above.office_code, offices.parent_code FROM above JOIN offices ON offices.code = above.ancestor
    WHERE offices.parent_code IS NOT NULL
)
"""
BY_HAND = (
    ABOVE
    + """SELECT ancestor, indicator, SUM(numerator) AS numerator, SUM(denominator) AS denominator, SUM(pending),
    SUM(unjudgeable), SUM(excluded), SUM(provisional), SUM(to_the_minute)
    FROM rollup_months JOIN above USING (office_code) WHERE month IN ('2026-07', '2026-08', '2026-09')
    GROUP BY ancestor, indicator""",
    ABOVE
    + """SELECT ancestor, SUM(MAX(0, 100 - deductions)), COUNT(*) FROM hall_months
    JOIN above ON above.office_code = hall_code WHERE month IN ('2026-07', '2026-08', '2026-09') GROUP BY ancestor""",
    ABOVE
    + """SELECT ancestor, indicator, SUM(CAST(numerator AS REAL)), SUM(CAST(denominator AS REAL)) FROM measures
    JOIN above USING (office_code) WHERE period IN ('2026-07', '2026-08', '2026-09') GROUP BY ancestor, indicator""",
    ABOVE
    + """SELECT ancestor, COUNT(*) FROM inspections JOIN above ON above.office_code = hall_code
    WHERE result = 'violation' AND item_code IN ('R01', 'B09', 'B10') AND at >= 1782835200000000
    AND at < 1790784000000000 GROUP BY ancestor""",
    ABOVE
    + """SELECT ancestor, COUNT(*) FROM findings JOIN reviews ON reviews.finding_id = findings.id
    JOIN above ON above.office_code = hall_code WHERE decision = 'confirmed' AND observed_at >= 1782835200000000
    AND observed_at < 1790784000000000 GROUP BY ancestor""",
)
"""What a row of the league is summed from: clocks and counts, halls, measures, red lines of sheets and of reviews."""


def run(*, size: int | None, pairs: int) -> None:
    """Over `size` tickets (default five million) and a fiftieth: the league, its sums by hand, 1,000 changes."""
    many = size or MANY
    few = many * FEW // MANY
    rules = rules_of(Settings())
    with tempfile.TemporaryDirectory() as folder:
        large, small = (judged_company(Path(folder) / f"{records}.db", records, rules) for records in (many, few))
        print(f"league: {many:,} against {few:,} tickets; {machine()}")
        pair = paired(lambda: _ask(large, rules), lambda: _ask(small, rules), pairs=pairs)
        report(f"{ROUNDS} leagues over {many:,} ÷ over {few:,}", pair.cost, "<= 1.5", pair)
        _same_sums(large, rules)
        pair = paired(lambda: _often(_sums, large, rules), lambda: _often(_by_hand, large), pairs=pairs)
        report(f"{ROUNDS} × the league's sums from roll-ups ÷ the same queries by hand", pair.cost, "<= 2", pair)
        ours, theirs = Changes(large, rules, many), Changes(small, rules, few)
        pair = paired(ours.judge, theirs.judge, pairs=pairs, before_ours=ours.make, before_baseline=theirs.make)
        report(f"judge, roll up and score {CHANGED:,} changed of {many:,} ÷ of {few:,}", pair.cost, "<= 1.5", pair)
        for db in (large, small):
            db.engine.dispose()


def judged_company(path: Path, records: int, rules: Rules) -> Database:
    db = Database(f"sqlite:///{path}")
    migrate(db)
    fill(db, records)
    bring_up_to_date(db, rules, NOW)
    return db


def _ask(db: Database, rules: Rules) -> None:
    for _ in range(ROUNDS):
        league(db, system_viewer(), rules, period="2026-Q3", now=NOW)


def _often(ask: Callable[..., object], *arguments: object) -> None:
    for _ in range(ROUNDS):
        ask(*arguments)


def _sums(db: Database, rules: Rules) -> dict[str, OfficeSums]:
    """What every station adds up to, as the league asks for it (a fresh connection, as each page has)."""
    asked = parse_period("2026-Q3")
    with reader(db) as source:
        leaves = stored_leaves(source, rules, asked, edition_of(rules, asked), NOW)
        return office_sums(leaves, source.tree, rules, asked)


def _by_hand(db: Database) -> pl.DataFrame:
    """The same as a person would write it for the months of one quarter and a tree that never changes."""
    with reader(db) as source, source.connection.cursor() as cursor:
        found = []
        for query in BY_HAND:
            cursor.execute(query)
            found.append(cast(pl.DataFrame, pl.from_arrow(cursor.fetch_arrow_table())))
        return found[0]


def _same_sums(db: Database, rules: Rules) -> None:
    """Both must say the same before they are timed."""
    ours = _sums(db, rules)
    for row in _by_hand(db).filter(pl.col("indicator").is_in(["T1", "T2", "T3"])).iter_rows(named=True):
        found = ours[row["ancestor"]].indicators[row["indicator"]]
        if (found.numerator, found.denominator) != (row["numerator"], row["denominator"]):
            raise AssertionError(f"{row} by hand, {found} by the league")

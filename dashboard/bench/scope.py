"""`mingcha bench scope`: what asking for one's own offices costs the league, beside asking for the whole company.

Two questions, each a pair over the same database. A person whose offices are named one by one until they are all of
them: nothing is left out, so that the filter alone is what differs. And a person of every second office: the filter
leaves less to add up, and must not cost more than that saves.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from dashboard.bench.judge import NOW
from dashboard.bench.league import MANY, ROUNDS, judged_company
from dashboard.bench.timing import machine, paired, report
from dashboard.database import Database
from dashboard.judging.rules import Rules, rules_of
from dashboard.people import Viewer, system_viewer
from dashboard.queries.league import league
from dashboard.queries.offices import visible_tree
from dashboard.settings import Settings


def run(*, size: int | None, pairs: int) -> None:
    """Over `size` tickets (default a tenth of the five million of `bench league`)."""
    records = size or MANY // 10
    rules = rules_of(Settings())
    with tempfile.TemporaryDirectory() as folder:
        db = judged_company(Path(folder) / "scope.db", records, rules)
        whole = system_viewer()
        offices = sorted(visible_tree(db, whole).offices)
        each, half = (Viewer("bench", "auditor", frozenset(codes)) for codes in (offices, offices[::2]))
        print(f"scope: {records:,} tickets, {len(offices)} offices; {machine()}")
        _same_rows(db, rules, whole, each)
        pair = paired(lambda: _ask(db, rules, each), lambda: _ask(db, rules, whole), pairs=pairs)
        report(f"{ROUNDS} leagues of every office by its name ÷ of the whole company", pair.cost, "<= 1.1", pair)
        pair = paired(lambda: _ask(db, rules, half), lambda: _ask(db, rules, whole), pairs=pairs)
        report(f"{ROUNDS} leagues of every second office ÷ of the whole company", pair.cost, "<= 1.1", pair)
        db.engine.dispose()


def _ask(db: Database, rules: Rules, viewer: Viewer) -> None:
    for _ in range(ROUNDS):
        league(db, viewer, rules, period="2026-Q3", now=NOW)


def _same_rows(db: Database, rules: Rules, whole: Viewer, each: Viewer) -> None:
    """Who sees every office must read what who sees everything reads, or the pair compares two questions."""
    one, other = (league(db, who, rules, period="2026-Q3", now=NOW)["rows"] for who in (whole, each))
    if one != other or not one:
        raise AssertionError(f"{len(one)} rows for the whole company, {len(other)} for all of its offices.")

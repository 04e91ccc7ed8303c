"""`mingcha bench league`: the league from roll-ups, over two million records and over a hundred thousand."""

from __future__ import annotations

import tempfile
from pathlib import Path

from dashboard.bench.judge import NOW, fill
from dashboard.bench.timing import machine, paired, report
from dashboard.database import Database
from dashboard.database.migrate import migrate
from dashboard.judging.present import bring_up_to_date
from dashboard.judging.rules import Rules, rules_of
from dashboard.people import system_viewer
from dashboard.queries.league import league
from dashboard.settings import Settings

MANY, FEW = 2_000_000, 100_000
ROUNDS = 20


def run(*, size: int | None, pairs: int) -> None:
    """The same league over `size` (default two million) and over a twentieth of that."""
    many = size or MANY
    few = many * FEW // MANY
    rules = rules_of(Settings())
    with tempfile.TemporaryDirectory() as folder:
        large, small = (_judged(Path(folder) / f"{records}.db", records, rules) for records in (many, few))
        print(f"league: {many:,} against {few:,} tickets; {machine()}")
        pair = paired(lambda: _ask(large, rules), lambda: _ask(small, rules), pairs=pairs)
        report(f"{ROUNDS} leagues over {many:,} ÷ over {few:,}", pair.cost, "<= 1.5", pair)
        for db in (large, small):
            db.engine.dispose()


def _judged(path: Path, records: int, rules: Rules) -> Database:
    db = Database(f"sqlite:///{path}")
    migrate(db)
    fill(db, records)
    bring_up_to_date(db, rules, NOW)
    return db


def _ask(db: Database, rules: Rules) -> None:
    for _ in range(ROUNDS):
        league(db, system_viewer(), rules, period="2026-Q3", now=NOW)

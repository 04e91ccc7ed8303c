"""A sandbox beside the real league: exact parts, seeded spreads, and no way from it into anything that is kept."""

from __future__ import annotations

import ast
import datetime as dt
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from checks.errors import RuleError
from checks.rulebook.loader import load_rulebook
from checks.sandbox import Change, tried
from dashboard.database import Database
from dashboard.database.models import BATCHES, METADATA, RECORD_TABLES
from dashboard.errors import MingchaError
from dashboard.judging.present import bring_up_to_date
from dashboard.judging.rules import Rules, rules_of
from dashboard.people import Viewer, system_viewer
from dashboard.queries.league import league
from dashboard.queries.what_if import Sandbox, what_if
from dashboard.settings import Settings

ROOT = Path(__file__).parents[2]
RULES = rules_of(Settings())
SYSTEM = system_viewer()
NOW = dt.datetime(2026, 10, 11, tzinfo=dt.UTC)
MINUTE, DAY = 60_000_000, 86_400_000_000
NOON = int(dt.datetime(2026, 7, 6, 4, tzinfo=dt.UTC).timestamp()) * 1_000_000
STORED = {"version_at": 0, "content_hash": 0, "batch_id": 1, "row_no": 1}
BOOK = load_rulebook()
EDITION = BOOK.editions[-1]


def put(db: Database, record: str, *rows: dict[str, Any]) -> None:
    with db.session() as session:
        names = {name for row in rows for name in row}
        session.execute(sa.insert(RECORD_TABLES[record]), [{**STORED, **dict.fromkeys(names), **row} for row in rows])


def repairs(office: str, minutes: list[int], hours: int) -> list[dict[str, Any]]:
    return [
        {"system": "desk", "repair_no": f"{office}-{n}", "office_code": office, "accepted_at": NOON + n * DAY,
         "arrived_at": NOON + n * DAY + m * MINUTE, "restored_at": NOON + n * DAY + (m + hours * 60) * MINUTE}
        for n, m in enumerate(minutes)
    ]  # fmt: skip


@pytest.fixture
def db(database: Database) -> Database:
    """S1 arrives in 50 minutes (late by 45) and restores in one hour; S2 arrives in 10 and restores in five (late)."""
    office = {"valid_from": "0001-01-01", "area": "urban", "level": "station"}
    put(database, "offices", {**office, "code": "S1", "name": "一所"}, {**office, "code": "S2", "name": "二所"},
        {**office, "code": "S3", "name": "三所"})  # fmt: skip
    put(database, "repairs", *repairs("S1", [50] * 12, 1), *repairs("S2", [10] * 12, 5), *repairs("S3", [20] * 12, 1))
    with database.session() as session:
        session.execute(sa.insert(BATCHES), [{"id": 1, "source": "x", "record": "repairs", "state": "done",
                                              "started_at": 0, "by": "x"}])  # fmt: skip
    bring_up_to_date(database, narrow(), NOW)
    return database


def narrow() -> Rules:
    """The company's rules, ranking rows also where half of the weight has no value."""
    guards = EDITION.guards.model_copy(update={"min_weight_share": Fraction(0)})
    editions = tuple(edition.model_copy(update={"guards": guards}) for edition in RULES.rulebook.editions)
    return Rules(type(RULES.rulebook)(RULES.rulebook.name, editions, RULES.rulebook.sheet, "narrow"), RULES.calendar,
                 RULES.slots)  # fmt: skip


def try_out(db: Database, viewer: Viewer = SYSTEM, **change: Any) -> Sandbox:
    return what_if(db, viewer, narrow(), Change(**change), period="2026-Q3", level="station", now=NOW)


def ranks(found: Sandbox) -> dict[str, tuple[int | None, int | None]]:
    return {row.after.office: (row.before.rank, row.after.rank) for row in found.rows}


def everything(db: Database) -> dict[str, list[Any]]:
    with db.reading() as connection:
        return {
            name: sorted(map(repr, connection.execute(sa.select(table)))) for name, table in METADATA.tables.items()
        }


def test_without_a_change_nothing_moves_and_the_scores_are_the_leagues(db: Database) -> None:
    found = try_out(db)
    assert {row.places for row in found.rows} == {0}
    real = league(db, SYSTEM, narrow(), period="2026-Q3", now=NOW)["rows"]
    assert [(row.after.office, float(row.after.score or 0)) for row in found.rows] == [
        (row["office"], row["score"]) for row in real
    ]
    assert all(row.parts == () for row in found.rows)


def test_a_weight_moves_those_whose_indicator_it_is_and_the_parts_add_up(db: Database) -> None:
    # R1 12, R2 6, R3 3: S1 has R2 only, S2 has R1 and R3, so S2 leads; with R2 at 60 S1 passes it
    found = try_out(db, weights={"R2": Fraction(60)})
    assert ranks(found) == {"S3": (1, 1), "S1": (3, 2), "S2": (2, 3)}
    for row in found.rows:
        difference = (row.after.exact_score or 0) - (row.before.exact_score or 0)
        assert sum((part for _, part in row.parts), Fraction(0)) == difference
    first = next(row for row in found.rows if row.after.office == "S1")
    assert first.parts[0][0] == "R2"
    assert first.places == 1


def test_floors_and_targets_move_scores_too(db: Database) -> None:
    before = {row.after.office: row.before.exact_score for row in try_out(db).rows}
    found = try_out(db, floors={"R3": Fraction(2)}, targets={"R3": Fraction(1)})
    after = {row.after.office: row.after.exact_score for row in found.rows}
    # S1's ratio is 50 ÷ 45 = 10/9: nearly target, where it was a little under the floor of 1.2 before
    was = (Fraction(12, 10) - Fraction(10, 9)) / Fraction(6, 10)
    assert after["S1"] - before["S1"] == Fraction(100 * 3, 21) * (Fraction(8, 9) - was)
    assert after["S2"] == before["S2"]


def test_a_limit_is_judged_again_aside(db: Database) -> None:
    found = try_out(db, limits={"arrival.promise.urban": 60})
    first = next(row for row in found.rows if row.after.office == "S1")
    assert first.before.figures["R1"].sums.numerator == 0
    assert first.after.figures["R1"].sums.numerator == 12
    assert ranks(found) == {"S3": (1, 1), "S1": (3, 2), "S2": (2, 3)}  # all in time now; S3 is quicker still
    assert found.to_json()["sandbox"] is True


def test_ranks_under_drawn_weights_are_seeded_and_hold_the_rank_of_the_chosen_ones(db: Database) -> None:
    first, again = try_out(db, weights={"R2": Fraction(9)}), try_out(db, weights={"R2": Fraction(9)})
    assert [row.spread for row in first.rows] == [row.spread for row in again.rows]
    for row in first.rows:
        assert row.spread is not None
        assert row.spread.low <= (row.after.rank or 0) <= row.spread.high
    widths = {row.after.office: row.spread.high - row.spread.low for row in first.rows if row.spread}
    assert widths["S3"] == 0  # first by every indicator, whatever the weights
    assert widths["S1"] == widths["S2"] == 1  # which of the two is second depends on the weights alone


def test_nothing_is_stored_whatever_is_tried(db: Database) -> None:
    before = everything(db)
    try_out(db, weights={"R1": Fraction(1)}, limits={"arrival.promise.urban": 60})
    assert everything(db) == before


def test_tried_rules_are_refused_by_everything_that_stores(db: Database) -> None:
    rules = Rules(tried(BOOK, EDITION, Change(weights={"R1": Fraction(1)})), RULES.calendar, RULES.slots)
    with pytest.raises(MingchaError, match="only tried out are never stored"):
        bring_up_to_date(db, rules, NOW)


def test_no_path_leads_from_the_sandbox_to_a_freeze_or_an_export() -> None:
    """Who freezes, publishes or exports imports nothing of the sandbox, and the sandbox nothing that writes."""
    folders = [ROOT / "dashboard" / name for name in ("freezing", "exports", "actions", "worker")]
    keeping = [path for folder in folders for path in folder.rglob("*.py")]
    assert len(keeping) > 10
    for path in keeping:
        assert not {name for name in imported(path) if "sandbox" in name or "what_if" in name}, path
    writing = ("dashboard.actions", "dashboard.freezing", "dashboard.exports", "dashboard.judging.present")
    for path in ("checks/sandbox.py", "dashboard/queries/what_if.py", "pages/what_if.py"):
        assert not {name for name in imported(ROOT / path) if name.startswith(writing)}, path
    assert "download" not in (ROOT / "pages" / "what_if.py").read_text(encoding="utf-8")


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_a_person_tries_with_their_own_offices_and_the_ranks_of_all(db: Database) -> None:
    head = Viewer("head", "office_head", frozenset({"S1"}))
    assert ranks(try_out(db, head, weights={"R2": Fraction(60)})) == {"S1": (3, 2)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": {"R9": Fraction(1)}}, "There is no indicator 'R9'"),
        ({"weights": {"R1": Fraction(-1)}}, "a weight is not negative"),
        ({"weights": {i.code: Fraction(0) for i in EDITION.indicators}}, "All weights are 0"),
        ({"floors": {"R1": Fraction(1)}}, "Floor and target of R1 are both 1"),
        ({"limits": {"arival.promise.urban": 1}}, "Did you mean 'arrival.promise.urban'"),
        ({"limits": {"arrival.promise.urban": 0}}, "a limit is a whole number above 0"),
    ],
)
def test_a_change_that_cannot_be_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(RuleError, match=message):
        tried(BOOK, EDITION, Change(**change))

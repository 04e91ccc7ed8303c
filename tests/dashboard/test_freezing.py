"""Freezing a period: two people, one digest, the same bytes from the same data, and answers that never change."""

from __future__ import annotations

import datetime as dt
import io
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa

from checks.exclusions import Filing
from collectors.mapping import SpreadsheetConfig, parse_config
from dashboard.actions import exclusions, freezing
from dashboard.bootstrap import Application
from dashboard.database import Database
from dashboard.database.migrate import migrate
from dashboard.database.models import FREEZE_EVENTS, FROZEN_PARTS, QUARANTINE
from dashboard.errors import MingchaError, NotAllowedError, UsageError
from dashboard.exports.workbook import quarter_workbook
from dashboard.freezing.chain import verify_chain
from dashboard.freezing.scoring import scoring
from dashboard.instants import to_micros
from dashboard.intake import import_file
from dashboard.judging.rules import rules_of
from dashboard.people import Viewer, system_viewer
from dashboard.queries.explain import explain
from dashboard.queries.league import league
from dashboard.queries.movement import movement
from dashboard.queries.records import records
from dashboard.settings import Settings
from dashboard.texts import set_language
from tests.journeys.company import write_files

PERIOD = "2026-Q3"
RULES = rules_of(Settings())
SYSTEM = system_viewer()
FIRST = Viewer("秦怀瑾", "evaluator", frozenset({"*"}))
SECOND = Viewer("沈岚", "inspector", frozenset({"*"}))
HEAD = Viewer("许立", "office_head", frozenset({"990102"}))
ARRIVED = dt.datetime(2026, 10, 2, tzinfo=dt.UTC)
AS_OF = dt.datetime(2026, 10, 10, 16, tzinfo=dt.UTC)
"""The end of the quarter in Shanghai and ten days of grace."""
NOW = AS_OF + dt.timedelta(days=2)
LATE = "repair_no,office_code,customer_no,accepted_at,arrived_at,restored_at\n" + (
    "XB-001,990102,990102001,2026-07-01 09:00:00,2026-07-01 09:30:00,2026-07-01 11:30:00\n"
)
"""A correction: the worst office's first repair was on time after all."""


def imported(db: Database, folder: Path, record: str, path: Path) -> None:
    config = parse_config(SpreadsheetConfig, {"name": record, "record": record}, "the test company")
    import_file(db, by=SYSTEM, path=path, config=config, now=ARRIVED)


def filled(db: Database, folder: Path, *, backwards: bool = False) -> Application:
    folder.mkdir(parents=True, exist_ok=True)
    files = write_files(folder)
    first = [file for file in files if file[0] == "offices"]
    others = [file for file in files if file[0] != "offices"]
    for record, path in [*first, *(reversed(others) if backwards else others)]:
        imported(db, folder, record, path)
    return Application(Settings(), db, SYSTEM, now=lambda: NOW)


@pytest.fixture
def app(database: Database, tmp_path: Path) -> Application:
    return filled(database, tmp_path / "in")


@pytest.fixture(scope="module")
def filled_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("filled")
    db = Database(f"sqlite:///{folder / 'mingcha.db'}")
    migrate(db)
    filled(db, folder / "in")
    db.engine.dispose()
    return folder / "mingcha.db"


@pytest.fixture
def small(filled_file: Path, tmp_path: Path) -> Iterator[Application]:
    """The same where the kind of database cannot matter."""
    shutil.copy(filled_file, tmp_path / "mingcha.db")
    db = Database(f"sqlite:///{tmp_path / 'mingcha.db'}")
    yield Application(Settings(), db, SYSTEM, now=lambda: NOW)
    db.engine.dispose()


def corrected(app: Application, folder: Path) -> None:
    path = folder / "late.csv"
    path.write_text(LATE, encoding="utf-8")
    imported(app.db, folder, "repairs", path)


def frozen(app: Application, reason: str | None = "一行无此单位，已核实不属本公司") -> dict[str, Any]:
    done = freezing.propose(app, by=FIRST, period=PERIOD, reason=reason)
    return freezing.publish(app, by=SECOND, period=PERIOD, digest=done["digest"])


def answers(app: Application, **asked: Any) -> dict[str, Any]:
    """Everything the live queries say of the period, without what names the snapshot and the moment."""
    common = {"period": PERIOD, "now": NOW, **asked}
    told = {
        **{level: league(app.db, SYSTEM, RULES, level=level, **common) for level in ("county", "station", "hall")},
        "R1": league(app.db, SYSTEM, RULES, indicator="R1", **common),
        "group": league(app.db, SYSTEM, RULES, peer_group="农网", **common),
        **{office: explain(app.db, SYSTEM, RULES, office=office, **common) for office in ("99", "990102", "H0201")},
        **{record: records(app.db, SYSTEM, RULES, record=record, **common)
           for record in ("tickets", "repairs", "samples")},
        "late": records(app.db, SYSTEM, RULES, record="repairs", verdict="late", indicator="R1", office="9901",
                        limit=5, offset=2, **common),
    }  # fmt: skip
    for document in told.values():
        document.pop("snapshot")
        if "total" in document:  # rows of one moment stand in the order of the database, or of their numbers
            rows = [{name: value for name, value in row.items() if name != "system"} for row in document["rows"]]
            document["rows"] = sorted(rows, key=lambda row: row["number"])
    return told


def test_a_frozen_period_answers_exactly_what_was_scored_and_says_by_which_snapshot(app: Application) -> None:
    live = answers(app, as_of=AS_OF)
    done = frozen(app)
    assert answers(app) == live
    assert league(app.db, SYSTEM, RULES, period=PERIOD, now=NOW)["snapshot"] == done["digest"]
    assert explain(app.db, SYSTEM, RULES, office="990102", period=PERIOD, now=NOW)["snapshot"] == done["digest"]
    assert league(app.db, SYSTEM, RULES, period=PERIOD, now=NOW, as_of=NOW)["snapshot"] is None
    assert league(app.db, SYSTEM, RULES, period="2026-07", now=NOW)["snapshot"] is None
    assert verify_chain(app.db)[1] == []


def test_what_comes_later_changes_nothing_frozen(app: Application, tmp_path: Path) -> None:
    """Domain §9, 27 and 52."""
    before = frozen(app) and answers(app)
    corrected(app, tmp_path)
    assert answers(app) == before
    live = league(app.db, SYSTEM, RULES, period=PERIOD, now=NOW, as_of=NOW, indicator="R1")
    west = next(row for row in live["rows"] if row["office"] == "990102")["indicators"]["R1"]
    assert (west["numerator"], west["denominator"]) == (31, 49)
    stored = next(row for row in before["R1"]["rows"] if row["office"] == "990102")["indicators"]["R1"]
    assert (stored["numerator"], stored["denominator"]) == (30, 49)


def test_a_move_since_a_frozen_period_tells_what_late_data_did(small: Application, tmp_path: Path) -> None:
    frozen(small)
    published = {row["office"]: row for row in league(small.db, SYSTEM, RULES, period=PERIOD, now=NOW)["rows"]}
    corrected(small, tmp_path)
    live = {row["office"]: row for row in league(small.db, SYSTEM, RULES, period=PERIOD, now=NOW, as_of=NOW)["rows"]}
    document = movement(small.db, SYSTEM, RULES, period="2026-Q4", before=PERIOD, now=NOW)
    assert document["frozen"]
    same = movement(small.db, SYSTEM, RULES, period=PERIOD, before=PERIOD, now=NOW)
    found = {row["office"]: row for row in same["rows"] if row["rank"] is not None}
    for code, row in found.items():
        assert (row["rank_before"], row["rank"]) == (published[code]["rank"], published[code]["rank"])
        assert row["late_data"] == live[code]["rank"] - published[code]["rank"]
        assert row["late_data"] + row["rules"] + row["own"] + row["peers"] == 0
        assert row["score_late_data"] == round(live[code]["score"] - published[code]["score"], 2)
    # R1 stays below its floor; of the 18 that are still late nine were reported as in time, not nine of 19 (R5)
    assert found["990102"]["score_late_data"] == -0.06


def test_trap_27_a_correction_stands_beside_the_frozen_period(small: Application, tmp_path: Path) -> None:
    """Domain §9, 27: scores of a frozen quarter change only by a correction that shows both."""
    frozen(small)
    with pytest.raises(MingchaError, match="Nothing changed since"):
        freezing.propose_restatement(small, by=FIRST, period=PERIOD, reason="x")
    before = answers(small)
    corrected(small, tmp_path)
    flipped = tmp_path / "tickets.csv"
    flipped.write_text("ticket_no,type,office_code,accepted_at,substantiated\n"
                       "C-XB-01,complaint,990102,2026-07-06 10:00:00,no\n", encoding="utf-8")  # fmt: skip
    imported(small.db, tmp_path, "tickets", flipped)
    with pytest.raises(UsageError, match="Say why"):
        freezing.propose_restatement(small, by=FIRST, period=PERIOD, reason=" ")
    told = freezing.propose_restatement(small, by=FIRST, period=PERIOD, reason="申诉后改判")
    assert {(one["what"], one["count"]) for one in told["why"]} == {("repairs", 1), ("tickets", 1)}
    west = next(row for row in told["rows"] if row["office"] == "990102")
    changes = {one["code"]: one for one in west["indicators"]}
    assert changes["R1"]["numerator"] == [30, 31]
    assert {"record": "repairs", "number": "XB-001", "before": "too_late", "after": "in_time"} in changes["R1"][
        "records"
    ]
    assert changes["T4"]["records"] == [
        {"record": "tickets", "number": "C-XB-01", "before": "substantiated", "after": "not_substantiated"}
    ]
    for row in told["rows"]:
        assert round(sum(one["change"] for one in row["indicators"]), 2) == row["change"]
        assert row["change"] == round(row["score"][1] - row["score"][0], 2)
    with pytest.raises(NotAllowedError, match="proposed this restatement"):
        freezing.approve_restatement(small, by=FIRST, period=PERIOD, digest=told["digest"])
    done = freezing.approve_restatement(small, by=SECOND, period=PERIOD, digest=told["digest"])
    assert done["rows"] == told["rows"]
    assert answers(small) == before
    assert verify_chain(small.db)[1] == []


def test_an_exclusion_approved_later_is_a_correction_too(small: Application) -> None:
    frozen(small)
    since = to_micros(dt.datetime(2026, 6, 30, 16, tzinfo=dt.UTC))
    filing = Filing(("990102",), ("repairs",), since, since + 86_400_000_000, "drill", "演练方案")
    number = exclusions.file_exclusion(small.db, by=FIRST, filing=filing, at=NOW)
    exclusions.approve_exclusion(small.db, by=SECOND, number=number, at=NOW)
    told = freezing.difference(small, SYSTEM, PERIOD)
    west = next(row for row in told["rows"] if row["office"] == "990102")
    r1 = next(one for one in west["indicators"] if one["code"] == "R1")
    assert (r1["denominator"], r1["records"][0]["after"]) == ([49, 48], "filed")
    assert [one["what"] for one in told["why"]] == ["decisions"]


def test_two_moments_differ_by_what_happened_between_them(small: Application) -> None:
    early = dt.datetime(2026, 9, 30, 2, tzinfo=dt.UTC)  # ten o'clock: the last repair still has half an hour
    told = freezing.difference(small, SYSTEM, PERIOD, early, early + dt.timedelta(hours=1))
    east = next(row for row in told["rows"] if row["office"] == "990101")
    r1 = next(one for one in east["indicators"] if one["code"] == "R1")
    assert r1["records"] == [{"record": "repairs", "number": "DH-040", "before": "running", "after": "not_done"}]
    with pytest.raises(NotAllowedError):
        freezing.difference(small, HEAD, PERIOD, early)
    with pytest.raises(UsageError, match="is not frozen"):
        freezing.difference(small, SYSTEM, PERIOD)


def test_a_person_sees_of_a_snapshot_what_is_theirs(small: Application) -> None:
    frozen(small)
    rows = league(small.db, HEAD, RULES, period=PERIOD, now=NOW)["rows"]
    assert [row["office"] for row in rows] == ["990102"]
    mine = records(small.db, HEAD, RULES, record="repairs", period=PERIOD, now=NOW)
    assert mine["total"] == 49
    with pytest.raises(NotAllowedError):
        explain(small.db, HEAD, RULES, office="990101", period=PERIOD, now=NOW)


def test_trap_52_the_same_data_give_the_same_bytes_on_any_database_in_any_order(
    app: Application, tmp_path: Path
) -> None:
    """Domain §9, 52: a snapshot pins inputs, weights, calendar and version, so that a dispute can be replayed."""
    other = Database(f"sqlite:///{tmp_path / 'other.db'}")
    migrate(other)
    set_language("en")  # neither the language of the person nor the order of import is in it
    try:
        again = filled(other, tmp_path / "other", backwards=True)
        one, two = scoring(app, PERIOD, AS_OF), scoring(again, PERIOD, AS_OF)
    finally:
        set_language("zh")
        other.engine.dispose()
    assert one.header == two.header
    assert one.digest == two.digest
    assert {name: part.packed for name, part in one.parts.items()} == {n: p.packed for n, p in two.parts.items()}
    assert {"rulebook", "calendar", "program", "judges", "slots", "as_of"} < set(one.header)


def test_two_people_are_needed_and_only_what_was_proposed_is_published(small: Application, tmp_path: Path) -> None:
    for nobody in (SYSTEM, HEAD, SECOND):
        with pytest.raises(NotAllowedError):
            freezing.propose(small, by=nobody, period=PERIOD)
    done = freezing.propose(small, by=FIRST, period=PERIOD, reason="已核实")
    with pytest.raises(NotAllowedError, match="proposed this freeze"):
        freezing.publish(small, by=FIRST, period=PERIOD, digest=done["digest"])
    with pytest.raises(NotAllowedError, match="'system' may not"):
        freezing.publish(small, by=SYSTEM, period=PERIOD, digest=done["digest"])
    with pytest.raises(UsageError, match="No proposal of 2026-Q3 has the digest"):
        freezing.publish(small, by=SECOND, period=PERIOD, digest="0" * 64)
    corrected(small, tmp_path)
    with pytest.raises(MingchaError, match=r"repairs: 1 \(.* XB-001\)"):
        freezing.publish(small, by=SECOND, period=PERIOD, digest=done["digest"])
    second = freezing.propose(small, by=FIRST, period=PERIOD, reason="已核实")
    assert freezing.publish(small, by=SECOND, period=PERIOD, digest=second["digest"][:12])["state"] == "published"
    with pytest.raises(MingchaError, match="never changes"):
        freezing.propose(small, by=FIRST, period=PERIOD)


def test_before_the_grace_is_over_nothing_is_frozen(small: Application) -> None:
    early = Application(Settings(), small.db, SYSTEM, now=lambda: AS_OF - dt.timedelta(seconds=1))
    with pytest.raises(MingchaError, match="cannot be frozen before 2026-10-11 00:00"):
        freezing.propose(early, by=FIRST, period=PERIOD)


def test_what_is_not_in_order_needs_a_written_reason(small: Application) -> None:
    done = freezing.propose(small, by=FIRST, period=PERIOD)
    unmet = {one["code"]: one["open"] for one in done["checklist"] if not one["met"]}
    assert unmet == {"quarantine_empty": 1}
    with pytest.raises(MingchaError, match="quarantine_empty 1"):
        freezing.publish(small, by=SECOND, period=PERIOD, digest=done["digest"])
    done = freezing.publish(small, by=SECOND, period=PERIOD, digest=done["digest"], reason="该行不属本公司")
    assert done["state"] == "published"


def test_a_period_with_provisional_records_cannot_be_published(small: Application, tmp_path: Path) -> None:
    """Its deadline lies beyond the published calendar (design §3): no reason is enough."""
    path = tmp_path / "tickets.csv"
    path.write_text("ticket_no,type,office_code,accepted_at,replied_at\n"
                    "P-1,complaint,990101,2026-12-30 09:00:00,2027-01-04 09:00:00\n", encoding="utf-8")  # fmt: skip
    imported(small.db, tmp_path, "tickets", path)
    later = Application(Settings(), small.db, SYSTEM, now=lambda: dt.datetime(2027, 2, 1, tzinfo=dt.UTC))
    done = freezing.propose(later, by=FIRST, period="2026-Q4", reason="x")
    with pytest.raises(MingchaError, match=r"no_provisional 1 .*tickets P-1"):
        freezing.publish(later, by=SECOND, period="2026-Q4", digest=done["digest"], reason="x")


def test_the_workbook_of_a_frozen_period_comes_from_the_snapshot(small: Application, tmp_path: Path) -> None:
    before = quarter_workbook(small, SYSTEM, PERIOD, AS_OF)
    done = frozen(small)
    corrected(small, tmp_path)
    after = quarter_workbook(small, SYSTEM, PERIOD)
    one, two = (openpyxl.load_workbook(io.BytesIO(content)) for content in (before, after))
    assert one.sheetnames == two.sheetnames
    for name in one.sheetnames[:5]:
        cells = [list(sheet.iter_rows(values_only=True)) for sheet in (one[name], two[name])]
        assert _figures(cells[0]) == _figures(cells[1])
    told = {cell for row in two[two.sheetnames[-1]].iter_rows(values_only=True) for cell in row}
    assert {done["digest"], RULES.rulebook.digest, RULES.calendar.digest, "0.1.0"} <= told


def _figures(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [row for row in rows if sum(isinstance(cell, int | float) for cell in row) > 2]


def test_the_database_refuses_to_change_or_delete_what_is_frozen(app: Application) -> None:
    frozen(app)
    for table in (FREEZE_EVENTS, FROZEN_PARTS):
        column = next(iter(table.c))
        for statement in (sa.update(table).values({column.name: column}), sa.delete(table)):
            refused = pytest.raises((sa.exc.DBAPIError, MingchaError), match="never changed or deleted")
            with refused, app.db.session() as session:
                session.execute(statement)


def test_verify_finds_what_was_changed_behind_its_back(small: Application) -> None:
    frozen(small)
    with sqlite3.connect(small.db.path) as connection:  # as somebody with the file in hands
        connection.execute("DROP TRIGGER freeze_events_no_update")
        connection.execute("DROP TRIGGER frozen_parts_no_update")
        connection.execute("DROP TRIGGER frozen_parts_no_delete")
        connection.execute("UPDATE freeze_events SET reason = 'x' WHERE action = 'published'")
        connection.execute("UPDATE frozen_parts SET content = x'00' WHERE rowid = 1")
        connection.execute("DELETE FROM frozen_parts WHERE rowid = 2")
    connection.close()
    assert {problem["kind"] for problem in verify_chain(small.db)[1]} == {
        "trigger",
        "frozen_event",
        "frozen_part",
        "snapshot",
    }


def test_an_exclusion_that_waits_is_on_the_checklist(small: Application) -> None:
    since = to_micros(dt.datetime(2026, 7, 1, tzinfo=dt.UTC))
    filing = Filing(("990102",), ("repairs",), since, since + 86_400_000_000, "drill", "演练方案")
    exclusions.file_exclusion(small.db, by=SECOND, filing=filing, at=NOW)
    done = freezing.propose(small, by=FIRST, period=PERIOD)
    assert [one["code"] for one in done["checklist"] if not one["met"]] == ["quarantine_empty", "exclusions_decided"]
    with small.db.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(QUARANTINE)).scalar() == 1

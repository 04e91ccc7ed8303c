"""A notice makes provisional deadlines firm: only what it touches is judged again, and counted; it stays for good."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa

from checks.notices import read_notice
from dashboard.actions.calendar import load_notice
from dashboard.database import Database
from dashboard.database.models import AUDIT, BATCHES, CALENDAR_NOTICES, RECORD_TABLES, ROLLUPS, VERDICTS
from dashboard.errors import NotAllowedError, UsageError
from dashboard.judging.present import bring_up_to_date
from dashboard.judging.rules import rules_of
from dashboard.people import EVERYTHING, Viewer, system_viewer
from dashboard.queries.calendar import loaded_notices, preview, provisional_records
from dashboard.queries.records import records
from dashboard.settings import Settings

SYSTEM = system_viewer()
KEEPER = Viewer("keeper", "administrator", EVERYTHING)
RULES = rules_of(Settings())
NOW = dt.datetime(2027, 2, 1, tzinfo=dt.UTC)
STORED = {"version_at": 0, "content_hash": 0, "batch_id": 1, "row_no": 1}
# 2027 as a made-up notice: 1-3 January off, Saturday the 9th worked, 4 January off too
NOTICE = b"""date,working,name,document,issued
2027-01-01,no,New Year,Notice 9 of 2026,2026-11-03
2027-01-04,no,New Year,,
2027-01-09,yes,New Year,,
2027-05-01,no,Labour Day,,
2027-10-01,no,National Day,,
"""


def notice(text: bytes = NOTICE, rules: Any = RULES) -> Any:
    return read_notice(text, "2027.csv", rules.calendar)


def micros(day: int, hour: int, month: int = 12, year: int = 2026) -> int:
    return int(dt.datetime(year, month, day, hour - 8, tzinfo=dt.UTC).timestamp()) * 1_000_000


def ticket(number: str, accepted: int, replied: int | None = None, **more: Any) -> dict[str, Any]:
    return {"system": "95598", "ticket_no": number, "office_code": "S1", "type": "complaint", "accepted_at": accepted,
            "contacted_at": accepted, "replied_at": replied, **more}  # fmt: skip


def put(db: Database, record: str, *rows: dict[str, Any]) -> None:
    with db.session() as session:
        names = {name for row in rows for name in row}
        session.execute(sa.insert(RECORD_TABLES[record]), [{**STORED, **dict.fromkeys(names), **row} for row in rows])


@pytest.fixture
def db(database: Database) -> Database:
    """A answered firmly in 2026, B in January, C open, D an enquiry; R a repair, which no calendar touches."""
    office = {"valid_from": "0001-01-01", "area": "urban"}
    put(database, "offices", {**office, "code": "S1", "name": "一所", "level": "station"})
    put(
        database, "tickets",
        ticket("A", micros(21, 9), micros(25, 9)),
        ticket("B", micros(28, 9), micros(5, 10, 1, 2027)),  # 29, 30, 31 December, 4 and 5 January: the fifth
        ticket("C", micros(29, 9)),
        ticket("D", micros(30, 9), micros(31, 9), type="enquiry"),
    )  # fmt: skip
    put(database, "repairs", {"system": "desk", "repair_no": "R", "office_code": "S1", "accepted_at": micros(31, 23),
                              "arrived_at": micros(1, 9, 1, 2027)})  # fmt: skip
    with database.session() as session:
        session.execute(sa.insert(BATCHES), [{"id": 1, "source": "x", "record": "tickets", "state": "done",
                                              "started_at": 0, "by": "x"}])  # fmt: skip
    bring_up_to_date(database, RULES, NOW)
    return database


def seen(db: Database) -> dict[str, tuple[str, str, bool]]:
    rules = rules_of(Settings(), db)
    found = records(db, SYSTEM, rules, record="tickets", period="2026-Q4", now=NOW)["rows"]
    with db.reading() as connection:
        table, verdict = RECORD_TABLES["tickets"].c, VERDICTS["tickets"].c
        marks = sa.select(table.ticket_no, verdict.marks).join_from(RECORD_TABLES["tickets"], VERDICTS["tickets"],
                                                                    table.id == verdict.record_id)  # fmt: skip
        provisional = {number: "p" in (found or "") for number, found in connection.execute(marks)}
    return {row["number"]: (_last(row["verdict"]), _last(row["deadline"])[:10], provisional[row["number"]])
            for row in found}  # fmt: skip


def _last(of: dict[str, str]) -> str:
    return of["T2"] if "T2" in of else of["T3"]


def everything(db: Database) -> list[tuple[Any, ...]]:
    with db.reading() as connection:
        return [
            tuple(row) for table in (ROLLUPS, VERDICTS["tickets"], VERDICTS["repairs"])
            for row in connection.execute(sa.select(table).order_by(*table.primary_key.columns))
        ]  # fmt: skip


def test_only_what_was_provisional_is_judged_again_and_the_result_is_as_from_scratch(db: Database) -> None:
    assert seen(db) == {
        "A": ("on_time", "2026-12-28", False),
        "B": ("on_time", "2027-01-05", True),
        "C": ("late", "2027-01-06", True),
        "D": ("on_time", "2027-01-06", True),
    }
    outcome = load_notice(db, RULES, by=KEEPER, notice=notice(), at=NOW)
    assert (outcome.how, outcome.judged) == ("updated", 3)  # B, C and D; not A, not the repair
    assert seen(db) == {
        "A": ("on_time", "2026-12-28", False),
        "B": ("on_time", "2027-01-06", False),  # 4 January is off: one day more
        "C": ("late", "2027-01-07", False),
        "D": ("on_time", "2027-01-07", False),
    }
    after = everything(db)
    with db.session() as session:
        session.execute(sa.text("DELETE FROM judged_through"))
    assert bring_up_to_date(db, rules_of(Settings(), db), NOW).how == "rebuilt"
    assert everything(db) == after


def test_the_preview_says_what_loading_then_does(db: Database) -> None:
    before = everything(db)
    found = preview(db, KEEPER, RULES, notice(), as_of=NOW)
    assert (found.looked_at, found.moved, found.otherwise, found.firm) == (3, 3, 0, 3)
    early = preview(db, KEEPER, RULES, notice(), as_of=dt.datetime(2027, 1, 6, 17, tzinfo=dt.UTC))
    assert early.otherwise == 1  # C was late on the 7th, and is pending with the notice
    assert everything(db) == before
    assert provisional_records(db, KEEPER)["tickets"] == 3
    load_notice(db, RULES, by=KEEPER, notice=notice(), at=NOW)
    assert provisional_records(db, KEEPER)["tickets"] == 0


def test_rules_that_do_not_know_the_notice_cannot_judge_it_away(db: Database) -> None:
    """A worker that read its rules before the notice came judges by the notice all the same."""
    load_notice(db, RULES, by=KEEPER, notice=notice(), at=NOW)
    assert bring_up_to_date(db, RULES, NOW).how == "current"
    assert seen(db)["B"][1] == "2027-01-06"


def test_a_correction_of_a_year_judges_everything_again(db: Database) -> None:
    load_notice(db, RULES, by=KEEPER, notice=notice(), at=NOW)
    rules = rules_of(Settings(), db)
    corrected = notice(
        NOTICE.replace(b"Notice 9 of 2026", b"Correction").replace(b"2027-01-04,no,New Year,,\n", b""), rules
    )
    assert load_notice(db, rules, by=KEEPER, notice=corrected, at=NOW).how == "rebuilt"
    assert seen(db)["B"] == ("on_time", "2027-01-05", False)
    assert [found.document for found in loaded_notices(db, KEEPER, "cn")] == ["Correction", "Notice 9 of 2026"]


def test_a_notice_stays_for_good_with_who_loaded_it(db: Database) -> None:
    load_notice(db, RULES, by=KEEPER, notice=notice(), at=NOW)
    with pytest.raises(UsageError, match="loaded before"):
        load_notice(db, RULES, by=KEEPER, notice=notice(), at=NOW)
    for change in (sa.delete(CALENDAR_NOTICES), sa.update(CALENDAR_NOTICES).values(year=2028)):
        with pytest.raises(Exception, match="never changed or deleted"), db.session() as session:
            session.execute(change)
    with db.reading() as connection:
        line = connection.execute(
            sa.select(AUDIT.c.actor, AUDIT.c.subject).where(AUDIT.c.action == "load_notice")
        ).one()
    assert tuple(line) == ("keeper", "cn 2027")


def test_only_those_who_keep_sources_load_a_notice(db: Database) -> None:
    head = Viewer("head", "office_head", frozenset({"S1"}))
    with pytest.raises(NotAllowedError):
        load_notice(db, RULES, by=head, notice=notice(), at=NOW)
    assert loaded_notices(db, head, "cn") == []
    load_notice(db, RULES, by=SYSTEM, notice=notice(), at=NOW)  # the machine's own command line


def test_the_digests_pin_calendar_and_rulebook_apart(db: Database) -> None:
    load_notice(db, RULES, by=KEEPER, notice=notice(), at=NOW)
    rules = rules_of(Settings(), db)
    assert rules.calendar_digest != RULES.calendar_digest
    assert rules.rulebook_digest == RULES.rulebook_digest


def test_a_closure_of_a_hall_moves_no_deadline(db: Database) -> None:
    """A local closure changes hall slots only: a ticket of a station whose hall is closed keeps its deadline."""
    before = seen(db)
    put(db, "offices", {"valid_from": "0001-01-01", "area": "urban", "code": "H1", "name": "营业厅", "level": "hall",
                        "parent_code": "S1"})  # fmt: skip
    put(db, "hall_days", *({"system": "x", "hall_code": hall, "date": day, "open": False}
                           for hall in ("H1", "S1") for day in ("2026-12-29", "2026-12-30", "2026-12-31")))  # fmt: skip
    with db.session() as session:
        session.execute(sa.insert(BATCHES), [{"id": 2, "source": "x", "record": "hall_days", "state": "done",
                                              "started_at": 0, "by": "x", "new": 6}])  # fmt: skip
    bring_up_to_date(db, RULES, NOW)
    assert seen(db) == before

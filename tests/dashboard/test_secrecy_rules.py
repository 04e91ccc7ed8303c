"""Which records are sealed, and from whom, case by case: versions, tickets below, offices of work and of answering."""

import pytest
import sqlalchemy as sa

from dashboard.database.models import HISTORY_TABLES, RECORD_TABLES
from dashboard.people import EVERYTHING, Viewer
from dashboard.secrecy import hidden_numbers, hides, secret_of_reporter, told_references, withhold

STORED = {"version_at": 0, "content_hash": 0, "batch_id": 0, "row_no": 1, "system": "95598", "accepted_at": 1}
HEAD = Viewer("许立", "office_head", frozenset({"S1"}), works_at="S1")
INSPECTOR = Viewer("沈岚", "inspector", EVERYTHING)
OF_HALL = Viewer("周正", "inspector", EVERYTHING, works_at="H1")
OF_COUNTY = Viewer("秦岭", "inspector", EVERYTHING, works_at="C1")
ELSEWHERE = Viewer("高评", "evaluator", EVERYTHING, works_at="S2")
MANAGER = Viewer("周部", "regional_manager", frozenset({"C1"}))
TICKETS = [  # number, office, type, parent: A is a report, B was one, C named another office once, M hung on A
    ("A", "S1", "report", None), ("A1", "S1", "enquiry", "A"), ("A2", "S1", "enquiry", "A1"),
    ("B", "S1", "complaint", None), ("B1", "S1", "enquiry", "B"), ("B2", "S1", "enquiry", "B1"),
    ("C", "S2", "report", None), ("D", "S1", "complaint", None), ("D1", "S1", "enquiry", "D"),
    ("M", "S1", "enquiry", None), ("M1", "S1", "enquiry", "M"),
]  # fmt: skip
SEALED = {"A", "A1", "A2", "B", "B1", "B2", "C", "M", "M1"}


@pytest.fixture
def db(database):
    offices = [("K", "company", None), ("C1", "county", "K"), ("S1", "station", "C1"), ("S2", "station", "C1"),
               ("H1", "hall", "S1")]  # fmt: skip
    with database.session() as connection:
        connection.execute(sa.insert(RECORD_TABLES["offices"]), [
            {"code": code, "name": code, "level": level, "parent_code": parent, "valid_from": "0001-01-01",
             "version_at": 0, "content_hash": 0, "batch_id": 0, "row_no": 1}
            for code, level, parent in offices])  # fmt: skip
        connection.execute(sa.insert(RECORD_TABLES["tickets"]), [
            {**STORED, "id": n, "ticket_no": number, "office_code": office, "type": kind, "parent_ticket_no": parent}
            for n, (number, office, kind, parent) in enumerate(TICKETS, 1)])  # fmt: skip
        old = {
            **STORED,
            "record_id": 4,
            "ticket_no": "B",
            "office_code": "S1",
            "type": "report",
            "fate": "replaced",
            "ended_at": 1,
            "ended_by_batch": 1,
        }
        connection.execute(sa.insert(HISTORY_TABLES["tickets"]), [
            {**old, "parent_ticket_no": None}, {**old, "record_id": 7, "ticket_no": "C", "parent_ticket_no": None},
            {**old, "record_id": 10, "ticket_no": "M", "type": "enquiry", "parent_ticket_no": "A"}])  # fmt: skip
    return database


def test_once_a_report_always_one_with_what_hangs_on_it_two_deep(db):
    every = [number for number, *_ in TICKETS]
    assert hidden_numbers(db, HEAD, "tickets", every) == SEALED
    for inspector in (OF_HALL, OF_COUNTY):  # of a place below the office, of one above it
        assert hidden_numbers(db, inspector, "tickets", every) == SEALED
    assert hidden_numbers(db, MANAGER, "tickets", every) == frozenset()  # the department above the station
    assert [hides(db, MANAGER, office) for office in ("C1", "S1")] == [True, False]  # their own desk
    assert hidden_numbers(db, ELSEWHERE, "tickets", every) == {"C"}  # the office that one names now
    assert hidden_numbers(db, INSPECTOR, "tickets", every) == frozenset()
    assert hidden_numbers(db, HEAD, "repairs", every) == frozenset()
    assert secret_of_reporter(db, HEAD, "tickets", "B2")
    assert [hides(db, OF_HALL, office) for office in ("H1", "S1", "C1", "S2", "K")] == [True, True, True, False, False]


def test_what_is_hidden_keeps_its_place_and_loses_what_tells(db):
    rows = [{"record": "tickets", "number": number, "office": "S1", "late": True, "due": 7, "deadline": {"T1": 5}}
            for number in ("A1", "D")]  # fmt: skip
    told = {row["number"]: row for row in withhold(db, HEAD, rows)}
    hidden = {**rows[0], "number": "kept secret", "due": None, "deadline": {}}
    assert told == {"kept secret": hidden, "D": rows[1]}
    assert withhold(db, INSPECTOR, rows) == rows
    named = {"ticket_no": "A", "parent_ticket_no": "D", "line": "10kV"}
    assert told_references(db, HEAD, named) == {"ticket_no": None, "parent_ticket_no": "D", "line": "10kV"}

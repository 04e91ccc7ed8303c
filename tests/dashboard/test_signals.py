"""Leads over a database, through the real import: versions, areas of a customer, pauses, and who may read them."""

from datetime import UTC, date, datetime, timedelta

import pytest

from collectors.mapping import SpreadsheetConfig, parse_config
from dashboard.errors import NotAllowedError, UsageError
from dashboard.intake import import_file
from dashboard.judging.rules import rules_of
from dashboard.people import Viewer, system_viewer
from dashboard.queries.signals import signals
from dashboard.secrecy import WITHHELD
from dashboard.settings import Settings

NOW = datetime(2026, 10, 11, tzinfo=UTC)
RULES = rules_of(Settings())
OFFICES = """code,name,parent_code,level,area
C,公司,,company,
S1,东河供电所,C,station,urban
S2,西坝供电所,C,station,urban
"""
REPAIR = (
    "repair_no,office_code,team,area,customer_no,accepted_at,dispatched_at,arrived_at,restored_at,reported_arrival_late"
)
REPAIRS = f"""{REPAIR}
R1,S1,一班,urban,77,2026-07-01 09:00:00,2026-07-01 09:02:00,2026-07-01 10:00:00,2026-07-01 11:00:00,no
R2,S1,一班,urban,78,2026-07-02 09:00:00,2026-07-02 09:02:00,2026-07-02 10:00:00,2026-07-02 11:00:00,yes
R3,S1,一班,rural,77,2026-07-03 09:00:00,2026-07-03 09:02:00,2026-07-03 10:00:00,2026-07-03 11:00:00,
R4,S2,二班,urban,79,2026-07-04 09:00:00,2026-07-04 09:02:00,2026-07-04 09:03:00,2026-07-04 11:00:00,
R5,S2,二班,urban,,2026-07-05 09:00:00,2026-07-05 09:02:00,,,
"""
"""R1 late (45 minutes) and reported in time; R2 late, reported; R3 in time by the rural limit, the customer is urban;
R4 there in a minute; R5 open."""
LATER = """repair_no,office_code,area,accepted_at,arrived_at
R2,S1,rural,2026-07-02 09:00:00,
R5,S2,urban,2026-07-05 09:00:00,2026-07-05 09:40:00
"""
"""A month later R2 has another area, R5 an arrival in time: its first version was written before the deadline."""
APPLICATIONS = """application_no,office_code,class,accepted_at,connected_at,paused_working_days
A1,S1,residential,2026-07-01 09:00:00,2026-07-10 09:00:00,3
A2,S1,residential,2026-07-01 09:00:00,2026-07-06 09:00:00,3
"""
"""Five working days from 1 July 2026 (a Wednesday) end on the 8th: A1 needs its pause, A2 does not."""


@pytest.fixture
def db(database, tmp_path):
    for number, (record, text, exported) in enumerate([
        ("offices", OFFICES, None), ("repairs", REPAIRS, datetime(2026, 7, 5, 1, 30, tzinfo=UTC)),
        ("repairs", LATER, datetime(2026, 8, 5, tzinfo=UTC)), ("applications", APPLICATIONS, None),
    ]):  # fmt: skip
        path = tmp_path / f"{number}.csv"
        path.write_text(text, encoding="utf-8")
        config = parse_config(SpreadsheetConfig, {"name": "desk", "record": record}, "the test")
        batches = import_file(database, by=system_viewer(), path=path, config=config, now=NOW, exported_at=exported)
        assert [batch.quarantined for batch in batches] == [0]
    return database


def found(db, **asked):
    return signals(db, system_viewer(), RULES, **{"period": "2026-Q3", "now": NOW, **asked})


def leads(db, **asked):
    return {(row["signal"], row["number"]) for row in found(db, **asked)["rows"]}


def test_each_lead_names_its_record_and_what_was_seen(db):
    assert leads(db) == {
        ("changed_after_breach", "R2"), ("hidden_late", "R1"), ("pause_saved", "A1"), ("easier_area", "R3"),
        ("quick_arrival", "R4"),
    }  # fmt: skip
    rows = {row["signal"]: row for row in found(db)["rows"]}
    changed = rows["changed_after_breach"]
    assert (changed["step"], changed["other"]) == ("R1", "area")
    due, written = datetime(2026, 7, 2, 1, 45, tzinfo=UTC), datetime(2026, 8, 5, tzinfo=UTC)
    assert changed["amount"] == (written - due).total_seconds()
    assert rows["easier_area"]["amount"] == 15 * 60  # 60 minutes against 45
    midnight, connected = datetime(2026, 7, 8, 15, 59, 59, tzinfo=UTC), datetime(2026, 7, 10, 1, tzinfo=UTC)
    assert rows["pause_saved"]["amount"] == (connected - midnight).total_seconds()


def test_an_office_a_signal_a_period_and_a_person_narrow_what_is_read(db):
    assert leads(db, office="S2") == {("quick_arrival", "R4")}
    narrowed = found(db, signal="hidden_late")
    assert [row["number"] for row in narrowed["rows"]] == ["R1"]
    assert {row["code"]: row["count"] for row in narrowed["signals"]}["easier_area"] == 1
    assert leads(db, period="2026-Q2") == set()
    seen = signals(db, Viewer("沈岚", "inspector", frozenset({"S2"})), RULES, period="2026-Q3", now=NOW)
    assert [row["number"] for row in seen["rows"]] == ["R4"]
    with pytest.raises(NotAllowedError, match="office_head"):
        signals(db, Viewer("许立", "office_head", frozenset({"S1"})), RULES, period="2026-Q3", now=NOW)
    with pytest.raises(UsageError) as caught:
        found(db, signal="heapin")
    assert "heaping" in caught.value.hint


def ticket_rows(office, kind, first, count, withdrawn=""):
    days = (first + timedelta(days=n) for n in range(count))
    return "".join(f"{office}-{kind}-{day},{office},{kind},{day} 09:00:00,{withdrawn}\n" for day in days)


def test_complaints_of_the_period_before_are_counted_as_those_of_this_one(sqlite_database, tmp_path):
    """The withdrawn ones count in neither; an office counts for those who had it then."""
    spring, summer = date(2026, 5, 1), date(2026, 8, 1)
    tickets = "ticket_no,office_code,type,accepted_at,withdrawn\n" + "".join((
        ticket_rows("S1", "complaint", spring, 9), ticket_rows("S1", "complaint", date(2026, 6, 1), 3, withdrawn="yes"),
        ticket_rows("G1", "complaint", spring, 9), ticket_rows("S1", "enquiry", summer, 12),
    ))  # fmt: skip
    offices = """code,name,parent_code,level,valid_from,valid_to
C,公司,,company,,
S1,东河供电所,C,station,,
S2,西坝供电所,C,station,,
G1,一厅,S2,hall,2020-01-01,2026-06-30
G1,一厅,S1,hall,2026-07-01,
"""
    for record, text in (("offices", offices), ("tickets", tickets)):
        path = tmp_path / f"{record}.csv"
        path.write_text(text, encoding="utf-8")
        config = parse_config(SpreadsheetConfig, {"name": "desk", "record": record}, "the test")
        batches = import_file(sqlite_database, by=system_viewer(), path=path, config=config, now=NOW)
        assert [batch.quarantined for batch in batches] == [0]
    seen = signals(sqlite_database, Viewer("沈岚", "inspector", frozenset({"S1"})), RULES, period="2026-Q3", now=NOW,
                   signal="migration")  # fmt: skip
    (row,) = seen["tests"]
    assert (row["office"], row["complaints_before"], row["softer"]) == ("S1", 9, 12)
    everything = {
        row["office"]: row["complaints_before"] for row in found(sqlite_database, signal="migration")["tests"]
    }
    assert everything == {"S1": 9, "S2": 9}
    assert found(sqlite_database, period="2011-Q4", signal="migration")["tests"] == []


def test_a_lead_names_no_ticket_that_was_a_report_to_people_of_the_place(sqlite_database, tmp_path):
    head = "ticket_no,type,office_code,phone,accepted_at,replied_at\n"
    first = "T-2,report,S1,5512345,2026-07-06 09:00:00,2026-07-06 10:00:00\n"
    later = first.replace("report", "fault") + "T-3,enquiry,S1,5512345,2026-07-06 11:00:00,\n"
    for n, (record, text) in enumerate((("offices", OFFICES), ("tickets", head + first), ("tickets", head + later))):
        path = tmp_path / f"{n}.csv"
        path.write_text(text, encoding="utf-8")
        config = parse_config(SpreadsheetConfig, {"name": "desk", "record": record}, "the test")
        at = NOW - timedelta(hours=3 - n)
        import_file(sqlite_database, by=system_viewer(), path=path, config=config, now=at, exported_at=at)
    for works_at, other in ((None, "T-2"), ("S1", WITHHELD)):
        viewer = Viewer("周同", "inspector", frozenset({"*"}), works_at=works_at)
        rows = signals(sqlite_database, viewer, RULES, period="2026-Q3", now=NOW, signal="reopened_as_enquiry")["rows"]
        assert [(row["number"], row["other"]) for row in rows] == [("T-3", other)]

"""A source goes silent: at which second the figures say so, for which periods, and what withholding hides."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from dashboard.bootstrap import Application
from dashboard.database.models import BATCHES, RECORD_TABLES, SOURCE_STATES
from dashboard.instants import to_micros
from dashboard.intake.states import FIRST_ASKED_AT
from dashboard.judging.rules import rules_of
from dashboard.operations import doctor
from dashboard.people import Viewer, system_viewer
from dashboard.queries.explain import explain
from dashboard.queries.league import league
from dashboard.queries.marks import marked_rows
from dashboard.queries.staleness import silent_sources
from dashboard.settings import CompanySettings, Settings

CAME = datetime(2026, 9, 10, 4, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
SYSTEM = system_viewer()
STORED = {"version_at": 0, "content_hash": 0, "batch_id": 1, "row_no": 1}
SOURCES = (
    {"name": "95598", "record": "tickets", "expect_within": "1h"},
    {"name": "抢修", "record": "repairs", "expect_within": "3h"},
    {"name": "手工", "record": "samples"},
    {"name": "外省", "record": "repairs", "expect_within": "1m", "rulebook": "elsewhere"},
)


def rules(*sources, **company):
    return rules_of(Settings(sources=sources or SOURCES, company=CompanySettings(**company)))


def batch(source, record, at, state="done", **more):
    return {"source": source, "record": record, "state": state, "started_at": to_micros(at),
            "finished_at": to_micros(at + SECOND), "by": "x", "replay_of": None, **more}  # fmt: skip


@pytest.fixture
def db(database):
    """A station with twelve repairs in time, and one batch of each source at noon of 10 September."""
    office = {"code": "S1", "name": "城关供电所", "level": "station", "valid_from": "0001-01-01", "area": "urban"}
    start = to_micros(datetime(2026, 9, 1, 1, tzinfo=UTC))
    repairs = [
        {"system": "desk", "repair_no": f"R{n}", "office_code": "S1", "accepted_at": start + n,
         "arrived_at": start + n + 60_000_000, "restored_at": start + n + 120_000_000}
        for n in range(12)
    ]  # fmt: skip
    with database.session() as session:
        session.execute(sa.insert(RECORD_TABLES["offices"]), [{**STORED, **office}])
        session.execute(sa.insert(RECORD_TABLES["repairs"]), [{**STORED, **one} for one in repairs])
        session.execute(sa.insert(BATCHES), [batch("95598", "tickets", CAME), batch("抢修", "repairs", CAME),
                                             batch("外省", "repairs", CAME)])  # fmt: skip
    return database


def silent(db, as_of, **more):
    return [one.source for one in silent_sources(db, SYSTEM, rules(), as_of=as_of, **more)]


def test_a_source_is_silent_just_after_its_expected_silence(db):
    assert silent(db, CAME + HOUR) == []
    assert silent(db, CAME + HOUR + SECOND) == ["95598"]
    assert silent(db, CAME + 3 * HOUR + SECOND) == ["95598", "抢修"]


def test_neither_a_failed_batch_nor_a_replay_ends_the_silence_and_a_good_one_does(db):
    later = CAME + 2 * HOUR
    with db.session() as session:
        session.execute(sa.insert(BATCHES), [batch("95598", "tickets", later, state="failed"),
                                             batch("95598", "tickets", later, replay_of=1)])  # fmt: skip
    assert silent(db, later) == ["95598"]
    with db.session() as session:
        session.execute(sa.insert(BATCHES), [batch("95598", "tickets", later)])
    assert silent(db, later) == []
    assert silent(db, later - SECOND) == ["95598"]  # an as-of before it says what was so then


def test_a_source_that_never_stored_anything_is_silent_from_its_first_asking(db):
    asked = CAME + 24 * HOUR
    own = rules({"name": "业扩", "record": "applications", "expect_within": "1h"})
    assert silent_sources(db, SYSTEM, own, as_of=asked) == []
    with db.session() as session:
        session.execute(sa.insert(SOURCE_STATES).values(source="业扩", key=FIRST_ASKED_AT, value=str(to_micros(asked))))
    assert silent_sources(db, SYSTEM, own, as_of=asked + HOUR) == []
    (found,) = silent_sources(db, SYSTEM, own, as_of=asked + HOUR + SECOND)
    assert (found.last, found.since) == (None, asked + HOUR)


def rows(db, own, as_of, period="2026-Q3"):
    document = league(db, SYSTEM, own, period=period, now=as_of, as_of=as_of)
    return document, {row["office"]: row for row in document["rows"]}


def test_a_row_is_marked_with_its_score_rank_and_grade_unchanged(db):
    _, before = rows(db, rules(), CAME + HOUR)
    document, after = rows(db, rules(), CAME + 4 * HOUR)
    assert before["S1"]["marks"] == []
    assert after["S1"]["marks"] == ["stale_source"]
    assert after["S1"]["indicators"]["R1"]["marks"] == ["stale_source"]
    assert after["S1"]["indicators"]["H2"]["marks"] == []  # nothing is expected of the source of samples
    kept = ("score", "rank", "ranked", "reason", "grade", "n")
    assert [before["S1"][key] for key in kept] == [after["S1"][key] for key in kept]
    assert [(one["source"], one["last"], one["expected_seconds"]) for one in document["stale_sources"]] == [
        ("95598", "2026-09-10T12:00:00+08:00", 3600), ("抢修", "2026-09-10T12:00:00+08:00", 10800),
    ]  # fmt: skip


def test_a_company_may_withhold_what_rests_on_a_silent_source(db):
    own = rules(withhold_stale=True)
    document, found = rows(db, own, CAME + 4 * HOUR)
    row = found["S1"]
    assert (row["score"], row["rank"], row["ranked"], row["grade"]) == (None, None, False, None)
    assert row["reason"] == "stale_source"
    why = explain(db, SYSTEM, own, office="S1", period="2026-Q3", now=CAME + 4 * HOUR, as_of=CAME + 4 * HOUR)
    assert (why["score"], why["withheld"], why["marks"]) == (None, "stale_source", ["stale_source"])
    assert {line["score_lost"] for line in why["indicators"]} == {None}
    assert why["stale_sources"] == document["stale_sources"]


def test_a_closed_period_is_stale_only_if_the_source_did_not_outlive_it(db):
    """August had ended more than an hour before the last batch; September ends after it."""
    assert rows(db, rules(), CAME + 24 * HOUR, "2026-08")[0]["stale_sources"] == []
    assert len(rows(db, rules(), CAME + 24 * HOUR, "2026-09")[0]["stale_sources"]) == 2
    with db.session() as session:  # half an hour into October: the last hour of September may still be missing
        just = datetime(2026, 9, 30, 16, 30, tzinfo=UTC)
        session.execute(sa.insert(BATCHES), [batch("95598", "tickets", just)])
    late = datetime(2026, 10, 2, tzinfo=UTC)
    assert [one["source"] for one in rows(db, rules(), late, "2026-09")[0]["stale_sources"]] == ["95598", "抢修"]
    with db.session() as session:
        session.execute(sa.insert(BATCHES), [batch("95598", "tickets", just + HOUR)])
    assert [one["source"] for one in rows(db, rules(), late, "2026-09")[0]["stale_sources"]] == ["抢修"]


def test_the_marked_rows_of_a_period_are_listed_for_whoever_signs_it(db):
    assert marked_rows(db, SYSTEM, rules(), period="2026-Q3", as_of=CAME + HOUR) == []
    (found,) = marked_rows(db, SYSTEM, rules(), period="2026-Q3", as_of=CAME + 2 * HOUR)
    assert (found.level, found.office, found.name, found.marks) == ("station", "S1", "城关供电所", ("stale_source",))
    assert found.indicators == ("T1", "T2", "T3", "T4", "T5")
    stranger = Viewer("x", "office_head", frozenset({"S2"}))
    assert marked_rows(db, stranger, rules(), period="2026-Q3", as_of=CAME + 2 * HOUR) == []


def test_the_doctor_names_a_silent_source(db, tmp_path):
    settings = Settings(home=tmp_path, sources=SOURCES)
    patient = doctor.Patient(settings, Application(settings, db, SYSTEM), True, CAME + 2 * HOUR)
    (found,) = doctor._silent(patient)
    assert (found.check, found.state) == ("source 95598", "warn")
    assert "its last tickets came: 2026-09-10 12:00." in found.message
    assert list(doctor._silent(replace(patient, now=CAME + HOUR))) == []

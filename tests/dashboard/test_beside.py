"""Law, promise and internal limits beside the score: exact, apart from each other, and of no effect on any score."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from checks.rulebook.compare import limit_changes
from dashboard.database import Database
from dashboard.database.models import BATCHES, RECORD_TABLES
from dashboard.errors import NotAllowedError
from dashboard.judging.rules import rules_of
from dashboard.people import Viewer, system_viewer
from dashboard.queries.beside import office_beside, record_beside
from dashboard.queries.league import league
from dashboard.queries.rulebook import touched
from dashboard.queries.weightless import weightless
from dashboard.settings import Settings
from dashboard.texts import set_language
from dashboard.web.views.beside import pause_flags

RULES = rules_of(Settings())
SYSTEM = system_viewer()
NOW = dt.datetime(2026, 10, 11, tzinfo=dt.UTC)
MINUTE, HOUR, DAY = 60_000_000, 3_600_000_000, 86_400_000_000
MONDAY = int(dt.datetime(2026, 7, 6, 1, tzinfo=dt.UTC).timestamp()) * 1_000_000  # 09:00 in Shanghai
STORED = {"version_at": 0, "content_hash": 0, "batch_id": 1, "row_no": 1}


def put(db: Database, record: str, *rows: dict[str, Any]) -> None:
    with db.session() as session:
        names = {name for row in rows for name in row}
        session.execute(sa.insert(RECORD_TABLES[record]), [{**STORED, **dict.fromkeys(names), **row} for row in rows])


def repair(number: int, minutes: int, area: str = "urban", **more: Any) -> dict[str, Any]:
    accepted = MONDAY + number * DAY
    return {"system": "desk", "repair_no": f"R{number}", "office_code": "S1", "accepted_at": accepted, "area": area,
            "arrived_at": accepted + minutes * MINUTE, **more}  # fmt: skip


@pytest.fixture
def db(database: Database) -> Database:
    office = {"valid_from": "0001-01-01", "area": "urban"}
    put(database, "offices", {**office, "code": "C", "name": "公司", "level": "company", "customers": 300000},
        {**office, "code": "S1", "name": "一所", "level": "station", "parent_code": "C"},
        {**office, "code": "S2", "name": "二所", "level": "station", "parent_code": "C"})  # fmt: skip
    # promise 45, law 60: 40 meets both, 50 the law only, 70 neither; remote 180 meets the law (240) only
    put(database, "repairs", repair(0, 40), repair(1, 50), repair(2, 70), repair(3, 180, "remote"),
        repair(4, 10, simulated=True), repair(5, 10, office_code="S2"))  # fmt: skip
    put(
        database, "tickets",
        {"system": "95598", "ticket_no": "T1", "office_code": "S1", "type": "complaint", "category_3": "抄表",
         "calls": "3", "accepted_at": MONDAY, "dispatched_at": MONDAY + 25 * MINUTE,
         "taken_at": MONDAY + 25 * MINUTE + 3 * HOUR, "contacted_at": MONDAY + HOUR,
         "replied_at": MONDAY + 8 * DAY, "visited_at": MONDAY + 9 * DAY},
        {"system": "95598", "ticket_no": "T2", "office_code": "S1", "type": "enquiry", "accepted_at": MONDAY,
         "replied_at": MONDAY + 5 * MINUTE},
        {"system": "95598", "ticket_no": "T3", "office_code": "S1", "type": "suggestion", "accepted_at": MONDAY,
         "dispatched_at": MONDAY + 20 * MINUTE, "taken_at": MONDAY + 2 * HOUR, "replied_at": MONDAY + DAY},
    )  # fmt: skip
    with database.session() as session:
        session.execute(sa.insert(BATCHES), [{"id": 1, "source": "x", "record": "repairs", "state": "done",
                                              "started_at": 0, "by": "x"}])  # fmt: skip
    return database


def counts(db: Database, office: str = "S1", **asked: Any) -> dict[tuple[str, str], tuple[int, int]]:
    found = office_beside(db, SYSTEM, RULES, office=office, period="2026-Q3", now=NOW, **asked)
    return {(r.step.code, r.kind): (r.on_time, r.late) for r in found}


def test_law_promise_and_internal_are_counted_apart(db: Database) -> None:
    found = counts(db)
    assert found["arrival", "promise"] == (1, 3)  # the remote one at 180 minutes missed its 120
    assert found["arrival", "law"] == (3, 1)
    assert found["complaint_reply", "promise"] == (0, 1)  # 5 working days ended on Monday the 13th; Tuesday is late
    assert found["complaint_reply", "internal"] == (0, 1)
    assert found["complaint_reply", "law"] == (1, 0)
    assert found["ticket_dispatch", "internal"] == (1, 1)
    assert counts(db, "C")["arrival", "promise"] == (2, 3)


def test_a_limit_in_working_hours_runs_from_one_stamp_to_the_next(db: Database) -> None:
    """domain §9.3: taken within two hours of working time after dispatch."""
    assert counts(db)["ticket_taking", "internal"] == (1, 1)


def test_excluded_records_are_in_neither(db: Database) -> None:
    found = office_beside(db, SYSTEM, RULES, office="S1", period="2026-Q3", now=NOW)
    arrival = next(r for r in found if (r.step.code, r.kind) == ("arrival", "law"))
    assert (arrival.judged, arrival.excluded, arrival.rate) == (4, 1, Fraction(3, 4))


def test_trap_25_the_average_is_shown_against_the_promise_of_an_average(db: Database) -> None:
    """domain §9.25: the promise of 2022 is an average; a verdict of one case by it is an internal rule."""
    found = office_beside(db, SYSTEM, RULES, office="S1", period="2026-Q3", now=NOW)
    promise = next(r for r in found if (r.step.code, r.kind) == ("arrival", "promise"))
    averages = {a.limit.where["area"][0]: (round(a.minutes, 3), a.n) for a in promise.averages}
    assert averages == {"urban": (round(160 / 3, 3), 3), "remote": (180, 1)}
    assert {limit.per_case for limit in promise.limits} == {"internal"}
    law = next(r for r in found if (r.step.code, r.kind) == ("arrival", "law"))
    assert (law.averages, {limit.per_case for limit in law.limits}) == ((), {"law"})


def test_one_record_shows_every_limit_that_concerns_it(db: Database) -> None:
    with db.reading() as connection:
        table = RECORD_TABLES["repairs"]
        found = connection.execute(sa.select(table.c.id).where(table.c.repair_no == "R1")).scalar_one()
    verdicts = {
        (v.step.code, v.kind): v for v in record_beside(db, RULES, record="repairs", record_id=found, as_of=NOW)
    }
    law, promise = verdicts["arrival", "law"], verdicts["arrival", "promise"]
    assert (law.state, law.limit.amount, law.scored_as) == ("on_time", 60, None)  # type: ignore[union-attr]
    assert (promise.state, promise.limit.amount, promise.scored_as) == ("late", 45, "R1")  # type: ignore[union-attr]
    assert ("restoration", "promise") in verdicts
    assert ("restoration", "law") not in verdicts  # there is no such limit


def test_the_promise_beside_the_score_is_the_one_that_is_scored(db: Database) -> None:
    row = next(r for r in league(db, SYSTEM, RULES, period="2026-Q3", now=NOW)["rows"] if r["office"] == "S1")
    for result in office_beside(db, SYSTEM, RULES, office="S1", period="2026-Q3", now=NOW):
        if result.scored_as is not None:
            scored = row["indicators"][result.scored_as]
            assert (result.on_time, result.judged) == (scored["numerator"], scored["denominator"]), result.scored_as
    assert set(row["indicators"]) == {i.code for i in RULES.rulebook.editions[-1].indicators}


def test_nobody_sees_the_limits_of_an_office_that_is_not_theirs(db: Database) -> None:
    head = Viewer("head", "office_head", frozenset({"S2"}))
    with pytest.raises(NotAllowedError):
        office_beside(db, head, RULES, office="S1", period="2026-Q3", now=NOW)
    with pytest.raises(NotAllowedError):
        weightless(db, head, RULES, office="S1", period="2026-Q3", as_of=NOW, indicators={})


def lines(db: Database, office: str = "C") -> dict[str, Any]:
    figures = next(
        r for r in league(db, SYSTEM, RULES, period="2026-Q3", level="company" if office == "C" else "station", now=NOW)
        ["rows"] if r["office"] == office
    )["indicators"]  # fmt: skip
    found = weightless(db, SYSTEM, RULES, office=office, period="2026-Q3", as_of=NOW, indicators=figures)
    return {line.line.code: line for line in found}


def measure(indicator: str, numerator: str, denominator: str = "1", office: str = "C") -> dict[str, Any]:
    return {"system": "x", "indicator": indicator, "office_code": office, "period": "2026-08", "numerator": numerator,
            "denominator": denominator}  # fmt: skip


def test_a_line_without_data_says_what_is_missing_and_has_no_value(db: Database) -> None:
    found = lines(db)
    assert (found["S05"].value, found["S05"].missing) == (None, ("line_loss_low_voltage",))
    assert found["F1"].missing == ("untrue_tickets", "public_opinion_responsible", "service_breaches")
    assert found["F3"].missing == ("connection_coordination", "connection_satisfaction", "C1")
    assert found["L43"].value is None
    assert found["L43"].line.lacks


def test_lines_are_computed_from_measures_records_and_indicators(db: Database) -> None:
    zero = [measure(code, "0") for code in ("late_reports", "supervised_items", "theft_reports_mishandled")]
    put(db, "measures", measure("line_loss_low_voltage", "3", "60"), measure("manual_calls", "2000"), *zero,
        measure("line_loss_low_voltage", "1", "20", "S1"), measure("transformer_anomalies", "7"))  # fmt: skip
    found = lines(db)
    assert (found["S05"].value, found["S05"].denominator) == (Fraction(4, 80), 80)  # sums, not a mean of rates
    assert found["S10"].value == 7
    assert found["S14"].value == Fraction(2, 5)  # R1 under its name in the station league
    # K = 2,000 ÷ 100 × 50 % + 300,000 ÷ 1,000 × 50 % = 160; one complaint of the first class: 100 − 70 ÷ 160
    assert found["F2"].value == 100 - Fraction(70, 160)


def test_the_service_index_counts_events_called_about_three_times(db: Database) -> None:
    zero = [measure(code, "0") for code in ("untrue_tickets", "public_opinion_responsible", "service_breaches")]
    put(db, "measures", *zero)
    put(db, "evaluations", {"system": "x", "evaluation_no": "1", "kind": "callback", "office_code": "S1",
                            "record_no": "T1", "at": MONDAY, "satisfaction": "satisfied", "reached": True})  # fmt: skip
    found = lines(db)["F1"]
    # one event of three calls; complaint and suggestion are the volume: the enquiry was answered at once
    assert (found.numerator, found.denominator, found.value) == (1, 2, 50)


def test_a_change_of_edition_counts_the_records_that_the_other_edition_would_judge_otherwise(db: Database) -> None:
    """The complaint was answered on the 6th working day: in time by the 7 of 2011, late by the 5 of 2022."""
    older, newer = RULES.rulebook.editions
    codes = [change.code for change in limit_changes(older, newer) if change.counts]
    asked = {"older": older, "newer": newer, "codes": codes, "period": "2026-Q3", "as_of": NOW}
    found = touched(db, SYSTEM, RULES, **asked)
    reply = found["complaint_reply.promise"]
    assert (reply.record, reply.concerned, reply.otherwise, reply.numbers) == ("tickets", 1, 1, ("T1",))
    internal = found["complaint_reply.internal"]  # 6 days of 2011, 4 of 2022
    assert (internal.concerned, internal.otherwise) == (1, 1)
    contact = found["complaint_contact.promise"]  # within an hour: in time by both
    assert (contact.concerned, contact.otherwise) == (1, 0)
    restored = found["restoration.promise"]  # no such promise in 2011: pending and late ones are now judged
    assert (restored.concerned, restored.otherwise) == (5, 5)
    assert "arrival.promise" not in found  # only its wording changed
    head = Viewer("head", "office_head", frozenset({"S2"}))
    assert touched(db, head, RULES, **asked)["complaint_reply.promise"].concerned == 0


@pytest.mark.parametrize(
    ("paused", "document", "said"),
    [
        (0, None, []),
        (None, None, []),
        (10, "暂停单 7", []),
        (10, None, ["names no document"]),
        (61, "暂停单 7", ["more than the 60"]),
        (61, None, ["more than the 60", "names no document"]),
    ],
)
def test_a_pause_above_the_cap_or_without_a_document_is_a_lead(
    paused: int | None, document: str | None, said: list[str]
) -> None:
    set_language("en")
    record = SimpleNamespace(
        values={"paused_working_days": paused, "pause_document": document},
        edition=RULES.rulebook.editions[-1], record=SimpleNamespace(name="applications"),
    )  # fmt: skip
    flags = pause_flags(record)  # type: ignore[arg-type]
    set_language("zh")
    assert [words in flag for words, flag in zip(said, flags, strict=True)] == [True] * len(said)

"""League, explain and records over a database: what is added up, who may see what, and at which as-of."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa

from dashboard.database import Database
from dashboard.database.models import BATCHES, FINDINGS, RECORD_TABLES, REVIEWS, VERDICTS
from dashboard.errors import MingchaError, NotAllowedError, UsageError
from dashboard.instants import to_micros
from dashboard.judging.rules import rules_of
from dashboard.people import Viewer, system_viewer
from dashboard.queries.explain import explain
from dashboard.queries.league import league
from dashboard.queries.records import records
from dashboard.settings import Settings

RULES = rules_of(Settings())
NOW = dt.datetime(2026, 10, 11, tzinfo=dt.UTC)
SYSTEM = system_viewer()
HEAD = Viewer("head", "office_head", frozenset({"S1"}))
MINUTE = 60_000_000
NOON = to_micros(dt.datetime(2026, 7, 6, 4, tzinfo=dt.UTC))
DAY = 1440 * MINUTE
STORED = {"version_at": 0, "content_hash": 0, "batch_id": 1, "row_no": 1}


def put(db: Database, record: str, *rows: dict[str, Any]) -> None:
    with db.session() as session:
        names = {name for row in rows for name in row}
        session.execute(sa.insert(RECORD_TABLES[record]), [{**STORED, **dict.fromkeys(names), **row} for row in rows])


def office(code: str, level: str, parent: str | None = None, **more: Any) -> dict[str, Any]:
    return {"code": code, "name": f"{code}所", "level": level, "parent_code": parent, "valid_from": "0001-01-01",
            "valid_to": None, "area": "urban", "peer_group": None, "customers": None, **more}  # fmt: skip


def repair(office_code: str, number: int, minutes: int | None, **more: Any) -> dict[str, Any]:
    accepted = NOON + number * DAY
    arrived = None if minutes is None else accepted + minutes * MINUTE
    restored = None if arrived is None else arrived + 60 * MINUTE
    return {"system": "desk", "repair_no": f"{office_code}-{number:02d}", "office_code": office_code,
            "accepted_at": accepted, "arrived_at": arrived, "restored_at": restored, **more}  # fmt: skip


@pytest.fixture
def db(database: Database) -> Database:
    """Three stations of two counties: S1 with 2 of 12 repairs late, S2 and S3 with none; a hall of S1."""
    put(database, "offices", office("C", "company"), office("K1", "county", "C"), office("K2", "county", "C"),
        office("S1", "station", "K1", peer_group="城网"), office("S2", "station", "K1", peer_group="农网"),
        office("S3", "station", "K2", peer_group="城网"), office("H1", "hall", "S1"))  # fmt: skip
    put(database, "repairs", *(repair("S1", n, 60 if n < 2 else 20) for n in range(12)),
        *(repair("S2", n, 20) for n in range(12)), *(repair("S3", n, 20) for n in range(11)),
        repair("S3", 90, None))  # fmt: skip
    with database.session() as session:
        session.execute(sa.insert(BATCHES), [{"id": 1, "source": "x", "record": "repairs", "state": "done",
                                              "started_at": 0, "by": "x"}])  # fmt: skip
    return database


def rows_of(db: Database, viewer: Viewer = SYSTEM, **asked: Any) -> dict[str, dict[str, Any]]:
    document = league(db, viewer, RULES, **{"period": "2026-Q3", "indicator": "R1", "now": NOW, **asked})
    return {row["office"]: row for row in document["rows"]}


def test_a_row_adds_up_the_office_and_everything_below_it(db: Database) -> None:
    counties = rows_of(db, level="county", indicator=None)
    r1 = counties["K1"]["indicators"]["R1"]
    assert (r1["numerator"], r1["denominator"], r1["value"], counties["K1"]["n"]) == (22, 24, 0.916667, 24)
    company = rows_of(db, level="company", indicator=None)["C"]
    assert (company["indicators"]["R1"]["denominator"], company["n"]) == (35, 35)


def test_a_changed_tree_is_summed_anew_at_once(db: Database) -> None:
    """A tree is laid out once for the same rows of offices, and anew for any others."""
    assert rows_of(db, level="county")["K1"]["indicators"]["R1"]["denominator"] == 24
    with db.session() as session:
        offices = RECORD_TABLES["offices"]
        session.execute(sa.update(offices).where(offices.c.code == "S3").values(parent_code="K1"))
    counties = rows_of(db, level="county", refresh=False)
    assert counties["K1"]["indicators"]["R1"]["denominator"] == 35
    assert counties["K2"]["indicators"]["R1"]["value"] is None


def test_rank_and_score_of_one_indicator_and_of_a_peer_group(db: Database) -> None:
    everyone = rows_of(db)
    assert {code: (row["rank"], row["score"]) for code, row in everyone.items()} == {
        "S2": (1, 100), "S3": (1, 100), "S1": (3, 0),
    }  # fmt: skip
    assert {code: row["rank"] for code, row in rows_of(db, peer_group="城网").items()} == {"S3": 1, "S1": 2}


def test_a_person_sees_their_own_rows_with_the_ranks_of_the_whole_table(db: Database) -> None:
    assert {code: row["rank"] for code, row in rows_of(db, HEAD).items()} == {"S1": 3}
    assert list(rows_of(db, HEAD, level="hall", indicator=None)) == ["H1"]
    assert rows_of(db, HEAD, level="county") == {}


def test_another_as_of_is_judged_aside_and_changes_nothing_stored(db: Database) -> None:
    before = rows_of(db)
    early = dt.datetime(2026, 7, 8, tzinfo=dt.UTC)  # after three of the twelve days
    aside = rows_of(db, as_of=early)
    assert {code: row["n"] for code, row in aside.items()} == {"S1": 2, "S2": 2, "S3": 2}
    with db.reading() as connection:
        count = connection.execute(sa.select(sa.func.count()).select_from(VERDICTS["repairs"])).scalar()
    assert count == 36
    assert rows_of(db) == before == rows_of(db, as_of=NOW)


def test_the_parts_of_an_explanation_add_up_to_what_is_missing(db: Database) -> None:
    for as_of in (None, NOW):
        document = explain(db, SYSTEM, RULES, office="S1", period="2026-Q3", now=NOW, as_of=as_of)
        lost = {line["code"]: line for line in document["indicators"]}
        assert round(sum(line["score_lost"] or 0 for line in lost.values()), 2) == round(100 - document["score"], 2)
        assert [(r["number"], r["reason"], r["actual"]) for r in lost["R1"]["records"]] == [
            ("S1-00", "too_late", "2026-07-06T13:00:00+08:00"), ("S1-01", "too_late", "2026-07-07T13:00:00+08:00"),
        ]  # fmt: skip
        assert round(sum(r["score_lost"] for r in lost["R1"]["records"]), 2) == lost["R1"]["score_lost"]


def test_a_confirmed_finding_deducts_and_a_later_decision_takes_it_back(db: Database) -> None:
    with db.session() as session:
        session.execute(sa.insert(FINDINGS), [{"id": 1, "hall_code": "H1", "item_code": "R02", "observed_at": NOON,
                                               "duration_proven": True, "source": "x", "created_at": 0}])  # fmt: skip
    assert rows_of(db, level="hall", indicator="H1")["H1"]["indicators"]["H1"]["value"] is None
    decided = {"finding_id": 1, "by": "li", "at": to_micros(NOW), "decision": "confirmed", "item_code": "R01"}
    with db.session() as session:
        session.execute(sa.insert(REVIEWS), [decided])
    hall = rows_of(db, level="hall", indicator="H1")["H1"]
    assert (hall["indicators"]["H1"]["value"], hall["red_line"]) == (0.9, 1)
    with db.session() as session:
        session.execute(sa.insert(REVIEWS), [{**decided, "decision": "rejected"}])
    hall = rows_of(db, level="hall", indicator="H1")["H1"]
    assert (hall["indicators"]["H1"]["value"], hall["red_line"]) == (None, 0)


def listed(db: Database, viewer: Viewer = SYSTEM, **asked: Any) -> list[str]:
    document = records(db, viewer, RULES, **{"record": "repairs", "period": "2026-Q3", "now": NOW, **asked})
    return [row["number"] for row in document["rows"]]


def test_records_are_listed_by_office_verdict_and_indicator(db: Database) -> None:
    for as_of in (None, NOW):
        assert listed(db, verdict="late", as_of=as_of) == ["S1-01", "S1-00"]
        assert listed(db, verdict="late", indicator="R2", as_of=as_of) == []
        assert len(listed(db, office="K1", as_of=as_of)) == 24
        assert listed(db, office="S3", limit=2, as_of=as_of) == ["S3-10", "S3-09"]
        assert listed(db, office="S3", limit=2, offset=10, as_of=as_of) == ["S3-00"]
        assert len(listed(db, HEAD, as_of=as_of)) == 12


def test_a_record_names_the_verdict_deadline_and_reason_of_each_indicator(db: Database) -> None:
    document = records(db, SYSTEM, RULES, record="repairs", period="2026-Q3", now=NOW, verdict="late", limit=1)
    row = document["rows"][0]
    assert document["total"] == 2
    assert row["verdict"] == {"R1": "late", "R2": "on_time", "R3": "counted"}
    assert row["deadline"]["R1"] == "2026-07-07T12:45:00+08:00"
    assert row["reason"]["R1"] == "too_late"


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (lambda db: rows_of(db, period="2026-Q5"), UsageError, "Known forms"),
        (lambda db: rows_of(db, level="village"), UsageError, "no level 'village'"),
        (lambda db: rows_of(db, indicator="R9"), UsageError, "No indicator 'R9'"),
        (lambda db: rows_of(db, peer_group="农"), UsageError, "Did you mean '农网'"),
        (lambda db: rows_of(db, period="2010-Q1"), MingchaError, "promise-2011, begins on 2011-12-01"),
        (lambda db: explain(db, SYSTEM, RULES, office="S9", period="2026-Q3", now=NOW), UsageError, "no office 'S9'"),
        (lambda db: explain(db, HEAD, RULES, office="S2", period="2026-Q3", now=NOW), NotAllowedError, "outside"),
        (lambda db: listed(db, HEAD, office="S2"), NotAllowedError, "outside"),
        (lambda db: listed(db, record="repair"), UsageError, "Did you mean 'repairs'"),
        (lambda db: listed(db, verdict="lates"), UsageError, "Did you mean 'late'"),
    ],
)
def test_what_cannot_be_answered_says_why_and_what_to_do(
    sqlite_database: Database, ask: Any, error: type[Exception], message: str
) -> None:
    put(sqlite_database, "offices", office("S1", "station", peer_group="农网"), office("S2", "station"))
    with pytest.raises(error, match=message):
        ask(sqlite_database)


def test_an_empty_company_has_an_empty_league(sqlite_database: Database) -> None:
    assert rows_of(sqlite_database) == {}
    put(sqlite_database, "offices", office("S1", "station"))
    row = rows_of(sqlite_database, indicator=None)["S1"]
    assert (row["score"], row["rank"], row["reason"], len(row["missing"])) == (None, None, "few_records", 21)

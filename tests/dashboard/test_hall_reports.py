"""Hall reports against figures worked by hand: two halls, August of one quarter."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
import sqlalchemy as sa

from checks.hall_evaluation import read_scheme
from dashboard.database import Database
from dashboard.database.models import BATCHES, FINDINGS, RECORD_TABLES, REVIEWS
from dashboard.instants import to_micros
from dashboard.judging.rules import rules_of
from dashboard.people import Viewer, system_viewer
from dashboard.queries.hall_reports import hall_reports
from dashboard.settings import Settings

RULES, SCHEME = rules_of(Settings()), read_scheme()
NOW = dt.datetime(2026, 10, 11, tzinfo=dt.UTC)
STORED = {"version_at": 0, "content_hash": 0, "batch_id": 1, "row_no": 1}
DAYS = [f"2026-08-{day:02d}" for day in (3, 4, 5, 6, 7)]


def at(day: str, time: str = "10:15") -> int:
    return to_micros(dt.datetime.fromisoformat(f"{day}T{time}:00+08:00"))


def put(db: Database, record: str, *rows: dict[str, Any]) -> None:
    with db.session() as session:
        names = {name for row in rows for name in row}
        session.execute(sa.insert(RECORD_TABLES[record]), [{**STORED, **dict.fromkeys(names), **row} for row in rows])


def office(code: str, level: str, parent: str | None) -> dict[str, Any]:
    return {"code": code, "name": code, "level": level, "parent_code": parent, "valid_from": "0001-01-01",
            "area": "urban"}  # fmt: skip


def sample(hall: str, day: str, slot: int | None = 2, outcome: str = "captured", **more: Any) -> dict[str, Any]:
    return {"system": "file", "sample_id": f"{hall}-{day}-{slot}", "hall_code": hall, "camera_code": "K1", "date": day,
            "slot": slot, "planned_at": at(day), "captured_at": at(day), "outcome": outcome, **more}  # fmt: skip


def sheet(number: str, hall: str, kind: str, item: str, result: str) -> dict[str, Any]:
    return {"system": "file", "inspection_no": number, "kind": kind, "hall_code": hall, "at": at("2026-08-12"),
            "item_code": item, "result": result, "count": 1}  # fmt: skip


def ticket(number: int, hall: str, hours: int) -> dict[str, Any]:
    """An enquiry: its answer is due within four working days; `hours` later it came."""
    accepted = at("2026-08-03")
    return {"system": "file", "ticket_no": f"T{number}", "type": "enquiry", "office_code": hall,
            "accepted_at": accepted, "replied_at": accepted + hours * 3_600_000_000}  # fmt: skip


def rating(number: int, hall: str, said: str) -> dict[str, Any]:
    return {"system": "file", "evaluation_no": f"E{number}", "kind": "keypress", "office_code": hall,
            "at": at("2026-08-20"), "satisfaction": said}  # fmt: skip


def finding(session: Any, hall: str, day: str, item: str, decision: str) -> None:
    number = session.execute(sa.insert(FINDINGS).values(
        sample_id=f"{hall}-{day}-2", hall_code=hall, camera_code="K1", item_code=item, observed_at=at(day),
        duration_proven=True, source="look", created_at=at(day),
    )).inserted_primary_key[0]  # fmt: skip
    session.execute(sa.insert(REVIEWS).values(finding_id=number, decision=decision, by="x", at=at("2026-09-01")))


@pytest.fixture
def db(database: Database) -> Database:
    """HA: five checkable samples, one with a confirmed R02 (5 points), three found in order, one not decided.

    HB: two samples, one without a picture, one imported as in order; a visit on site (R05 and E01) and one mutual.
    """
    put(database, "offices", office("C", "company", None), office("K", "county", "C"), office("S", "station", "K"),
        office("HA", "hall", "S"), office("HB", "hall", "S"), office("HC", "hall", "S"))  # fmt: skip
    put(database, "samples", *(sample("HA", day) for day in DAYS),
        sample("HA", "2026-08-10", None), sample("HB", DAYS[0], 2, "not_checkable"),
        sample("HB", DAYS[1], verdict="ok"))  # fmt: skip
    put(database, "inspections", sheet("J1", "HB", "on_site", "R05", "violation"),
        sheet("J1", "HB", "on_site", "E01", "ok"), sheet("J2", "HB", "mutual", "E01", "ok"))  # fmt: skip
    put(database, "tickets", *(ticket(n, "HB", 20 if n else 500) for n in range(4)))
    put(database, "evaluations", *(rating(n, "HB", "satisfied" if n else "dissatisfied") for n in range(5)))
    with database.session() as session:
        batch = {"id": 1, "source": "x", "record": "offices", "state": "done", "started_at": 0, "by": "x"}
        session.execute(sa.insert(BATCHES), [batch])
        finding(session, "HA", DAYS[0], "R02", "confirmed")
        finding(session, "HA", DAYS[1], "R02", "rejected")
        for day in DAYS[1:4]:
            session.execute(sa.insert(REVIEWS).values(
                sample_id=f"HA-{day}-2", decision="ok", by="x", at=at("2026-09-01"))
            )  # fmt: skip
    return database


def reports(db: Database, viewer: Viewer | None = None, **asked: Any) -> dict[str, Any]:
    return hall_reports(db, viewer or system_viewer(), RULES, SCHEME, **{"period": "2026-Q3", "now": NOW, **asked})


def deduct(item: str) -> int:
    return next(one.deduct for one in RULES.rulebook.sheet.items if one.code == item)


def month(document: dict[str, Any], name: str = "2026-08") -> dict[str, dict[str, Any]]:
    rows = next(one["rows"] for one in document["months"] if one["month"] == name)
    return {row["office"]: row for row in rows}


def test_a_month_is_video_tickets_and_visits_and_what_is_missing_is_named(db: Database) -> None:
    """HA: 100 less R02, nothing else known. HB: video 100, 3 of 4 answered in time, on site 100 less R05."""
    rows = month(reports(db))
    video = 100 - deduct("R02")
    assert rows["HA"]["parts"] == {"video": video, "tickets": None, "on_site": None}
    assert (rows["HA"]["score"], rows["HA"]["missing"]) == (video, ["tickets", "on_site"])
    visit = 100 - deduct("R05")
    assert rows["HB"]["parts"] == {"video": 100, "tickets": 75, "on_site": visit}
    assert rows["HB"]["score"] == round(0.6 * 100 + 0.2 * 75 + 0.2 * visit, 2)
    assert (rows["HC"]["score"], rows["HC"]["rank"], len(rows["HC"]["missing"])) == (None, None, 3)
    july = month(reports(db), "2026-07")
    assert july["HA"]["score"] is None


def test_the_contest_takes_the_months_that_are_there(db: Database) -> None:
    """HB: the mean of its one month, the visit, a mutual check without a violation, 4 of 5 satisfied."""
    document = reports(db)
    (row,) = [row for row in document["contest"]["rows"] if row["office"] == "HB"]
    august, visit = month(document)["HB"]["score"], 100 - deduct("R05")
    assert row["parts"] == {"months": august, "on_site": visit, "mutual": 100, "satisfaction": 80}
    assert row["score"] == round(0.5 * august + 0.3 * visit + 0.1 * 100 + 0.1 * 80, 2)


def test_a_sheet_that_was_taken_back_is_no_visit_without_a_violation(db: Database) -> None:
    """HB's mutual check J2 is taken back on 1 September: the part is missing from then on, and was 100 before."""
    told = json.dumps({"sheet": "J2", "kind": "mutual", "taken_back": "wrong hall"}, ensure_ascii=False)
    with db.session() as session:
        batch = {"id": 2, "source": "by hand", "record": "inspections", "state": "done", "by": "x", "details": told}
        session.execute(sa.insert(BATCHES), [{**batch, "started_at": at("2026-09-01")}])

    def mutual(**asked: Any) -> Any:
        rows = reports(db, **asked)["contest"]["rows"]
        return next(row["parts"]["mutual"] for row in rows if row["office"] == "HB")

    assert mutual() is None
    assert mutual(as_of=dt.datetime(2026, 8, 31, tzinfo=dt.UTC)) == 100


def test_the_provincial_report_counts_halls_visits_and_violations(db: Database) -> None:
    """Three halls; HA and HB could be watched; both visited; R02 by video and R05 on a sheet."""
    rows = {row["office"]: row for row in reports(db)["province"]["rows"]}
    names = ("halls", "watchable", "visited", "violations", "by_video")
    assert tuple(rows["K"][name] for name in names) == (3, 2, 2, 2, 1)
    assert rows["C"] | {"office": "K", "name": "K", "level": "county"} == rows["K"]


def test_a_violation_rate_is_of_what_was_decided_with_the_interval_of_the_draw(db: Database) -> None:
    """HA: 1 of 4 decided, one waiting; the sample without a slot is no draw. Wilson for 1 of 4: 4.6 to 69.9 %."""
    rows = {row["office"]: row for row in reports(db)["violation_rates"]["rows"]}
    assert (rows["HA"]["violations"], rows["HA"]["decided"], rows["HA"]["waiting"]) == (1, 4, 1)
    assert (rows["HA"]["value"], round(rows["HA"]["low"], 3), round(rows["HA"]["high"], 3)) == (0.25, 0.046, 0.699)
    assert (rows["S"]["violations"], rows["S"]["decided"]) == (1, 5)
    assert "HC" not in rows


@pytest.mark.parametrize(("item", "then"), [("F03", None), ("R02", "annulled")])
def test_a_camera_s_trouble_and_what_an_appeal_annulled_are_no_violation_in_the_rate(
    db: Database, item: str, then: str | None
) -> None:
    """The fifth sample of HA is decided as a violation: of 5 decided it is one only while its item stands."""
    with db.session() as session:
        finding(session, "HA", DAYS[4], item, "confirmed")
        told = {"sample_id": f"HA-{DAYS[4]}-2", "decision": "violation", "by": "x", "at": at("2026-09-01")}
        session.execute(sa.insert(REVIEWS).values(told))
        if then:
            number = session.execute(sa.select(sa.func.max(FINDINGS.c.id))).scalar_one()
            session.execute(sa.insert(REVIEWS).values(finding_id=number, decision=then, by="y", at=at("2026-09-10")))

    def rate(**asked: Any) -> tuple[int, int]:
        row = next(row for row in reports(db, **asked)["violation_rates"]["rows"] if row["office"] == "HA")
        return row["violations"], row["decided"]

    assert rate() == (1, 5)
    if then:
        assert rate(as_of=dt.datetime(2026, 9, 5, tzinfo=dt.UTC)) == (2, 5)


def test_what_was_decided_later_is_not_known_before(db: Database) -> None:
    early = reports(db, as_of=dt.datetime(2026, 8, 31, tzinfo=dt.UTC))
    rows = {row["office"]: row for row in early["violation_rates"]["rows"]}
    assert (rows["HA"]["decided"], rows["HA"]["waiting"], rows["HA"]["value"]) == (0, 5, None)
    assert month(early)["HA"]["parts"]["video"] == 100
    assert [one["month"] for one in early["months"]] == ["2026-07", "2026-08"]


def test_an_office_head_sees_the_own_halls_with_the_ranks_of_all(db: Database) -> None:
    document = reports(db, Viewer("head", "office_head", frozenset({"HA"})))
    rows = month(document)
    assert rows.keys() == {"HA"}
    assert rows["HA"]["rank"] == month(reports(db))["HA"]["rank"]
    assert {row["office"] for row in document["violation_rates"]["rows"]} == {"HA"}

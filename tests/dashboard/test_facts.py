"""One fact seen in several ways counts once: who says so, why, and what it changes (domain trap 45)."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from dashboard.actions.facts import complaint, join, separate
from dashboard.database.models import (
    AUDIT,
    BATCHES,
    FACT_JOINS,
    FINDINGS,
    HALL_MONTHS,
    JUDGED_THROUGH,
    RECORD_TABLES,
    REVIEWS,
)
from dashboard.errors import NotAllowedError, UsageError
from dashboard.instants import to_micros
from dashboard.judging.present import bring_up_to_date
from dashboard.judging.rules import rules_of
from dashboard.people import Viewer, system_viewer
from dashboard.queries.explain import explain
from dashboard.queries.facts import beside, facts, proposals
from dashboard.queries.red_lines import red_lines
from dashboard.settings import Settings

MORNING = datetime(2026, 9, 1, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai
NOW = datetime(2026, 9, 3, 4, 0, tzinfo=UTC)
INSPECTOR = Viewer("张检", "inspector", frozenset({"*"}))
HEAD = Viewer("所长甲", "office_head", frozenset({"S1"}))
STRANGER = Viewer("外", "inspector", frozenset({"S2"}))
RULES = rules_of(Settings())


def hours(n):
    return MORNING + timedelta(hours=n)


@pytest.fixture
def company(sqlite_halls):
    return peopled(sqlite_halls)


@pytest.fixture
def both(halls):
    return peopled(halls)


def peopled(halls):
    for code, level, parent in (("S1", "station", None), ("S2", "station", None), ("H1", "hall", "S1"),
                                ("H2", "hall", "S2")):  # fmt: skip
        halls.insert("offices", code=code, name=code, level=level, parent_code=parent, valid_from="2020-01-01")
    return halls


def sheet(company, number, item="A02", *, kind="mutual", hall="H1", at=MORNING, count=1, result="violation"):
    """A row of a sheet, brought by a batch of its own; its reference."""
    with company.db.session() as connection:
        batch = connection.execute(
            sa.insert(BATCHES)
            .values(source="s", record="inspections", state="done", started_at=0, by="x", new=1)
            .returning(BATCHES.c.id)
        ).scalar_one()
        values = {"inspection_no": number, "kind": kind, "hall_code": hall, "at": to_micros(at), "item_code": item,
                  "result": result, "count": count, "version_at": 0, "content_hash": 0, "batch_id": batch,
                  "row_no": 1}  # fmt: skip
        insert = sa.insert(RECORD_TABLES["inspections"]).values(values).returning(RECORD_TABLES["inspections"].c.id)
        return "inspections", connection.execute(insert).scalar_one()


def film(company, item="A02", *, hall="H1", at=MORNING, decision="confirmed", lasted=None):
    """A finding of a sample that a person decided about; its reference."""
    with company.db.session() as connection:
        values = {"sample_id": f"{hall}-{at:%H%M}", "hall_code": hall, "item_code": item, "observed_at": to_micros(at),
                  "duration_proven": True, "source": "detector", "created_at": to_micros(at)}  # fmt: skip
        if lasted:
            values |= {"starts": 0.0, "ends": lasted}
        identity = connection.execute(sa.insert(FINDINGS).values(values).returning(FINDINGS.c.id)).scalar_one()
        told = {"finding_id": identity, "sample_id": values["sample_id"], "decision": decision, "by": "复核员",
                "at": to_micros(at + timedelta(hours=1))}  # fmt: skip
        connection.execute(sa.insert(REVIEWS).values(told))
        return "findings", identity


def joined(company, *evidence, reason="同一时刻同一人", by=INSPECTOR, at=NOW):
    return join(company.db, by=by, evidence=evidence, reason=reason, at=at)


def lost(company, at=NOW):
    """Points that the hall-month of H1 has lost, by the stored roll-ups."""
    bring_up_to_date(company.db, RULES, at)
    row = HALL_MONTHS.c
    found = company.rows(sa.select(row.deductions).where(row.hall_code == "H1", row.month == "2026-09"))
    return found[0].deductions if found else 0


def proposed(company, viewer=INSPECTOR):
    found = proposals(company.db, viewer, since=MORNING - timedelta(days=30), until=NOW, as_of=NOW)
    return [tuple(one.reference for one in group) for group in found]


def test_trap_45_film_and_sheet_joined_cost_the_dearer_of_the_two_once(both):
    company = both
    seen, told = film(company), sheet(company, "HC-1", count=2, at=hours(1))
    assert lost(company) == 6  # A02 costs 2: once on film, twice on the sheet
    fact = joined(company, seen, told)
    assert fact == "F-20260901-001"
    assert lost(company, NOW + timedelta(minutes=1)) == 4
    separate(company.db, by=INSPECTOR, evidence=[seen], reason="两个人", at=NOW + timedelta(minutes=2))
    assert lost(company, NOW + timedelta(minutes=3)) == 6
    assert [row.action for row in company.rows(sa.select(FACT_JOINS).order_by(FACT_JOINS.c.id))] == [
        "joined", "separated",
    ]  # fmt: skip
    assert [row.action for row in company.rows(sa.select(AUDIT.c.action).order_by(AUDIT.c.id))] == [
        "join_evidence", "separate_evidence",
    ]  # fmt: skip


def test_what_a_join_changes_is_counted_as_if_all_were_judged_anew(company):
    """Joined with the dearer R02, the A02 of 1 September is gone: that of 30 September is no repeat any more."""
    repeated, dearer = film(company), film(company, "R02", at=hours(1))
    late = datetime(2026, 9, 30, 2, 0, tzinfo=UTC)
    sheet(company, "HC-9", at=late)
    now = late + timedelta(days=1)
    assert lost(company, now) == 2 + 5 + 4
    joined(company, repeated, dearer, at=now)
    changed = lost(company, now + timedelta(minutes=1))
    with company.db.session() as connection:
        connection.execute(sa.delete(JUDGED_THROUGH))
    assert changed == lost(company, now + timedelta(minutes=1)) == 5 + 2


def test_the_score_is_explained_by_one_record_with_the_other_as_evidence(company):
    seen, told = film(company), sheet(company, "HC-1", count=2, at=hours(1))
    joined(company, seen, told)

    def losing(as_of=None):
        document = explain(company.db, system_viewer(), RULES, office="H1", period="2026-09",
                           now=NOW + timedelta(minutes=1), as_of=as_of)  # fmt: skip
        return next(one for one in document["indicators"] if one["code"] == "H1")["records"]

    assert [(row["number"], row["deducted"]) for row in losing()] == [("HC-1", 4)]
    assert losing()[0]["evidence"] == [{"record": "findings", "number": "H1-0200", "kind": "video", "item": "A02"}]
    before = losing(as_of=NOW - timedelta(minutes=1))  # the word of people counts from its own time
    assert sorted(row["number"] for row in before) == ["H1-0200/A02/2026-09-01T10:00:00", "HC-1"]
    assert all("evidence" not in row for row in before)


def test_a_finding_that_is_annulled_leaves_the_fact_to_the_sheet(company):
    seen, told = film(company), sheet(company, "HC-1")
    joined(company, seen, told)
    with company.db.session() as connection:
        values = {"finding_id": seen[1], "decision": "annulled", "by": "复核员", "at": to_micros(NOW)}
        connection.execute(sa.insert(REVIEWS).values(values))
    assert lost(company, NOW + timedelta(minutes=1)) == 2


def test_a_red_line_seen_twice_is_one(company):
    evidence = [sheet(company, "AF-1", "R01", kind="undercover"), sheet(company, "XC-1", "R01", kind="on_site")]

    def lines():
        found = red_lines(company.db, system_viewer(), RULES, office="H1", period="2026-09", as_of=NOW)
        return [line.number for line in found]

    assert lines() == ["AF-1", "XC-1"]
    joined(company, *evidence)
    assert lines() == ["AF-1"]


def test_a_sheet_is_proposed_with_the_nearest_film_of_its_hall_item_and_day(company):
    early, near = film(company, at=hours(0)), film(company, at=hours(4))
    told = sheet(company, "HC-1", at=hours(3))
    film(company, "E01", at=hours(3)), film(company, hall="H2", at=hours(3)), film(company, at=hours(30))
    film(company, at=hours(2), decision="rejected")
    assert proposed(company) == [(told, near)]
    assert proposed(company, STRANGER) == []
    separate(company.db, by=INSPECTOR, evidence=[told, near], reason="不同的人", at=NOW)
    assert proposed(company) == [(early, told)]
    joined(company, early, told)
    assert proposed(company) == []
    assert [one.reference for one in beside(company.db, HEAD, record=told[0], record_id=told[1], as_of=NOW)] == [early]
    assert [one.fact for one in facts(company.db, INSPECTOR, as_of=NOW)] == ["F-20260901-002"]
    assert facts(company.db, STRANGER, as_of=NOW) == []


def test_two_films_are_never_proposed_and_sheets_of_two_kinds_are(company):
    film(company, at=hours(0), lasted=60.0), film(company, at=hours(1), lasted=60.0)
    assert proposed(company) == []
    pair = (sheet(company, "XC-1", "E01", kind="on_site"), sheet(company, "HC-1", "E01", at=hours(1)))
    assert proposed(company) == [pair]


def test_more_evidence_joins_the_fact_that_is_there(company):
    first, second, third = film(company), sheet(company, "HC-1"), sheet(company, "AF-1", kind="undercover")
    fact = joined(company, first, second)
    assert joined(company, second, third, reason="暗访也看到") == fact
    found = facts(company.db, INSPECTOR, as_of=NOW)[0]
    assert {one.reference for one in found.sightings} == {first, second, third}
    assert lost(company, NOW + timedelta(minutes=1)) == 2


def test_a_complaint_is_evidence_of_what_was_seen(company):
    told = sheet(company, "HC-1")
    company.insert("tickets", ticket_no="T-1", type="complaint", office_code="S1", system="95598",
                   accepted_at=to_micros(hours(5)))  # fmt: skip
    written = complaint(company.db, INSPECTOR, " T-1 ")
    joined(company, told, written, reason="投诉同一事，回电13812348000")
    assert lost(company, NOW + timedelta(minutes=1)) == 2
    (found,) = facts(company.db, INSPECTOR, as_of=NOW)
    assert [one.way for one in found.sightings] == ["mutual", "complaint"]
    assert found.reason == "投诉同一事，回电138****8000"
    with pytest.raises(UsageError, match="no complaint"):
        complaint(company.db, STRANGER, "T-1")


def test_a_fact_with_a_sealed_complaint_is_told_to_nobody_from_whom_that_is_hidden(company):
    seen = sheet(company, "HC-1")
    for number, kind, parent in (("JB-1", "report", None), ("T-2", "complaint", "JB-1")):
        company.insert("tickets", ticket_no=number, type=kind, office_code="S1", system="95598",
                       parent_ticket_no=parent, accepted_at=to_micros(hours(5)))  # fmt: skip
    joined(company, seen, complaint(company.db, INSPECTOR, "T-2"), reason="举报人当时在厅内")
    (found,) = facts(company.db, INSPECTOR, as_of=NOW)
    assert [one.number for one in found.sightings] == ["HC-1", "T-2"]
    assert facts(company.db, HEAD, as_of=NOW) == []
    for who, evidence in ((INSPECTOR, ["T-2"]), (HEAD, [])):  # not even that there is something
        document = explain(company.db, who, RULES, office="H1", period="2026-09", now=NOW + timedelta(minutes=1))
        (row,) = next(one for one in document["indicators"] if one["code"] == "H1")["records"]
        assert [one["number"] for one in row["evidence"]] == evidence
    assert beside(company.db, HEAD, record=seen[0], record_id=seen[1], as_of=NOW) == ()


def test_what_cannot_be_one_fact_is_refused(company):
    seen, told = film(company), sheet(company, "HC-1")
    other_hall, other_day = sheet(company, "HC-2", hall="H2"), sheet(company, "HC-3", at=hours(24))
    rejected, fine = film(company, at=hours(1), decision="rejected"), sheet(company, "HC-4", result="ok")
    for evidence, says in (
        ((seen,), "One piece"), ((seen, other_hall), "different halls"), ((seen, other_day), "different days"),
        ((told, rejected), "Only confirmed"), ((seen, fine), "Only confirmed"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=says):
            joined(company, *evidence)
    with pytest.raises(UsageError, match="Say why"):
        joined(company, seen, told, reason=" ")
    for by in (HEAD, STRANGER, system_viewer()):
        with pytest.raises(NotAllowedError):
            joined(company, seen, told, by=by)
    with pytest.raises(NotAllowedError, match="does not exist"):
        joined(company, seen, ("findings", 999))
    joined(company, seen, told)
    third, fourth = sheet(company, "HC-5", "E01"), sheet(company, "XC-5", "E01", kind="on_site")
    joined(company, third, fourth)
    with pytest.raises(UsageError, match="several facts"):
        joined(company, seen, third)


def test_nobody_joins_or_parts_evidence_about_their_own_office(company):
    seen, told = film(company), sheet(company, "HC-1")
    at_home = Viewer("驻点", "inspector", frozenset({"*"}), works_at="S1")
    with pytest.raises(NotAllowedError, match="your own office"):
        joined(company, seen, told, by=at_home)
    joined(company, seen, told)
    with pytest.raises(NotAllowedError, match="your own office"):
        separate(company.db, by=at_home, evidence=(seen, told), reason="两事", at=NOW)

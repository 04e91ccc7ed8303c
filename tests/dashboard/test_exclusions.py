"""Exclusions: filed by one, approved by another, holding from then on, on both databases; rates with and without."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from checks.exclusions import Filing
from dashboard.actions import exclusions as act
from dashboard.database import Database
from dashboard.database.models import AUDIT, BATCHES, EXCLUSION_DECISIONS, EXCLUSIONS, RECORD_TABLES
from dashboard.errors import MingchaError, NotAllowedError, UsageError
from dashboard.instants import to_micros
from dashboard.judging.present import bring_up_to_date
from dashboard.judging.rules import rules_of
from dashboard.people import Viewer, system_viewer
from dashboard.queries.exclusions import exclusions, filing_numbered, filing_seen, preview
from dashboard.queries.explain import explain
from dashboard.queries.league import league
from dashboard.settings import Settings

RULES = rules_of(Settings())
SYSTEM = system_viewer()
FILER = Viewer("张三", "evaluator", frozenset({"*"}))
SECOND = Viewer("李四", "inspector", frozenset({"*"}))
HEAD = Viewer("王五", "office_head", frozenset({"S1"}))
MINUTE = 60_000_000
DAY = 1440 * MINUTE
NOON = to_micros(dt.datetime(2026, 7, 6, 4, tzinfo=dt.UTC))
FILED_AT = dt.datetime(2026, 10, 9, tzinfo=dt.UTC)
APPROVED_AT = dt.datetime(2026, 10, 11, tzinfo=dt.UTC)
NOW = dt.datetime(2026, 10, 12, tzinfo=dt.UTC)
STORED = {"version_at": 0, "content_hash": 0, "batch_id": 1, "row_no": 1}
TYPHOON = Filing(offices=("S1",), records=("repairs",), starts_at=NOON, ends_at=NOON + 2 * DAY, reason="disaster",
                 document="市防指〔2026〕8号")  # fmt: skip


def put(db: Database, record: str, *rows: dict[str, Any]) -> None:
    with db.session() as session:
        names = {name for row in rows for name in row}
        session.execute(sa.insert(RECORD_TABLES[record]), [{**STORED, **dict.fromkeys(names), **row} for row in rows])


def repair(office: str, number: int, minutes: int, **more: Any) -> dict[str, Any]:
    accepted = NOON + number * DAY
    return {"system": "desk", "repair_no": f"{office}-{number:02d}", "office_code": office, "accepted_at": accepted,
            "arrived_at": accepted + minutes * MINUTE, "restored_at": accepted + (minutes + 60) * MINUTE,
            **more}  # fmt: skip


@pytest.fixture
def db(database: Database) -> Database:
    """S1 with the first 2 of its 12 repairs late (and the first two of one customer), S2 with none late."""
    office = {"valid_from": "0001-01-01", "valid_to": None, "customers": None}
    put(database, "offices", *(
        {**office, "code": code, "name": code, "level": level, "parent_code": parent, "area": area}
        for code, level, parent, area in
        [("C", "company", None, None), ("S1", "station", "C", "urban"), ("S2", "station", "C", "urban")]
    ))  # fmt: skip
    put(database, "repairs", *(repair("S1", n, 60 if n < 2 else 20, customer_no="7" if n < 3 else None)
                               for n in range(12)), *(repair("S2", n, 20) for n in range(12)))  # fmt: skip
    with database.session() as session:
        batch = {"id": 1, "source": "x", "record": "repairs", "state": "done", "started_at": 0, "by": "x"}
        session.execute(sa.insert(BATCHES), [batch])
    return database


def figure(db: Database, code: str = "R1", office: str = "S1", **asked: Any) -> tuple[float, float, int]:
    found = league(db, SYSTEM, RULES, **{"period": "2026-Q3", "now": NOW, **asked})
    row = next(row for row in found["rows"] if row["office"] == office)["indicators"][code]
    return row["numerator"], row["denominator"], row["excluded"]


def approved(db: Database, filing: Filing = TYPHOON) -> int:
    number = act.file_exclusion(db, by=FILER, filing=filing, at=FILED_AT)
    act.approve_exclusion(db, by=SECOND, number=number, at=APPROVED_AT)
    return number


def test_a_filing_changes_nothing_until_a_second_person_approves_it(db: Database) -> None:
    assert figure(db) == (10, 12, 0)
    number = act.file_exclusion(db, by=FILER, filing=TYPHOON, at=FILED_AT)
    assert figure(db) == (10, 12, 0)
    with pytest.raises(NotAllowedError, match="filed exclusion"):
        act.approve_exclusion(db, by=FILER, number=number, at=APPROVED_AT)
    at_home = replace(SECOND, works_at="S1")  # nobody decides about the office where they work, alone or among others
    for decide in (act.approve_exclusion, act.reject_exclusion, act.revoke_exclusion):
        with pytest.raises(NotAllowedError, match="where you work"):
            decide(db, by=at_home, number=number, note="核实", at=APPROVED_AT)
    act.approve_exclusion(db, by=SECOND, number=number, at=APPROVED_AT)
    assert figure(db) == (10, 10, 2)
    assert figure(db, "R4") == (0, 1, 2)  # the third repair of the customer follows no repair that counts
    with db.reading() as connection:
        deeds = connection.execute(sa.select(AUDIT.c.actor, AUDIT.c.action).order_by(AUDIT.c.id)).all()
    assert [tuple(deed) for deed in deeds] == [("张三", "file_exclusion"), ("李四", "approved_exclusion")]
    of_all = act.file_exclusion(db, by=FILER, filing=replace(TYPHOON, offices=("C",)), at=FILED_AT)
    with pytest.raises(NotAllowedError, match="where you work"):
        act.approve_exclusion(db, by=at_home, number=of_all, at=APPROVED_AT)


def test_only_the_records_it_touches_are_judged_again(db: Database) -> None:
    assert bring_up_to_date(db, RULES, NOW - dt.timedelta(hours=2)).judged == 24
    number = act.file_exclusion(db, by=FILER, filing=TYPHOON, at=FILED_AT)
    assert bring_up_to_date(db, RULES, NOW - dt.timedelta(hours=1)).how == "current"
    act.approve_exclusion(db, by=SECOND, number=number, at=APPROVED_AT)
    done = bring_up_to_date(db, RULES, NOW)
    assert (done.how, done.judged) == ("updated", 3)  # two covered, one that followed them


def test_it_holds_from_its_approval_until_it_is_revoked(db: Database) -> None:
    number = approved(db)
    before = APPROVED_AT - dt.timedelta(seconds=1)
    assert figure(db, as_of=before) == (10, 12, 0)
    assert figure(db, as_of=APPROVED_AT) == (10, 10, 2)
    act.revoke_exclusion(db, by=SECOND, number=number, at=NOW, note="未达到启动响应标准")
    assert figure(db, now=NOW) == (10, 12, 0)
    assert figure(db, as_of=APPROVED_AT) == (10, 10, 2)
    with pytest.raises(UsageError, match="does not hold"):
        act.revoke_exclusion(db, by=SECOND, number=number, at=NOW, note="again")


def test_what_names_an_excluded_ticket_inherits_it(db: Database) -> None:
    ticket = {"system": "desk", "ticket_no": "t1", "office_code": "S2", "type": "fault", "accepted_at": NOON}
    put(db, "tickets", ticket)
    put(db, "repairs", {**repair("S1", 20, 60), "ticket_no": "t1"})
    call = {"system": "desk", "evaluation_no": "e1", "kind": "callback", "office_code": "S1", "record_no": "t1",
            "at": NOON + DAY, "reached": True, "satisfaction": None}  # fmt: skip
    put(db, "evaluations", call)
    assert figure(db) == (10, 13, 0)
    approved(db, Filing(("S2",), ("tickets",), NOON - DAY, NOON + DAY, "drill", "演练方案"))
    assert figure(db) == (10, 12, 1)
    assert figure(db, "O5") == (0, 0, 1)


def test_area_and_numbers_narrow_it(db: Database) -> None:
    put(db, "repairs", repair("S2", 20, 100, area="rural"))
    filing = Filing(("C",), ("repairs",), NOON, NOON + 15 * DAY, "disaster", "文", area="rural")
    assert figure(db, office="S2")[2] == 0
    approved(db, filing)
    assert (figure(db)[2], figure(db, office="S2")[2]) == (0, 0)  # it lies after the fifteenth day
    named = Filing(("C",), ("repairs",), NOON, NOON + 90 * DAY, "customer_cause", "文", numbers=("S2-20", "S1-05"))
    approved(db, named)
    assert (figure(db)[2], figure(db, office="S2")[2]) == (1, 1)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ends_at": NOON + 16 * DAY}, "at most 15 days; these are 16"),
        ({"reason": "typhon"}, "no reason 'typhon'"),
        ({"document": " "}, "names the document"),
        ({"records": ("samples",)}, "samples"),
        ({"offices": ("S9",)}, "no office 'S9'"),
        ({"reason": "customer_cause"}, "list their numbers"),
        ({"reason": "other"}, "needs a note"),
        ({"ends_at": NOON}, "ends before it begins"),
        ({"area": "city"}, "no area class 'city'"),
    ],
)
def test_trap_28_an_exclusion_is_capped_by_what_was_declared(
    sqlite_database: Database, changed: dict[str, Any], said: str
) -> None:
    """Domain §9, 28: force majeure that is abused. A declared event has an end, a document and named offices."""
    office = {"code": "S1", "name": "S1", "level": "station", "valid_from": "0001-01-01"}
    put(sqlite_database, "offices", office)
    filing = Filing(**{**{name: getattr(TYPHOON, name) for name in TYPHOON.__slots__}, **changed})
    with pytest.raises(UsageError, match=said):
        act.file_exclusion(sqlite_database, by=FILER, filing=filing, at=FILED_AT)


def test_trap_28_every_excluded_record_is_listed_and_both_rates_are_shown(db: Database) -> None:
    """Domain §9, 28: list every excluded record, show both rates; the parts of both scores add up to the cent."""
    approved(db)
    found = explain(db, SYSTEM, RULES, office="S1", period="2026-Q3", now=NOW)
    assert found["excluded"] == [{"record": "repairs", "number": number, "reason": "filed"}
                                 for number in ("S1-00", "S1-01")]  # fmt: skip
    line = next(line for line in found["indicators"] if line["code"] == "R1")
    assert (line["numerator"], line["denominator"], line["value"]) == (10, 10, 1)
    without = line["without_exclusions"]
    assert (without["numerator"], without["denominator"], without["value"]) == (10, 12, 0.833333)
    for score, lost in (
        (found["score"], [line["score_lost"] for line in found["indicators"]]),
        (found["score_without_exclusions"], [i["without_exclusions"]["score_lost"] for i in found["indicators"]]),
    ):
        assert round(100 - sum(cost or 0 for cost in lost), 2) == score
    for line in found["indicators"]:
        assert round(sum(record["score_lost"] for record in line["records"]), 2) == (line["score_lost"] or 0)
    aside = explain(db, SYSTEM, RULES, office="S1", period="2026-Q3", now=NOW, as_of=NOW)
    assert aside == found


def test_without_an_exclusion_both_rates_are_the_same(db: Database) -> None:
    found = explain(db, SYSTEM, RULES, office="S1", period="2026-Q3", now=NOW)
    assert found["score_without_exclusions"] == found["score"]
    for line in found["indicators"]:
        assert line["without_exclusions"] == {name: line[name] for name in line["without_exclusions"]}


def test_the_league_shows_both_rates_of_every_row(db: Database) -> None:
    """S1 has 10 of 12 arrivals in time; the two late ones are left out. Nobody is ranked by the other score."""
    approved(db)
    found = league(db, SYSTEM, RULES, period="2026-Q3", now=NOW)
    rows = {row["office"]: row for row in found["rows"]}
    assert rows["S1"]["indicators"]["R1"]["without_exclusions"] == {
        "numerator": 10, "denominator": 12, "value": 0.833333, "points": 0,
    }  # fmt: skip
    assert rows["S1"]["score"] > rows["S1"]["score_without_exclusions"]
    assert rows["S2"]["score"] == rows["S2"]["score_without_exclusions"]
    told = explain(db, SYSTEM, RULES, office="S1", period="2026-Q3", now=NOW)
    assert rows["S1"]["score_without_exclusions"] == told["score_without_exclusions"]
    assert league(db, SYSTEM, RULES, period="2026-Q3", now=NOW, as_of=NOW)["rows"] == found["rows"]


def test_a_preview_names_the_records_and_the_rates_before_anything_is_filed(db: Database) -> None:
    found = preview(db, FILER, RULES, TYPHOON, now=NOW)
    assert (found.periods, found.counts) == (["2026-Q3"], {"repairs": 2})
    assert [row["number"] for row in found.records] == ["S1-00", "S1-01"]
    rates = {(rate["office"], rate["indicator"]): rate for rate in found.rates}
    station = rates["S1", "R1"]
    assert [station[side]["value"] for side in ("before", "after")] == [0.833333, 1]
    assert rates["C", "R1"]["after"]["denominator"] == 22
    assert exclusions(db, FILER, now=NOW) == []
    number = approved(db)
    assert preview(db, FILER, RULES, filing_numbered(db, number), now=NOW) == found
    (listed,) = exclusions(db, HEAD, now=NOW)
    assert (listed["state"], listed["by"], listed["decisions"][0]["by"]) == ("holds", "张三", "李四")
    assert exclusions(db, Viewer("x", "office_head", frozenset({"S2"})), now=NOW) == []


def test_a_filing_that_nobody_approves_lapses(db: Database) -> None:
    number = act.file_exclusion(db, by=FILER, filing=TYPHOON, at=FILED_AT)
    with pytest.raises(UsageError, match="lapsed"):
        act.approve_exclusion(db, by=SECOND, number=number, at=FILED_AT + dt.timedelta(days=30))


def test_an_office_head_files_for_his_own_and_approves_nothing(db: Database) -> None:
    number = act.file_exclusion(db, by=HEAD, filing=TYPHOON, at=FILED_AT)
    with pytest.raises(NotAllowedError, match="outside what 王五 may see"):
        act.file_exclusion(db, by=HEAD, filing=Filing(("S2",), *_rest(TYPHOON)), at=FILED_AT)
    for who in (HEAD, SYSTEM):
        with pytest.raises(NotAllowedError):
            act.approve_exclusion(db, by=who, number=number, at=APPROVED_AT)
    act.reject_exclusion(db, by=SECOND, number=number, at=APPROVED_AT, note="不在公告范围")
    with pytest.raises(UsageError, match="rejected already"):
        act.approve_exclusion(db, by=SECOND, number=number, at=APPROVED_AT)
    with pytest.raises(NotAllowedError, match="'system' may not"):
        act.file_exclusion(db, by=SYSTEM, filing=TYPHOON, at=FILED_AT)


def _rest(filing: Filing) -> tuple[Any, ...]:
    return filing.records, filing.starts_at, filing.ends_at, filing.reason, filing.document


def test_the_database_itself_refuses_to_change_what_was_filed_or_decided(db: Database) -> None:
    approved(db)
    for table in (EXCLUSIONS, EXCLUSION_DECISIONS):
        for statement in (sa.update(table).values(by="x"), sa.delete(table)):
            with pytest.raises((sa.exc.DBAPIError, MingchaError), match="never changed or deleted"), db.session() as s:
                s.execute(statement)


def test_a_named_number_is_that_of_one_system(db: Database) -> None:
    put(db, "repairs", {**repair("S1", 5, 100), "system": "other"})
    named = Filing(("S1",), ("repairs",), NOON, NOON + 90 * DAY, "customer_cause", "文", numbers=("S1-05",))
    with pytest.raises(UsageError, match="several systems: desk, other"):
        act.file_exclusion(db, by=FILER, filing=named, at=FILED_AT)
    number = approved(db, replace(named, system="desk"))
    assert figure(db)[2] == 1
    found = preview(db, FILER, RULES, filing_numbered(db, number), now=NOW)
    assert [(row["number"], row["system"]) for row in found.records] == [("S1-05", "desk")]
    alone = replace(named, numbers=("S1-06",))
    assert act.require_possible(db, FILER, alone).system == "desk"
    with pytest.raises(UsageError, match="No record of these numbers"):
        act.require_possible(db, FILER, replace(named, numbers=("S1-99",)))
    with pytest.raises(UsageError, match="of one type"):
        act.require_possible(db, FILER, replace(alone, records=("repairs", "tickets")))


def test_a_later_record_of_the_same_number_in_another_system_still_counts(db: Database) -> None:
    approved(db, Filing(("S1",), ("repairs",), NOON, NOON + 90 * DAY, "customer_cause", "文", numbers=("S1-05",)))
    put(db, "repairs", {**repair("S1", 5, 100), "system": "other"})
    assert figure(db, as_of=NOW)[1:] == (12, 1)


def test_of_a_filing_over_several_offices_each_head_sees_his_own_part(db: Database) -> None:
    both = Filing(("S1", "S2"), ("repairs",), NOON, NOON + 90 * DAY, "customer_cause", "文",
                  numbers=("S1-05", "S2-05"), note="S2 的情况")  # fmt: skip
    number = act.file_exclusion(db, by=FILER, filing=both, at=FILED_AT)
    act.approve_exclusion(db, by=SECOND, number=number, at=APPROVED_AT, note="S2 已核实")
    (part,) = exclusions(db, HEAD, now=NOW)
    assert (part["offices"], part["names"], part["numbers"], part["whole"]) == (["S1"], ["S1"], ["S1-05"], False)
    assert (part["note"], part["decisions"][0]["note"]) == (None, None)
    with pytest.raises(NotAllowedError, match="outside what 王五 may see"):
        filing_seen(db, HEAD, number)
    (whole,) = exclusions(db, FILER, now=NOW)
    assert (whole["numbers"], whole["note"], whole["whole"]) == (["S1-05", "S2-05"], "S2 的情况", True)
    assert filing_seen(db, FILER, number).numbers == ("S1-05", "S2-05")


def test_a_preview_shows_every_quarter_that_it_touches(db: Database) -> None:
    later = [{**repair("S1", 80 + n, 60 if n < 2 else 20), "customer_no": "8"} for n in range(12)]  # 24 September on
    put(db, "repairs", *later)
    numbers = tuple(row["repair_no"] for row in later if row["repair_no"] in ("S1-80", "S1-91"))
    filing = Filing(("S1",), ("repairs",), NOON + 79 * DAY, NOON + 92 * DAY, "customer_cause", "文", numbers=numbers)
    found = preview(db, FILER, RULES, filing, now=NOW)
    assert found.periods == ["2026-Q3", "2026-Q4"]
    changed = {(rate["period"], rate["office"], rate["indicator"]) for rate in found.rates}
    assert {("2026-Q3", "S1", "R1"), ("2026-Q4", "S1", "R1")} <= changed
    september = tuple(f"S1-{n}" for n in range(80, 87))
    only = replace(filing, ends_at=NOON + 86 * DAY + MINUTE, numbers=september)
    found = preview(db, FILER, RULES, only, now=NOW)
    assert (found.periods, found.counts) == (["2026-Q3", "2026-Q4"], {"repairs": 7})
    after = [rate for rate in found.rates if (rate["period"], rate["office"]) == ("2026-Q4", "S1")]
    assert [rate["indicator"] for rate in after] == ["R4"]  # the first of October repeats none that counts


def test_who_approves_may_end_an_exclusion_alone_but_says_why_and_system_never(db: Database) -> None:
    number = approved(db)
    with pytest.raises(NotAllowedError, match="'system' may not"):
        act.revoke_exclusion(db, by=SYSTEM, number=number, at=NOW, note="x")
    with pytest.raises(NotAllowedError, match="may not revoke"):
        act.revoke_exclusion(db, by=HEAD, number=number, at=NOW, note="x")
    with pytest.raises(UsageError, match="Say why"):
        act.revoke_exclusion(db, by=FILER, number=number, at=NOW, note=" ")
    act.revoke_exclusion(db, by=FILER, number=number, at=NOW, note="文件已撤销")
    (row,) = exclusions(db, HEAD, now=NOW)
    assert (row["state"], row["decisions"][1]["by"], row["decisions"][1]["note"]) == ("revoked", "张三", "文件已撤销")

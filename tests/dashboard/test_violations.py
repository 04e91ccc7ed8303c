"""From confirmed finding to closed case, and what an appeal takes back (both databases; expectations by hand)."""

import itertools
import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from shutil import copy

import pytest
import sqlalchemy as sa

from dashboard.actions.facts import join, separate
from dashboard.actions.violations import deal, open_by_hand
from dashboard.cases.opening import keep_cases, open_case
from dashboard.cases.retaining import closings
from dashboard.cli import main
from dashboard.database import Database
from dashboard.database.models import (
    BATCHES,
    CHAIN,
    FINDINGS,
    HALL_MONTHS,
    LEGAL_HOLD_LIFTS,
    LEGAL_HOLDS,
    META,
    NOTICES,
    RECORD_TABLES,
    REVIEWS,
    VERDICTS,
    VIOLATION_EVENTS,
    VIOLATIONS,
)
from dashboard.errors import NotAllowedError, UsageError
from dashboard.instants import to_micros
from dashboard.judging.present import bring_up_to_date
from dashboard.judging.rules import rules_of
from dashboard.people import Viewer
from dashboard.queries.violations import due_cases, ledger, stories, violation
from dashboard.settings import CaseSettings, Settings

TUESDAY = datetime(2026, 9, 1, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai, a working day
SETTINGS = Settings()
RULES = rules_of(SETTINGS)
INSPECTOR = Viewer("张检", "inspector", frozenset({"*"}))
SECOND = Viewer("李检", "inspector", frozenset({"*"}))
MANAGER = Viewer("王区", "regional_manager", frozenset({"*"}))
HEAD = Viewer("所长甲", "office_head", frozenset({"S1"}))
OTHER_HEAD = Viewer("所长乙", "office_head", frozenset({"S2"}))
AUDITOR = Viewer("审计", "auditor", frozenset({"*"}))


def hours(n):
    return TUESDAY + timedelta(hours=n)


class Company:
    """Two stations with a hall each, and what befalls them."""

    def __init__(self, db):
        self.db = db
        self.seen = {}
        self.samples = itertools.count(1)
        for code, level, parent in (("S1", "station", None), ("S2", "station", None), ("H1", "hall", "S1"),
                                    ("H2", "hall", "S2")):  # fmt: skip
            self.insert(RECORD_TABLES["offices"], code=code, name=code, level=level, parent_code=parent,
                        valid_from="2020-01-01", version_at=0, content_hash=0, batch_id=0, row_no=0)  # fmt: skip

    def insert(self, table, **values):
        with self.db.session() as connection:
            key = table.primary_key.columns.values()[0]
            return connection.execute(sa.insert(table).values(values).returning(key)).scalar_one()

    def value(self, query):
        with self.db.reading() as connection:
            return connection.execute(query).scalar()

    def film(self, item="A02", *, hall="H1", at=TUESDAY, slot=2, decision="confirmed"):
        """A sample of a slot with a finding that 复核员 decided about an hour later."""
        sample = f"{hall}-{next(self.samples)}"
        self.insert(RECORD_TABLES["samples"], sample_id=sample, hall_code=hall, camera_code=f"{hall}-1",
                    date=f"{at + timedelta(hours=8):%Y-%m-%d}", slot=slot, planned_at=to_micros(at),
                    captured_at=to_micros(at), outcome="captured", version_at=0, content_hash=0, batch_id=0,
                    row_no=0)  # fmt: skip
        finding = self.insert(FINDINGS, sample_id=sample, hall_code=hall, item_code=item, observed_at=to_micros(at),
                              duration_proven=True, source="detector", created_at=to_micros(at))  # fmt: skip
        self.review(finding, decision, at=at + timedelta(hours=1))
        return sample, finding

    def review(self, finding, decision, *, at):
        sample = self.value(sa.select(FINDINGS.c.sample_id).where(FINDINGS.c.id == finding))
        self.insert(REVIEWS, finding_id=finding, sample_id=sample, decision=decision, by="复核员", at=to_micros(at))

    def record(self, table, **values):
        came = values.get("at") or values["accepted_at"]
        batch = self.insert(BATCHES, source="s", record=table, state="done", started_at=came, by="x", new=1)
        values = {"version_at": 0, "content_hash": 0, "batch_id": batch, "row_no": 1, **values}
        return self.insert(RECORD_TABLES[table], **values)

    def sheet(self, number, item="A02", *, hall="H1", at=TUESDAY):
        return self.record("inspections", inspection_no=number, kind="mutual", hall_code=hall, at=to_micros(at),
                           item_code=item, result="violation", count=1)  # fmt: skip

    def keep(self, at):
        bring_up_to_date(self.db, RULES, at)
        return keep_cases(self.db, SETTINGS, RULES, at)

    def deal(self, by, number, deed, at, seen=None, **what):
        if seen is None:
            seen = self.value(sa.select(VIOLATIONS.c.last_seq).where(VIOLATIONS.c.number == number))
        return deal(self.db, by=by, number=number, deed=deed, seen=seen, at=at, rules=RULES, **what)

    def story(self, number, viewer=INSPECTOR, at=None):
        return violation(self.db, viewer, number, rules=RULES, as_of=at or hours(2000))

    def lines(self, viewer=INSPECTOR, at=None, **filters):
        return ledger(self.db, viewer, rules=RULES, as_of=at or hours(2000), **filters)

    def lost(self, at):
        """Points that the hall-month of H1 has lost, by the stored roll-ups."""
        bring_up_to_date(self.db, RULES, at)
        row = HALL_MONTHS.c
        return self.value(sa.select(row.deductions).where(row.hall_code == "H1", row.month == "2026-09")) or 0


@pytest.fixture
def company(database):
    return Company(database)


@pytest.fixture
def quick(sqlite_database):
    return Company(sqlite_database)


def test_a_confirmed_finding_is_rectified_rechecked_twice_and_closed(quick):
    company = quick
    sample, _ = company.film("R02")  # B: 5 points; appeal 3 WD, rectification 5 WD
    assert company.keep(hours(2)).opened == 1
    assert company.keep(hours(2)).opened == 0
    (line,) = company.lines(at=hours(2))
    number = line.number
    assert (number, line.office, line.item, line.severity) == ("V-2026-000001", "H1", "R02", "B")
    assert (line.state, line.step) == ("confirmed", "send_down")
    assert line.due == datetime(2026, 9, 2, 15, 59, 59, tzinfo=UTC)  # end of the next working day

    # who may: roles, the judged office alone, nobody on their own office; out of sight is as if it were not there
    assert company.lines(OTHER_HEAD) == []
    for missing in (number, "V-2026-000009"):
        with pytest.raises(NotAllowedError, match=f"There is no violation '{missing}', or it is outside"):
            company.story(missing, OTHER_HEAD)
        with pytest.raises(NotAllowedError, match=f"There is no violation '{missing}', or it is outside"):
            company.deal(OTHER_HEAD, missing, "appeal", hours(3), seen=1, note="x")
    with pytest.raises(NotAllowedError, match="may not send down a rectification"):
        company.deal(HEAD, number, "send_down", hours(3), note="整改")
    with pytest.raises(NotAllowedError, match="your own office"):
        company.deal(replace(INSPECTOR, works_at="S1"), number, "send_down", hours(3), note="整改")

    company.deal(INSPECTOR, number, "send_down", hours(3), note="三日内整改")
    with pytest.raises(
        UsageError, match=r"Meanwhile 张检 did this with V-2026-000001: sent down to be rectified, at 2026-09-01 13:00"
    ):
        company.deal(SECOND, number, "send_down", hours(4), seen=1, note="整改")
    company.deal(HEAD, number, "plan", hours(5), note="换班制")
    with pytest.raises(UsageError, match="The deed lacks: Proof"):
        company.deal(HEAD, number, "submit", hours(6), note="已换班")
    company.deal(HEAD, number, "submit", hours(6), note="已换班", proof="照片 3 张")

    # the re-check: another person, another slot, after the rectification
    reviewer = Viewer("复核员", "inspector", frozenset({"*"}))
    look = {"look_date": "2026-09-02", "look_slot": "3", "note": "仍无人"}
    with pytest.raises(NotAllowedError, match="confirmed or reviewed this case yourself"):
        company.deal(reviewer, number, "return", hours(30), **look)
    with pytest.raises(UsageError, match="looks at another slot"):
        company.deal(SECOND, number, "return", hours(30), look_sample=sample, note="x")
    with pytest.raises(UsageError, match="before the rectification"):
        company.deal(SECOND, number, "return", hours(30), look_date="2026-08-31", look_slot="3", note="x")
    with pytest.raises(UsageError, match="The deed lacks: Where the re-check looked"):
        company.deal(SECOND, number, "return", hours(30), note="x")
    # slots: 08:30, 10:00, 12:00, 14:30, 16:40–17:30; seen in 2 of 1 September, handed in at 16:00, and now it is 12:30
    noon = datetime(2026, 9, 2, 4, 30, tzinfo=UTC)
    for day, slot, says in (
        ("2026-09-01", "4", "before the rectification"),  # ended at 15:30
        ("2026-09-02", "4", "lies ahead"),  # begins at 14:30
        ("2026-09-02", "6", "H1 has no slot 6 on 2026-09-02"),
        ("2026-09-05", "3", "H1 has no slot 3 on 2026-09-05"),  # a Saturday
        ("0001-01-01", "3", "needs a day and the number of a slot"),
        ("2026-09-01", "2", "looks at another slot"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=says):
            company.deal(SECOND, number, "return", noon, look_date=day, look_slot=slot, note="x")
    company.deal(SECOND, number, "return", hours(30), **look)
    assert "pass" not in company.story(number, at=hours(30)).may
    company.deal(HEAD, number, "submit", hours(31), note="再整改", proof="排班表")
    again, _ = company.film("R02", at=hours(47), slot=3)
    company.sheet("HC-7", "R02", at=hours(47))
    for look in ({"look_sample": again}, {"look_inspection": "HC-7"}):
        with pytest.raises(UsageError, match="found R02 broken again"):
            company.deal(SECOND, number, "pass", hours(50), note="x", **look)
    with company.db.session() as connection:  # of both nothing is left for what follows
        for table in (FINDINGS, REVIEWS):
            connection.execute(sa.delete(table).where(table.c.sample_id == again))
        connection.execute(sa.delete(RECORD_TABLES["inspections"]))
    later, _ = company.film(at=hours(48), slot=4, decision="rejected")
    company.deal(SECOND, number, "pass", hours(50), look_sample=later, note="有人值守")

    with pytest.raises(UsageError, match="the case is 're-checked, can be closed'"):
        company.deal(HEAD, number, "plan", hours(51), note="x")
    full = {"cause": "duty", "unit": "城关供电所", "post": "班长", "measure": "顶班制度", "proof": "制度文件",
            "training": "9 月 4 日培训记录"}  # fmt: skip
    with pytest.raises(UsageError, match="The office may appeal until 2026-09-04 23:59:59"):
        company.deal(INSPECTOR, number, "close", datetime(2026, 9, 4, 15, 59, 59, 900_000, tzinfo=UTC), **full)
    over = datetime(2026, 9, 4, 16, 0, tzinfo=UTC)
    for name in full:
        with pytest.raises(UsageError, match="The deed lacks: "):
            company.deal(INSPECTOR, number, "close", over, **{**full, name: " "})
    with company.db.reading() as connection:
        assert closings(connection, [sample]) == {sample: None}
    company.deal(INSPECTOR, number, "close", over, **full)
    with company.db.reading() as connection:
        assert closings(connection, [sample, "unknown"]) == {sample: over}
    assert company.story(number).may == ("propose_accountability",)

    # accountability is a proposal that another person decides about, on paper
    company.deal(INSPECTOR, number, "propose_accountability", over, step="criticism", unit="城关供电所", post="班长",
                 leader="所长连带", note="两次退回")  # fmt: skip
    with pytest.raises(UsageError, match="The deed lacks: Number of the paper"):
        company.deal(MANAGER, number, "approve_accountability", over)
    company.deal(MANAGER, number, "approve_accountability", over, paper="纪〔2026〕7号")
    story = company.story(number)
    assert (story.violation.state, story.violation.returns, story.may) == ("closed", 1, ())
    assert [event.deed for event in story.events] == [
        "opened_confirmed", "send_down", "plan", "submit", "return", "submit", "pass", "close",
        "propose_accountability", "approve_accountability",
    ]  # fmt: skip
    kinds = company.value(sa.select(sa.func.count()).where(CHAIN.c.kind == "violation_events"))
    assert kinds == 10
    told = company.value(sa.select(sa.func.count()).where(NOTICES.c.topic == "case"))
    assert told > 10
    assert company.lost(over) == 5


def test_an_appeal_upheld_takes_the_points_back_and_keeps_its_evidence_meanwhile(company):
    """H1 loses 5 (R02, on film) and 2 (A02, on a sheet): 7; without the film 2; without both none."""
    sample, finding = company.film("R02")
    company.sheet("HC-1")
    company.keep(hours(2))
    assert company.lost(hours(2)) == 7
    film, sheet = sorted(company.lines(at=hours(2)), key=lambda one: one.kind, reverse=True)
    assert (film.kind, sheet.kind, sheet.severity) == ("review", "inspection", "D")

    # two at once: one wins, the other is told what happened and by whom
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(company.deal, by, film.number, "send_down", hours(2), seen=1, note="整改")
                for by in (INSPECTOR, SECOND)]  # fmt: skip
    errors = [str(one.exception()) for one in both if one.exception()]
    assert len(errors) == 1
    assert re.match(
        r"Meanwhile (张检|李检) did this with V-2026-00000\d: sent down to be rectified, at 2026-09-01 12:00:00",
        errors[0],
    )

    with pytest.raises(UsageError, match=r"no appeal against a reminder"):
        company.deal(HEAD, sheet.number, "appeal", hours(3), note="x")
    with pytest.raises(NotAllowedError, match="may not appeal"):
        company.deal(INSPECTOR, film.number, "appeal", hours(3), note="x")
    end = datetime(2026, 9, 4, 15, 59, 59, tzinfo=UTC)  # confirmed Tuesday: until Friday's last second
    with pytest.raises(UsageError, match="The appeal window ended at 2026-09-04 23:59:59"):
        company.deal(HEAD, film.number, "appeal", end + timedelta(seconds=1), note="柜员在场")
    company.deal(HEAD, film.number, "appeal", end, note="柜员在场")
    held = sa.select(LEGAL_HOLDS.c.subject).where(LEGAL_HOLDS.c.id.not_in(sa.select(LEGAL_HOLD_LIFTS.c.hold_id)))
    assert company.value(held) == sample
    story = company.story(film.number, at=end)
    assert (story.appeal.by, story.appeal.outcome) == ("所长甲", None)
    assert story.appeal.until == datetime(2026, 9, 9, 15, 59, 59, tzinfo=UTC)  # 3 working days after Friday
    assert "approve_void" not in story.may

    judge = Viewer("复核员", "regional_manager", frozenset({"*"}))
    with pytest.raises(NotAllowedError, match="another person must do this"):
        company.deal(judge, film.number, "uphold_appeal", end, note="x")
    with pytest.raises(NotAllowedError, match="may not decide an appeal"):
        company.deal(HEAD, film.number, "uphold_appeal", end, note="x")
    company.deal(MANAGER, film.number, "uphold_appeal", end, note="画面有遮挡")
    assert company.value(held) is None
    assert company.lost(end) == 2
    last = sa.select(REVIEWS.c.decision).where(REVIEWS.c.finding_id == finding).order_by(REVIEWS.c.id.desc()).limit(1)
    assert company.value(last) == "annulled"
    assert company.keep(end).ended == 0
    assert company.story(film.number).violation.state == "annulled"

    # voiding takes two, and takes the sheet's item out of the score
    company.deal(INSPECTOR, sheet.number, "propose_void", end, note="厅号录错")
    with pytest.raises(NotAllowedError, match="a second person decides"):
        company.deal(INSPECTOR, sheet.number, "approve_void", end)
    company.deal(SECOND, sheet.number, "approve_void", end)
    assert company.lost(end + timedelta(minutes=1)) == 0
    assert company.story(sheet.number).violation.state == "voided"
    company.keep(end + timedelta(minutes=2))
    assert company.lines(ended=False) == []


def test_what_came_is_opened_once_joined_by_people_and_ended_with_its_source(quick):
    """A fact joined by people is one case, parted again two; a report is the inspectors' alone."""
    company = quick
    _, first = company.film("A02", at=TUESDAY)
    company.keep(hours(1))
    row = company.sheet("HC-1", at=hours(1))
    company.film("A02", at=hours(24 * 5))  # within 30 days: a recurrence
    company.keep(hours(24 * 5 + 2))
    company.record("tickets", system="s", ticket_no="T1", type="complaint", office_code="S1", substantiated="partly",
                   severity="important", accepted_at=to_micros(hours(2)))  # fmt: skip
    company.record("tickets", system="s", ticket_no="T2", type="complaint", office_code="S1", substantiated="no",
                   accepted_at=to_micros(hours(2)))  # fmt: skip
    company.record("tickets", system="s", ticket_no="T3", type="report", office_code="S1", substantiated="yes",
                   accepted_at=to_micros(hours(2)))  # fmt: skip
    now = hours(24 * 5 + 3)
    company.keep(now)

    def told(viewer=INSPECTOR):
        return [(one.kind, one.office, one.state, one.severity, one.recurrence_of) for one in
                sorted(company.lines(viewer), key=lambda one: one.number) if one.state != "lapsed"]  # fmt: skip

    whole = [
        ("review", "H1", "confirmed", "D", None),
        ("review", "H1", "confirmed", "D", "V-2026-000002"),
        ("inspection", "H1", "confirmed", "D", "V-2026-000001"),
        ("complaint", "S1", "candidate", "B", None),
        ("report", "S1", "candidate", "A", None),
    ]
    assert sorted(told(), key=str) == sorted(whole, key=str)

    # a report is the inspectors' alone: in the ledger, in the story, in what is told
    secret = next(one.number for one in company.lines() if one.kind == "report")
    for viewer in (HEAD, MANAGER, AUDITOR, replace(INSPECTOR, works_at="S1")):
        assert "report" not in [one[0] for one in told(viewer)]
        with pytest.raises(NotAllowedError, match="There is no violation"):
            company.story(secret, viewer)
    roles = sa.select(NOTICES.c.role).where(NOTICES.c.link.like(f"%{secret}%")).distinct()
    with company.db.reading() as connection:
        assert connection.execute(roles).scalars().all() == ["inspector"]
    company.deal(INSPECTOR, secret, "confirm", now, note="属实", item="B10")
    company.deal(INSPECTOR, secret, "send_down", now, note="立即纠正")
    mine = company.story(secret, HEAD)
    assert (mine.violation.kind, mine.violation.observed_at, mine.sources) == ("supervision", now, ())
    assert [event.deed for event in mine.events] == ["send_down"]
    assert "T3" not in repr(mine)
    company.film("B10", hall="S1", at=now + timedelta(minutes=1))  # what happens again does not name what is kept
    company.keep(now + timedelta(hours=2))
    assert [one.recurrence_of for one in company.lines(HEAD) if one.item == "B10"] == [None, None]
    now += timedelta(hours=2)

    # joined by people: one case, two sources; parted: two again
    evidence = [("findings", first), ("inspections", row)]
    join(company.db, by=INSPECTOR, evidence=evidence, reason="同一人", at=now)
    company.keep(now + timedelta(minutes=1))
    joined = next(one for one in company.lines() if len(company.story(one.number).sources) == 2)
    assert {source.record for source in company.story(joined.number).sources} == {"findings", "inspections"}
    assert len([one for one in company.lines(ended=False) if one.item == "A02"]) == 2
    separate(company.db, by=INSPECTOR, evidence=evidence, reason="两人", at=now + timedelta(minutes=2))
    company.keep(now + timedelta(minutes=3))
    assert len([one for one in company.lines(ended=False) if one.item == "A02"]) == 3

    # a source that does not stand any more ends its case, and it stands again when it is confirmed anew
    number = next(one.number for one in company.lines() if one.state != "lapsed" and one.kind == "review"
                  and company.story(one.number).sources[0].record_id == first)  # fmt: skip
    company.review(first, "annulled", at=now + timedelta(minutes=4))
    assert company.keep(now + timedelta(minutes=5)).ended == 1
    assert company.story(number).violation.state == "lapsed"
    company.review(first, "confirmed", at=now + timedelta(minutes=6))
    company.keep(now + timedelta(minutes=7))
    assert company.story(number).violation.state == "confirmed"


def test_a_join_ends_no_case_that_is_under_way(quick):
    """One person's word joins a fact; what an office rectifies or appeals against stays a case of its own."""
    company = quick
    _, first = company.film("A02", at=TUESDAY)
    company.keep(hours(1))
    second, third = company.sheet("HC-1", at=hours(1)), company.sheet("HC-2", at=hours(2))
    company.keep(hours(3))
    older, younger, youngest = (one.number for one in sorted(company.lines(), key=lambda one: one.number))
    for number in (younger, youngest):
        company.deal(INSPECTOR, number, "send_down", hours(4), note="整改")
    evidence = [("findings", first), ("inspections", second), ("inspections", third)]
    join(company.db, by=INSPECTOR, evidence=evidence, reason="同一人", at=hours(5))
    company.keep(hours(6))
    assert [company.story(number).violation.state for number in (older, younger, youngest)] == [
        "lapsed", "rectifying", "rectifying",
    ]  # fmt: skip
    assert len(company.story(younger).sources) == 2


def test_of_two_at_once_one_wins_and_suspension_stops_the_clock(quick):
    company = quick
    company.film("R02")
    company.keep(hours(2))
    number = "V-2026-000001"
    with pytest.raises(UsageError, match="Unknown deed 'shut'"):
        company.deal(INSPECTOR, number, "shut", hours(2))
    with pytest.raises(UsageError, match="Unknown deed 'lapsed'"):
        company.deal(INSPECTOR, number, "lapsed", hours(2))
    with pytest.raises(UsageError, match="cannot bring 'state' along"):
        company.deal(INSPECTOR, number, "send_down", hours(2), note="x", state="closed")
    values = {"violation_id": 1, "seq": 1, "deed": "x", "what": "{}", "by": "x", "at": 0}
    with pytest.raises(sa.exc.IntegrityError), company.db.session() as connection:
        connection.execute(sa.insert(VIOLATION_EVENTS).values(values))
    with pytest.raises(UsageError, match="clock of this machine is behind"):
        company.deal(INSPECTOR, number, "send_down", hours(1), note="x")

    company.deal(INSPECTOR, number, "send_down", hours(2), note="整改")  # Tuesday: 5 WD end on 8 September
    company.deal(HEAD, number, "plan", hours(3), note="计划")
    assert company.story(number, at=hours(4)).violation.due == datetime(2026, 9, 8, 15, 59, 59, tzinfo=UTC)
    company.deal(HEAD, number, "propose_suspension", hours(24), note="停业装修")
    with pytest.raises(NotAllowedError, match="may not approve suspending"):
        company.deal(HEAD, number, "approve_suspension", hours(25))
    company.deal(MANAGER, number, "approve_suspension", hours(25))  # Wednesday
    story = company.story(number, at=hours(26))
    assert (story.violation.due, story.deadlines) == (None, ())
    assert due_cases(company.db, INSPECTOR, rules=RULES, as_of=hours(26)) == []
    assert set(company.story(number, HEAD, at=hours(26)).may) == {"appeal"}
    company.deal(MANAGER, number, "resume", hours(24 * 3 + 1), note="已开业")  # Friday: two working days given back
    assert company.story(number, at=hours(80)).violation.due == datetime(2026, 9, 10, 15, 59, 59, tzinfo=UTC)

    # by hand, and twice the same: one case
    again = {"office": "H2", "item": "R04", "observed_at": hours(1), "note": "睡岗", "at": hours(90), "rules": RULES}
    opened = open_by_hand(company.db, by=INSPECTOR, **again)
    assert open_by_hand(company.db, by=INSPECTOR, **again) == opened == "V-2026-000002"
    for broken, text in (({"item": "Z99"}, "no item 'Z99'"), ({"note": " "}, "What was seen is missing"),
                         ({"observed_at": hours(91)}, "lies ahead")):  # fmt: skip
        with pytest.raises(UsageError, match=text):
            open_by_hand(company.db, by=INSPECTOR, **{**again, **broken})
    with pytest.raises(NotAllowedError, match="may not open a violation"):
        open_by_hand(company.db, by=MANAGER, **again)
    with company.db.session() as connection:
        form = {"kind": "designated", "record": "evaluations", "reference": "E1", "office": "S1", "severity": "A",
                "item": "B10", "by": INSPECTOR, "at": hours(91)}  # fmt: skip
        assert open_case(connection, **form) == open_case(connection, **form) == "V-2026-000003"
    assert company.lines(HEAD, severity="A") == []
    assert [one.level for one in company.lines(severity="A", at=hours(91))] == ["department"]
    with pytest.raises(UsageError, match="Unknown state 'shut'"):
        company.lines(state="shut")


def test_late_records_become_a_case_above_the_thresholds(quick):
    """Two late repairs of S1 in September are a case where two are enough; one of them was 6 hours late: its own."""
    company = quick
    settings = SETTINGS.model_copy(update={"cases": CaseSettings(late_records=2)})
    for number, minutes in (("R1", 61), ("R2", 400), ("R3", 30)):
        company.record("repairs", system="s", repair_no=number, office_code="S1", area="urban",
                       accepted_at=to_micros(hours(1)), dispatched_at=to_micros(hours(1)),
                       arrived_at=to_micros(hours(1) + timedelta(minutes=minutes)),
                       restored_at=to_micros(hours(1) + timedelta(minutes=minutes + 10)))  # fmt: skip
    bring_up_to_date(company.db, RULES, hours(20))
    assert company.value(sa.select(sa.func.count()).select_from(VERDICTS["repairs"])) == 3
    assert keep_cases(company.db, settings, RULES, hours(20)).opened == 2
    found = sorted((one.severity, company.story(one.number).sources[0].reference) for one in company.lines())
    assert found == [("B", "R2"), ("C", "S1 2026-09")]
    assert {one.state for one in company.lines()} == {"candidate"}
    # the crew had been there after 20 minutes: a correction, and the case of the record ends
    batch = company.insert(BATCHES, source="s", record="repairs", state="done", started_at=to_micros(hours(21)), by="x",
                           new=0, updated=1)  # fmt: skip
    table = RECORD_TABLES["repairs"]
    with company.db.session() as connection:
        connection.execute(sa.update(table).where(table.c.repair_no == "R2").values(
            batch_id=batch, arrived_at=to_micros(hours(1) + timedelta(minutes=20)),
            restored_at=to_micros(hours(1) + timedelta(minutes=40))))  # fmt: skip
    bring_up_to_date(company.db, RULES, hours(22))
    assert keep_cases(company.db, settings, RULES, hours(22)).ended == 1
    assert sorted((one.severity, one.state) for one in company.lines()) == [("B", "lapsed"), ("C", "candidate")]


def test_bit_by_bit_is_the_same_as_at_once(database, sqlite_database, tmp_path):
    """Twelve things happen; one company looks after each, the other only at the end."""

    def shape(company):
        kept = [one for one in company.lines(at=hours(200)) if one.state != "lapsed"]
        return sorted(
            (one.office, one.item or "", one.observed_at, one.state, one.severity,
             tuple(sorted((s.record, s.reference) for s in company.story(one.number, at=hours(200)).sources)))
            for one in kept
        )  # fmt: skip

    def befall(company, after):
        _, film = company.film("A02")
        after(1)
        sheet = company.sheet("HC-1", at=hours(1))
        after(2)
        _, other = company.film("R02", at=hours(2))
        company.sheet("HC-2", "R02", at=hours(2))
        after(3)
        joined = [("findings", film), ("inspections", sheet)]
        join(company.db, by=INSPECTOR, evidence=joined, reason="同一人", at=hours(4))
        after(5)
        company.review(other, "annulled", at=hours(5))
        after(6)
        ticket = company.record("tickets", system="s", ticket_no="T1", type="complaint", office_code="S1",
                                substantiated="yes", accepted_at=to_micros(hours(2)))  # fmt: skip
        after(7)
        company.review(other, "confirmed", at=hours(8))
        after(9)
        separate(company.db, by=INSPECTOR, evidence=joined, reason="两人", at=hours(10))
        after(11)
        again = company.insert(BATCHES, source="s", record="tickets", state="done", started_at=to_micros(hours(11)),
                               by="x", new=0, updated=1)  # fmt: skip
        table = RECORD_TABLES["tickets"]
        with company.db.session() as connection:
            changed = sa.update(table).where(table.c.id == ticket).values(substantiated="no", batch_id=again)
            connection.execute(changed)
        after(12)
        join(company.db, by=INSPECTOR, evidence=joined, reason="同一人", at=hours(13))

    copy(sqlite_database.path, tmp_path / "once.db")
    often, once = Company(database), Company(Database(f"sqlite:///{tmp_path / 'once.db'}"))
    befall(often, lambda n: often.keep(hours(n)))
    befall(once, lambda n: None)
    often.keep(hours(14))
    once.keep(hours(14))
    assert shape(often) == shape(once)
    assert [(office, item, len(sources)) for office, item, _, _, _, sources in shape(once)] == [
        ("H1", "A02", 2), ("H1", "R02", 1), ("H1", "R02", 1),
    ]  # fmt: skip
    assert often.keep(hours(14)) == once.keep(hours(14))
    once.db.engine.dispose()


def test_the_command_line_lists_tells_and_deals(quick, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("MINGCHA_DATABASE_URL", "MINGCHA_MIGRATION_URL", "MINGCHA_USER", "MINGCHA_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    people = '"张检" = {role = "inspector", offices = ["*"]}\n"所长甲" = {role = "office_head", offices = ["S1"]}\n'
    (tmp_path / "mingcha.toml").write_text(f"[people]\n{people}", "utf-8")
    now = datetime.now(UTC)
    quick.film("R02", at=now - timedelta(hours=2))

    def run(*arguments):
        with pytest.raises(SystemExit) as end:
            main([*arguments])
        return end.value.code or 0, *capsys.readouterr()

    assert run("check", "--format", "json")[0] == 0
    number = f"V-{now + timedelta(hours=8):%Y}-000001"
    code, out, _ = run("violations", "--format", "json", "--as", "所长甲")
    (row,) = json.loads(out)["rows"]
    assert code == 0
    assert {name: row[name] for name in ("number", "office", "state", "reason", "severity")} == {
        "number": number, "office": "H1", "state": "confirmed", "reason": "send_down", "severity": "B",
    }  # fmt: skip
    assert row["since"] <= row["due"]
    deed = (
        "violations",
        number,
        "--deed",
        "send_down",
        "--note",
        "整改，回电13812348000",
        "--seen",
        "1",
        "--format",
        "json",
    )
    code, _, told = run(*deed, "--as", "所长甲")
    assert (code, "may not send down a rectification" in told) == (1, True)
    code, out, _ = run(*deed, "--as", "张检")
    story = json.loads(out)
    assert (code, story["state"], [event["deed"] for event in story["events"]]) == (
        0, "rectifying", ["opened_confirmed", "send_down"],
    )  # fmt: skip
    assert "整改，回电138****8000" in out
    code, _, told = run(*deed, "--as", "张检")
    assert (code, f"Meanwhile 张检 did this with {number}" in told) == (2, True)
    assert run("violations", "V-2026-999999", "--as", "张检")[0] == 1
    assert number in run("violations", "--open")[1]
    assert number in run("violations", number)[2] + run("violations", number)[1]


def test_what_people_annulled_and_confirm_anew_is_a_new_case_that_names_the_former(quick):
    company = quick
    _, finding = company.film("R02")
    company.keep(hours(2))
    company.deal(HEAD, "V-2026-000001", "appeal", hours(3), note="柜员在场")
    company.deal(MANAGER, "V-2026-000001", "uphold_appeal", hours(4), note="画面有遮挡")
    assert company.keep(hours(5)).opened == 0
    company.review(finding, "confirmed", at=hours(6))  # the recording of another camera was found
    assert company.keep(hours(7)).opened == 1
    assert company.keep(hours(8)).opened == 0
    old, new = company.story("V-2026-000001"), company.story("V-2026-000002")
    assert (old.violation.state, old.former, old.anew) == ("annulled", None, ("V-2026-000002",))
    assert (new.violation.state, new.former, new.anew) == ("confirmed", "V-2026-000001", ())
    assert "appeal" in company.story("V-2026-000002", HEAD, at=hours(9)).may
    assert company.lost(hours(9)) == 5
    company.review(finding, "annulled", at=hours(10))
    company.keep(hours(11))
    assert [company.story(one.violation.number).violation.state for one in (old, new)] == ["annulled", "lapsed"]


def test_a_case_that_did_not_stand_is_no_earlier_occurrence(quick):
    """Nor are lines remembered longer than their last event."""
    company = quick
    company.film("R02")
    company.film("R02", at=hours(1))
    company.keep(hours(3))

    def named():
        first, second = sorted(company.lines(at=hours(9)), key=lambda one: one.number)
        return first.state, second.recurrence_of, company.story(second.number).violation.recurrence_of

    assert named() == ("confirmed", "V-2026-000001", "V-2026-000001")
    company.deal(HEAD, "V-2026-000001", "appeal", hours(4), note="柜员在场")
    company.deal(MANAGER, "V-2026-000001", "uphold_appeal", hours(5), note="画面有遮挡")
    assert named() == ("annulled", None, None)
    # read together for a document they are what they are alone, and what is out of sight is left out
    asked = ["V-2026-000002", "V-2026-000009", "V-2026-000001"]
    found = stories(company.db, HEAD, asked, rules=RULES, as_of=hours(9))
    alone = [company.story(number, HEAD, at=hours(9)) for number in asked[::2]]
    assert [(one.violation, one.events, one.deadlines) for one in found] == [
        (one.violation, one.events, one.deadlines) for one in alone
    ]  # fmt: skip
    assert stories(company.db, OTHER_HEAD, asked, rules=RULES, as_of=hours(9)) == []


def test_what_was_sent_down_is_not_ended_by_one_person_who_takes_back_what_they_said(quick):
    company = quick
    _, finding = company.film("R02")
    company.keep(hours(2))
    number = "V-2026-000001"
    company.deal(INSPECTOR, number, "send_down", hours(3), note="整改")
    company.review(finding, "annulled", at=hours(4))
    for n in (5, 6):  # looked at twice, proposed once
        assert company.keep(hours(n)).ended == 0
    story = company.story(number, at=hours(6))
    assert (story.violation.state, story.violation.sides) == ("rectifying", {"void_proposed"})
    for decision, sides in (("confirmed", set()), ("annulled", {"void_proposed"})):  # said anew, and taken back anew
        company.review(finding, decision, at=hours(6))
        company.keep(hours(6))
        assert company.story(number).violation.sides == sides
    judge = Viewer("复核员", "inspector", frozenset({"*"}))
    with pytest.raises(NotAllowedError, match="confirmed or reviewed this case yourself"):
        company.deal(judge, number, "approve_void", hours(6))
    company.deal(MANAGER, number, "refuse_void", hours(7), note="实为违规")
    company.keep(hours(8))  # a person has decided: it is not proposed again
    assert company.story(number).violation.sides == frozenset()
    company.review(finding, "confirmed", at=hours(9))
    company.review(finding, "annulled", at=hours(10))
    company.keep(hours(11))
    assert company.story(number).violation.sides == frozenset()  # nothing stood in between that anybody saw
    company.deal(SECOND, number, "propose_void", hours(12), note="误判")
    company.deal(MANAGER, number, "approve_void", hours(13))
    assert company.story(number).violation.state == "voided"


def test_a_case_follows_what_its_source_says_by_now(quick):
    """Another item, another office, and what was observed before the days that open cases."""
    company = quick
    _, finding = company.film("R02")
    company.record("tickets", system="s", ticket_no="T1", type="complaint", office_code="S1", substantiated="yes",
                   severity="general", accepted_at=to_micros(TUESDAY))  # fmt: skip
    company.keep(hours(2))
    company.insert(REVIEWS, finding_id=finding, decision="confirmed", item_code="A02", by="复核员",
                   at=to_micros(hours(3)))  # fmt: skip
    with company.db.session() as connection:  # a correction: the complaint is about S2
        batch = connection.execute(sa.insert(BATCHES).values(
            source="s", record="tickets", state="done", started_at=to_micros(hours(3)), by="x", new=0, updated=1
        ).returning(BATCHES.c.id)).scalar_one()  # fmt: skip
        table = RECORD_TABLES["tickets"]
        connection.execute(sa.update(table).values(office_code="S2", batch_id=batch))
    company.keep(hours(4))
    found = sorted((one.kind, one.office, one.item, one.severity, one.state) for one in company.lines())
    assert found == [
        ("complaint", "S1", None, "C", "lapsed"), ("complaint", "S2", None, "C", "candidate"),
        ("review", "H1", "A02", "D", "confirmed"),
    ]  # fmt: skip
    assert company.keep(hours(5)).opened == 0
    # the film is older than [cases] days by now, and its review is taken back
    company.review(finding, "annulled", at=hours(24 * 120))
    assert company.keep(hours(24 * 120 + 1)).ended == 1


def test_open_cases_of_an_office_that_ended_go_on_with_the_one_after_it(quick):
    """S1 ends on 10 September in S3: its head, who sees S3 alone, puts right what was complained about."""
    company = quick
    company.record("tickets", system="s", ticket_no="T1", type="complaint", office_code="S1", substantiated="yes",
                   severity="important", accepted_at=to_micros(TUESDAY))  # fmt: skip
    company.keep(hours(1))
    number, head = "V-2026-000001", Viewer("所长丙", "office_head", frozenset({"S3"}))
    offices = RECORD_TABLES["offices"]
    company.insert(offices, code="S3", name="S3", level="station", valid_from="2026-09-11", version_at=0,
                   content_hash=0, batch_id=0, row_no=0)  # fmt: skip
    with company.db.session() as connection:
        ending = sa.update(offices).where(offices.c.code == "S1")
        connection.execute(ending.values(valid_to="2026-09-10", successor_code="S3"))
    for n, day in enumerate((10, 11)):  # the last day is still its own
        now = datetime(2026, 9, day, 2, tzinfo=UTC)
        company.record("tickets", system="s", ticket_no=f"N{n}", type="enquiry", office_code="S2",
                       accepted_at=to_micros(now))  # fmt: skip
        company.keep(now)
        assert [one.number for one in company.lines(head, at=now)] == [number][: day - 10]
    tickets = RECORD_TABLES["tickets"]
    with company.db.session() as connection:  # the ticket comes again and still says S1
        newest = sa.select(sa.func.max(BATCHES.c.id)).scalar_subquery()
        connection.execute(sa.update(tickets).where(tickets.c.ticket_no == "T1").values(batch_id=newest))
        connection.execute(sa.delete(META).where(META.c.key == "cases_through"))
    company.keep(now)
    company.deal(INSPECTOR, number, "confirm", now, note="属实", item="B04")
    company.deal(INSPECTOR, number, "send_down", now, note="整改")
    company.deal(head, number, "submit", now, note="已改", proof="照片")
    assert [one.office for one in company.lines()] == ["S3"]
    assert [one.deed for one in company.story(number).events] == ["opened", "moved", "confirm", "send_down", "submit"]

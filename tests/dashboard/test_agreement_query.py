"""Agreement from stored judgements: which second looks count, who is named, and how ways of looking are compared."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from checks.agreement import Gold
from checks.periods import parse_period
from dashboard.database.models import EXTRA_SAMPLES, FINDINGS, GOLD_SAMPLES, JUDGEMENTS, REVIEWS, ROLLUPS
from dashboard.errors import NotAllowedError
from dashboard.instants import to_micros
from dashboard.people import Viewer
from dashboard.queries.agreement import looking, reviewing
from dashboard.queries.offices import visible_tree

MAY = parse_period("2026-Q3")
NOW = datetime(2026, 9, 20, tzinfo=UTC)
AUDITOR = Viewer("审计", "auditor", frozenset({"*"}))
INSPECTOR = Viewer("甲", "inspector", frozenset({"*"}))
HEAD = Viewer("所长", "office_head", frozenset({"S1"}))


@pytest.fixture
def company(sqlite_halls):
    halls = sqlite_halls
    for code, level, parent in (("C", "company", None), ("S1", "station", "C"), ("S2", "station", "C"),
                                ("H1", "hall", "S1"), ("H2", "hall", "S2")):  # fmt: skip
        halls.insert("offices", code=code, name=code, level=level, parent_code=parent, valid_from="2020-01-01")
    return halls


def judged(company, number, *said, drawn=True, hall="H1", day=1, month=9, asks=None, at=None):
    """A sample and what people said of it: (round, by, decision, items …)."""
    moment = datetime(2026, month, day, 3, 0, tzinfo=UTC)
    sample = f"{hall}-{month}-{day}-{number}"
    company.insert("samples", sample_id=sample, hall_code=hall, camera_code="K", date=f"2026-{month:02d}-{day:02d}",
                   slot=1, planned_at=to_micros(moment), outcome="captured")  # fmt: skip
    rows = [
        {"sample_id": sample, "round": told[0], "by": told[1], "decision": told[2], "rejected": "[]",
         "items": json.dumps([{"item": item} for item in told[3:]]), "at": to_micros(at or moment + timedelta(hours=1)),
         "drawn": drawn if told[0] == "1" else None, "calls_for": asks}
        for told in said
    ]  # fmt: skip
    with company.db.session() as connection:
        connection.execute(sa.insert(JUDGEMENTS), rows)
    return sample


def found(company, viewer=AUDITOR, halls=("H1", "H2")):
    return reviewing(company.db, viewer, period=MAY, halls=halls, as_of=NOW)


def test_only_second_looks_drawn_by_lot_tell_how_far_people_agree(company):
    judged(company, 1, ("1", "甲", "ok"), ("2", "乙", "ok"))
    judged(company, 2, ("1", "乙", "violation", "R05"), ("2", "甲", "violation", "R05", "A02"))
    judged(company, 3, ("1", "甲", "violation", "A02"), ("2", "乙", "ok"))
    judged(company, 4, ("1", "甲", "violation", "R01"), ("2", "乙", "violation", "R01"), drawn=False)
    judged(company, 5, ("1", "甲", "ok"))
    told = found(company)
    assert (told.overall.n, told.overall.agreed, told.others) == (3, 2, 1)
    assert [(one, other, pair.n, pair.agreed) for one, other, pair in told.pairs] == [("乙", "甲", 3, 2)]
    assert [(code, item.n, item.agreed) for code, item in told.items] == [("A02", 3, 1), ("R05", 3, 3)]


def test_other_halls_and_other_days_are_left_out(company):
    judged(company, 1, ("1", "甲", "ok"), ("2", "乙", "ok"))
    judged(company, 2, ("1", "甲", "ok"), ("2", "乙", "ok"), hall="H2")
    judged(company, 3, ("1", "甲", "ok"), ("2", "乙", "ok"), month=6)
    assert found(company, halls=("H1",)).overall.n == 1
    assert found(company).overall.n == 2


def test_samples_asked_for_beside_the_draw_are_left_out(company):
    judged(company, 1, ("1", "甲", "ok"), ("2", "乙", "ok"))
    asked = judged(company, 2, ("1", "甲", "violation", "R01"), ("2", "乙", "violation", "R01"))
    with company.db.session() as connection:
        connection.execute(sa.insert(EXTRA_SAMPLES).values(sample_id=asked, hall_code="H1", moment=0, reason="投诉",
                                                           by="甲", at=0))  # fmt: skip
    told = found(company)
    assert told.overall.n == 1
    assert {one.name: one.severity.n for one in told.people} == {"乙": 0, "甲": 1}


def test_gold_tells_hits_and_false_alarms_of_each_person(company):
    answers = {}
    for number, (right, said) in enumerate((("violation", "violation"), ("violation", "ok"), ("ok", "violation"))):
        sample = judged(company, number, ("1", "丙", right), ("gold", "甲", said))
        answers[sample] = right
    with company.db.session() as connection:
        known = {"items": "[]", "by": "丙", "at": to_micros(NOW - timedelta(days=1))}
        marks = [{"sample_id": sample, "decision": right, **known} for sample, right in answers.items()]
        connection.execute(sa.insert(GOLD_SAMPLES), marks)
    people = {one.name: one for one in found(company).people}
    assert people["甲"].gold == Gold(violations=2, hits=1, clean=1, alarms=1)
    assert people["丙"].gold == Gold(0, 0, 0, 0)


def test_a_severe_reviewer_is_called_and_months_are_told(company):
    for number in range(40):
        judged(company, number, ("1", "甲", "violation" if number % 2 else "ok", "R05"))
        judged(company, number, ("1", "乙", "violation" if number == 0 else "ok"), day=2)
        judged(company, number, ("1", "甲", "ok"), day=3, month=8)
    people = {one.name: one for one in found(company).people}
    # 20 of 80 against 1 of 40: the tables no likelier than this one have 0.0017 together
    assert (people["甲"].severity.called, people["乙"].severity.called) == ("stricter", "milder")
    assert {month: (one.violations, one.n, one.called) for month, one in people["甲"].months.items()} == {
        "2026-08": (0, 40, None), "2026-09": (20, 40, "stricter"),
    }  # fmt: skip
    assert people["甲"].drifts == "stricter"


def test_an_inspector_reads_their_own_name_and_letters_for_the_others(company):
    judged(company, 1, ("1", "甲", "ok"), ("2", "乙", "ok"))
    assert "乙" not in repr(found(company, INSPECTOR))
    assert {one.name for one in found(company, INSPECTOR).people} == {"甲", "A"}
    with pytest.raises(NotAllowedError):
        found(company, HEAD)


def test_no_count_tells_a_reviewer_what_others_said_before_they_may_know(company):
    """Whoever narrows it to one hall and day: 甲 is severe on H1 unless what waits for a second look is left out."""
    settled = ("1", "甲", "ok")
    judged(company, 1, settled)
    judged(company, 2, ("1", "甲", "violation", "R01"), asks="grave")
    judged(company, 3, ("1", "丙", "ok"), ("gold", "甲", "violation"), at=NOW - timedelta(minutes=59))
    with company.db.session() as connection:
        connection.execute(sa.insert(GOLD_SAMPLES).values(sample_id="H1-9-1-3", decision="ok", items="[]", by="丙",
                                                          at=0))  # fmt: skip
    whole = {one.name: (one.severity.n, one.severity.violations, one.gold.clean) for one in found(company).people}
    assert whole == {"甲": (2, 1, 1), "丙": (1, 0, 0)}
    seen = {one.name: (one.severity.n, one.severity.violations, one.gold.clean)
            for one in found(company, INSPECTOR).people}  # fmt: skip
    assert seen == {"甲": (1, 0, 0)}


def sheet(company, kind, hall, item, result, times):
    for n in range(times):
        at = to_micros(datetime(2026, 8, 1, tzinfo=UTC) + timedelta(minutes=n))
        company.insert("inspections", inspection_no=f"{kind}-{hall}", kind=kind, hall_code=hall, at=at, item_code=item,
                       result=result)  # fmt: skip


def test_a_large_gap_between_ways_is_a_lead_over_the_items_that_both_looked_at(company):
    sheet(company, "on_site", "H1", "A02", "ok", 40)
    sheet(company, "mutual", "H1", "A02", "ok", 25), sheet(company, "mutual", "H1", "E01", "ok", 60)
    sheet(company, "mutual", "H1", "R05", "not_checkable", 30)
    for n in range(15):
        company.insert("inspections", inspection_no="mutual-H1", kind="mutual", hall_code="H1", item_code="A02",
                       at=to_micros(datetime(2026, 8, 2, n, tzinfo=UTC)), result="violation")  # fmt: skip
    company.insert("inspections", inspection_no="SP-1", kind="video", hall_code="H1", item_code="R05", at=to_micros(
        datetime(2026, 8, 3, tzinfo=UTC)), result="violation")  # fmt: skip
    with company.db.session() as connection:
        connection.execute(sa.insert(ROLLUPS).values(day="2026-08-03", office_code="H1", indicator="checkable",
                                                     numerator=10))  # fmt: skip
    tree = visible_tree(company.db, AUDITOR)
    rows = looking(company.db, AUDITOR, tree, period=MAY, offices=["S1", "S2"], as_of=NOW)
    assert [row.office for row in rows] == ["S1"]
    assert rows[0].ways == {"video": (1, 10), "on_site": (0, 40), "mutual": (15, 100), "undercover": (0, 0)}
    assert [(gap.one, gap.other, round(gap.difference, 3)) for gap in rows[0].gaps] == [("on_site", "mutual", -0.375)]
    with pytest.raises(NotAllowedError):
        looking(company.db, HEAD, tree, period=MAY, offices=["S1"], as_of=NOW)


def test_a_sample_opened_again_is_no_pair_with_what_was_said_before(company):
    judged(company, 1, ("1", "甲", "ok"), ("2", "乙", "ok"), ("1", "丙", "violation", "M01"))
    assert (found(company).overall.n, found(company).overall.agreed) == (1, 1)


def test_violations_of_samples_asked_for_are_in_no_rate_of_the_video(company):
    moment = to_micros(datetime(2026, 9, 1, 3, 0, tzinfo=UTC))
    with company.db.session() as connection:
        for sample in ("EX-1", "H1-1"):
            seen = {"sample_id": sample, "hall_code": "H1", "item_code": "R05", "observed_at": moment,
                    "duration_proven": True, "source": "detector", "created_at": moment}  # fmt: skip
            number = connection.execute(sa.insert(FINDINGS).values(seen).returning(FINDINGS.c.id)).scalar_one()
            connection.execute(sa.insert(REVIEWS).values(finding_id=number, sample_id=sample, decision="confirmed",
                                                         by="甲", at=moment))  # fmt: skip
        connection.execute(sa.insert(EXTRA_SAMPLES).values(sample_id="EX-1", hall_code="H1", moment=0, reason="投诉",
                                                           by="甲", at=0))  # fmt: skip
        connection.execute(sa.insert(ROLLUPS).values(day="2026-09-01", office_code="H1", indicator="checkable",
                                                     numerator=10))  # fmt: skip
    rows = looking(company.db, AUDITOR, visible_tree(company.db, AUDITOR), period=MAY, offices=["S1"], as_of=NOW)
    assert rows[0].ways["video"] == (1, 10)

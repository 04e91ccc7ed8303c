"""What people decide: append-only, by a named reviewer, in their halls, each with its line in the audit trail."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from checks.rulebook.loader import load_rulebook
from collectors.video.plan import LOCAL
from collectors.video.witnesses import MEASURED
from dashboard.actions.review import decide, undo
from dashboard.database.models import AUDIT, FINDINGS, REVIEWS
from dashboard.errors import NotAllowedError, UsageError
from dashboard.judging.halls import confirmed_events
from dashboard.judging.reading import reader
from dashboard.people import Viewer, system_viewer
from dashboard.queries.samples import review_item, review_queue, samples, why_text
from dashboard.texts import set_language

NOW = datetime(2026, 9, 1, 15, 0, tzinfo=LOCAL)
INSPECTOR = Viewer("张检", "inspector", frozenset({"*"}))
SHEET = load_rulebook().sheet
SAMPLE = "H001-2026-09-01-1"


@pytest.fixture(autouse=True)
def _english():
    set_language("en")
    yield
    set_language("zh")


@pytest.fixture
def flagged(halls, monkeypatch):
    """A sample in which nobody was at the window: one candidate, R01."""
    monkeypatch.setitem(MEASURED, ("none", False), 0.95)
    halls.hall()
    halls.camera()
    halls.film(halls.scenes.room_with())
    halls.take(halls.later())
    return halls


def finding(halls):
    return halls.rows(sa.select(FINDINGS.c.id))[0].id


def queue(halls, now=NOW, viewer=INSPECTOR):
    return review_queue(halls.db, viewer, slots=halls.settings.video.slot_table, as_of=now)


def item(halls, viewer=INSPECTOR, sample=SAMPLE):
    return review_item(halls.db, viewer, sample, slots=halls.settings.video.slot_table, as_of=NOW)


def judge(halls, decision, *, by=INSPECTOR, at=NOW, sample=SAMPLE, **values):
    decide(halls.db, by=by, sample=sample, decision=decision, sheet=SHEET, at=at, **values)


def confirmed(halls, **values):
    return {"id": finding(halls), "decision": "confirmed", "item_code": "R01", **values}


def reviews(halls):
    return halls.rows(sa.select(REVIEWS).order_by(REVIEWS.c.id))


def test_a_sample_waits_with_everything_that_was_seen(flagged):
    (row,) = queue(flagged)
    assert (row["sample"], row["hall"], row["slot"], row["outcome"], row["flagged"]) == (
        SAMPLE,
        "H001",
        1,
        "captured",
        1,
    )
    found = item(flagged)
    (look,) = found["looks"]
    assert look["camera_name"] == "H001-1 全景"
    assert len(look["frames"]) == 3
    assert look["windows"] == [{"name": "1", "present": []}]
    (one,) = found["findings"]
    assert one["why"].startswith("Nobody at any window (1) for 6")
    assert one["decision"] is None
    assert found["decisions"] == []


def test_the_moment_is_hidden_until_its_slot_has_ended(flagged):
    during = flagged.later()
    assert queue(flagged, during)[0]["planned_at"] is None
    assert queue(flagged)[0]["planned_at"] == flagged.moment()


def test_a_confirmed_candidate_is_a_row_beside_the_machine_s(flagged):
    before = flagged.findings()
    judge(flagged, "violation", findings=[confirmed(flagged)])
    assert flagged.findings() == before
    one, whole = reviews(flagged)
    assert (one.finding_id, one.decision, one.item_code, one.by) == (finding(flagged), "confirmed", "R01", "张检")
    assert (whole.finding_id, whole.sample_id, whole.decision) == (None, SAMPLE, "violation")
    assert queue(flagged) == []
    assert item(flagged)["findings"][0]["decision"] == "confirmed"
    (line,) = flagged.rows(sa.select(AUDIT).where(AUDIT.c.action == "review"))
    assert (line.actor, line.subject) == ("张检", SAMPLE)


def test_a_person_may_choose_another_item_than_the_machine(flagged):
    judge(flagged, "violation", findings=[confirmed(flagged, item_code="R02")])
    assert reviews(flagged)[0].item_code == "R02"


def test_a_rejected_candidate_needs_a_reason(flagged):
    rejected = {"id": finding(flagged), "decision": "rejected"}
    with pytest.raises(UsageError, match="without a reason"):
        judge(flagged, "ok", findings=[rejected])
    assert reviews(flagged) == []
    judge(flagged, "ok", findings=[{**rejected, "reason": "A sign says that the window is paused."}])
    assert [(row.decision, row.reason) for row in reviews(flagged)] == [
        ("rejected", "A sign says that the window is paused."), ("ok", None),
    ]  # fmt: skip


def test_what_only_a_person_saw_becomes_a_finding_of_that_person(flagged):
    judge(flagged, "violation", item_code="A01")
    own = flagged.rows(sa.select(FINDINGS).where(FINDINGS.c.source == "person"))
    assert [(row.item_code, row.hall_code, row.detector) for row in own] == [("A01", "H001", None)]
    assert [(row.finding_id, row.decision, row.item_code) for row in reviews(flagged)] == [
        (own[0].id, "confirmed", "A01"), (None, "violation", "A01"),
    ]  # fmt: skip


def test_unsure_is_a_decision_too_and_leaves_the_candidate_open(flagged):
    judge(flagged, "unsure")
    assert queue(flagged) == []
    assert item(flagged)["findings"][0]["decision"] is None


def test_intent_and_cause_are_kept_with_the_decision(flagged):
    judge(flagged, "violation", findings=[confirmed(flagged, item_code="F03", office_is_cause=True, deliberate=True)])
    assert (reviews(flagged)[0].office_is_cause, reviews(flagged)[0].deliberate) == (True, True)


@pytest.mark.parametrize(
    ("item", "found", "deducts"),
    [
        ("F03", {}, False),
        ("F03", {"office_is_cause": True}, True),
        ("F03", {"deliberate": True}, True),
        ("R01", {}, True),
    ],
)
def test_a_camera_s_trouble_deducts_only_where_the_office_is_its_cause(flagged, item, found, deducts):
    judge(flagged, "violation", findings=[confirmed(flagged, item_code=item, **found)])
    with reader(flagged.db) as opened:
        events = confirmed_events(opened, None, 0, 2**62, NOW)
    assert events["item_code"].to_list() == ([item] if deducts else [])


REFUSED = {
    "unknown decision": ("maybe", {}, "Unknown decision 'maybe'"),
    "violation of nothing": ("violation", {}, "needs an item"),
    "unknown item": ("violation", {"item_code": "R99"}, "no item 'R99'"),
    "the doubling rule": ("violation", {"item_code": "M03"}, "no item 'M03'"),
    "foreign finding": ("ok", {"findings": [{"id": 999, "decision": "rejected", "reason": "x"}]}, "no finding 999"),
    "strange finding": ("ok", {"findings": [{"id": "1; --", "decision": "rejected"}]}, "no finding '1; --'"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_what_cannot_be_decided_is_refused_and_nothing_is_written(flagged, fault):
    decision, values, words = REFUSED[fault]
    with pytest.raises(UsageError, match=words):
        judge(flagged, decision, **values)
    assert reviews(flagged) == []
    assert flagged.rows(sa.select(AUDIT).where(AUDIT.c.action == "review")) == []


def test_of_two_findings_none_is_decided_if_one_is_refused(flagged):
    with pytest.raises(UsageError):
        judge(flagged, "violation", findings=[confirmed(flagged), {"id": 999, "decision": "confirmed"}])
    assert reviews(flagged) == []


@pytest.mark.parametrize("role", ["office_head", "regional_manager", "evaluator", "auditor"])
def test_only_reviewing_roles_decide(flagged, role):
    with pytest.raises(NotAllowedError, match="may not decide"):
        judge(flagged, "ok", by=Viewer("某人", role, frozenset({"*"})))


def test_the_system_decides_nothing(flagged):
    with pytest.raises(NotAllowedError, match="'system' may not"):
        judge(flagged, "ok", by=system_viewer())


def test_a_hall_out_of_sight_is_not_there(flagged):
    elsewhere = Viewer("李检", "inspector", frozenset({"H999"}))
    assert queue(flagged, viewer=elsewhere) == []
    for call in (lambda: item(flagged, elsewhere), lambda: judge(flagged, "ok", by=elsewhere)):
        with pytest.raises(NotAllowedError, match="outside what you may see"):
            call()
    with pytest.raises(NotAllowedError):
        item(flagged, sample="H001-2026-09-01-9")
    slots = flagged.settings.video.slot_table
    assert samples(flagged.db, elsewhere, slots=slots, as_of=NOW) == []


def test_taking_back_is_one_more_row_and_the_sample_waits_again(flagged):
    judge(flagged, "violation", findings=[confirmed(flagged)])
    undo(flagged.db, by=INSPECTOR, sample=SAMPLE, at=NOW + timedelta(seconds=5))
    assert [row.decision for row in reviews(flagged)] == ["confirmed", "violation", "annulled", "annulled"]
    assert item(flagged)["findings"][0]["decision"] == "confirmed"  # as of the moment before
    later = NOW + timedelta(minutes=1)
    assert queue(flagged, later)[0]["flagged"] == 1
    judge(flagged, "violation", findings=[confirmed(flagged)], at=later)
    assert queue(flagged, later) == []


def test_nobody_takes_back_what_another_decided_since(flagged):
    judge(flagged, "ok")
    judge(flagged, "unsure", by=Viewer("王检", "reviewer", frozenset({"*"})), at=NOW + timedelta(seconds=5))
    with pytest.raises(UsageError, match="nothing of yours"):
        undo(flagged.db, by=INSPECTOR, sample=SAMPLE, at=NOW + timedelta(seconds=9))


def test_taking_back_twice_is_refused(flagged):
    judge(flagged, "ok")
    undo(flagged.db, by=INSPECTOR, sample=SAMPLE, at=NOW + timedelta(seconds=5))
    with pytest.raises(UsageError, match="nothing of yours"):
        undo(flagged.db, by=INSPECTOR, sample=SAMPLE, at=NOW + timedelta(seconds=9))


def test_the_list_of_samples_has_the_keys_of_the_design(flagged):
    (row,) = samples(flagged.db, INSPECTOR, slots=flagged.settings.video.slot_table, as_of=NOW)
    assert list(row) == ["sample", "hall", "camera", "date", "slot", "planned_at", "captured_at", "outcome", "cause",
                         "clip_sha256", "findings", "reviewed"]  # fmt: skip
    assert row["findings"] == ["R01"]
    assert row["reviewed"] is False
    assert row["clip_sha256"] == flagged.evidence()[0].sha256
    judge(flagged, "ok")
    (row,) = samples(flagged.db, INSPECTOR, slots=flagged.settings.video.slot_table, as_of=NOW)
    assert row["reviewed"] is True


def test_reasons_are_said_in_the_reader_s_language():
    problem = '{"windows": [], "problem": "moved", "seconds": 61.0}'
    empty = '{"windows": ["1", "2"], "problem": null, "seconds": 61.0}'
    assert why_text("F03", problem) == "The camera looks elsewhere than before."
    assert why_text("R01", empty) == "Nobody at any window (1, 2) for 61.0 s."
    set_language("zh")
    assert why_text("F03", problem) == "摄像机朝向已改变。"
    assert why_text("R01", empty) == "所有窗口（1、2）61.0 秒无人。"

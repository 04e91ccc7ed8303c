"""What people decide: append-only, by a named reviewer, in their halls, each with its line in the audit trail."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from checks.judge.samples import SlotDays
from checks.rulebook.loader import load_rulebook
from collectors.video.plan import LOCAL
from collectors.video.witnesses import MEASURED
from dashboard.actions.review import decide, undo
from dashboard.database.models import AUDIT, FINDINGS, JUDGEMENTS, REVIEWS
from dashboard.errors import NotAllowedError, UsageError
from dashboard.judging.halls import confirmed_events
from dashboard.judging.reading import reader
from dashboard.people import Viewer, system_viewer
from dashboard.queries.review import review_item, review_queue
from dashboard.queries.samples import samples, why_text
from dashboard.reviewing.draw import Desk
from dashboard.reviewing.rounds import Broken, Rejected, Verdict
from dashboard.sampling.slots import configured_slots
from dashboard.texts import set_language

NOW = datetime(2026, 9, 1, 15, 0, tzinfo=LOCAL)
INSPECTOR = Viewer("张检", "inspector", frozenset({"*"}))
SECOND = Viewer("王检", "reviewer", frozenset({"*"}))
SHEET = load_rulebook().sheet
SAMPLE = "H001-2026-09-01-1"


@pytest.fixture(autouse=True)
def _english():
    set_language("en")
    yield
    set_language("zh")


@pytest.fixture
def taken(sqlite_halls, monkeypatch):
    """A sample that the worker took, in which nobody was at the window: one candidate, R01."""
    monkeypatch.setitem(MEASURED, ("none", False), 0.95)
    sqlite_halls.hall()
    sqlite_halls.camera()
    sqlite_halls.film(sqlite_halls.scenes.room_with())
    sqlite_halls.take(sqlite_halls.later())
    return sqlite_halls


@pytest.fixture
def flagged(halls):
    """The same as it is stored."""
    halls.hall()
    halls.camera()
    halls.sampled(items=("R01",))
    return halls


@pytest.fixture
def sqlite_flagged(sqlite_halls):
    sqlite_halls.hall()
    sqlite_halls.sampled(items=("R01",))
    return sqlite_halls


def finding(halls):
    return halls.rows(sa.select(FINDINGS.c.id))[0].id


def queue(halls, now=NOW, viewer=INSPECTOR):
    return review_queue(halls.db, viewer, slots=SlotDays(configured_slots(halls.settings)), as_of=now)


def item(halls, viewer=INSPECTOR, sample=SAMPLE):
    return review_item(halls.db, viewer, sample, slots=SlotDays(configured_slots(halls.settings)), as_of=NOW)


def desk(halls, second_share=0.0):
    return Desk(timedelta(minutes=10), second_share, 0.0, halls.home / "review.secret")


def judge(halls, verdict, *, by=INSPECTOR, at=NOW, sample=SAMPLE):
    decide(halls.db, by=by, sample=sample, verdict=verdict, sheet=SHEET, desk=desk(halls), at=at)


def take_back(halls, *, by=INSPECTOR, at=NOW):
    return undo(halls.db, by=by, desk=desk(halls), at=at)


def confirmed(halls, item="R02", **values):
    """The candidate is a violation of an item that one look settles."""
    said = {"note": "窗口无人。", "second": 3.0, "finding": finding(halls), **values}
    return Verdict("violation", (Broken(item, **said),))


def rejected(halls, reason="A sign says that the window is paused."):
    return Verdict("ok", (), (Rejected(finding(halls), reason),))


def reviews(halls):
    return halls.rows(sa.select(REVIEWS).order_by(REVIEWS.c.id))


def test_a_sample_waits_with_everything_that_was_seen(taken):
    (row,) = queue(taken)
    assert (row["sample"], row["hall"], row["slot"], row["outcome"], row["flagged"]) == (
        SAMPLE,
        "H001",
        1,
        "captured",
        1,
    )
    found = item(taken)
    (look,) = found["looks"]
    assert look["camera_name"] == "H001-1 全景"
    assert len(look["frames"]) == 3
    assert look["windows"] == [{"name": "1", "present": []}]
    (one,) = found["findings"]
    assert one["why"].startswith("Nobody at any window (1) for 6")
    assert one["decision"] is None
    assert found["decisions"] == []


def test_the_moment_is_hidden_until_its_slot_has_ended(taken):
    during = taken.later()
    assert queue(taken, during)[0]["planned_at"] is None
    assert queue(taken)[0]["planned_at"] == taken.moment()


def test_a_confirmed_candidate_is_a_row_beside_the_machine_s(flagged):
    before = flagged.findings()
    judge(flagged, confirmed(flagged))
    assert flagged.findings() == before
    one, whole = reviews(flagged)
    assert (one.finding_id, one.decision, one.item_code, one.by) == (finding(flagged), "confirmed", "R02", "张检")
    assert one.reason == "窗口无人。"
    assert (whole.finding_id, whole.sample_id, whole.decision) == (None, SAMPLE, "violation")
    assert queue(flagged) == []
    assert item(flagged)["findings"][0]["decision"] == "confirmed"
    (line,) = flagged.rows(sa.select(AUDIT).where(AUDIT.c.action == "review"))
    assert (line.actor, line.subject) == ("张检", SAMPLE)


def test_a_rejected_candidate_needs_a_reason(sqlite_flagged):
    with pytest.raises(UsageError, match="without a reason"):
        judge(sqlite_flagged, rejected(sqlite_flagged, " "))
    assert reviews(sqlite_flagged) == []
    judge(sqlite_flagged, rejected(sqlite_flagged))
    assert [(row.decision, row.reason) for row in reviews(sqlite_flagged)] == [
        ("rejected", "A sign says that the window is paused."), ("ok", None),
    ]  # fmt: skip


def test_what_only_a_person_saw_becomes_a_finding_of_that_person(flagged):
    own = Broken("A01", "No uniform.", second=7.5)
    judge(flagged, Verdict("violation", (own,), (Rejected(finding(flagged), "a short errand"),)))
    found = flagged.rows(sa.select(FINDINGS).where(FINDINGS.c.source == "person"))
    assert [(row.item_code, row.hall_code, row.detector, row.starts) for row in found] == [("A01", "H001", None, 7.5)]
    assert [(row.finding_id, row.decision, row.item_code) for row in reviews(flagged)] == [
        (found[0].id, "confirmed", "A01"), (finding(flagged), "rejected", None), (None, "violation", "A01"),
    ]  # fmt: skip


def test_one_sample_may_break_several_items(sqlite_flagged):
    first = confirmed(sqlite_flagged).items[0]
    judge(sqlite_flagged, Verdict("violation", (first, Broken("A01", "No uniform.", second=1.0))))
    with reader(sqlite_flagged.db) as opened:
        events = confirmed_events(opened, None, 0, 2**62, NOW)
    assert sorted(events["item_code"]) == ["A01", "R02"]


def test_intent_and_cause_are_kept_with_the_decision(sqlite_flagged):
    for by in (INSPECTOR, SECOND):  # intent is looked at twice
        judge(sqlite_flagged, confirmed(sqlite_flagged, "F02", office_is_cause=True, deliberate=True), by=by)
    assert (reviews(sqlite_flagged)[0].office_is_cause, reviews(sqlite_flagged)[0].deliberate) == (True, True)


@pytest.mark.parametrize(
    ("item", "found", "deducts"),
    [
        ("F02", {}, False),
        ("F02", {"office_is_cause": True}, True),
        ("F04", {"deliberate": True}, True),
        ("R02", {}, True),
    ],
)
def test_a_camera_s_trouble_deducts_only_where_the_office_is_its_cause(sqlite_flagged, item, found, deducts):
    for by in (INSPECTOR, SECOND) if "deliberate" in found else (INSPECTOR,):
        judge(sqlite_flagged, confirmed(sqlite_flagged, item, **found), by=by)
    with reader(sqlite_flagged.db) as opened:
        events = confirmed_events(opened, None, 0, 2**62, NOW)
    assert events["item_code"].to_list() == ([item] if deducts else [])


def own(item="A01", **values):
    return Broken(item, **{"note": "No uniform.", "second": 1.0, **values})


REFUSED = {
    "unknown decision": (lambda _: Verdict("maybe"), "Unknown decision 'maybe'"),
    "violation of nothing": (lambda _: Verdict("violation"), "needs an item"),
    "a pass that names an item": (lambda _: Verdict("ok", (own(),)), "Only a violation"),
    "unknown item": (lambda _: Verdict("violation", (own("R99"),)), "no item 'R99'"),
    "the doubling rule": (lambda _: Verdict("violation", (own("M03"),)), "no item 'M03'"),
    "no note": (lambda _: Verdict("violation", (own(note=" "),)), "has no note"),
    "an endless note": (lambda _: Verdict("violation", (own(note="x" * 301),)), "longer than 300"),
    "no moment": (lambda _: Verdict("violation", (own(second=None),)), "has no moment"),
    "a moment before the clip": (lambda _: Verdict("violation", (own(second=-1.0),)), "outside the clip"),
    "no number": (lambda _: Verdict("violation", (own(second=float("nan")),)), "outside the clip"),
    "a camera of another hall": (lambda _: Verdict("violation", (own(camera="H999-1"),)), "no camera 'H999-1'"),
    "one item twice": (lambda _: Verdict("violation", (own(), own())), "named twice"),
    "foreign finding": (lambda _: Verdict("ok", (), (Rejected(999, "x"),)), "no finding 999"),
    "one candidate twice": (
        lambda one: Verdict("ok", (), (Rejected(one, "x"), Rejected(one, "y"))), "decided twice"),
    "a candidate left open": (lambda _: Verdict("ok"), "neither confirmed nor rejected"),
    "two findings, one of them foreign": (
        lambda one: Verdict("violation", (own(finding=one), own("A02", finding=999))), "no finding 999"),
}  # fmt: skip


@pytest.mark.parametrize("fault", REFUSED)
def test_what_cannot_be_decided_is_refused_and_nothing_is_written(sqlite_flagged, fault):
    verdict, words = REFUSED[fault]
    with pytest.raises(UsageError, match=words):
        judge(sqlite_flagged, verdict(finding(sqlite_flagged)))
    assert reviews(sqlite_flagged) == []
    assert sqlite_flagged.rows(sa.select(JUDGEMENTS)) == []
    assert sqlite_flagged.rows(sa.select(AUDIT).where(AUDIT.c.action == "review")) == []


@pytest.mark.parametrize("role", ["office_head", "regional_manager", "evaluator", "auditor"])
def test_only_reviewing_roles_decide(sqlite_flagged, role):
    with pytest.raises(NotAllowedError, match="may not decide"):
        judge(sqlite_flagged, rejected(sqlite_flagged), by=Viewer("某人", role, frozenset({"*"})))


def test_the_system_decides_nothing(sqlite_flagged):
    with pytest.raises(NotAllowedError, match="'system' may not"):
        judge(sqlite_flagged, rejected(sqlite_flagged), by=system_viewer())


def test_a_hall_out_of_sight_is_not_there(sqlite_flagged):
    elsewhere = Viewer("李检", "inspector", frozenset({"H999"}))
    assert queue(sqlite_flagged, viewer=elsewhere) == []
    for call in (
        lambda: item(sqlite_flagged, elsewhere),
        lambda: judge(sqlite_flagged, rejected(sqlite_flagged), by=elsewhere),
    ):
        with pytest.raises(NotAllowedError, match="outside what you may see"):
            call()
    with pytest.raises(NotAllowedError):
        item(sqlite_flagged, sample="H001-2026-09-01-9")
    slots = SlotDays(configured_slots(sqlite_flagged.settings))
    assert samples(sqlite_flagged.db, elsewhere, slots=slots, as_of=NOW) == []


def test_nobody_judges_the_halls_of_their_own_office(sqlite_flagged):
    at_home = Viewer("李检", "inspector", frozenset({"*"}), works_at="H001")
    assert queue(sqlite_flagged, viewer=at_home) == []
    assert item(sqlite_flagged, at_home)["state"] == "elsewhere"
    with pytest.raises(NotAllowedError, match="your own office"):
        judge(sqlite_flagged, rejected(sqlite_flagged), by=at_home)


def test_taking_back_is_one_more_row_and_the_sample_waits_again(flagged):
    judge(flagged, confirmed(flagged))
    assert take_back(flagged, at=NOW + timedelta(seconds=5)) == SAMPLE
    assert [row.decision for row in reviews(flagged)] == ["confirmed", "violation", "annulled", "annulled"]
    assert item(flagged)["findings"][0]["decision"] == "confirmed"  # as of the moment before
    later = NOW + timedelta(minutes=1)
    assert queue(flagged, later)[0]["flagged"] == 1
    judge(flagged, confirmed(flagged), at=later)
    assert queue(flagged, later) == []


def test_what_was_taken_back_tells_the_next_person_nothing(sqlite_flagged):
    judge(sqlite_flagged, Verdict("violation", (own(),), rejected(sqlite_flagged).rejected))
    take_back(sqlite_flagged, at=NOW)
    seen = review_item(
        sqlite_flagged.db, SECOND, SAMPLE, slots=SlotDays(configured_slots(sqlite_flagged.settings)), as_of=NOW
    )
    assert [one["source"] for one in seen["findings"]] == ["detector"]
    assert (seen["state"], seen["decisions"], seen["judgements"]) == ("open", [], [])
    (row,) = samples(sqlite_flagged.db, SECOND, slots=SlotDays(configured_slots(sqlite_flagged.settings)), as_of=NOW)
    assert (row["findings"], row["reviewed"]) == (["R01"], False)


def test_taking_back_twice_is_refused(sqlite_flagged):
    judge(sqlite_flagged, rejected(sqlite_flagged))
    take_back(sqlite_flagged)
    with pytest.raises(UsageError, match="nothing of yours"):
        take_back(sqlite_flagged)


def test_what_is_decided_is_not_decided_again(sqlite_flagged):
    judge(sqlite_flagged, rejected(sqlite_flagged))
    with pytest.raises(UsageError, match="have judged"):
        judge(sqlite_flagged, rejected(sqlite_flagged))
    with pytest.raises(UsageError, match="decided already"):
        judge(sqlite_flagged, rejected(sqlite_flagged), by=SECOND)
    assert len(sqlite_flagged.rows(sa.select(JUDGEMENTS))) == 1


def test_the_list_of_samples_has_the_keys_of_the_design(sqlite_flagged):
    (row,) = samples(sqlite_flagged.db, INSPECTOR, slots=SlotDays(configured_slots(sqlite_flagged.settings)), as_of=NOW)
    assert list(row) == ["sample", "hall", "camera", "date", "slot", "planned_at", "captured_at", "outcome", "cause",
                         "clip_sha256", "findings", "reviewed", "reviewed_by_me"]  # fmt: skip
    assert row["findings"] == ["R01"]
    assert row["reviewed"] is False
    assert row["clip_sha256"] == sqlite_flagged.evidence()[0].sha256
    judge(sqlite_flagged, rejected(sqlite_flagged))
    (row,) = samples(sqlite_flagged.db, INSPECTOR, slots=SlotDays(configured_slots(sqlite_flagged.settings)), as_of=NOW)
    assert (row["reviewed"], row["reviewed_by_me"]) == (True, True)
    (row,) = samples(sqlite_flagged.db, SECOND, slots=SlotDays(configured_slots(sqlite_flagged.settings)), as_of=NOW)
    assert (row["reviewed"], row["reviewed_by_me"]) == (True, False)


def test_reasons_are_said_in_the_reader_s_language():
    problem = '{"windows": [], "problem": "moved", "seconds": 61.0}'
    empty = '{"windows": ["1", "2"], "problem": null, "seconds": 61.0}'
    assert why_text("F03", problem) == "The camera looks elsewhere than before."
    assert why_text("R01", empty) == "Nobody at any window (1, 2) for 61.0 s."
    set_language("zh")
    assert why_text("F03", problem) == "摄像机朝向已改变。"
    assert why_text("R01", empty) == "所有窗口（1、2）61.0 秒无人。"

"""Blind review: claims that race, second and third looks that nobody knows of, known answers that reach no score."""

import threading
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from checks.clock import load_calendar
from checks.judge.samples import SlotDays
from checks.periods import parse_period
from checks.rulebook.loader import load_rulebook
from collectors.video.plan import LOCAL
from dashboard.actions.desk import coming, next_sample
from dashboard.actions.keeping import drop_case, keep_case, mark_gold, unmark_gold
from dashboard.actions.review import claim, claim_gold, decide, put_back, undo
from dashboard.database.models import FINDINGS, FOLLOW_UPS, JUDGEMENTS, RECORD_TABLES, REVIEW_CLAIMS, REVIEWS
from dashboard.errors import MingchaError, NotAllowedError, UsageError
from dashboard.evidence.case import case_of
from dashboard.freezing.checklist import _counted
from dashboard.instants import to_micros
from dashboard.judging.halls import confirmed_events
from dashboard.judging.reading import reader
from dashboard.judging.rules import Rules
from dashboard.people import Viewer
from dashboard.queries.audit import Wanted as Lines
from dashboard.queries.audit import trail
from dashboard.queries.coverage import counted, coverage
from dashboard.queries.evidence import piece
from dashboard.queries.judgements import gold_answers, judged
from dashboard.queries.kept_cases import kept_cases
from dashboard.queries.review import Wanted, judged_on, last_own, review_item, review_queue
from dashboard.queries.samples import samples
from dashboard.reviewing.draw import Desk
from dashboard.reviewing.rounds import Broken, Rejected, Verdict, same
from dashboard.sampling.slots import configured_slots

NOW = datetime(2026, 9, 1, 15, 0, tzinfo=LOCAL)
SHEET = load_rulebook().sheet
FIRST, SECOND, THIRD, FOURTH = (Viewer(name, "inspector", frozenset({"*"})) for name in ("甲", "乙", "丙", "丁"))


class Review:
    """The halls, and how their samples are given out."""

    def __init__(self, halls, second_share=0.0, gold_share=0.0):
        self.halls, self.db = halls, halls.db
        self.slots = SlotDays(configured_slots(halls.settings))
        self.desk = Desk(timedelta(minutes=10), second_share, gold_share, halls.home / "review.secret")
        halls.hall()

    def sample(self, slot=1, **values):
        return self.halls.sampled(slot, **values)

    def say(self, by, sample, verdict, at=NOW):
        decide(self.db, by=by, sample=sample, verdict=verdict, sheet=SHEET, desk=self.desk, at=at)

    def candidate(self, sample):
        query = sa.select(FINDINGS.c.id).where(FINDINGS.c.sample_id == sample, FINDINGS.c.source == "detector")
        return [row.id for row in self.halls.rows(query)]

    def passed(self, sample):
        return Verdict("ok", (), tuple(Rejected(one, "hidden") for one in self.candidate(sample)))

    def failed(self, sample, item="R02"):
        mine = tuple(Broken(item, "seen", None, 1.0, one) for one in self.candidate(sample))
        return Verdict("violation", mine or (Broken(item, "seen", None, 1.0),))

    def queue(self, viewer, at=NOW):
        return review_queue(self.db, viewer, slots=self.slots, as_of=at)

    def waits(self, viewer, at=NOW):
        return [row["sample"] for row in self.queue(viewer, at)]

    def item(self, viewer, sample, at=NOW):
        return review_item(self.db, viewer, sample, slots=self.slots, as_of=at)

    def next(self, viewer, at=NOW, skipped=(), wanted=None):
        wanted = wanted or Wanted()
        waiting = [row for row in self.queue(viewer, at) if wanted.fits(row)]
        return next_sample(self.db, by=viewer, desk=self.desk, slots=self.slots, waiting=waiting, wanted=wanted,
                           skipped=skipped, at=at)  # fmt: skip

    def counts(self, at=NOW):
        """Items that deduct at a moment."""
        with reader(self.db) as opened:
            return sorted(confirmed_events(opened, None, 0, 2**62, at)["item_code"])

    def rounds(self):
        return [(row.round, row.by, row.decision, row.calls_for)
                for row in self.halls.rows(sa.select(JUDGEMENTS).order_by(JUDGEMENTS.c.id))]  # fmt: skip


@pytest.fixture
def review(halls):
    return Review(halls)


@pytest.fixture
def drawn(sqlite_halls):
    """Every sample gets a second look."""
    return Review(sqlite_halls, second_share=1.0)


@pytest.fixture
def drawn_on_both(halls):
    return Review(halls, second_share=1.0)


@pytest.fixture
def sqlite_review(sqlite_halls):
    return Review(sqlite_halls)


# --- rounds


def test_one_look_settles_an_ordinary_sample(sqlite_review):
    sample = sqlite_review.sample()
    sqlite_review.say(FIRST, sample, sqlite_review.failed(sample))
    assert sqlite_review.rounds() == [("1", "甲", "violation", None)]
    assert sqlite_review.counts() == ["R02"]
    assert sqlite_review.waits(SECOND) == []


def test_a_drawn_sample_counts_only_when_a_second_person_says_the_same(drawn):
    sample = drawn.sample()
    drawn.say(FIRST, sample, drawn.failed(sample))
    assert (drawn.counts(), drawn.waits(FIRST), drawn.waits(SECOND)) == ([], [], [sample])
    drawn.say(SECOND, sample, drawn.failed(sample))
    assert drawn.rounds() == [("1", "甲", "violation", "drawn"), ("2", "乙", "violation", None)]
    assert drawn.counts() == ["R02"]
    assert {row.by for row in drawn.halls.rows(sa.select(REVIEWS))} == {"甲"}


def test_of_two_that_differ_a_third_decides(drawn_on_both):
    sample = drawn_on_both.sample()
    drawn_on_both.say(FIRST, sample, drawn_on_both.failed(sample))
    drawn_on_both.say(SECOND, sample, drawn_on_both.passed(sample))
    assert drawn_on_both.counts() == []
    assert [drawn_on_both.waits(person) for person in (FIRST, SECOND, THIRD)] == [[], [], [sample]]
    drawn_on_both.say(THIRD, sample, drawn_on_both.failed(sample, "R05"))
    assert [one[3] for one in drawn_on_both.rounds()] == ["drawn", "disagreement", None]
    assert drawn_on_both.counts() == ["R05"]
    assert drawn_on_both.waits(FOURTH) == []


@pytest.mark.parametrize("item", ["R01", "R08", "B10"])
def test_a_fail_of_the_gravest_severity_is_looked_at_again(sqlite_review, item):
    sample = sqlite_review.sample(items=())
    sqlite_review.say(FIRST, sample, sqlite_review.failed(sample, item))
    assert sqlite_review.rounds() == [("1", "甲", "violation", "grave")]
    assert (sqlite_review.counts(), sqlite_review.waits(SECOND)) == ([], [sample])
    assert sqlite_review.halls.findings() == []


def test_who_is_unsure_hands_the_sample_on(sqlite_review):
    sample = sqlite_review.sample()
    sqlite_review.say(FIRST, sample, Verdict("unsure"))
    assert sqlite_review.waits(SECOND) == [sample]
    sqlite_review.say(SECOND, sample, sqlite_review.passed(sample))
    sqlite_review.say(THIRD, sample, sqlite_review.passed(sample))
    assert [one[3] for one in sqlite_review.rounds()] == ["unsure", "disagreement", None]


@pytest.mark.parametrize(("other", "same"), [
    ({}, True), ({"note": "other words", "second": 9.0}, True), ({"office_is_cause": True}, False),
    ({"deliberate": True}, False),
])  # fmt: skip
def test_two_agree_where_the_hall_loses_the_same(sqlite_halls, other, same):
    made = Review(sqlite_halls, second_share=1.0)
    sample = made.sample(items=())
    said = {"item": "F02", "note": "dark", "second": 1.0}
    made.say(FIRST, sample, Verdict("violation", (Broken(**said),)))
    made.say(SECOND, sample, Verdict("violation", (Broken(**{**said, **other}),)))
    assert made.rounds()[-1][3] == (None if same else "disagreement")


def test_the_draw_is_the_same_for_everybody_near_its_share_and_needs_the_key(tmp_path):
    names = [f"H{hall:03}-2026-09-01-{slot}" for hall in range(400) for slot in range(1, 6)]
    desk = Desk(timedelta(minutes=10), 0.05, 0.0, tmp_path / "a.secret")
    again = Desk(timedelta(minutes=10), 0.05, 0.0, tmp_path / "a.secret")
    other = Desk(timedelta(minutes=10), 0.05, 0.0, tmp_path / "b.secret")
    found = [name for name in names if desk.drawn(name)]
    assert found == [name for name in names if again.drawn(name)]
    assert found != [name for name in names if other.drawn(name)]
    assert 60 <= len(found) <= 145  # 100 expected of 2,000: more than four standard deviations to either side
    assert (tmp_path / "a.secret").stat().st_mode & 0o077 == 0


def test_a_key_that_could_keep_no_secret_is_refused(tmp_path):
    (tmp_path / "short").write_text("abc\n")
    with pytest.raises(MingchaError, match="3 bytes, too few"):
        Desk(timedelta(minutes=10), 0.5, 0.0, tmp_path / "short").drawn("x")


# --- blind


def test_the_second_person_learns_nothing_of_the_first(drawn):
    sample = drawn.sample(items=())
    fresh = drawn.item(SECOND, sample)
    listed = samples(drawn.db, SECOND, slots=drawn.slots, as_of=NOW)
    waiting = drawn.queue(SECOND)
    drawn.say(FIRST, sample, drawn.failed(sample, "A01"))
    assert drawn.item(SECOND, sample) == fresh
    assert samples(drawn.db, SECOND, slots=drawn.slots, as_of=NOW) == listed
    assert drawn.queue(SECOND) == waiting
    mine = drawn.item(FIRST, sample)
    assert (mine["state"], [one["by"] for one in mine["judgements"]]) == ("judged", ["甲"])


def test_after_judging_a_person_sees_what_all_said_once_it_is_settled(drawn):
    sample = drawn.sample()
    drawn.say(FIRST, sample, drawn.passed(sample))
    drawn.say(SECOND, sample, drawn.failed(sample))
    seen = drawn.item(SECOND, sample)
    assert (seen["state"], [one["by"] for one in seen["judgements"]], seen["decisions"]) == ("judged", ["乙"], [])
    drawn.say(THIRD, sample, drawn.passed(sample))
    seen = drawn.item(FIRST, sample)
    assert (seen["state"], [one["by"] for one in seen["judgements"]]) == ("settled", ["甲", "乙", "丙"])


def test_nobody_judges_a_sample_twice_in_two_rounds(drawn):
    sample = drawn.sample()
    drawn.say(FIRST, sample, drawn.passed(sample))
    with pytest.raises(UsageError, match="have judged"):
        drawn.say(FIRST, sample, drawn.passed(sample))
    assert not claim(drawn.db, by=FIRST, sample=sample, desk=drawn.desk, at=NOW)


# --- claims


def test_two_reviewers_never_get_the_same_sample(sqlite_review):
    first, second = sqlite_review.sample(1), sqlite_review.sample(2)
    assert (sqlite_review.next(FIRST), sqlite_review.next(SECOND), sqlite_review.next(THIRD)) == (first, second, None)
    assert (sqlite_review.next(FIRST), sqlite_review.next(SECOND)) == (first, second)
    assert [row["claimed"] for row in sqlite_review.queue(FIRST)] == [False, True]


def test_of_many_who_ask_at_once_each_gets_another(review):
    expected = {review.sample(1), review.sample(2)}
    people = [Viewer(f"人{n}", "reviewer", frozenset({"*"})) for n in range(6)]
    got, ready = {}, threading.Barrier(len(people))

    def ask(person):
        ready.wait()
        got[person.name] = review.next(person)

    threads = [threading.Thread(target=ask, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    given = [sample for sample in got.values() if sample]
    assert (len(given), set(given)) == (2, expected)


def test_of_two_who_judge_at_once_one_is_told(review):
    sample, told, ready = review.sample(), [], threading.Barrier(2)

    def say(person):
        ready.wait()
        try:
            review.say(person, sample, review.passed(sample))
        except UsageError as error:
            told.append(str(error))

    threads = [threading.Thread(target=say, args=(person,)) for person in (FIRST, SECOND)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(review.rounds()) == 1
    assert len(told) == 1


def test_a_claim_lasts_while_something_happens_and_then_expires(review):
    sample = review.sample()
    assert claim(review.db, by=FIRST, sample=sample, desk=review.desk, at=NOW)
    assert not claim(review.db, by=SECOND, sample=sample, desk=review.desk, at=NOW + timedelta(minutes=9, seconds=59))
    assert claim(review.db, by=FIRST, sample=sample, desk=review.desk, at=NOW + timedelta(minutes=9))
    assert not claim(review.db, by=SECOND, sample=sample, desk=review.desk, at=NOW + timedelta(minutes=18))
    assert claim(review.db, by=SECOND, sample=sample, desk=review.desk, at=NOW + timedelta(minutes=19))
    with pytest.raises(UsageError, match="lies on another desk"):
        review.say(FIRST, sample, review.passed(sample), NOW + timedelta(minutes=20))
    assert review.rounds() == []


def test_who_comes_late_may_still_decide_where_nobody_took_it(sqlite_review):
    sample = sqlite_review.sample()
    claim(sqlite_review.db, by=FIRST, sample=sample, desk=sqlite_review.desk, at=NOW)
    sqlite_review.say(FIRST, sample, sqlite_review.passed(sample), NOW + timedelta(hours=2))
    assert [one[2] for one in sqlite_review.rounds()] == ["ok"]


def test_a_sample_put_back_is_anybody_s_and_comes_last_to_who_put_it_off(sqlite_review):
    first, second = sqlite_review.sample(1), sqlite_review.sample(2)
    assert sqlite_review.next(FIRST) == first
    put_back(sqlite_review.db, by=FIRST, sample=first)
    assert sqlite_review.next(FIRST, skipped={first}) == second
    assert sqlite_review.next(SECOND) == first


def test_one_person_has_one_sample_on_the_desk(sqlite_review):
    first, second = sqlite_review.sample(1), sqlite_review.sample(2)
    for sample in (first, second):
        assert claim(sqlite_review.db, by=FIRST, sample=sample, desk=sqlite_review.desk, at=NOW)
    assert [row.sample_id for row in sqlite_review.halls.rows(sa.select(REVIEW_CLAIMS))] == [second]


def test_the_queue_is_narrowed_and_says_what_comes(sqlite_review):
    made = sqlite_review
    made.halls.hall("H002", "西门营业厅")
    one, two = made.sample(1, items=("R02",)), made.sample(2, items=())
    dark = made.sample(1, hall="H002", items=("F03",), outcome="not_checkable")
    rows = made.queue(FIRST)
    assert [row["sample"] for row in rows] == [one, dark, two]
    narrowed = {
        "flagged": (Wanted(flagged=True), [one, dark]), "item": (Wanted(item="R02"), [one]),
        "slot": (Wanted(slot=2), [two]), "hall": (Wanted(halls=frozenset({"H002"})), [dark]),
        "date": (Wanted(date="2026-09-02"), []), "blind": (Wanted(not_checkable=True), [dark]),
    }  # fmt: skip
    for wanted, expected in narrowed.values():
        assert [row["sample"] for row in rows if wanted.fits(row)] == expected
    assert coming(rows, one, skipped={dark}) == two


# --- undo


def test_the_last_judgement_is_taken_back_and_lies_on_the_desk_again(review):
    first, second = review.sample(1), review.sample(2)
    review.say(FIRST, first, review.failed(first))
    review.say(FIRST, second, review.failed(second), NOW + timedelta(seconds=20))
    assert last_own(review.db, FIRST, as_of=NOW + timedelta(minutes=1))["sample"] == second
    assert undo(review.db, by=FIRST, desk=review.desk, at=NOW + timedelta(minutes=1)) == second
    assert review.next(FIRST, NOW + timedelta(minutes=2)) == second
    assert review.next(SECOND, NOW + timedelta(minutes=2)) is None
    assert undo(review.db, by=FIRST, desk=review.desk, at=NOW + timedelta(minutes=3)) == first
    assert review.counts(NOW + timedelta(minutes=3)) == []


def test_nothing_is_taken_back_once_somebody_else_has_acted(drawn):
    sample = drawn.sample()
    drawn.say(FIRST, sample, drawn.passed(sample))
    claim(drawn.db, by=SECOND, sample=sample, desk=drawn.desk, at=NOW)
    with pytest.raises(UsageError, match="lies on another desk"):
        undo(drawn.db, by=FIRST, desk=drawn.desk, at=NOW)
    drawn.say(SECOND, sample, drawn.passed(sample))
    with pytest.raises(UsageError, match="Somebody else has acted"):
        undo(drawn.db, by=FIRST, desk=drawn.desk, at=NOW)
    assert undo(drawn.db, by=SECOND, desk=drawn.desk, at=NOW) == sample
    assert [row.decision for row in drawn.halls.rows(sa.select(REVIEWS).order_by(REVIEWS.c.id))][-1] == "annulled"
    assert drawn.item(FIRST, sample)["state"] == "judged"


# --- known answers


def test_a_sample_with_a_known_answer_is_served_unknowingly_and_reaches_no_score(sqlite_halls):
    made = Review(sqlite_halls, gold_share=1.0)
    known, waiting = made.sample(1), made.sample(2)
    made.say(FIRST, known, made.failed(known))
    mark_gold(made.db, by=THIRD, sample=known, decision="violation", items=["R02"], sheet=SHEET, at=NOW)
    before = made.halls.rows(sa.select(REVIEWS))
    assert made.next(SECOND) == known
    shown, fresh = made.item(SECOND, known), made.item(SECOND, waiting)
    assert (shown["state"], shown["decisions"], shown["judgements"]) == ("open", [], [])
    assert shown["findings"][0]["decision"] is None
    assert shown.keys() == fresh.keys()
    made.say(SECOND, known, made.passed(known))
    assert made.rounds()[-1] == ("gold", "乙", "ok", None)
    assert (made.halls.rows(sa.select(REVIEWS)), made.counts()) == (before, ["R02"])
    assert made.next(SECOND) == waiting  # each known sample once per person
    assert made.next(THIRD) is None  # who said what is right is not asked; the other one lies on a desk
    assert gold_answers(made.db, FIRST, as_of=NOW)[known]["items"] == ["R02"]
    assert [(one["round"], one["by"], one["items"]) for one in judged(made.db, FIRST, as_of=NOW)] == [
        ("1", "甲", ["R02"]), ("gold", "乙", []),
    ]  # fmt: skip


def test_a_gold_judgement_is_taken_back_as_one(sqlite_halls):
    made = Review(sqlite_halls, gold_share=1.0)
    known, _ = made.sample(1), made.sample(2)
    made.say(FIRST, known, made.passed(known))
    mark_gold(made.db, by=THIRD, sample=known, decision="ok", sheet=SHEET, at=NOW)
    assert made.next(SECOND) == known
    made.say(SECOND, known, made.failed(known))
    assert undo(made.db, by=SECOND, desk=made.desk, at=NOW) == known
    assert made.item(SECOND, known)["state"] == "open"
    made.say(SECOND, known, made.passed(known))
    assert [one[0] for one in made.rounds()] == ["1", "gold", "gold", "gold"]
    assert made.counts() == []


def test_a_known_answer_needs_a_decided_sample_and_who_may_say_so(sqlite_review):
    made, sample = sqlite_review, sqlite_review.sample()
    said = {"sample": sample, "decision": "ok", "sheet": SHEET, "at": NOW}
    with pytest.raises(UsageError, match="not decided yet"):
        mark_gold(made.db, by=FIRST, **said)
    made.say(FIRST, sample, made.passed(sample))
    for person in (Viewer("某", "reviewer", frozenset({"*"})), Viewer("某", "office_head", frozenset({"*"}))):
        with pytest.raises(NotAllowedError):
            mark_gold(made.db, by=person, **said)
    with pytest.raises(UsageError, match="names its items"):
        mark_gold(made.db, by=FIRST, **{**said, "decision": "violation"})
    mark_gold(made.db, by=FIRST, **said)
    unmark_gold(made.db, by=FIRST, sample=sample, at=NOW)
    assert gold_answers(made.db, FIRST, as_of=NOW) == {}
    with pytest.raises(UsageError, match="no known answer"):
        unmark_gold(made.db, by=FIRST, sample=sample, at=NOW)


# --- kept cases and counters


def test_a_case_is_kept_once_of_a_decided_sample_and_dropped(sqlite_review):
    made, sample = sqlite_review, sqlite_review.sample()
    said = {"sample": sample, "kind": "typical", "item": "R02", "note": "站立迎接", "sheet": SHEET, "at": NOW}
    with pytest.raises(UsageError, match="not decided yet"):
        keep_case(made.db, by=FIRST, **said)
    made.say(FIRST, sample, made.failed(sample))
    case = keep_case(made.db, by=FIRST, **said)
    for wrong, words in (({}, "kept as such"), ({"item": None}, "needs an item"), ({"note": " "}, "needs a note"),
                         ({"kind": "odd"}, "Unknown kind")):  # fmt: skip
        with pytest.raises(UsageError, match=words):
            keep_case(made.db, by=FIRST, **{**said, **wrong})
    drop_case(made.db, by=SECOND, case=case, at=NOW)
    with pytest.raises(UsageError, match="dropped already"):
        drop_case(made.db, by=SECOND, case=case, at=NOW)


def test_the_day_s_work_is_counted(sqlite_review):
    made, sample = sqlite_review, sqlite_review.sample()
    claim(made.db, by=FIRST, sample=sample, desk=made.desk, at=NOW)
    made.say(FIRST, sample, made.passed(sample), NOW + timedelta(seconds=18))
    later = NOW + timedelta(minutes=1)
    assert judged_on(made.db, FIRST, since=NOW, as_of=later) == {"judged": 1, "median_seconds": 18.0}
    assert judged_on(made.db, SECOND, since=NOW, as_of=later) == {"judged": 0, "median_seconds": None}


# --- coverage, cases


def test_a_hall_s_month_is_told_day_by_day_without_betraying_a_second_look(sqlite_halls):
    made = Review(sqlite_halls, second_share=1.0)
    sample = made.sample(1, items=())
    made.say(FIRST, sample, made.failed(sample, "A01"))
    rules = Rules(load_rulebook(), load_calendar(), made.slots)

    def on_the_day(viewer):
        rows = coverage(made.db, viewer, rules, hall="H001", year=2026, month=9, as_of=NOW)
        return rows, [(one.slot, one.state, one.mine) for one in rows[0]]

    rows, first = on_the_day(FIRST)
    assert first == [(1, "judged", True), (2, "none", False)]
    assert on_the_day(SECOND)[1] == [(1, "waiting", False), (2, "none", False)]
    assert {one.state for one in rows[5]} == {"closed"}  # Sunday, 6 September
    assert (counted(rows)["due"], counted(rows)["judged"], len(rows)) == (1, 1, 30)


def test_a_kept_case_is_for_all_and_names_its_hall_to_those_who_may_know(sqlite_review):
    made, sample = sqlite_review, sqlite_review.sample()
    made.say(FIRST, sample, made.failed(sample))
    keep_case(made.db, by=FIRST, sample=sample, kind="typical", item="R02", note="挂牌再离开", second=4.0,
              sheet=SHEET, at=NOW)  # fmt: skip
    clip = made.halls.evidence()[0].id
    elsewhere = Viewer("外", "office_head", frozenset({"H999"}))
    (seen,) = kept_cases(made.db, FIRST, as_of=NOW)
    assert (seen.hall, seen.sample, seen.item, seen.picture, seen.second) == ("H001", sample, "R02", clip, 4.0)
    (seen,) = kept_cases(made.db, elsewhere, as_of=NOW)
    assert (seen.hall, seen.sample, seen.date, seen.note) == (None, None, None, "挂牌再离开")
    assert piece(made.db, elsewhere, clip).id == clip
    drop_case(made.db, by=FIRST, case=1, at=NOW)
    assert kept_cases(made.db, elsewhere, as_of=NOW) == []
    with pytest.raises(NotAllowedError):
        piece(made.db, elsewhere, clip)


def test_what_was_asked_for_outside_the_draw_is_neither_drawn_nor_a_known_answer(sqlite_halls):
    made = Review(sqlite_halls, second_share=1.0)
    sample = made.sample()
    with made.db.session() as connection:
        table = RECORD_TABLES["samples"]
        connection.execute(sa.update(table).where(table.c.sample_id == sample).values(slot=None))
    assert [(row["sample"], row["slot"]) for row in made.queue(FIRST)] == [(sample, None)]
    made.say(FIRST, sample, made.passed(sample))
    assert made.rounds() == [("1", "甲", "ok", None)]
    with pytest.raises(UsageError, match="outside the draw"):
        mark_gold(made.db, by=SECOND, sample=sample, decision="ok", sheet=SHEET, at=NOW)


def test_a_period_knows_what_waits_for_a_second_look(sqlite_halls):
    made = Review(sqlite_halls, second_share=1.0)
    plain, flagged = made.sample(1, items=()), made.sample(2)
    september = parse_period("2026-09")

    def open_ones():
        return _counted(made.db, september, 0, 0)["reviews_done"]

    assert open_ones() == 1  # the candidate
    made.say(FIRST, plain, made.failed(plain, "A01"))
    made.say(FIRST, flagged, made.passed(flagged))
    assert open_ones() == 2
    for sample, verdict in ((plain, made.failed(plain, "A01")), (flagged, made.passed(flagged))):
        made.say(SECOND, sample, verdict)
    assert open_ones() == 0
    undo(made.db, by=SECOND, desk=made.desk, at=NOW)
    assert undo(made.db, by=SECOND, desk=made.desk, at=NOW) == plain
    assert open_ones() == 2  # what was found in it and taken back is no third


def test_a_candidate_that_comes_after_the_decision_opens_the_sample_again(review):
    sample, later = review.sample(), NOW + timedelta(minutes=5)
    review.say(FIRST, sample, review.failed(sample))
    (known,) = review.candidate(sample)
    with review.db.session() as connection:
        row = connection.execute(sa.select(FINDINGS).where(FINDINGS.c.id == known)).mappings().one()
        new = {**row, "item_code": "M01", "starts": None, "ends": None, "created_at": to_micros(later)}
        del new["id"]
        connection.execute(sa.insert(FINDINGS).values(new))
    after = later + timedelta(minutes=1)
    assert review.waits(FIRST, NOW + timedelta(minutes=1)) == []
    assert (review.waits(FIRST, after), review.waits(SECOND, after)) == ([sample], [sample])
    seen = review.item(SECOND, sample, after)
    assert (seen["state"], [one["item_code"] for one in seen["findings"]], seen["decisions"]) == ("open", ["M01"], [])
    late = seen["findings"][0]["id"]
    with pytest.raises(UsageError, match="neither confirmed nor rejected"):
        review.say(SECOND, sample, Verdict("ok"), after)
    review.say(SECOND, sample, Verdict("violation", (Broken("M01", "no meeting", None, 1.0, late),)), after)
    assert review.rounds() == [("1", "甲", "violation", None), ("1", "乙", "violation", None)]
    assert review.counts(after) == ["M01", "R02"]
    assert review.waits(THIRD, after) == []
    undo(review.db, by=SECOND, desk=review.desk, at=after)
    assert review.counts(after) == ["R02"]
    assert [one["item_code"] for one in review.item(SECOND, sample, after)["findings"]] == ["M01"]


@pytest.mark.parametrize("answered", [True, False])
def test_a_candidate_refuted_meanwhile_need_not_be_answered_and_may_be(sqlite_review, answered):
    made, sample = sqlite_review, sqlite_review.sample()
    (known,) = made.candidate(sample)
    ended = {"finding_id": known, "sample_id": sample, "outcome": "refuted", "held": 90.0, "spans": "[]",
             "at": to_micros(NOW)}  # fmt: skip
    with made.db.session() as connection:
        connection.execute(sa.insert(FOLLOW_UPS).values(ended))
    assert made.item(FIRST, sample)["findings"] == []
    made.say(FIRST, sample, made.passed(sample) if answered else Verdict("ok"))
    assert made.rounds() == [("1", "甲", "ok", None)]


# --- what comes in an unlucky order

MINUTE = timedelta(minutes=1)


def late(review, sample, at, item="M01"):
    """A candidate that comes after somebody has judged; its number."""
    with review.db.session() as connection:
        row = connection.execute(sa.select(FINDINGS).where(FINDINGS.c.sample_id == sample)).mappings().first()
        new = {**row, "item_code": item, "starts": None, "ends": None, "created_at": to_micros(at)}
        del new["id"]
        return connection.execute(sa.insert(FINDINGS).values(new).returning(FINDINGS.c.id)).scalar_one()


def known(made, sample, answer="ok", items=()):
    mark_gold(made.db, by=THIRD, sample=sample, decision=answer, items=list(items), sheet=SHEET, at=NOW)


def test_a_candidate_between_two_looks_that_agree_is_answered_by_the_second(drawn):
    sample = drawn.sample()
    drawn.say(FIRST, sample, drawn.passed(sample))
    between = late(drawn, sample, NOW + MINUTE)
    drawn.say(SECOND, sample, drawn.passed(sample), NOW + 2 * MINUTE)
    said = {row.finding_id: (row.decision, row.by) for row in drawn.halls.rows(sa.select(REVIEWS))}
    assert said[between] == ("rejected", "乙")
    assert drawn.waits(THIRD, NOW + 3 * MINUTE) == []


def test_an_item_seen_at_one_window_and_at_two_is_no_agreement():
    once, twice = (Verdict("violation", tuple(Broken("R02", "n", finding=one) for one in range(n))) for n in (1, 2))
    assert not same(once, twice)
    assert same(twice, twice)


def test_a_red_line_on_purpose_is_looked_at_again(sqlite_review):
    sample = sqlite_review.sample(items=())
    sqlite_review.say(FIRST, sample, Verdict("violation", (Broken("F03", "covered", None, 1.0, deliberate=True),)))
    assert sqlite_review.rounds() == [("1", "甲", "violation", "grave")]
    assert sqlite_review.counts() == []


def test_of_two_who_are_unsure_nothing_stays_open_for_ever(drawn):
    sample = drawn.sample()
    drawn.say(FIRST, sample, Verdict("unsure"))
    assert _counted(drawn.db, parse_period("2026-09"), 0, 0)["reviews_done"] == 1
    drawn.say(SECOND, sample, Verdict("unsure"))
    assert drawn.waits(THIRD) == []
    assert _counted(drawn.db, parse_period("2026-09"), 0, 0)["reviews_done"] == 0


def test_who_once_had_a_known_answer_on_the_desk_judges_it_in_earnest_when_it_waits_again(sqlite_review):
    made, sample = sqlite_review, sqlite_review.sample()
    made.say(FIRST, sample, made.passed(sample))
    known(made, sample)
    assert claim_gold(made.db, by=SECOND, sample=sample, desk=made.desk, at=NOW)
    new, after = late(made, sample, NOW + 30 * MINUTE), NOW + 60 * MINUTE
    assert claim(made.db, by=SECOND, sample=sample, desk=made.desk, at=after)
    made.say(SECOND, sample, Verdict("violation", (Broken("M01", "no meeting", None, 1.0, new),)), after)
    assert (made.rounds()[-1][0], made.counts(after)) == ("1", ["M01"])


def test_a_known_answer_is_given_once_also_by_who_sends_twice(sqlite_review):
    made, sample = sqlite_review, sqlite_review.sample()
    made.say(FIRST, sample, made.passed(sample))
    known(made, sample)
    for again in (False, True):  # the second page holds the claim too: what two sessions at once come to
        assert claim_gold(made.db, by=SECOND, sample=sample, desk=made.desk, at=NOW)
        if not again:
            made.say(SECOND, sample, made.passed(sample))
    with pytest.raises(UsageError, match="have judged"):
        made.say(SECOND, sample, made.failed(sample))


def test_while_a_known_answer_lies_on_the_desk_no_list_tells_it(sqlite_halls):
    made = Review(sqlite_halls, gold_share=1.0)
    sample, _ = made.sample(1, items=()), made.sample(2)
    (fresh,) = [row for row in samples(made.db, SECOND, slots=made.slots, as_of=NOW) if row["sample"] == sample]
    waiting = {**made.queue(SECOND)[0], "mine": True}
    made.say(FIRST, sample, made.failed(sample, "R05"))
    known(made, sample, "violation", ["R05"])
    case = keep_case(made.db, by=FIRST, sample=sample, kind="highlight", note="x", sheet=SHEET, at=NOW)
    assert made.next(SECOND) != sample  # everybody can read what it shows
    drop_case(made.db, by=FIRST, case=case, at=NOW)
    put_back(made.db, by=SECOND, sample=made.queue(SECOND)[0]["sample"])
    assert made.next(SECOND) == sample
    (row,) = [row for row in samples(made.db, SECOND, slots=made.slots, as_of=NOW) if row["sample"] == sample]
    assert (row, made.queue(SECOND)[0]) == (fresh, waiting)
    made.say(SECOND, sample, made.passed(sample))
    assert sample not in made.waits(SECOND)
    (row,) = [row for row in samples(made.db, SECOND, slots=made.slots, as_of=NOW) if row["sample"] == sample]
    assert (row["reviewed"], row["reviewed_by_me"]) == (True, True)  # as any sample that they have just judged


def test_who_reviews_does_not_read_in_the_trail_what_others_said_before_it_is_settled(drawn):
    sample = drawn.sample()
    drawn.say(FIRST, sample, drawn.failed(sample, "A01"))

    def told(role):
        lines = trail(drawn.db, Viewer("管", role, frozenset({"*"})), Lines(verb="review")).lines
        return [("A01" in line.detail, line.subject) for line in lines]

    assert (told("auditor"), told("administrator")) == ([(True, sample)], [(False, sample)])
    drawn.say(SECOND, sample, drawn.failed(sample, "A01"))
    assert told("administrator") == [(True, sample)] * 2


def test_what_an_appeal_annulled_is_not_brought_back_by_taking_the_judgement_back(sqlite_review):
    made, sample = sqlite_review, sqlite_review.sample()
    made.say(FIRST, sample, made.failed(sample))
    (one,) = made.halls.rows(sa.select(REVIEWS).where(REVIEWS.c.decision == "confirmed"))
    with made.db.session() as connection:  # as dashboard.cases.effects does when an appeal is granted
        connection.execute(sa.insert(REVIEWS).values(
            decision="annulled", finding_id=one.finding_id, sample_id=sample, judgement_id=one.judgement_id, by="申",
            at=to_micros(NOW + MINUTE),
        ))  # fmt: skip
    with pytest.raises(UsageError, match="Somebody else has acted"):
        undo(made.db, by=FIRST, desk=made.desk, at=NOW + 2 * MINUTE)
    assert made.counts(NOW + 2 * MINUTE) == []


def test_no_case_tells_what_was_decided_of_a_known_answer_on_the_desk(sqlite_halls, tmp_path):
    made = Review(sqlite_halls)
    sample = made.sample()

    def steps(viewer, at=NOW):
        case = case_of(made.db, viewer, sample, slots=made.slots, as_of=at)
        return [step["what"] for step in case.timeline], [one["kind"] for one in case.entries]

    before = steps(SECOND)
    made.say(FIRST, sample, made.failed(sample, "R05"))
    known(made, sample, "violation", ["R05"])
    assert claim_gold(made.db, by=SECOND, sample=sample, desk=made.desk, at=NOW)
    assert steps(SECOND) == before
    assert "decided" in steps(THIRD)[0]
    made.say(SECOND, sample, made.passed(sample))
    assert steps(SECOND, NOW + 59 * MINUTE) == before
    assert "decided" in steps(SECOND, NOW + 61 * MINUTE)[0]
    with pytest.raises(UsageError, match="still runs"):
        steps(THIRD, made.halls.moment())


@pytest.mark.parametrize("gold", [True, False])
def test_nobody_corrects_themselves_by_what_others_said(sqlite_halls, gold):
    made = Review(sqlite_halls, second_share=0.0 if gold else 1.0)
    sample = made.sample()
    made.say(FIRST, sample, made.failed(sample))
    if gold:
        known(made, sample, "violation", ["R02"])
        claim_gold(made.db, by=SECOND, sample=sample, desk=made.desk, at=NOW)
    made.say(SECOND, sample, made.failed(sample))
    seen = made.item(SECOND, sample, NOW + 59 * MINUTE)
    others = [one["by"] for one in seen["judgements"] if one["by"] != "乙"]
    assert (seen["state"], others, seen["decisions"]) == ("judged", [], [])
    assert [one["decision"] for one in seen["findings"]] == [None]
    later = NOW + 61 * MINUTE
    assert made.item(SECOND, sample, later)["state"] == "settled"
    with pytest.raises(UsageError, match="too long ago"):
        undo(made.db, by=SECOND, desk=made.desk, at=later)

"""The lifecycle of a violation: no path around confirmation, appeal, re-check by another, or a second person."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from checks.clock import load_calendar
from checks.errors import RuleError
from checks.violations.deadlines import LIMITS, Clock, deadline, in_time
from checks.violations.machine import (
    Actor,
    Event,
    PersonError,
    Said,
    after,
    due,
    fold,
    level_of,
    must_look,
    possible,
    refuse,
    refuse_person,
    running,
)
from checks.violations.table import (
    ALIVE,
    BY_NAME,
    DEEDS,
    ENDED,
    FINAL,
    PERSONS_DEEDS,
    STANDING,
    STATES,
    UNJUDGED,
)

SLOTS = [(510, 550), (600, 660), (720, 810), (870, 930), (1000, 1050)]  # 08:30-09:10 … 16:40-17:30
CLOCK = Clock(load_calendar("cn"), lambda day: SLOTS)
TUESDAY = datetime(2026, 9, 1, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai
FULL = {"note": "n", "item": "R02", "proof": "p", "cause": "duty", "unit": "u", "post": "p", "measure": "m",
        "training": "t", "step": "criticism", "leader": "l", "paper": "7", "look": {"day": "2026-09-02"}}  # fmt: skip
FORWARD = ("reminded", "confirmed", "rectifying", "submitted", "rechecked", "closed")
"""Where half of the steps of a path lead, or none would come to its end."""
PEOPLE = ("甲", "乙", "丙")
WORKED = {date(2026, 9, 20), date(2026, 10, 10)}
OFF = {date(2026, 9, 25), date(2026, 9, 26), date(2026, 9, 27), *(date(2026, 10, day) for day in range(1, 8))}


def worked(day):
    """The autumn of 2026 by hand: week ends, the holidays of the notice, and its make-up days."""
    return day in WORKED or (day.weekday() < 5 and day not in OFF)


def days_later(moment, count):
    """The last second of the `count`-th working day after the local day, counted one by one."""
    day = (moment + timedelta(hours=8)).date()
    while count:
        day += timedelta(days=1)
        count -= worked(day)
    return datetime(day.year, day.month, day.day, 15, 59, 59, tzinfo=UTC)


def actor(name):
    return Actor(name, lambda other, at: other == name)


def allowed(now, name, person, at, what=FULL, number="V-2026-000001"):
    try:
        refuse(now, BY_NAME[name], actor(person), what, CLOCK, at, number=number)
    except RuleError as error:
        return str(error)
    return ""


def walk(steps, severity, begins="opened", judges=()):
    """The events of a path: of what the state allows a deed is chosen, by somebody, some minutes later."""
    at = TUESDAY
    events = [Event(1, begins, "system", at, {})]
    now = fold(events, severity, judges)
    for chosen, person, minutes, whole in steps:
        at += timedelta(minutes=minutes)
        machine = minutes % 13 == 0  # now and then the source falls away, or comes back
        open_to = [deed for deed in DEEDS if possible(now, deed) and (deed.right is None) == machine]
        open_to += 4 * [deed for deed in open_to if deed.to in FORWARD]
        if not open_to:
            continue
        deed = open_to[chosen % len(open_to)]
        name = "system" if deed.right is None else PEOPLE[person]
        if deed.right is not None and allowed(now, deed.name, name, at, FULL if whole else {}):
            continue
        event = Event(len(events) + 1, deed.name, name, at, {})
        events.append(event)
        now = after(now, event)
    return events, now


def fallen(events, decided):
    """Whether it was the machine that proposed the voiding which is decided."""
    proposed = [one.deed for one in events[: decided.seq - 1] if one.deed in ("propose_void", "source_fell")]
    return proposed[-1] == "source_fell"


STEP = st.tuples(st.integers(0, 59), st.integers(0, 2), st.integers(0, 6000), st.booleans() | st.just(True))


@settings(max_examples=300)
@given(
    st.lists(STEP, min_size=10, max_size=40), st.sampled_from("ABCD"), st.sampled_from(["opened", "opened_confirmed"])
)
def test_no_path_leads_around_confirmation_appeal_recheck_or_the_second_person(steps, severity, begins):
    judges = [Said("甲", TUESDAY)] if begins == "opened_confirmed" else []
    events, now = walk(steps, severity, begins, judges)
    last = {}
    judged = {said.by for said in judges}
    confirmed = TUESDAY if begins == "opened_confirmed" else None
    appealed = decided = False
    for event in events[1:]:
        match event.deed:
            case "confirm":
                judged.add(event.by)
                confirmed = event.at
            case "confirmed_by_source" | "revived":
                confirmed = event.at
            case "appeal":
                window = {"A": 3, "B": 3, "C": 2}[severity]  # KeyError: D has none
                assert confirmed is not None
                assert event.at <= days_later(confirmed, window)
                appealed = True
            case "uphold_appeal" | "refuse_appeal":
                assert appealed
                assert event.by not in judged
                appealed, decided = False, True
            case "pass" | "return":
                assert event.by not in judged
                assert event.by != last["submit"].by
            case "approve_void" if fallen(events, event):
                assert event.by not in judged
            case "approve_void" | "approve_suspension" | "approve_accountability":
                proposal = last[event.deed.replace("approve", "propose")]
                assert proposal.by != event.by
                assert not (appealed and event.deed == "approve_void")
            case "close":
                assert confirmed is not None
                assert last["pass"].at >= last["submit"].at > TUESDAY - timedelta(1)
                assert not appealed
                if severity != "D" and not decided:
                    assert event.at > days_later(confirmed, 2 if severity == "C" else 3)
            case "lapsed":
                appealed = False
        last[event.deed] = event
    if now.state in ("closed", "rectifying", "submitted", "rechecked"):
        assert confirmed is not None
    if now.state == "voided":
        assert "approve_void" in last
        assert {"propose_void", "source_fell"} & set(last)
    if now.state == "annulled":
        assert "appeal" in last
    step = due(now, CLOCK)
    assert step is None or step.until >= step.since
    assert (now.ended is not None) == (now.state in ENDED)
    assert now == fold(events, severity, judges)


def test_the_whole_way_is_a_path():
    now = fold([Event(1, "opened", "system", TUESDAY)], "B")
    for name, person, hours in (("remind", "甲", 1), ("confirm", "甲", 2), ("send_down", "甲", 3), ("plan", "乙", 4),
                                ("submit", "乙", 5), ("return", "丙", 30), ("submit", "乙", 40), ("pass", "丙", 60),
                                ("close", "甲", 100), ("propose_accountability", "甲", 101),
                                ("approve_accountability", "乙", 102)):  # fmt: skip
        at = TUESDAY + timedelta(hours=hours)
        assert allowed(now, name, person, at) == "", name
        now = after(now, Event(now.seq + 1, name, person, at, FULL))
    assert (now.state, now.returns, now.sides) == ("closed", 1, {"accountability_decided"})


def test_every_state_has_a_way_out_or_is_final():
    for state in STATES:
        out = {deed.to for deed in DEEDS if state in deed.states and deed.to not in (None, state)}
        if state in FINAL or state == "closed":
            assert not {deed.to for deed in PERSONS_DEEDS if state in deed.states} - {None}, state
        else:
            assert out, state
    assert [deed.name for deed in PERSONS_DEEDS if "closed" in deed.states] == [
        "propose_accountability", "approve_accountability", "refuse_accountability",
    ]  # fmt: skip
    # what stands beside a case can be taken away again by somebody, or ends with it
    sides = {side for deed in DEEDS for side in deed.sets}
    cleared = {side for deed in DEEDS for side in deed.clears}
    assert sides - cleared == {"supervised", "appeal_decided", "accountability_decided"}


@given(st.sampled_from(sorted(LIMITS)), st.sampled_from("ABCD"), st.integers(0, 60 * 24 * 60))
@example("recheck", "C", 0)
def test_no_deadline_lies_before_its_start(step, severity, minutes):
    start = TUESDAY + timedelta(minutes=minutes)
    until = deadline(CLOCK, step, severity, start)
    limit = LIMITS[step][severity]
    assert (until is None) == (limit is None)
    if until is not None:
        assert until >= start
        assert until.microsecond == start.microsecond == 0
    if limit is not None and limit.days is not None:
        assert until == days_later(start, limit.days)


@pytest.mark.parametrize(
    ("step", "severity", "start", "until"),
    [
        ("remind", "A", "2026-09-01T10:00:00", "2026-09-01T10:15:00"),
        ("remind", "B", "2026-09-01T10:00:00", "2026-09-01T10:30:00"),
        ("remind", "C", "2026-09-01T10:10:00", "2026-09-01T11:00:00"),  # the slot that runs
        ("remind", "C", "2026-09-01T11:00:00", "2026-09-01T13:30:00"),  # it has ended: the next one
        ("remind", "D", "2026-09-01T10:00:00", "2026-09-01T23:59:59"),
        ("verify", "A", "2026-09-01T22:00:00", "2026-09-02T02:00:00"),
        ("verify", "D", "2026-09-04T10:00:00", "2026-09-09T23:59:59"),  # Friday; Monday, Tuesday, Wednesday
        ("appeal", "B", "2026-09-30T10:00:00", "2026-10-10T23:59:59"),  # 8, 9 and the make-up Saturday
        ("appeal", "C", "2026-09-01T23:59:59", "2026-09-03T23:59:59"),
        ("rectify", "B", "2026-09-01T00:00:00", "2026-09-08T23:59:59"),
        ("recheck", "C", "2026-09-04T17:00:00", "2026-09-07T09:10:00"),  # the last slot runs, then Monday's first
    ],
)
def test_deadlines_by_hand(step, severity, start, until):
    moment = datetime.fromisoformat(f"{start}+08:00")
    assert deadline(CLOCK, step, severity, moment) == datetime.fromisoformat(f"{until}+08:00")


def test_windows_end_with_their_last_second():
    end = datetime(2026, 9, 4, 15, 59, 59, tzinfo=UTC)
    assert [in_time(end + timedelta(seconds=delta), end) for delta in (-1, 0, 0.999999, 1)] == [True, True, True, False]
    now = fold([Event(1, "opened_confirmed", "system", TUESDAY)], "B")
    assert allowed(now, "appeal", "乙", end) == ""
    assert allowed(now, "appeal", "乙", end + timedelta(seconds=1)) == "The appeal window ended at 2026-09-04 23:59:59."
    assert "clock of this machine" in allowed(now, "appeal", "乙", TUESDAY - timedelta(seconds=1))


def test_levels_rise_and_grave_ones_begin_with_the_department():
    """A candidate of B: verified by the end of the next working day, 37:59:59 after Tuesday 10:00."""
    now = fold([Event(1, "opened", "system", TUESDAY)], "B")
    span = timedelta(hours=37, minutes=59, seconds=59)
    marks = [(0.49, "station"), (0.5, "reminded"), (0.999, "reminded"), (1, "department"), (1.5, "leader")]
    assert [level_of(now, CLOCK, TUESDAY + span * part) for part, _ in marks] == [name for _, name in marks]
    grave = fold([Event(1, "opened", "system", TUESDAY)], "A")
    assert level_of(grave, CLOCK, TUESDAY) == "department"
    back = [("send_down", 1), ("submit", 2), ("return", 3), ("submit", 4), ("return", 5)]
    events = [Event(1, "opened_confirmed", "system", TUESDAY)]
    events += [Event(n + 2, deed, "x", TUESDAY + timedelta(hours=h)) for n, (deed, h) in enumerate(back)]
    assert level_of(fold(events, "B"), CLOCK, TUESDAY + timedelta(hours=5)) == "leader"


def test_a_reminder_is_looked_at_again_only_as_a_sample_and_passed_by_another_person_anyway():
    drawn = []
    for n in range(200):
        events = [Event(1, "opened_confirmed", "system", TUESDAY), Event(2, "send_down", "甲", TUESDAY),
                  Event(3, "submit", "乙", TUESDAY + timedelta(seconds=n))]  # fmt: skip
        drawn.append(must_look(fold(events, "D"), "V-2026-000001"))
        assert must_look(fold(events, "C"), "V-2026-000001")
    assert 20 <= sum(drawn) <= 60  # one in five
    unseen = fold([*events[:2], Event(3, "submit", "乙", TUESDAY + timedelta(seconds=drawn.index(False)))], "D")
    assert allowed(unseen, "pass", "丙", TUESDAY + timedelta(hours=1), {"note": "n"}) == ""
    with pytest.raises(PersonError, match="another person must re-check"):
        refuse(unseen, BY_NAME["pass"], actor("乙"), FULL, CLOCK, TUESDAY + timedelta(hours=1))


def test_the_documented_table_is_the_one_that_is_followed():
    text = (Path(__file__).parents[2] / "docs" / "violations.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| `")]
    found = {row[0].split("`")[1]: row[1:] for row in rows if len(row) == 7}
    states = {(): "—", STATES: "any", ALIVE: "alive", UNJUDGED: "unjudged", STANDING: "standing"}

    def beside(deed):
        told = [f"{word} {', '.join(sides)}" for word, sides in (("while", deed.needs), ("not while", deed.forbids))
                if sides]  # fmt: skip
        return "; ".join(told) or "—"

    expected = {
        deed.name: [deed.right or "the machine", states.get(deed.states, ", ".join(deed.states)), deed.to or "—",
                    ", ".join(deed.brings) or "—", beside(deed), ", ".join(deed.not_by) or "—"]
        for deed in DEEDS
    }  # fmt: skip
    assert {name: row[:6] for name, row in found.items()} == expected


def test_who_appealed_does_not_decide_about_it():
    """A manager who appealed in the head's stead is no judge, and no second person either."""
    appealed = fold([Event(1, "opened_confirmed", "system", TUESDAY, {}),
                     Event(2, "appeal", "甲", TUESDAY + timedelta(hours=1), {})], "B")  # fmt: skip
    for deed in ("uphold_appeal", "refuse_appeal"):
        assert "second person" in allowed(appealed, deed, "甲", TUESDAY + timedelta(hours=2))
        assert allowed(appealed, deed, "乙", TUESDAY + timedelta(hours=2)) == ""


def test_the_window_of_a_case_that_was_kept_from_the_office_begins_when_it_is_told():
    sent = TUESDAY + timedelta(days=14)
    events = [Event(1, "opened", "system", TUESDAY, {}), Event(2, "confirm", "甲", TUESDAY + timedelta(hours=1), FULL),
              Event(3, "send_down", "甲", sent, {})]  # fmt: skip
    last = days_later(sent, 3)
    kept, open_one = fold(events, "A", secret=True), fold(events, "A")
    assert allowed(kept, "appeal", "乙", last) == ""
    assert "ended" in allowed(kept, "appeal", "乙", last + timedelta(seconds=1))
    assert "ended" in allowed(open_one, "appeal", "乙", last)


OF_THE_OFFICE = {"add_material", "plan", "submit", "appeal", "propose_suspension"}
LEAVES = {
    "supervise": "+supervised", "appeal": "+appealed", "uphold_appeal": "+appeal_decided -appealed",
    "refuse_appeal": "+appeal_decided -appealed", "propose_suspension": "+suspension_proposed",
    "approve_suspension": "+suspended -suspension_proposed", "refuse_suspension": "-suspension_proposed",
    "source_fell": "+void_proposed", "source_stands": "-void_proposed",
    "resume": "-suspended", "propose_void": "+void_proposed", "approve_void": "-void_proposed",
    "refuse_void": "-void_proposed", "propose_accountability": "+accountability_proposed",
    "approve_accountability": "+accountability_decided -accountability_proposed",
    "refuse_accountability": "-accountability_proposed",
}  # fmt: skip


def test_what_each_deed_leaves_beside_the_case_and_who_of_the_office_does_it():
    found = {deed.name: " ".join([*(f"+{side}" for side in deed.sets), *(f"-{side}" for side in deed.clears)])
             for deed in DEEDS if deed.sets or deed.clears}  # fmt: skip
    assert found == LEAVES
    case = fold([Event(1, "opened", "system", TUESDAY)], "B")
    insider = replace(actor("甲"), works_there=True)
    refused = set()
    for deed in PERSONS_DEEDS:
        try:
            refuse_person(case, deed, insider)
        except PersonError:
            refused.add(deed.name)
    assert refused == {deed.name for deed in PERSONS_DEEDS} - OF_THE_OFFICE


def test_a_decided_appeal_opens_the_closing_and_a_return_asks_for_no_second_plan():
    steps = [("send_down", "甲"), ("submit", "乙"), ("return", "丙"), ("submit", "乙"), ("appeal", "乙"),
             ("refuse_appeal", "丁"), ("pass", "丙")]  # fmt: skip
    events = [Event(1, "opened_confirmed", "system", TUESDAY)]
    events += [Event(n, deed, by, TUESDAY + timedelta(minutes=n)) for n, (deed, by) in enumerate(steps, 2)]
    at = TUESDAY + timedelta(hours=1)
    passed = fold(events, "B")
    assert allowed(passed, "close", "甲", at) == ""
    assert "Unknown cause" in allowed(passed, "close", "甲", at, {**FULL, "cause": "weather"})
    closed = after(passed, Event(9, "close", "甲", at, FULL))
    assert allowed(closed, "propose_accountability", "甲", at) == ""
    assert "Unknown step" in allowed(closed, "propose_accountability", "甲", at, {**FULL, "step": "prison"})
    assert [one.step for one in running(fold(events[:2], "B"), CLOCK)] == ["plan", "rectify"]
    assert [one.step for one in running(fold(events[:4], "B"), CLOCK)] == ["rectify"]


def test_a_pause_that_ended_before_a_step_began_gives_it_no_days():
    earlier = [(TUESDAY - timedelta(days=5), TUESDAY - timedelta(days=2))]
    assert deadline(CLOCK, "rectify", "B", TUESDAY, earlier) == days_later(TUESDAY, 5)
    within = [(TUESDAY + timedelta(days=1), TUESDAY + timedelta(days=3))]  # Wednesday to Friday
    assert deadline(CLOCK, "rectify", "B", TUESDAY, within) == days_later(TUESDAY, 7)


def test_a_secret_case_that_stands_again_has_an_appeal_window_again():
    again = TUESDAY + timedelta(days=30)
    events = [Event(1, "opened_confirmed", "system", TUESDAY), Event(2, "send_down", "甲", TUESDAY),
              Event(3, "lapsed", "system", TUESDAY), Event(4, "revived", "system", again - timedelta(days=1)),
              Event(5, "send_down", "甲", again)]  # fmt: skip
    assert allowed(fold(events, "A", secret=True), "appeal", "乙", days_later(again, 3)) == ""

"""When what is told: quiet hours, digests, pauses and folding, on the boundary of each."""

from datetime import datetime, timedelta

import pytest

from dashboard.instants import LOCAL
from dashboard.notices.timing import Item, first_due, fold, has_lapsed, is_quiet, pause
from dashboard.settings import NoticeSettings

NOON = datetime(2026, 9, 15, 12, tzinfo=LOCAL)
NIGHT = datetime(2026, 9, 15, 23, tzinfo=LOCAL)
SETTINGS = NoticeSettings(quiet="21:30-07:00", digest_at="08:00", daily=("dispute",), most_per_hour=4)


def items(count, *, at=NOON, due=None, urgent=False, start=1):
    return [Item(number, at, due or at, urgent) for number in range(start, start + count)]


def sizes(found):
    return [len(one) for one in found]


@pytest.mark.parametrize(
    ("clock", "quiet"),
    [("21:29:59", False), ("21:30:00", True), ("00:00:00", True), ("06:59:59", True), ("07:00:00", False)],
)
def test_quiet_hours_last_over_midnight_start_included_and_end_not(clock, quiet):
    assert is_quiet(datetime.fromisoformat(f"2026-09-15T{clock}+08:00"), "21:30-07:00") is quiet
    assert is_quiet(datetime.fromisoformat("2026-09-15T12:30+08:00"), "12:00-13:00")
    assert not is_quiet(NIGHT, "")


def test_what_can_wait_waits_for_the_next_digest_and_nothing_else_does():
    assert first_due(NOON, "dispute", False, SETTINGS) == datetime(2026, 9, 16, 8, tzinfo=LOCAL)
    early = datetime(2026, 9, 15, 7, 59, tzinfo=LOCAL)
    assert first_due(early, "dispute", False, SETTINGS) == datetime(2026, 9, 15, 8, tzinfo=LOCAL)
    assert first_due(NOON, "dispute", True, SETTINGS) == first_due(NOON, "warning", False, SETTINGS) == NOON


def test_up_to_three_are_messages_of_their_own_and_more_are_one():
    assert sizes(fold(items(3), NOON, [], SETTINGS)) == [1, 1, 1]
    assert sizes(fold(items(4), NOON, [], SETTINGS)) == [4]
    assert sizes(fold(items(1000), NOON, [], SETTINGS)) == [1000]


def test_who_had_this_hours_messages_waits_until_one_of_them_is_an_hour_old():
    sent = [NOON - timedelta(minutes=minutes) for minutes in (59, 40, 30, 20)]
    assert fold(items(5), NOON, sent, SETTINGS) == []
    assert sizes(fold(items(5), NOON + timedelta(minutes=1), sent, SETTINGS)) == [5]
    assert sizes(fold(items(2), NOON, sent[1:], SETTINGS)) == [2]  # room for one message, so the two are one
    urgent = items(2, urgent=True, start=6)
    assert [one.id for one in fold(items(5) + urgent, NOON, sent, SETTINGS)[0]] == [6, 7, 1, 2, 3, 4, 5]
    assert fold(urgent, NOON, [*sent, NOON - timedelta(minutes=9)], SETTINGS) == []


def test_at_night_only_what_is_urgent_is_told():
    assert fold(items(2, at=NIGHT), NIGHT, [], SETTINGS) == []
    assert [one[0].id for one in fold([*items(2, at=NIGHT), *items(1, at=NIGHT, urgent=True, start=9)], NIGHT, [],
                                      SETTINGS)] == [9]  # fmt: skip
    assert sizes(fold(items(2, at=NIGHT), datetime(2026, 9, 16, 7, tzinfo=LOCAL), [], SETTINGS)) == [1, 1]


def test_pauses_grow_to_an_hour_and_a_clock_set_back_holds_nothing_up():
    assert [pause(tries).total_seconds() / 60 for tries in (1, 2, 3, 4, 5, 99)] == [1, 5, 15, 30, 60, 60]
    assert fold(items(1, due=NOON + timedelta(minutes=1)), NOON, [], SETTINGS) == []
    assert fold(items(1, at=NOON + timedelta(days=3)), NOON, [], SETTINGS)  # entered while the clock ran ahead
    assert fold(items(1, due=NOON + timedelta(days=300)), NOON, [], SETTINGS)
    lease = timedelta(minutes=5)
    assert has_lapsed(NOON, NOON, lease)
    assert not has_lapsed(NOON + lease, NOON, lease)
    assert has_lapsed(NOON + timedelta(days=1), NOON, lease)

"""Which span is needed next to prove or refute how long a condition held."""

import pytest

from collectors.video.following import Piece, Reach, Verdict, next_step
from collectors.video.hall import View, bridged
from collectors.video.windows import Window

MINUTE = (0.0, 60.0)
DAY = Reach(-10_000.0, 10_000.0)


def test_the_past_is_asked_first_and_no_more_of_it_than_is_missing():
    assert next_step([MINUTE], [MINUTE], MINUTE, 300, DAY) == Piece(-245.0, 0.0)
    assert next_step([MINUTE], [MINUTE], MINUTE, 1200, DAY) == Piece(-300.0, 0.0)


@pytest.mark.parametrize(
    ("needed", "outcome"), [(300.0, Verdict("proven", (-240.0, 60.0))), (301.0, Piece(-246.0, -240.0))]
)
def test_a_duration_is_proven_to_the_second(needed, outcome):
    looked = [(-240.0, 60.0)]
    assert next_step(looked, looked, MINUTE, needed, DAY) == outcome


def test_a_condition_seen_to_begin_is_followed_into_what_comes_after():
    assert next_step([(-100.0, 60.0)], [(-245.0, 60.0)], MINUTE, 300, DAY) == Piece(60.0, 205.0)


def test_a_condition_seen_to_begin_and_to_end_too_soon_is_refuted():
    step = next_step([(-100.0, 90.0)], [(-245.0, 205.0)], MINUTE, 300, DAY)
    assert step == Verdict("refuted", (-100.0, 90.0))


def test_before_opening_and_after_closing_nothing_is_looked_for():
    assert next_step([MINUTE], [MINUTE], MINUTE, 300, Reach(-30.0, 100.0)) == Piece(-30.0, 0.0)
    looked = [(-30.0, 100.0)]
    assert next_step(looked, looked, MINUTE, 300, Reach(-30.0, 100.0)) == Verdict("not_possible", (-30.0, 100.0))


def test_a_camera_without_recordings_can_only_be_followed_forwards():
    assert next_step([MINUTE], [MINUTE], MINUTE, 300, Reach(0.0, 10_000.0)) == Piece(60.0, 305.0)


def test_a_condition_that_agrees_nowhere_any_more_is_refuted():
    assert next_step([], [(-245.0, 205.0)], MINUTE, 300, DAY).outcome == "refuted"


def test_breaks_between_clips_are_bridged_and_breaks_inside_one_are_not():
    assert bridged([(0, 60)], [(70, 100)], 20) == [(0, 100)]
    assert bridged([(0, 60)], [(90, 100)], 20) == [(0, 60), (90, 100)]
    assert bridged([(0, 60)], [(61, 70), (72, 100)], 20) == [(0, 70), (72, 100)]


def document(*spans, seconds, reason=None):
    row = {"state": "empty", "place": "1", "spans": [list(span) for span in spans], "reason": reason}
    return {"seconds": seconds, "witnesses": {"recall": 0.97}, "states": [row]}


def test_a_view_grows_by_the_clips_before_and_after_it():
    view = View.of([Window("1", ())], document((0.0, 64.0), seconds=64.0), 4.0)
    before = view.with_piece(document((50.0, 240.0), seconds=240.0), -240.0, 2.0)
    assert before.looked == ((-240.0, 60.0),)
    assert before.at("empty", "1").spans == ((-190.0, 60.0),)
    blind = before.with_piece(document(seconds=100.0, reason="not judged: camera not checkable"), 60.0, 2.0)
    assert blind.at("empty", "1").reason == "not judged: camera not checkable"

"""What moved an office: four hand-made leagues, and properties of any."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.movement import Stages, place
from checks.periods import parse_period, period_before


def scores(**values):
    return {code: Fraction(value) for code, value in values.items()}


def test_each_part_by_hand():
    """B was second of four; a late row lifts D over it, new weights drop it below C, its own work lifts it over both,
    and A and D passing by leave it where it ends: third."""
    stages = Stages(
        published=scores(A=95, B=90, C=85, D=80),
        restated=scores(A=95, B=90, C=85, D=91),  # B third: +1
        reruled=scores(A=95, B=84, C=85, D=91),  # B fourth: +1
        now=scores(A=97, B=93, C=85, D=94),  # with 93 among the old ones B would be second: −2; in fact third: +1
    )
    moved = stages.movement("B")
    assert (moved.rank_before, moved.rank, moved.change) == (2, 3, 1)
    assert (moved.late_data, moved.rules, moved.own, moved.peers) == (1, 1, -2, 1)
    assert (moved.score_late_data, moved.score_rules, moved.score_own) == (0, -6, 9)


def test_a_period_that_was_never_frozen_knows_no_late_data():
    same = scores(A=95, B=90)
    moved = Stages(None, same, same, scores(A=80, B=90)).movement("B")
    assert (moved.late_data, moved.rules, moved.own, moved.peers) == (None, 0, 0, -1)
    assert moved.score_late_data is None


def test_an_office_without_a_rank_before_has_no_parts():
    moved = Stages(None, scores(A=95), scores(A=95), scores(A=95, B=99)).movement("B")
    assert (moved.rank_before, moved.rank, moved.change, moved.own) == (None, 1, None, None)


def test_ties_share_the_better_place():
    assert place(Fraction(90), scores(A=95, B=90, C=90)) == 2


OFFICES = st.dictionaries(st.sampled_from("ABCDEFGH"), st.integers(0, 20).map(Fraction), min_size=1)


@given(st.one_of(st.none(), OFFICES), OFFICES, OFFICES, OFFICES)
def test_the_parts_add_up_exactly(published, restated, reruled, now):
    stages = Stages(published, restated, reruled, now)
    for office in {*restated, *now}:
        moved = stages.movement(office)
        if moved.own is None:
            continue
        assert moved.change == (moved.late_data or 0) + moved.rules + moved.own + moved.peers
        parts = (moved.score_late_data or 0) + moved.score_rules + moved.score_own
        assert moved.score - moved.score_before == parts


@given(OFFICES)
def test_where_nothing_changed_nobody_moved(league):
    stages = Stages(league, league, league, league)
    for office in league:
        moved = stages.movement(office)
        assert (moved.late_data, moved.rules, moved.own, moved.peers) == (0, 0, 0, 0)


@pytest.mark.parametrize(("name", "before"), [
    ("2026-Q1", "2025-Q4"), ("2026-01", "2025-12"), ("2026-03", "2026-02"), ("2026-W01", "2025-W52"),
    ("2027-W01", "2026-W53"), ("2026-09-01..2026-09-15", "2026-08-17..2026-08-31"),
])  # fmt: skip
def test_the_period_before(name, before):
    found, wanted = period_before(parse_period(name)), parse_period(before)
    assert (found.name, found.start, found.end) == (before, wanted.start, wanted.end)

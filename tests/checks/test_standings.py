"""How sure ranks are: only ranked rows compete, ties share, groups count for themselves, seeds repeat."""

import datetime as dt
from fractions import Fraction

import numpy as np
import pytest

from checks.periods import parse_period
from checks.ranking import rank
from checks.rulebook.loader import load_rulebook
from checks.scoring import Row, Sums, compose, figures_of
from checks.standings import with_bootstrap, with_pairs, with_rank_intervals, with_shrunken

PERIOD = parse_period("2026-Q3")
EDITION = load_rulebook("promise").edition_on(dt.date(2026, 9, 30))
SEED = ("2026-Q3", "station", "promise-2022", "2026-10-11T00:00:00+08:00")


def office(code, good, of=100, *, group=None, only=None, n=None, **values):
    """A row judged in R1, R2, T1 alike (or `only` one indicator)."""
    codes = [only] if only else ["R1", "R2", "T1", "T2", "H1", "H2", "H3"]
    sums = {name: Sums(good, of) for name in codes}
    figures = figures_of(EDITION, "station", sums, PERIOD, only)
    for name, sample in values.items():
        figures[name].values = np.array(sample)
    row = Row(code, code, "station", group, of if n is None else n, 0, figures)
    compose(row, EDITION, guarded=only is None)
    return row


def standing(rows, *seed):
    ranked = rank(rows, EDITION)
    with_rank_intervals(ranked, PERIOD, *(seed or SEED))
    with_shrunken(ranked, PERIOD)
    return {row.office: row for row in ranked}


def test_offices_far_apart_have_their_rank_and_no_other():
    rows = standing([office("A", 9_990, 10_000), office("B", 9_500, 10_000), office("C", 8_800, 10_000)])
    assert {code: (row.rank_low, row.rank, row.rank_high) for code, row in rows.items()} == {
        "A": (1, 1, 1), "B": (2, 2, 2), "C": (3, 3, 3)}  # fmt: skip


def test_an_unranked_row_has_no_interval_and_takes_no_rank_from_others():
    rows = standing([office("A", 99), office("B", 95), office("C", 9, 9)])
    assert (rows["C"].rank, rows["C"].rank_low, rows["C"].rank_high, rows["C"].shrunken_rank) == (None,) * 4
    assert {rows["A"].rank_high, rows["B"].rank_high} <= {1, 2}


@pytest.mark.parametrize("count", [1, 2, 7])
def test_equal_offices_share_rank_one_and_may_hold_any(count):
    rows = standing([office(f"S{number}", 93) for number in range(count)]).values()
    assert {row.rank for row in rows} == {1}
    assert {row.rank_low for row in rows} == {1}
    assert all(row.rank_high == count for row in rows)
    assert {row.shrunken_rank for row in rows} == {1}


def test_no_rows_and_rows_none_of_which_is_ranked_have_nothing_to_draw():
    standing([])
    assert standing([office("A", 3, 5)])["A"].rank_low is None


def test_trap_20_one_of_one_stands_first_and_may_stand_anywhere():
    """A tiny office with ten of ten leads the table; every interval holds the published rank."""
    rows = [office(f"S{number:02}", 930 + 3 * number, 1_000, n=1_000) for number in range(20)]
    found = standing([*rows, office("tiny", 10, 10)])
    assert found["tiny"].rank == 1
    assert found["tiny"].rank_low == 1
    assert found["tiny"].rank_high >= 15
    assert found["tiny"].shrunken_rank > 5
    assert all(row.rank_low <= row.rank <= row.rank_high for row in found.values())


def test_draws_repeat_and_another_seed_changes_them_little():
    def drawn(*seed):
        rows = standing([office(f"S{number}", 900 + 5 * number, 1_000) for number in range(15)], *seed)
        return np.array([(row.rank_low, row.rank_high) for row in rows.values()])

    assert (drawn(*SEED) == drawn(*SEED)).all()
    assert np.abs(drawn(*SEED) - drawn("another")).max() <= 1


def test_groups_rank_among_themselves():
    rows = standing([office("A", 9_900, 10_000, group="urban"), office("B", 9_500, 10_000, group="rural"),
                     office("C", 9_000, 10_000, group="rural")])  # fmt: skip
    assert [(rows[c].group_low, rows[c].group_rank, rows[c].group_high) for c in "ABC"] == [(1, 1, 1)] * 2 + [(2, 2, 2)]


def test_one_indicator_without_sampling_error_is_ranked_exactly():
    rows = standing([office(c, good, only="O1") for c, good in (("A", 99), ("B", 97), ("C", 99))])
    assert {c: (row.rank_low, row.rank, row.rank_high) for c, row in rows.items()} == {
        "A": (1, 1, 1), "B": (3, 3, 3), "C": (1, 1, 1)}  # fmt: skip


def test_means_of_single_values_are_drawn_with_the_spread_of_those_values():
    few, many = [0.5, 0.9, 1.3, 0.7], [0.5, 0.9, 1.3, 0.7] * 500
    rows = standing([office("A", 34, 40, only="R3", R3=few), office("B", 30, 40, only="R3", R3=few)])
    assert rows["A"].rank_high == 2
    rows = standing([office("A", 1_700, 2_000, only="R3", R3=many), office("B", 1_600, 2_000, only="R3", R3=many)])
    assert rows["A"].rank_high == 2 == rows["A"].rank  # less is better: A's mean ratio is the higher one


def test_bootstrap_sets_interval_or_reason():
    row = office("A", 247, 300, H1=[1.0, 0.47, 1.0])
    other = office("B", 300, 300, H1=[1.0, 1.0, 1.0])
    with_bootstrap([row, other], *SEED)
    assert (row.figures["H1"].low, row.figures["H1"].high, row.figures["H1"].no_interval) == (0.47, 1.0, None)
    assert (other.figures["H1"].low, other.figures["H1"].no_interval) == (None, "no_spread")


def test_shrunken_scores_lie_nearer_to_each_other_than_scores():
    rows = standing([office("A", 30, 30), office("B", 27, 30), office("C", 26, 30)])
    scores, shrunken = ([getattr(row, name) for row in rows.values()] for name in ("score", "shrunken_score"))
    assert max(shrunken) - min(shrunken) < max(scores) - min(scores)
    assert all(isinstance(score, Fraction) for score in shrunken)


def test_a_row_names_those_it_really_differs_from():
    rows = rank([office("A", 990, 1_000), office("B", 988, 1_000), office("C", 800, 1_000), office("D", 3, 3)], EDITION)
    with_pairs(rows, PERIOD)
    assert {row.office: sorted(row.better_than) for row in rows} == {"A": ["C"], "B": ["C"], "C": [], "D": []}


def test_counts_per_ten_thousand_shrink_as_the_counts_they_stand_for():
    """One complaint at 3,000 customers among fourteen offices with nine at 30,000 is hardly evidence against it."""
    rows = [office("small", 10_000, 3_000, only="T4"), *(office(f"S{n:02}", 90_000, 30_000, only="T4")
                                                        for n in range(14))]  # fmt: skip
    found = standing(rows)
    assert float(found["small"].figures["T4"].value) == pytest.approx(3.333333)
    assert found["small"].figures["T4"].shrunken == pytest.approx(3.0, abs=0.05)

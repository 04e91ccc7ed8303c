"""Agreement of reviewers: published examples worked by hand, and variances by another route than the formulas."""

from __future__ import annotations

from math import comb, sqrt

import numpy as np
import pytest

from checks.agreement import Gold, agreement, crossed, drifts, gold, large_gaps, p_value, severity, share

COHEN = np.array([[20.0, 5.0], [10.0, 15.0]])
"""The usual example of kappa: po = 35/50 = 0.7, pe = 0.5·0.6 + 0.5·0.4 = 0.5, kappa = 0.2/0.5."""
GWET = np.array([[118.0, 5.0], [2.0, 0.0]])
"""Gwet 2008, the paradox: two raters agree on 118 of 125 and kappa is below zero."""
THREE = np.array([[22.0, 3.0, 1.0], [2.0, 11.0, 2.0], [0.0, 4.0, 9.0]])


def test_kappa_of_the_textbook_table_with_its_standard_error_by_hand():
    """A = 0.4·0.34² + 0.3·0.46² = 0.10972; B = 0.6²·(0.1·1.1² + 0.2·0.9²) = 0.10188; C = (0.4 − 0.3)² = 0.01;
    variance = 0.2016 ÷ (50 · 0.25) = 0.016128."""
    found = agreement(COHEN)
    assert (found.n, found.agreed, found.percent.value) == (50, 35, 0.7)
    assert found.kappa.value == pytest.approx(0.4)
    assert found.kappa.high - found.kappa.value == pytest.approx(1.959964 * sqrt(0.016128), rel=1e-6)


def test_ac1_of_gwets_paradox_by_hand():
    """pi = (123 + 120) ÷ 250 = 0.972; pe = 2 · 0.972 · 0.028 = 0.054432; AC1 = (0.944 − pe) ÷ (1 − pe) = 0.94078.
    Kappa: pe = 0.984 · 0.96 + 0.016 · 0.04 = 0.94528, hence (0.944 − 0.94528) ÷ 0.05472 = −0.02339."""
    found = agreement(GWET)
    assert found.percent.value == pytest.approx(0.944)
    assert found.ac1.value == pytest.approx(0.94078, abs=5e-6)
    assert found.kappa.value == pytest.approx(-0.02339, abs=5e-6)


def kappa_of(cells):
    rows, columns = [sum(row) for row in cells], [sum(column) for column in zip(*cells, strict=True)]
    agreed = sum(cells[k][k] for k in range(len(cells)))
    chance = sum(row * column for row, column in zip(rows, columns, strict=True))
    return (agreed - chance) / (1 - chance)


def ac1_of(cells):
    size = len(cells)
    used = [(sum(cells[k]) + sum(row[k] for row in cells)) / 2 for k in range(size)]
    agreed = sum(cells[k][k] for k in range(size))
    chance = sum(one * (1 - one) for one in used) / (size - 1)
    return (agreed - chance) / (1 - chance)


def by_numeric_slopes(statistic, table, step=1e-6):
    """Standard error by the delta method: slopes of the statistic in every cell, multinomial sampling of the cells."""
    n = table.sum()
    cells = (table / n).tolist()
    mean = square = 0.0
    for k in range(len(cells)):
        for m in range(len(cells)):
            ends = []
            for sign in (1, -1):
                moved = [list(row) for row in cells]
                moved[k][m] += sign * step
                ends.append(statistic(moved))
            slope = (ends[0] - ends[1]) / (2 * step)
            mean += cells[k][m] * slope
            square += cells[k][m] * slope * slope
    return sqrt((square - mean * mean) / n)


@pytest.mark.parametrize("table", [COHEN, GWET, THREE], ids=["cohen", "gwet", "three"])
@pytest.mark.parametrize(("name", "statistic"), [("kappa", kappa_of), ("ac1", ac1_of)])
def test_the_variances_are_those_of_the_delta_method(table, name, statistic):
    found = getattr(agreement(table), name)
    error = by_numeric_slopes(statistic, table)
    assert found.value == pytest.approx(statistic((table / table.sum()).tolist()))
    assert found.low == pytest.approx(max(-1.0, found.value - 1.959964 * error), rel=1e-4)
    assert found.high == pytest.approx(min(1.0, found.value + 1.959964 * error), rel=1e-4)


def test_who_agrees_on_everything_is_not_certain():
    """Ten of ten: Wilson's low end is 10 ÷ (10 + 1.96²) = 0.7225; pe of AC1 = 2 · 0.5 · 0.5 = 0.5."""
    found = agreement(np.array([[5.0, 0.0], [0.0, 5.0]]))
    assert found.ac1.value == found.kappa.value == 1.0
    assert found.ac1.low == pytest.approx((0.72246 - 0.5) / 0.5, abs=1e-4)
    assert found.ac1.high == 1.0


def test_where_only_one_answer_was_ever_given_kappa_has_no_value_and_ac1_has():
    found = agreement(np.array([[30.0, 0.0], [0.0, 0.0]]))
    assert found.kappa is None
    assert found.ac1.value == 1.0


def test_nothing_judged_twice_is_no_value():
    assert agreement(np.zeros((2, 2))) == agreement(crossed([], ("ok", "violation")))
    assert agreement(np.zeros((2, 2))).percent is None


def test_pairs_are_counted_by_first_and_second_judgement():
    table = crossed([("ok", "ok"), ("ok", "violation"), ("violation", "ok"), ("ok", "ok")], ("ok", "violation"))
    assert table.tolist() == [[2, 1], [1, 0]]


def test_gold_counts_hits_on_violations_and_alarms_on_clean_samples():
    found = gold([(True, True), (True, False), (False, False), (False, True), (False, False), (True, True)])
    assert found == Gold(violations=3, hits=2, clean=3, alarms=1)
    assert found.hit_rate.value == pytest.approx(2 / 3)
    assert gold([]).hit_rate is None


def test_shares_carry_wilsons_interval():
    """9 of 10: the interval 59.6–98.2 % of the domain's own example (§6.4)."""
    found = share(9, 10)
    assert (round(found.low, 3), round(found.high, 3)) == (0.596, 0.982)


def test_fishers_p_is_the_sum_of_the_tables_that_are_no_likelier():
    """1 of 10 against 8 of 10: hypergeometric, summed by hand over all tables with the same margins."""

    def weight(k):
        return comb(10, k) * comb(10, 9 - k) / comb(20, 9)

    expected = sum(weight(k) for k in range(10) if weight(k) <= weight(1) * (1 + 1e-9))
    assert p_value((1, 10), (8, 10)) == pytest.approx(expected)


def test_a_reviewer_is_called_only_beyond_chance():
    assert severity(40, 20, 400, 40).called == "stricter"
    assert severity(200, 0, 400, 40).called == "milder"
    assert severity(5, 2, 400, 40).called is None
    assert severity(40, 20, 0, 0).called is None


def test_drift_holds_the_last_month_against_the_persons_own_months_before():
    assert drifts([(100, 5), (100, 6), (100, 40)]) == "stricter"
    assert drifts([(100, 40), (100, 41), (100, 5)]) == "milder"
    assert drifts([(100, 5), (100, 8)]) is None
    assert drifts([(100, 40)]) is None


def test_a_large_gap_is_certain_and_large():
    found = large_gaps({"on_site": (2, 200), "mutual": (60, 200), "undercover": (5, 200)})
    assert [(gap.one, gap.other) for gap in found] == [("on_site", "mutual"), ("mutual", "undercover")]
    assert found[0].difference == pytest.approx(-0.29)
    # certain and small, large and uncertain, and a way in which nobody looked
    assert large_gaps({"on_site": (100, 10_000), "mutual": (300, 10_000)}) == []
    assert large_gaps({"on_site": (0, 4), "mutual": (2, 4), "undercover": (0, 0)}) == []

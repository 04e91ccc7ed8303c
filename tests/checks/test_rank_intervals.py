"""Rank intervals: as wide as chance is, as narrow as evidence allows, the same on every run."""

import numpy as np
import pytest

from checks.rank_intervals import counts, draw, intervals, proportions, ranks_of, seed_of, values


def generator():
    return np.random.default_rng(seed_of("2026-Q3", "station", "promise-2022", "2026-10-11"))


def test_equal_offices_could_hold_almost_any_rank():
    n = np.full(40, 100.0)
    k = np.random.default_rng(5).binomial(100, 0.93, 40).astype(float)
    low, high = intervals(ranks_of(draw(proportions(k, n), generator())))
    assert (high - low).mean() > 0.6 * 40


def test_offices_far_apart_are_told_apart():
    n = np.full(5, 10_000.0)
    k = n * np.array([0.99, 0.95, 0.90, 0.80, 0.60])
    low, high = intervals(ranks_of(draw(proportions(k, n), generator())))
    assert low.tolist() == high.tolist() == [1, 2, 3, 4, 5]


def test_more_records_never_widen_an_interval_much():
    rates = np.linspace(0.85, 0.97, 12)
    widths = []
    for n in (30.0, 300.0, 3_000.0):
        low, high = intervals(ranks_of(draw(proportions(rates * n, np.full(12, n)), generator())))
        widths.append((high - low).mean())
    assert widths[0] > widths[1] > widths[2]


def test_draws_repeat_exactly_and_change_with_the_period():
    measured = proportions(np.array([9.0, 90.0]), np.array([10.0, 100.0]))
    assert np.array_equal(draw(measured, generator()), draw(measured, generator()))
    assert seed_of("2026-Q3", "station") != seed_of("2026-Q2", "station")


def test_an_office_without_a_figure_has_no_draw():
    drawn = draw(proportions(np.array([0.0, 5.0, 9.0]), np.array([0.0, 10.0, 10.0])), generator())
    assert np.isnan(drawn[:, 0]).all()
    assert ((drawn[:, 1:] >= 0) & (drawn[:, 1:] <= 1)).all()


def test_figures_without_sampling_error_keep_their_order():
    low, high = intervals(ranks_of(draw(values(np.array([0.3, 0.9, 0.5]), np.zeros(3)), generator())))
    assert low.tolist() == high.tolist() == [3, 1, 2]


def test_counts_stay_above_zero():
    drawn = draw(counts(np.array([0.0, 3.0, 1.0]), np.array([0.5, 2.0, 1.0])), generator())
    assert (drawn >= 0).all()


@pytest.mark.parametrize("better", [0, 1, 2])
def test_the_office_with_the_better_rate_has_no_worse_interval(better):
    k = np.full(3, 80.0)
    k[better] = 95.0
    low, high = intervals(ranks_of(draw(proportions(k, np.full(3, 100.0)), generator())))
    assert low[better] == low.min()
    assert high[better] == high.min()

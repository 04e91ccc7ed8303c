"""Resampled intervals: they repeat, hold the mean, stay within the values, and are wide where there is little."""

import numpy as np
import pytest
from scipy.stats import bootstrap, norm, t

from checks.bootstrap import MANY, NO_SPREAD, TOO_FEW, mean_interval, variances_of_means


def test_one_value_and_equal_values_give_a_reason_instead_of_an_interval():
    assert mean_interval(np.array([0.4]), 1) == TOO_FEW
    assert mean_interval(np.empty(0), 1) == TOO_FEW
    assert mean_interval(np.full(9, 1.0), 1) == NO_SPREAD


def test_the_same_seed_gives_the_same_interval_and_another_one_nearly_the_same():
    values = np.random.default_rng(2).exponential(1.0, 30)
    low, high = mean_interval(values, 7)
    assert mean_interval(values, 7) == (low, high)
    assert mean_interval(values, 8) == pytest.approx((low, high), abs=0.1 * (high - low))


@pytest.mark.parametrize("size", [2, 5, 20, 49, 50, 51, 400])
def test_the_interval_holds_the_mean_and_stays_within_the_values(size):
    values = np.random.default_rng(size).exponential(1.0, size)
    low, high = mean_interval(values, 3)
    assert values.min() <= low <= values.mean() <= high <= values.max()


def test_three_hall_months_may_have_the_mean_of_any_of_them():
    """Two degrees of freedom widen the tails to nothing: from the worst month three times to the best three times."""
    assert mean_interval(np.array([1.0, 0.47, 1.0]), 5) == (0.47, 1.0)


@pytest.mark.parametrize("size", [10, 30, 60, 300])
def test_scipy_resamples_to_the_same_interval(size):
    """SciPy's percentile bootstrap at the widened level, on both sides of the change from draws to expansion."""
    values = np.random.default_rng(size).gamma(2.0, 0.4, size)
    level = 1 - 2 * norm.cdf(t.ppf(0.025, size - 1) * np.sqrt(size / (size - 1)))
    draws = {"n_resamples": 20_000, "method": "percentile", "rng": np.random.default_rng(1)}
    expected = bootstrap((values,), np.mean, confidence_level=level, **draws).confidence_interval
    low, high = mean_interval(values, 11)
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=0.06 * (expected.high - expected.low))


def test_no_step_where_draws_give_way_to_the_expansion():
    values = np.random.default_rng(4).gamma(2.0, 0.4, MANY)
    widths = [np.ptp(mean_interval(values[:size], 1)) / values[:size].std() for size in (MANY - 1, MANY)]
    assert widths[0] == pytest.approx(widths[1], rel=0.05)


@pytest.mark.parametrize(("size", "least"), [(5, 0.86), (15, 0.91), (80, 0.93)])
def test_intervals_of_skewed_records_hold_the_truth_nearly_as_often_as_they_say(size, least):
    chance, truth = np.random.default_rng(size), 0.8
    found = [mean_interval(chance.gamma(2.0, truth / 2, size), seed) for seed in range(400)]
    assert np.mean([low <= truth <= high for low, high in found]) >= least


def test_the_spread_of_few_values_leans_on_that_of_all():
    steady, wild = np.full(20, 1.0), np.array([0.0, 2.0] * 10)
    equal, one = np.array([1.0, 1.0]), np.array([5.0])
    variances = variances_of_means([steady, wild, equal, one, np.empty(0)])
    assert variances[1] > variances[0] > 0
    assert variances[3] > variances[2] > variances[0]
    assert variances_of_means([np.array([3.0]), np.array([4.0])]).tolist() == [0.0, 0.0]

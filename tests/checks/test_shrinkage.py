"""Shrunken rates move towards the common one, further the fewer records there are, and never past it."""

import numpy as np
import pytest

from checks.shrinkage import shrunken_counts, shrunken_proportions


def test_one_of_one_shrinks_nearly_to_the_common_rate_and_a_thousand_hardly():
    numerators = np.array([1.0, 990.0, 800.0, 890.0, 920.0])
    denominators = np.array([1.0, 1_000.0, 1_000.0, 1_000.0, 1_000.0])
    common = numerators.sum() / denominators.sum()
    small, best, worst, *_ = shrunken_proportions(numerators, denominators)
    assert small == pytest.approx(common, abs=0.01)
    assert 0.98 < best < 0.99
    assert 0.80 < worst < 0.81


def test_rates_that_differ_no_more_than_chance_all_become_the_common_one():
    numerators = np.array([90.0, 91.0, 89.0, 90.0])
    assert shrunken_proportions(numerators, np.full(4, 100.0)) == pytest.approx([0.9] * 4)


def test_the_estimate_is_nearer_the_truth_than_the_rates_themselves():
    chance = np.random.default_rng(3)
    truth, volumes = chance.normal(0.9, 0.02, 80), chance.integers(5, 400, 80).astype(float)
    numerators = chance.binomial(volumes.astype(int), truth).astype(float)
    plain = np.mean((numerators / volumes - truth) ** 2)
    assert np.mean((shrunken_proportions(numerators, volumes) - truth) ** 2) < 0.5 * plain


@pytest.mark.parametrize("events", [[0.0, 0.0, 0.0], [5.0, 0.0, 40.0]])
def test_counts_stay_between_their_own_and_the_common_rate(events):
    exposures = np.array([1.0, 2.0, 5.0])
    own = np.array(events) / exposures
    common = sum(events) / exposures.sum()
    shrunken = shrunken_counts(np.array(events), exposures)
    assert (np.minimum(own, common) <= shrunken + 1e-12).all()
    assert (shrunken <= np.maximum(own, common) + 1e-12).all()


def test_all_good_all_bad_and_a_single_office_stay_as_they_are():
    full = np.array([3.0, 40.0])
    assert shrunken_proportions(full, full).tolist() == [1.0, 1.0]
    assert shrunken_proportions(np.zeros(2), full).tolist() == [0.0, 0.0]
    assert shrunken_proportions(np.array([3.0]), np.array([4.0])).tolist() == [0.75]

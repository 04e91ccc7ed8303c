"""The pairs that really differ: few by chance however many are compared."""

import numpy as np

from checks.pairs import _holm, differing, scores_with_error
from checks.rank_intervals import Column, proportions, values


def test_holm_by_hand():
    """Four comparisons: 0.010 ≤ 0.05 ÷ 4 and 0.013 ≤ 0.05 ÷ 3 pass, 0.040 > 0.05 ÷ 2 stops all that follow."""
    assert _holm(np.array([0.040, 0.010, 0.045, 0.013]), 0.05, 4).tolist() == [1, 3]
    assert _holm(np.array([0.001, 0.002]), 0.05, 2).tolist() == [0, 1]
    assert _holm(np.empty(0), 0.05, 0).tolist() == []


def test_far_apart_differs_and_near_does_not():
    found = differing(np.array([0.0, 0.1, 5.0]), np.full(3, 0.01))
    assert found.tolist() == [[False, False, True], [False, False, True], [True, True, False]]


def test_what_is_known_exactly_differs_when_it_is_not_equal_and_what_is_missing_never():
    found = differing(np.array([1.0, 1.0, 1.1, np.nan]), np.zeros(4))
    assert found[0].tolist() == [False, False, True, False]
    assert not found[3].any()


def test_equal_offices_are_rarely_named_however_many_pairs_there_are():
    chance, named = np.random.default_rng(6), 0
    for _ in range(200):
        volumes = chance.integers(30, 500, 40).astype(float)
        measured = proportions(chance.binomial(volumes.astype(int), 0.9).astype(float), volumes)
        named += differing(measured.working, measured.variance).any()
    assert named <= 18  # 5 % of 200, and three standard errors


def test_the_error_of_a_score_is_that_of_its_points():
    """Half the weight on a rate of 0.9 of 400 (error 0.015), half known: (100 × ½ ÷ 0.2 × 0.015)² = 3.75²."""
    columns = [
        Column(proportions(np.array([360.0]), np.array([400.0])), 5.0, 0.8, 0.2),
        Column(values(np.array([0.97]), np.zeros(1)), 5.0, 0.9, 0.1),
    ]
    score, variance = scores_with_error(columns)
    assert abs(score[0] - (50 * 0.5 + 50 * 0.7)) < 0.3
    assert abs(np.sqrt(variance[0]) - 3.75) < 0.03

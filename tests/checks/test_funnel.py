"""Funnel limits: whoever lies beyond a line is there with less than the tail's probability, whatever the volume."""

from math import comb

import numpy as np
import pytest

from checks.funnel import binomial_limits, poisson_limits


def tail_below(k, n, p):
    return sum(comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k + 1))


@pytest.mark.parametrize("rate", [0.5, 0.9, 0.98])
@pytest.mark.parametrize("volume", [1, 3, 10, 45, 200])
def test_only_counts_that_chance_hardly_reaches_lie_beyond(rate, volume):
    low, high = (float(line[0]) for line in binomial_limits(rate, np.array([float(volume)]), 0.998))
    for count in range(volume + 1):
        below, above = tail_below(count, volume, rate), 1 - tail_below(count - 1, volume, rate)
        assert (count / volume < low - 1e-9) == (below < 0.001 - 1e-12), (count, below, low)
        assert (count / volume > high + 1e-9) == (above < 0.001 - 1e-12), (count, above, high)


def test_a_single_record_is_never_called():
    low, high = binomial_limits(0.9, np.array([1.0, 2.0]), 0.998)
    assert low.tolist() == [0.0, 0.0]
    assert high.tolist() == [1.0, 1.0]


def test_limits_close_in_with_volume():
    low, high = binomial_limits(0.9, np.array([50.0, 500.0, 5_000.0]), 0.95)
    assert low[0] < low[1] < low[2] < 0.9 < high[2] < high[1] < high[0]


def test_poisson_limits_of_a_known_table():
    """With a mean of 10, P(X ≤ 4) = 0.0293 and P(X ≤ 3) = 0.0103; P(X ≥ 17) = 0.0270 and P(X ≥ 18) = 0.0143."""
    low, high = poisson_limits(10.0, np.array([1.0]), 0.95)
    assert 3 < low[0] <= 4
    assert 17 <= high[0] < 18

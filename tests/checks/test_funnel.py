"""Funnel limits: whoever lies beyond a line is there with less than the tail's probability, whatever the volume."""

from math import comb

import numpy as np
import pytest

from checks.funnel import CALLED, DRAWN, Scatter, binomial_limits, limits, outside, poisson_limits, scatter


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


def sixty(worst=150):
    events = np.full(60, 180.0)
    events[0] = worst
    return events, np.full(60, 200.0)


def test_an_outlier_neither_widens_its_own_limits_nor_moves_its_own_centre():
    events, volumes = sixty()
    found = scatter("binomial", events, volumes)
    assert found.spread == 0
    assert outside(found, events, volumes, CALLED).tolist() == [-1] + [0] * 59


def test_a_common_spread_beyond_chance_widens_the_limits():
    volumes = np.full(40, 1_000.0)
    events = np.round(volumes * np.linspace(0.75, 0.95, 40))
    found = scatter("binomial", events, volumes)
    narrow, wide = (limits(Scatter("binomial", found.centre, spread), volumes, CALLED) for spread in (0, found.spread))
    assert (wide[0] < narrow[0]).all()
    assert (wide[1] > narrow[1]).all()
    # of true rates: additive, so that even endless records leave room for it
    assert limits(found, np.array([1e7]), CALLED)[0][0] < found.centre - 0.1


def test_without_over_dispersion_the_drawn_lines_are_the_exact_limits():
    events, volumes = sixty()
    found = scatter("binomial", events, volumes)
    expected = binomial_limits(found.centre, volumes, DRAWN)
    assert [line.tolist() for line in limits(found, volumes, DRAWN)] == [line.tolist() for line in expected]


def test_a_mean_of_few_others_is_itself_uncertain():
    """Two offices with as many records as each other: the gap must be √2 times as wide as against a known mean."""
    volumes = np.array([200.0, 200.0])
    found = scatter("binomial", np.array([180.0, 164.0]), volumes)
    assert outside(found, np.array([180.0, 164.0]), volumes, CALLED).tolist() == [0, 0]
    assert binomial_limits(0.9, volumes, CALLED)[0][0] > 164 / 200


@pytest.mark.parametrize("kind", ["binomial", "poisson"])
def test_nobody_is_outside_where_nothing_differs_or_nobody_else_is(kind):
    for events, volumes in ((np.zeros(3), np.full(3, 9.0)), (np.full(3, 9.0), np.full(3, 9.0)),
                            (np.array([4.0]), np.array([9.0]))):  # fmt: skip
        assert not outside(scatter(kind, events, volumes), events, volumes, CALLED).any()

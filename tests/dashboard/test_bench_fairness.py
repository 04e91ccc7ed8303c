"""The simulation counts as its report says: ties share ranks, and the parts of the grid give shares."""

import numpy as np
import pytest

from dashboard.bench import fairness


def test_an_interval_covers_when_it_meets_the_ranks_that_tied_truth_shares():
    """Truth: two tied at ranks 1–2, one at 3. The draws say 2 for the first, 3 for the second, 1 or 2 for the third."""
    ranks = np.array([[2, 3, 1], [2, 3, 2]] * 50, dtype=np.int32)
    covered, width = fairness._coverage(np.array([0.9, 0.9, 0.8]), ranks)
    assert covered == pytest.approx(1 / 3)
    assert width == pytest.approx((0 + 0 + 1) / 3 / 3)


@pytest.mark.parametrize("once", [fairness._covered_by_rate, fairness._covered_by_score])
@pytest.mark.parametrize("shape", fairness.SHAPES)
def test_a_cell_gives_coverage_and_width_as_shares(once, shape):
    coverage, width = once(fairness.Cell(20, 30, 2.0, shape), np.random.default_rng(1))
    assert 0.5 < coverage <= 1
    assert 0.1 < width < 1


def test_the_grid_is_the_one_of_the_issue():
    cells = fairness._grid(fairness.SHAPES)
    assert len(cells) == 3 * 3 * 4 * 2
    assert {cell.spread for cell in cells} == {0, 0.5, 2, 6}
    assert {cell.base for cell in cells} == {0.9}


def test_equal_offices_are_hardly_called_and_a_bad_one_is():
    chance = np.random.default_rng(2)
    assert fairness._false_calls(60, 300, 40, chance) < 0.01
    assert fairness._power(0.90, 0.0, 60, chance) > 0.6

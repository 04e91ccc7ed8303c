"""A sample survives SIGKILL at any moment: what `make faults` does at length, in small (tests/faults/samples.py)."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2]))
from tests.faults.samples import Tries, kill_again_and_again, kill_at_points

SEED = 20261122


@pytest.fixture(scope="module")
def tries(tmp_path_factory):
    return Tries(tmp_path_factory.mktemp("killed"))


@pytest.mark.parametrize(
    "point", ["its note is written", "its frames are moved", "its folder is in place", "the outcome is committed"]
)
def test_a_run_killed_at_a_named_moment_leaves_what_an_undisturbed_run_leaves(tries, point):
    assert kill_at_points(tries, [point]) == 0


def test_a_run_a_worker_and_a_decoder_killed_at_random_moments_lose_nothing_and_judge_nothing_twice(tries):
    assert kill_again_and_again(tries, times=4, seed=SEED) == 0

"""Collecting survives being killed and failing writes: what `make faults` does at length, in small (tests/faults)."""

import os
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2]))
from tests.faults.kills import kill_again_and_again
from tests.faults.writes import fail_at_every_write

KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
SEED = 20261122


@pytest.fixture(autouse=True)
def _server(request):
    if "postgresql" in request.node.name and not os.environ.get("MINGCHA_TEST_POSTGRES"):
        pytest.skip("no PostgreSQL server (MINGCHA_TEST_POSTGRES is not set)")


@pytest.mark.parametrize("kind", KINDS)
def test_four_kills_at_random_moments_leave_what_an_undisturbed_run_leaves(kind, tmp_path):
    assert kill_again_and_again(kind, tmp_path, times=4, seed=SEED) == 0


@pytest.mark.parametrize(
    ("kind", "way"),
    [("sqlite", "lost"), ("sqlite", "full"), pytest.param("postgresql", "lost", marks=pytest.mark.postgres)],
)
def test_some_writes_that_fail_leave_what_an_undisturbed_run_leaves(kind, way, tmp_path):
    assert fail_at_every_write(kind, way, tmp_path, seed=SEED, every=120) == 0

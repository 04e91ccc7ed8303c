"""The simulation of `mingcha bench scale`, on days worked out by hand."""

import numpy as np
import pytest

from dashboard.bench import scale


def test_streams_at_once_are_the_minutes_that_overlap():
    assert scale.busiest(np.array([0.0, 0.0, 30.0, 59.0, 60.0, 200.0])) == 4  # at 59: 0, 0, 30, 59; at 60 two are over


def test_looks_wait_for_a_core_in_the_order_in_which_their_minutes_end():
    """Three minutes end at 60, 60 and 70; each look takes 30 s. One core ends at 150, two at 100."""
    moments = np.array([0.0, 0.0, 10.0])
    assert scale.behind(moments, 30, 1) == 150 - 70
    assert scale.behind(moments, 30, 2) == 120 - 70
    assert scale.behind(moments, 30, 3) == 100 - 70


def test_the_fewest_cores_are_those_that_keep_up_within_ten_minutes():
    """A hundred looks of 30 s at one moment: 3000 s of work in 600 s."""
    assert scale.cores([np.zeros(100)], 30) == 5
    assert scale.cores([np.zeros(100), np.zeros(10)], 29.9) == 5
    assert scale.cores([np.zeros(1)], 1) == 1


def test_what_was_not_measured_needs_no_number_of_cores():
    assert scale.cores([np.zeros(10)], float("nan")) == 0


def test_slots_are_as_long_as_configured():
    assert scale.slot_seconds() == [2400, 3600, 5400, 3600, 3000]


def test_a_hall_s_cameras_share_their_moment():
    moments = scale.drawn(5, 600)
    assert len(moments) == 10
    assert moments[::2] == pytest.approx(moments[1::2])
    assert moments.max() <= 540

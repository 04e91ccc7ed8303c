"""XmR charts: limits and signals against controlcharts (the Western Australian health service's program), and by hand.

`ORACLE` was computed once with controlchartspy 0.1.3 (GPL-3.0, a JavaScript engine inside), which is no dependency:
chart type `i`, shift_n 7, trend_n 6, two in three at 2 sigma, limits at 3 sigma.
"""

import pytest

from checks.control_chart import BEYOND, DRIFT, RUN, TWO_OF_THREE, xmr
from checks.funnel import binomial_limits

VALUES = [0.91, 0.93, 0.90, 0.94, 0.92, 0.91, 0.93, 0.92, 0.95, 0.96, 0.955, 0.962, 0.958, 0.97, 0.952, 0.965, 0.80,
          0.965, 0.95, 0.96, 0.955, 0.945, 0.94, 0.93, 0.92, 0.91]  # fmt: skip
ORACLE = {
    "mean": 0.934885, "low": 0.897419, "high": 0.97235,
    BEYOND: [16], RUN: list(range(8, 16)), DRIFT: list(range(19, 26)), TWO_OF_THREE: [9, 11, 13, 15, 17, 19],
}  # fmt: skip
REBASED = {"means": (0.92, 0.9415), "lows": (0.863009, 0.915968), "highs": (0.976991, 0.967032)}
"""The same with a new phase from the ninth point on."""
FUNNEL = {  # volume: (low 95 %, high 95 %, low 99.8 %, high 99.8 %) around 0.9095287958, per cent; arcsine limits
    100: (84.582460, 95.755141, 80.288895, 97.737078), 310: (87.512759, 93.886044, 85.314829, 95.332613),
    600: (88.529018, 93.114683, 87.018083, 94.236738), 2_100: (89.688923, 92.141934, 88.926872, 92.792728),
}  # fmt: skip


def places(chart, rule):
    return [place for place, rules in enumerate(chart.signals) if rule in rules]


def test_limits_and_all_four_rules_are_those_of_the_oracle():
    chart = xmr(VALUES)
    (phase,) = chart.phases
    assert (phase.mean, phase.low, phase.high) == pytest.approx(
        (ORACLE["mean"], ORACLE["low"], ORACLE["high"]), abs=5e-5
    )
    for rule in (BEYOND, RUN, DRIFT, TWO_OF_THREE):
        assert places(chart, rule) == ORACLE[rule], rule


def test_a_new_phase_has_limits_of_its_own_as_the_oracle_has():
    chart = xmr(VALUES, [8])
    assert [phase.mean for phase in chart.phases] == pytest.approx(REBASED["means"])
    assert [phase.low for phase in chart.phases] == pytest.approx(REBASED["lows"], abs=5e-5)
    assert [phase.high for phase in chart.phases] == pytest.approx(REBASED["highs"], abs=5e-5)
    assert [phase.firm for phase in chart.phases] == [False, True]


def test_exact_funnel_limits_lie_within_two_records_of_the_oracles_approximation():
    centre = 90.95287958115183 / 100
    for volume, (low95, high95, low998, high998) in FUNNEL.items():
        for share, expected in ((0.95, (low95, high95)), (0.998, (low998, high998))):
            found = [float(line[0]) for line in binomial_limits(centre, [volume], share)]
            assert found == pytest.approx([value / 100 for value in expected], abs=1.5 / volume)


@pytest.mark.parametrize(("values", "rule", "expected"), [
    ([2.0, 1.0] * 3 + [1.6] * 7, RUN, list(range(6, 13))),
    ([2.0, 1.0] * 3 + [1.6] * 6 + [1.0], RUN, []),
    ([3.0, 1.0, 3.0, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 3.0, 1.0], DRIFT, [3, 4, 5, 6, 7, 8, 9]),
    ([3.0, 1.0, 3.0, 1.0, 1.1, 1.2, 1.3, 1.4, 1.0, 3.0], DRIFT, []),
])  # fmt: skip
def test_a_rule_holds_at_its_number_and_not_one_below(values, rule, expected):
    assert places(xmr(values), rule) == expected


@pytest.mark.parametrize("values", [[], [None], [0.5], [None, 0.5, None], [0.9] * 20])
def test_nothing_one_point_and_no_variation_signal_nothing(values):
    chart = xmr(values)
    assert set(chart.signals) <= {()}
    assert len(chart.signals) == len(values)


def test_weeks_without_a_value_are_passed_over():
    chart = xmr([0.9, None, 0.8, 0.9, None])
    (phase,) = chart.phases
    assert phase.points == 3
    assert (phase.mean, phase.high) == pytest.approx((2.6 / 3, 2.6 / 3 + 0.266))


def test_a_phase_cannot_begin_outside_the_points():
    assert [phase.start for phase in xmr(VALUES, [-3, 0, 26, 99]).phases] == [0]

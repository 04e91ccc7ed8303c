"""Points, scores, ranks, grades, intervals and where lost points went: exact, hand-worked (design §3.2–§3.4)."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from checks.explain import largest_remainder, lost_cents, split
from checks.fairness import poisson, wilson
from checks.periods import parse_period
from checks.ranking import rank
from checks.rounding import half_up, published
from checks.rulebook.loader import load_rulebook
from checks.scoring import Row, Sums, compose, exact_sum, figures_of, points_of, value_of, with_intervals

EDITION = load_rulebook().editions[-1]
QUARTER = parse_period("2026-Q3")
FRACTIONS = st.fractions(min_value=-50, max_value=50, max_denominator=10**6)


def points(code: str, value: str) -> Fraction | None:
    return points_of(EDITION.indicator(code), Fraction(value))


def row(office: str = "S", n: int = 100, level: str = "station", red: int = 0, **sums: tuple[int, int]) -> Row:
    given_sums = {code: Sums(*pair) for code, pair in sums.items()}
    found = Row(office, office, level, None, n, red, figures_of(EDITION, level, given_sums, QUARTER))
    compose(found, EDITION)
    return found


def full(**better: tuple[int, int]) -> dict[str, tuple[int, int]]:
    """Enough weight to be ranked: R1 12, H1 15, T2 7, R2 6, T1 5, T3 5 = 50."""
    return dict.fromkeys(("R1", "H1", "T2", "R2", "T1", "T3"), (10, 10)) | better


@pytest.mark.parametrize(
    ("code", "value", "expected"),
    [
        ("R1", "1", "12"), ("R1", "0.925", "6"), ("R1", "0.85", "0"), ("R1", "0.1", "0"),
        ("T4", "0", "5"), ("T4", "1.5", "2.5"), ("T4", "3", "0"), ("T4", "9", "0"),
        ("R3", "0.6", "3"), ("R3", "0.9", "1.5"), ("R3", "0", "3"), ("R3", "1.3", "0"),
        ("R4", "0.05", "1"), ("O3", "0.9745", "1.5"),
    ],
)  # fmt: skip
def test_points_are_linear_from_floor_to_target_also_where_less_is_better(code: str, value: str, expected: str) -> None:
    assert points(code, value) == Fraction(expected)


@given(FRACTIONS, FRACTIONS, st.sampled_from([i.code for i in EDITION.indicators]))
def test_a_worse_value_never_scores_better(first: Fraction, second: Fraction, code: str) -> None:
    indicator = EDITION.indicator(code)
    worse, better = sorted((first, second), reverse=indicator.less_is_better)
    lower, higher = points_of(indicator, worse), points_of(indicator, better)
    assert lower is not None
    assert higher is not None
    assert 0 <= lower <= higher <= indicator.weight


def test_without_a_denominator_there_is_no_value() -> None:
    assert value_of(EDITION.indicator("R1"), Sums(0, 0), QUARTER) is None
    assert points_of(EDITION.indicator("R1"), None) is None


def test_complaints_per_customers_are_brought_to_a_quarter() -> None:
    sums = Sums(20_000, 40_000)
    assert value_of(EDITION.indicator("T4"), sums, QUARTER) == Fraction(1, 2)
    assert value_of(EDITION.indicator("T4"), sums, parse_period("2026-09")) == Fraction(1, 2) * Fraction(92, 30)


def test_the_score_is_over_the_indicators_that_have_a_value() -> None:
    found = row(R1=(17, 20), R2=(9, 10))  # 0 of 12 and 3 of 6 points
    assert (found.exact_score, found.score) == (Fraction(300, 18), Fraction("16.67"))
    assert found.available_weight == 18
    assert "T1" in found.missing


def test_no_value_at_all_is_no_score() -> None:
    found = row()
    assert (found.score, found.reason) == (None, "little_weight")


@pytest.mark.parametrize(("n", "reason"), [(9, "few_records"), (10, None)])
def test_fewer_than_ten_records_are_shown_and_not_ranked(n: int, reason: str | None) -> None:
    assert row(n=n, **full()).reason == reason


def test_exactly_half_of_the_weight_is_enough() -> None:
    assert row(**full()).available_weight == 50
    assert row(**full()).reason is None
    less = {code: pair for code, pair in full().items() if code != "T1"}
    assert row(**less).reason == "little_weight"
    assert row(level="hall", H1=(100, 100)).reason is None  # 15 of 25


def test_too_few_records_are_named_before_too_little_weight() -> None:
    assert row(n=3, R1=(1, 1)).reason == "few_records"


def test_equal_published_scores_share_a_rank_and_the_next_is_skipped() -> None:
    first, second = row("B", **full(R1=(9999, 10000))), row("A", **full(R1=(9998, 10000)))
    assert first.exact_score != second.exact_score  # 99.984 and 99.968
    third, fourth = row("C", **full(R1=(99_989, 100_000))), row("D", n=1, **full())
    assert [(r.office, r.rank) for r in rank([first, second, third, fourth], EDITION)] == [
        ("B", 1), ("C", 1), ("A", 3), ("D", None),
    ]  # fmt: skip
    assert published(first.score) == published(third.score) == 99.98


@pytest.mark.parametrize(
    ("r1", "grade"),
    [((1000, 1000), "标杆"), ((969, 1000), "标杆"), ((968, 1000), "A"), ((90, 100), "B"), ((85, 100), "C")],
)
def test_grades_begin_at_their_bound(r1: tuple[int, int], grade: str) -> None:
    # R1 lost 12 × (1 − x) ÷ 0.15 of 50 points: 0.969 → 95.04, 0.968 → 94.88, 0.90 → 84.00, 0.85 → 76.00
    assert rank([row(**full(R1=r1))], EDITION)[0].grade == grade


def test_a_red_line_caps_halls_and_stations_and_only_shows_above() -> None:
    station, county = row(red=1, **full()), row(level="county", red=1, **full())
    rank([station, county], EDITION)
    assert (station.grade, station.score, county.grade) == ("D", 100, "标杆")
    assert rank([row(n=1, red=1, **full())], EDITION)[0].grade is None


# --- rounding ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"), [("91.265", "91.27"), ("91.2649999", "91.26"), ("0.005", "0.01"), ("2.675", "2.68")]
)
def test_halves_are_rounded_up_once_and_exactly(value: str, expected: str) -> None:
    assert half_up(Fraction(value), 2) == Fraction(expected)


@given(st.fractions(min_value=0, max_value=10**9))
def test_a_printed_number_is_the_nearest(value: Fraction) -> None:
    printed = published(value)
    assert printed is not None
    assert abs(Fraction(printed) - value) <= Fraction(1, 2 * 10**6) + Fraction(printed) / 2**52


def test_whole_numbers_are_printed_whole_and_missing_ones_stay_missing() -> None:
    assert (published(Fraction(7)), published(None), published(Fraction(2, 3))) == (7, None, 0.666667)
    assert isinstance(published(Fraction(14, 2)), int)


@given(st.lists(FRACTIONS, max_size=20))
def test_a_sum_over_one_denominator_is_the_sum(fractions: list[Fraction]) -> None:
    assert exact_sum(fractions) == sum(fractions, Fraction(0))


# --- lost points ------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 1000)), min_size=1, max_size=10))
def test_all_lost_cents_add_up_to_what_is_missing_from_a_hundred(pairs: list[tuple[int, int]]) -> None:
    codes = ("R1", "H1", "T2", "R2", "T1", "T3", "T5", "R4", "H2", "H3")
    found = row(**{code: (min(a, b), b) for code, (a, b) in zip(codes, pairs, strict=False)})
    assert found.score is not None
    assert sum(lost_cents(found).values()) == 10_000 - found.score * 100


def test_the_last_cents_go_to_the_largest_remainders_then_by_key() -> None:
    thirds = [(key, Fraction(100, 3)) for key in ("c", "a", "b")]
    assert largest_remainder(100, thirds) == {"a": 34, "b": 33, "c": 33}
    assert largest_remainder(101, thirds) == {"a": 34, "b": 34, "c": 33}
    assert largest_remainder(10, [("x", Fraction("3.6")), ("y", Fraction("6.4"))]) == {"x": 4, "y": 6}


def test_an_indicators_cents_are_split_by_share_and_number() -> None:
    assert split(5, {("r2",): 1, ("r1",): 1}) == {("r1",): 3, ("r2",): 2}
    assert split(10, {("a",): Fraction(3, 2), ("b",): Fraction(1, 2)}) == {("a",): 8, ("b",): 2}
    assert split(7, {}) == {}
    assert split(0, {("a",): 0}) == {("a",): 0}


# --- intervals --------------------------------------------------------------------------------------------------------


def test_wilson_agrees_with_the_published_example() -> None:
    low, high = wilson(np.array([9.0, 180.0]), np.array([10.0, 200.0]))  # domain §6.4
    assert np.round(low, 3).tolist() == [0.596, 0.851]
    assert np.round(high, 3).tolist() == [0.982, 0.934]


@example(0, 3)
@given(st.integers(0, 2000), st.integers(1, 2000))
def test_wilson_holds_the_rate_and_stays_between_0_and_1(count: int, more: int) -> None:
    n = count + more
    low, high = wilson(np.array([float(count)]), np.array([float(n)]))
    assert 0 <= low[0] <= count / n <= high[0] <= 1


@pytest.mark.parametrize("count", [0, 1, 7, 60])
def test_the_exact_poisson_interval_leaves_a_fortieth_on_either_side(count: int) -> None:
    low, high = (float(bound[0]) for bound in poisson(np.array([float(count)])))

    def at_most(k: int, mean: float) -> float:
        return math.fsum(math.exp(-mean) * mean**i / math.factorial(i) for i in range(k + 1))

    assert at_most(count, high) == pytest.approx(0.025)
    assert (low == 0) if count == 0 else (1 - at_most(count - 1, low) == pytest.approx(0.025))


def test_intervals_are_set_where_the_design_says() -> None:
    found = row(T4=(30_000, 40_000), R1=(9, 10), R3=(8, 10), H1=(90, 100), O1=(1, 1))
    with_intervals([found], QUARTER)
    figures = found.figures
    assert [figures[code].low is None for code in ("T4", "R1", "R3", "H1", "O1", "T1")] == [
        False, False, True, True, True, True,
    ]  # fmt: skip
    assert figures["T4"].low is not None
    assert figures["T4"].low < 0.75 < (figures["T4"].high or 0)  # 3 per 40,000 customers, scaled like the value

"""Days that are missing and days with unusual volume: the limits, the like days, and what is never said."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.clock import day_number, load_calendar
from checks.volume import Series, gaps, missing_months, unusual_days

CN = load_calendar("cn")
START = date(2026, 3, 2)
"""A Monday; until Tomb Sweeping Day (4–6 April 2026) no holiday."""


def series(counts, start=START):
    return Series(day_number(start), np.array(counts, dtype=np.int64), CN)


def day(offset, start=START):
    return day_number(start + timedelta(days=offset))


def kinds(found, offsets, missing=()):
    told = unusual_days(found, [day(n) for n in offsets], frozenset(day(n) for n in missing))
    return [(one.kind, one.found, one.usual) for one in told]


def weekdays(values, others=30):
    """Four weeks from a Monday in which every Monday has one of `values`, the other days `others`, and one day more."""
    return [value if n == 0 else others for value in values for n in range(7)]


# five MADs of alike days are nothing, so the floor of four roots holds: 100 ± 40


@pytest.mark.parametrize(("count", "kind"), [(60, []), (59, ["low"]), (140, []), (141, ["high"])])
def test_a_day_is_unusual_only_outside_the_limits(count, kind):
    found = series([*weekdays([100] * 4), count, 30])
    assert [one[0] for one in kinds(found, [28])] == kind


def test_five_times_the_median_distance_is_allowed_where_days_differ():
    """100, 80, 120, 100: distances 0, 20, 20, 0, their median 10; 100 ± 50."""
    for count, expected in ((50, []), (49, [("low", 49, 100.0)])):
        assert kinds(series([*weekdays([100, 80, 120, 100]), count, 30]), [28]) == expected


def test_a_large_source_may_move_by_a_quarter():
    for count, expected in ((1500, []), (1499, ["low"]), (2500, []), (2501, ["high"])):
        assert [one[0] for one in kinds(series([*weekdays([2000] * 4, 30), count, 30]), [28])] == expected


def test_below_a_usual_of_twenty_nothing_is_said():
    assert kinds(series([*weekdays([20] * 4), 200, 30]), [28]) == [("high", 200, 20.0)]
    assert kinds(series([*weekdays([19] * 4), 200, 30]), [28]) == []


def test_with_three_like_days_it_is_not_computed():
    assert kinds(series([*weekdays([100] * 3), 5, 30]), [21]) == []


def test_only_the_eight_weeks_before_count():
    old, new = weekdays([500] * 4), weekdays([100] * 8)
    assert kinds(series([*old, *new, 100, 30]), [84]) == []
    assert kinds(series([*old, *new, 100, 30]), [28])[0][:2] == ("low", 100)


def test_a_missing_day_is_neither_unusual_nor_anybodys_usual():
    counts = [*weekdays([100, 0, 0, 0, 100, 100, 100]), 100, 30]
    assert kinds(series(counts), [49], missing=(7, 14, 21)) == []
    assert kinds(series(counts), [7], missing=(7,)) == []


def test_zero_counts_where_it_is_no_gap():
    assert kinds(series([*weekdays([100] * 4), 0, 30]), [28]) == [("low", 0, 100.0)]


def test_the_last_day_is_never_low_but_may_be_high():
    assert kinds(series([*weekdays([100] * 4), 5]), [28]) == []
    assert kinds(series([*weekdays([100] * 4), 500]), [28]) == [("high", 500, 100.0)]


def week(at_work, at_rest, weeks):
    return [at_work if n < 5 else at_rest for _ in range(weeks) for n in range(7)]


@pytest.mark.parametrize(
    ("count", "expected"), [(30, []), (100, []), (200, [("high", 200, 30.0)]), (5, [("low", 5, 30.0)])]
)
def test_a_holiday_is_compared_with_days_off_and_with_its_weekday(count, expected):
    """Monday 6 April 2026: 30 as on weekends is usual, 100 as on Mondays too, for faults heed no holiday."""
    assert START + timedelta(days=35) == date(2026, 4, 6)
    assert kinds(series([*week(100, 30, 5), count, 100]), [35]) == expected


@pytest.mark.parametrize(("count", "expected"), [(100, []), (30, []), (3, ["low"]), (300, ["high"])])
def test_a_make_up_saturday_is_compared_with_working_days_and_with_its_weekday(count, expected):
    """Saturday 9 May 2026 is worked for the holiday of May."""
    start = date(2026, 3, 30)
    offset = (date(2026, 5, 9) - start).days
    assert CN.is_working(date(2026, 5, 9))
    calm = [100 if CN.is_working(start + timedelta(days=n)) else 30 for n in range(offset)]
    found = unusual_days(series([*calm, count, 30], start), [day(offset, start)])
    assert [one.kind for one in found] == expected


# --- gaps ------------------------------------------------------------------------------------------------------------


def holes(counts, **options):
    found = series(counts)
    return [[one - found.first for one in gap.days] for gap in gaps(found, found.first, found.last, **options)]


@pytest.mark.parametrize(("usual", "length", "found"), [(14, 1, True), (13, 1, False), (7, 2, True), (6, 2, False)])
def test_a_gap_is_told_when_its_density_makes_it_impossible(usual, length, found):
    """One in a million: e^-14, that is 14 records of days that are all alike."""
    counts = [usual] * 70
    counts[35 : 35 + length] = [0] * length
    assert holes(counts) == ([list(range(35, 35 + length))] if found else [])


def test_weekends_without_records_are_no_gap_and_not_named_in_one():
    assert holes(week(20, 0, 10)) == []
    counts = week(20, 0, 10)
    counts[28:35] = [0] * 7
    assert holes(counts) == [[28, 29, 30, 31, 32]]


def test_a_source_that_comes_now_and_then_has_no_gaps():
    rng = np.random.default_rng(7)
    counts = np.where(rng.random(400) < 0.3, 1, 0)
    counts[0] = counts[-1] = 1
    counts[150:250] = 0
    assert holes(counts) == []


def test_before_a_source_grew_there_is_no_gap():
    """Three a day, then a day of none, then three hundred a day: the quieter side counts."""
    assert holes([3] * 60 + [0] + [300] * 60) == []


def test_a_misdated_record_is_no_source():
    assert holes([1] + [0] * 300 + [50] * 30) == []


def test_of_an_office_only_days_that_always_have_records_are_missed():
    counts = [20] * 70
    counts[7] = 0  # too early to be told
    counts[36] = 0
    assert holes(counts, every_day=True) == [[36]]
    counts[37] = 0
    counts[29] = 0  # a Tuesday as well: not every Tuesday has some
    assert holes(counts, every_day=False) == [[36, 37]]
    assert holes(counts, every_day=True) == [[37]]


def test_gaps_elsewhere_are_left_alone():
    counts = [20] * 70
    counts[35] = 0
    found = series(counts)
    assert list(gaps(found, day(50), day(60))) == []
    assert [gap.days for gap in gaps(found, day(36), day(36))] == [(day(35),)]


@given(st.lists(st.integers(0, 300), min_size=1, max_size=120))
def test_whatever_came_a_day_with_records_is_never_missing(counts):
    counts[0], counts[-1] = max(1, counts[0]), max(1, counts[-1])
    found = series(counts)
    named = [one - found.first for gap in gaps(found, found.first, found.last) for one in gap.days]
    assert all(counts[index] == 0 for index in named)
    assert len(named) == len(set(named))


@pytest.mark.parametrize(
    ("months", "missing"),
    [
        (["2025-11", "2025-12", "2026-02", "2026-03"], ["2026-01"]),
        (["2025-11", "2026-01", "2026-02"], []),
        (["2026-01", "2026-02", "2026-03", "2026-04"], []),
        (["2026-01", "2026-02", "2026-05", "2026-06"], []),
        ([f"2026-{n:02}" for n in (1, 2, 3, 4, 5, 8, 9, 10)], ["2026-06", "2026-07"]),
        ([], []),
    ],
)
def test_months_are_missed_where_nearly_all_have_data(months, missing):
    assert missing_months(months) == missing

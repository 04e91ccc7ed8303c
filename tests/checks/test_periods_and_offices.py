"""Periods in local days, and the tree of offices on a day."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

from checks.errors import PeriodError
from checks.offices import Tree, day_of_month, tree_of, with_area
from checks.periods import Period, last_day_of, parse_period, period_before, previous_quarter, year_before


def spans(text: str) -> tuple[str, str]:
    period = parse_period(text)
    return period.start.isoformat(), period.last_day.isoformat()


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-Q3", "2026-07-01", "2026-09-30"),
        ("2026-Q4", "2026-10-01", "2026-12-31"),
        ("2028-02", "2028-02-01", "2028-02-29"),
        ("2026-W38", "2026-09-14", "2026-09-20"),
        ("2026-W01", "2025-12-29", "2026-01-04"),
        ("2026-W53", "2026-12-28", "2027-01-03"),
        ("2026-09-01..2026-09-15", "2026-09-01", "2026-09-15"),  # a..b includes day b
        ("2026-09-15..2026-09-15", "2026-09-15", "2026-09-15"),
    ],
)
def test_a_period_is_known_by_its_name(text: str, first: str, last: str) -> None:
    assert spans(text) == (first, last)


@pytest.mark.parametrize(
    "text", ["2026-Q5", "2026", "2026-13", "2027-W53", "2026-09-15..2026-09-01", "2026-02-30..2026-03-01", "今年", ""]
)
def test_an_unknown_period_shows_the_known_forms(text: str) -> None:
    with pytest.raises(PeriodError, match=r"Known forms: 2026-Q3"):
        parse_period(text)


def test_a_period_begins_at_midnight_in_shanghai() -> None:
    period = parse_period("2026-Q3")
    begins = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=period.starts_at)
    assert begins == dt.datetime(2026, 6, 30, 16, tzinfo=dt.UTC)


def test_months_of_a_period() -> None:
    week = parse_period("2026-W40")  # 28 September to 4 October
    assert (week.months_that_begin(), week.months_inside()) == (["2026-10"], [])
    span = parse_period("2026-07-02..2026-09-30")
    assert (span.months_that_begin(), span.months_inside()) == (["2026-08", "2026-09"], ["2026-08", "2026-09"])
    assert parse_period("2026-Q1").months_inside() == ["2026-01", "2026-02", "2026-03"]


def test_the_quarter_of_a_period_is_the_one_in_which_it_ends() -> None:
    assert parse_period("2026-06-20..2026-07-10").days_of_quarter == 92
    assert parse_period("2026-Q1").days_of_quarter == 90
    assert parse_period("2026-Q1").is_quarter
    assert previous_quarter(parse_period("2026-Q1")).name == "2025-Q4"
    assert last_day_of("2028-02") == dt.date(2028, 2, 29)


# --- offices ----------------------------------------------------------------------------------------------------------

SCHEMA = {
    "code": pl.String, "name": pl.String, "parent_code": pl.String, "level": pl.String, "area": pl.String,
    "peer_group": pl.String, "customers": pl.Int64, "valid_from": pl.Date, "valid_to": pl.Date,
}  # fmt: skip
QUARTER = parse_period("2026-Q3")
AUGUST = dt.date(2026, 8, 1)


def tree(*rows: dict[str, Any]) -> Tree:
    return tree_of(pl.DataFrame([{**dict.fromkeys(SCHEMA), "level": "station", **row} for row in rows], schema=SCHEMA))


MOVED = tree(
    {"code": "K1", "level": "county"},
    {"code": "K2", "level": "county"},
    {"code": "S", "parent_code": "K1", "area": "urban", "valid_to": AUGUST - dt.timedelta(days=1)},
    {"code": "S", "parent_code": "K2", "area": "rural", "valid_from": AUGUST},
    {"code": "H", "level": "hall", "parent_code": "S"},
)


def test_each_day_has_its_own_tree_and_both_bounds_of_validity_belong_to_a_version() -> None:
    assert MOVED.path("H", dt.date(2026, 7, 31)) == ("H", "S", "K1")
    assert MOVED.path("H", dt.date(2026, 8, 1)) == ("H", "S", "K2")
    assert MOVED.bounds(QUARTER.start, QUARTER.end) == [QUARTER.start, AUGUST]
    assert MOVED.below({"K1"}, dt.date(2026, 7, 31)) == {"K1", "S", "H"}
    assert MOVED.below({"K1"}, AUGUST) == {"K1"}


def test_a_code_of_another_prefix_follows_its_pointer() -> None:
    found = tree({"code": "34401", "level": "company"}, {"code": "3441104", "level": "county", "parent_code": "34401"})
    assert found.path("3441104", AUGUST) == ("3441104", "34401")


def test_an_unknown_parent_makes_a_root_and_a_known_one_is_followed_before_its_first_day() -> None:
    found = tree({"code": "A", "parent_code": "nowhere"}, {"code": "B", "parent_code": "A"},
                 {"code": "C", "parent_code": "D"}, {"code": "D", "valid_from": dt.date(2027, 1, 1)})  # fmt: skip
    assert found.path("B", AUGUST) == ("B", "A")
    assert found.path("C", AUGUST) == ("C", "D")


def test_a_later_version_wins_where_two_are_valid() -> None:
    found = tree({"code": "S", "name": "old"}, {"code": "S", "name": "new", "valid_from": AUGUST})
    assert found.on("S", AUGUST) is not None
    assert [found.on("S", day).name for day in (AUGUST - dt.timedelta(days=1), AUGUST)] == ["old", "new"]  # type: ignore[union-attr]


def test_rows_are_every_office_of_the_level_valid_on_some_day() -> None:
    found = tree(
        {"code": "gone", "valid_to": dt.date(2026, 6, 30)},
        {"code": "early", "valid_to": dt.date(2026, 7, 1)},
        {"code": "late", "valid_from": dt.date(2026, 9, 30)},
        {"code": "next", "valid_from": dt.date(2026, 10, 1)},
    )
    assert [office.code for office in found.rows("station", QUARTER)] == ["early", "late"]


def test_customers_are_ones_own_else_the_sum_of_the_childrens() -> None:
    found = tree(
        {"code": "C"}, {"code": "K", "parent_code": "C", "customers": 0},
        {"code": "S1", "parent_code": "K", "customers": 300}, {"code": "S2", "parent_code": "K", "customers": 200},
        {"code": "S3", "parent_code": "C"},
    )  # fmt: skip
    assert [found.customers(code, AUGUST) for code in ("C", "K", "S1", "S3")] == [500, 500, 300, 0]


def test_a_month_belongs_to_the_tree_of_its_last_day_or_of_the_offices_last() -> None:
    assert day_of_month(MOVED, "H", "2026-07") == dt.date(2026, 7, 31)
    ended = tree({"code": "S", "valid_to": dt.date(2026, 8, 9)})
    assert day_of_month(ended, "S", "2026-08") == dt.date(2026, 8, 9)


def test_an_empty_area_is_that_of_the_office_on_the_day() -> None:
    july, august = ((day - dt.date(1970, 1, 1)).days for day in (dt.date(2026, 7, 31), AUGUST))
    records = pl.DataFrame({"office_code": ["S", "S", "S", "K1"], "day": [july, august, july, july],
                            "area": [None, None, "remote", None]})  # fmt: skip
    assert with_area(records, MOVED)["area"].to_list() == ["urban", "rural", "remote", None]


def test_a_period_of_its_own_name_keeps_it() -> None:
    assert Period("x", QUARTER.start, QUARTER.end).days == 92


@pytest.mark.parametrize(
    ("name", "before", "year"),
    [
        ("2026-Q1", "2025-Q4", "2025-Q1"),
        ("2026-03", "2026-02", "2025-03"),
        ("2026-03-01..2026-03-31", "2026-02", "2025-03"),
        ("2026-W02", "2026-W01", "2025-01-06..2025-01-12"),
        ("2026-03-10..2026-03-12", "2026-03-07..2026-03-09", "2025-03-11..2025-03-13"),
    ],
)
def test_a_period_is_compared_with_the_one_before_and_the_same_a_year_before(name: str, before: str, year: str) -> None:
    asked = parse_period(name)
    assert (period_before(asked).name, year_before(asked).name) == (before, year)

"""Working days and deadlines: the published table, days beyond it, and properties that hold for every day."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import chinese_calendar
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.clock import Calendar, day_number, last_second, load_calendar, local_day
from checks.errors import RuleError

SHANGHAI = ZoneInfo("Asia/Shanghai")
CN = load_calendar("cn")
DAYS = st.dates(dt.date(2004, 1, 1), dt.date(2040, 12, 31))


def deadline(day: str, amount: int, calendar: Calendar = CN) -> str:
    return f"{calendar.deadline(dt.date.fromisoformat(day), amount).astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"


def end_and_mark(day: dt.date, amount: int) -> tuple[dt.date, bool]:
    frame = pl.DataFrame({"day": [day_number(day)]}).with_columns(end=CN.end_day(pl.col("day"), amount))
    marked = frame.with_columns(mark=CN.is_provisional(pl.col("day"), pl.col("end"))).row(0, named=True)
    return dt.date(1970, 1, 1) + dt.timedelta(days=marked["end"]), marked["mark"]


def test_every_published_day_agrees_with_the_package_of_the_notices() -> None:
    day = dt.date(2004, 1, 1)
    while day.year <= 2026:
        assert CN.is_working(day) == chinese_calendar.is_workday(day), day
        day += dt.timedelta(days=1)


def test_the_make_up_weekends_of_2026_are_worked() -> None:
    for text in ("01-04", "02-14", "02-28", "05-09", "09-20", "10-10"):
        assert CN.is_working(dt.date.fromisoformat(f"2026-{text}")), text


@pytest.mark.parametrize(
    ("accepted", "amount", "ends"),
    [
        ("2026-07-06", 5, "2026-07-13 23:59:59"),  # Monday to Monday: a weekend between
        ("2026-07-10", 1, "2026-07-13 23:59:59"),  # Friday
        ("2026-09-18", 1, "2026-09-20 23:59:59"),  # the Sunday worked before National Day
        ("2026-09-30", 5, "2026-10-13 23:59:59"),  # 1-7 October off; Saturday the 10th is worked
        ("2026-02-13", 2, "2026-02-24 23:59:59"),  # Saturday the 14th is worked, then Spring Festival until the 23rd
    ],
)
def test_a_limit_ends_with_the_last_second_of_its_last_working_day(accepted: str, amount: int, ends: str) -> None:
    assert deadline(accepted, amount) == ends


def test_beyond_the_notices_only_the_fixed_holidays_are_assumed() -> None:
    # 2027-01-01 is a Friday; 2027-05-03 a Monday; the rest of the golden weeks is not known yet
    assert [CN.is_working(dt.date(2027, 1, day)) for day in (1, 2, 4)] == [False, False, True]
    assert [CN.is_working(dt.date(2027, 5, day)) for day in (3, 4, 5)] == [False, True, True]
    assert [CN.is_working(dt.date(2027, 10, day)) for day in (1, 4, 5, 7, 8)] == [False, True, True, True, True]


@pytest.mark.parametrize(
    ("accepted", "amount", "ends", "provisional"),
    [
        ("2026-12-30", 1, "2026-12-31", False),  # the last published day is firm
        ("2026-12-31", 1, "2027-01-04", True),
        ("2026-12-24", 5, "2026-12-31", False),
        ("2026-12-25", 5, "2027-01-04", True),
        ("2003-12-30", 1, "2003-12-31", True),  # before the first notice
        ("2003-12-31", 1, "2004-01-02", False),
    ],
)
def test_a_deadline_that_touches_an_unpublished_day_is_provisional(
    accepted: str, amount: int, ends: str, provisional: bool
) -> None:
    assert end_and_mark(dt.date.fromisoformat(accepted), amount) == (dt.date.fromisoformat(ends), provisional)


@given(DAYS, st.integers(1, 40))
@settings(max_examples=200)
def test_exactly_the_limit_of_working_days_lies_between_acceptance_and_deadline(day: dt.date, amount: int) -> None:
    end, _ = end_and_mark(day, amount)
    between = [day + dt.timedelta(days=n) for n in range(1, (end - day).days + 1)]
    assert sum(CN.is_working(one) for one in between) == amount
    assert CN.is_working(end)


@given(DAYS, st.integers(1, 40))
@settings(max_examples=100)
def test_a_later_acceptance_or_a_longer_limit_never_ends_earlier(day: dt.date, amount: int) -> None:
    end, _ = end_and_mark(day, amount)
    assert end <= end_and_mark(day + dt.timedelta(days=1), amount)[0]
    assert end < end_and_mark(day, amount + 1)[0]


@given(st.datetimes(dt.datetime(1992, 1, 1), dt.datetime(2090, 1, 1)))
@settings(max_examples=200)
def test_the_local_day_by_arithmetic_is_that_of_the_zone_database(naive: dt.datetime) -> None:
    moment = naive.replace(tzinfo=dt.UTC)
    micros = (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)
    number = pl.select(local_day(pl.lit(micros))).item()
    assert dt.date(1970, 1, 1) + dt.timedelta(days=number) == moment.astimezone(SHANGHAI).date()
    ends = pl.select(last_second(pl.lit(number))).item()
    assert micros <= ends + 999_999


def test_days_outside_the_arrays_do_not_break_a_frame() -> None:
    frame = pl.DataFrame({"day": [-5, day_number(dt.date(2190, 1, 1))]})
    assert frame.select(CN.end_day(pl.col("day"), 5)).height == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('name="x"\nweek=[1]\nassumed_off=[]\n[[years]]\nyear=2026\noff=["13-01"]\non=[]', "'13-01' is no day"),
        ('name="x"\nweek=[1,2,3,4,5]\nassumed_off=[]\n[[years]]\nyear=2026\noff=["01-03"]\non=[]', "follows the week"),
        ('name="x"\nweek=[1]\nassumed_off=[]\n[[years]]\nyear=2025\noff=[]\non=[]\n[[years]]\nyear=2027\noff=[]\non=[]',
         "after year 2025 comes 2027"),
        ("name = ", "not valid TOML"),
    ],
)  # fmt: skip
def test_a_bad_calendar_is_refused_with_what_and_where(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "x.toml").write_text(text, encoding="utf-8")
    with pytest.raises(RuleError, match=message):
        load_calendar("x", tmp_path)


def test_an_unknown_calendar_names_the_known_ones() -> None:
    with pytest.raises(RuleError, match=r"No calendar 'china'.*cn"):
        load_calendar("china")

"""Cells to values: what is said, what is empty, what cannot be read."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import values
from collectors.records import RECORDS, Column
from collectors.stamps import Clock
from collectors.words import choices, flags


def read(column: Column, *texts: str | None, words=None):
    parsed = values.parse(column, pl.Series(texts, dtype=pl.String), words or {}, Clock())
    bad = [False] * len(texts) if parsed.bad is None else parsed.bad.to_list()
    return parsed.values.to_list(), bad


def cleaned(*texts: str | None):
    return pl.DataFrame({"c": texts}, schema={"c": pl.String}).select(values.clean(pl.col("c")))["c"].to_list()


def test_what_says_nothing_is_empty():
    nothing = ("", " ", "\u00a0", "\u3000", "-", "--", "—", "——", "－", "null", "NULL", "\t", " — ", None)
    assert cleaned(*nothing) == [None] * len(nothing)


def test_blanks_around_a_text_go_and_those_inside_stay():
    assert cleaned("\u00a0城关 供电所\t\t", "a\nb ") == ["城关 供电所", "a\nb"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026090100001234", "2026090100001234"),
        ("２０２６０９０１", "20260901"),
        ("'00123", "00123"),
        ('="00123"', "00123"),
        ("123456.0", "123456"),
        ("GD-2026/001", "GD-2026/001"),
        ("0012", "0012"),
    ],
)
def test_identifiers_keep_their_digits(text, expected):
    assert values.clean_identifier(pl.Series([text])).to_list() == [expected]


def test_numbers_that_excel_ruined_are_damaged():
    assert values.damaged_identifiers(pl.Series(["2.02311E+19", "2E+19", "1.5e+16"])).all()
    assert not values.damaged_identifiers(pl.Series(["2E", "E19", "3E12", "123", None])).any()


def test_a_whole_column_of_long_numbers_ending_in_zeros_is_damaged():
    ruined = pl.Series([f"{2023112108053 + n:013}9000000" for n in range(30)])
    fine = pl.Series([f"2023112108{n:06}1234" for n in range(30)])
    assert values.damaged_identifiers(ruined).all()
    assert not values.damaged_identifiers(fine).any()


def test_a_single_long_number_that_ends_in_zeros_may_be_right():
    assert not values.damaged_identifiers(pl.Series(["20260900000000100000"])).any()


TYPE = RECORDS["tickets"].column("type")


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("故障报修", "fault"), ("投诉", "complaint"), ("举报", "report"), ("意见", "opinion"), ("建议", "suggestion"),
        ("业务咨询", "enquiry"), ("表扬", "praise"), ("服务申请", "request"), (" 投 诉 ", "complaint"),
        ("fault", "fault"),
        ("Complaint", "complaint"),
    ],
)  # fmt: skip
def test_ticket_types_in_chinese_and_english(word, expected):
    assert read(TYPE, word, words=choices("tickets", "type")) == ([expected], [False])


def test_operational_codes_are_not_guessed():
    codes = ("0", "1", "2", "9", "催办")
    assert read(TYPE, *codes, words=choices("tickets", "type")) == ([None] * 5, [True] * 5)


@pytest.mark.parametrize(
    ("word", "expected"),
    [("满意", "satisfied"), ("基本满意", "satisfied"), ("非常满意", "satisfied"), ("一般", "neutral"),
     ("不满意", "dissatisfied"), ("非常不满意", "dissatisfied"), ("未评价", None)],
)  # fmt: skip
def test_satisfaction_words(word, expected):
    column = RECORDS["tickets"].column("satisfaction")
    assert read(column, word, words=choices("tickets", "satisfaction")) == ([expected], [False])


def test_satisfaction_digits_are_unreadable_because_their_direction_differs():
    column = RECORDS["tickets"].column("satisfaction")
    assert read(column, "0", "2", words=choices("tickets", "satisfaction")) == ([None, None], [True, True])


@pytest.mark.parametrize(
    ("word", "expected"),
    [("城区", "urban"), ("农村", "rural"), ("特殊边远", "remote"), ("特殊边远地区", "remote"), ("01", "urban"),
     ("3", "remote"),
     ("remote", "remote")],
)  # fmt: skip
def test_area_words(word, expected):
    assert read(RECORDS["repairs"].column("area"), word, words=choices("repairs", "area")) == ([expected], [False])


def test_flags_know_many_words_and_ownership_its_own():
    yes_no = ("是", "否", "Y", "n", "TRUE", "false", "1", "0", "yes", "No")
    column = RECORDS["tickets"].column("withdrawn")
    assert read(column, *yes_no, None, words=flags("tickets", "withdrawn"))[0] == [True, False] * 5 + [None]
    owned = RECORDS["repairs"].column("customer_owned")
    assert read(owned, "客户资产", "供电公司", "是", words=flags("repairs", "customer_owned"))[0] == [True, False, True]


def test_integers():
    column = Column("urges", "integer")
    assert read(column, "3", "3.0", "３", "1,234", "2次", None, "三", "3.5", "-1") == (
        [3, 3, 3, 1234, 2, None, None, None, -1],
        [False] * 6 + [True, True, False],
    )


def test_decimals_keep_every_digit():
    column = Column("numerator", "decimal")
    assert read(column, "1,234.50", "0.1000000000000000055", "-2", "９.７", "9.7%", "NaN", "1e3") == (
        ["1234.50", "0.1000000000000000055", "-2", "9.7", None, None, "1000"],
        [False, False, False, False, True, True, False],
    )


def test_months_clock_times_and_json():
    assert read(Column("period", "month"), "2026-09", "202609", "2026年9月", "2026/9/1", "2026-13")[0] == [
        "2026-09", "2026-09", "2026-09", "2026-09", None]  # fmt: skip
    assert read(Column("opens", "clock_time"), "8:30", "08:30:00", "8时30分", "0.354166666666667", "25:00")[0] == [
        "08:30", "08:30", "08:30", "08:30", None]  # fmt: skip
    assert read(Column("windows", "json"), '[{"name":"窗口1"}]', "[") == (['[{"name": "窗口1"}]', None], [False, True])


def test_minutes_as_written():
    parsed = values.minutes(pl.Series(["35", "12.5", "35分钟", "３５", "半小时", None]))
    assert parsed.values.to_list() == [2_100_000_000, 750_000_000, 2_100_000_000, 2_100_000_000, None, None]
    assert parsed.bad is not None
    assert parsed.bad.to_list() == [False, False, False, False, True, False]


@given(st.lists(st.one_of(st.none(), st.text(max_size=12)), min_size=1, max_size=8), st.sampled_from(
    ["instant", "day", "month", "clock_time", "integer", "decimal", "flag", "maybe", "json"]))  # fmt: skip
def test_a_value_is_there_or_empty_or_bad_and_nothing_breaks(texts, kind):
    frame = pl.DataFrame({"c": texts}, schema={"c": pl.String}).select(values.clean(pl.col("c")))
    parsed = values.parse(Column("x", kind), frame["c"], flags("tickets", "withdrawn"), Clock())
    bad = [False] * len(texts) if parsed.bad is None else parsed.bad.to_list()
    for text, value, is_bad in zip(frame["c"], parsed.values, bad, strict=True):
        assert not (is_bad and value is not None)
        assert (text is None) <= (value is None and not is_bad)
        assert text is None or is_bad == (value is None)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("period", "2025年第三季度", "2025-Q3"), ("period", "2025Q4", "2025-Q4"), ("period", "2025-Q1", "2025-Q1"),
        ("period", "2025年2季度", "2025-Q2"), ("period", "202509", "2025-09"), ("period", "2025年9月", "2025-09"),
        ("period", "2025", None), ("period", "2025-Q5", None), ("share", "98.5%", "0.985"), ("share", "0.985", "0.985"),
        ("share", "100%", "1"), ("share", "1", "1"), ("share", "98.5", None), ("share", "很好", None),
    ],
)  # fmt: skip
def test_periods_and_shares_as_people_write_them(kind, text, value):
    """98.5 without a sign of percent may be either: it is not guessed."""
    assert read(Column("x", kind), text) == ([value], [value is None])

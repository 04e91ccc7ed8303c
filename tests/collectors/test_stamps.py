"""Times as people and systems write them; expectations are worked out by hand or by Python's own datetime."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.stamps import Clock, parse_days, parse_moment, parse_stamps, to_the_minute

SHANGHAI = ZoneInfo("Asia/Shanghai")


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=SHANGHAI)


FORMS = [
    ("2026-11-21 08:05:33", local(2026, 11, 21, 8, 5, 33)),
    ("2026/11/21 8:05", local(2026, 11, 21, 8, 5)),
    ("2026-11-21 08:05:33.0", local(2026, 11, 21, 8, 5, 33)),
    ("2026-11-21 08:05:33.250", local(2026, 11, 21, 8, 5, 33, 250_000)),
    ("20261121080533", local(2026, 11, 21, 8, 5, 33)),
    ("202611210805", local(2026, 11, 21, 8, 5)),
    ("20261121", local(2026, 11, 21)),
    ("2026年11月21日", local(2026, 11, 21)),
    ("2026年11月21日 8时5分", local(2026, 11, 21, 8, 5)),
    ("2026年11月21日8时5分33秒", local(2026, 11, 21, 8, 5, 33)),
    ("2026年1月2日 下午3:05", local(2026, 1, 2, 15, 5)),
    ("2026-11-21 8:5", local(2026, 11, 21, 8, 5)),
    ("2026.11.21", local(2026, 11, 21)),
    ("2026-11-21T08:05:33", local(2026, 11, 21, 8, 5, 33)),
    ("2026-11-21T08:05:33+08:00", local(2026, 11, 21, 8, 5, 33)),
    ("2026-11-21T00:05:33Z", local(2026, 11, 21, 8, 5, 33)),
    ("2026-11-21 02:05:33+0200", local(2026, 11, 21, 8, 5, 33)),
    ("2026-11-21 24:00", local(2026, 11, 22)),
    ("2026-12-31 24:00:00", local(2027, 1, 1)),
    ("2026年9月30日24时", local(2026, 10, 1)),
    ("46347", local(2026, 11, 21)),
    ("46347.5", local(2026, 11, 21, 12)),
    ("46347 8:05:33", local(2026, 11, 21, 8, 5, 33)),
    ("46347.33719907408", local(2026, 11, 21, 8, 5, 34)),
    ("２０２６／１１／２１　８：０５", local(2026, 11, 21, 8, 5)),
    ("2026-11-21\u00a008:05:33\t", local(2026, 11, 21, 8, 5, 33)),
    ("2024-2-29", local(2024, 2, 29)),
    ("1989-06-01 12:00:00", datetime(1989, 6, 1, 3, tzinfo=UTC)),  # summer time was kept until 1991: UTC+9
]


@pytest.mark.parametrize(("text", "expected"), FORMS, ids=[text for text, _ in FORMS])
def test_every_form_of_the_field_is_read(text, expected):
    assert parse_moment(text, Clock()) == expected


@pytest.mark.parametrize(
    "text",
    [
        "2026/2/30", "2026-13-01", "2025-2-29", "0000-00-00", "0000-00-00 00:00:00", "1900-01-00", "1900-01-01",
        "2026-11-21 25:00", "2026-11-21 24:01", "2026-11-21 08:60:00", "2026-11-21 08:05:60", "08:05", "未知",
        "06/26/2018 10:58:54 AM", "99999", "12", "2026-11-21-08:00", "20261321080533", "9999-99-99 99:99:99",
    ],
)  # fmt: skip
def test_a_time_that_does_not_exist_is_not_guessed(text):
    assert parse_moment(text, Clock()) is None


def test_a_column_of_mixed_forms_is_read_cell_by_cell():
    texts = pl.Series([text for text, _ in FORMS] + [None, "2026/2/30"])
    instants = parse_stamps(texts, Clock()).to_list()
    expected = [int(moment.timestamp() * 1_000_000) for _, moment in FORMS]
    assert instants == [*expected, None, None]


def test_us_forms_are_read_only_when_the_source_says_so():
    clock = Clock("America/New_York", ("%m/%d/%Y %I:%M:%S %p",))
    assert parse_moment("06/26/2018 10:58:54 AM", clock) == datetime(2018, 6, 26, 14, 58, 54, tzinfo=UTC)
    assert parse_moment("06/26/2018 10:58:54 PM", clock) == datetime(2018, 6, 27, 2, 58, 54, tzinfo=UTC)
    assert parse_moment("03/11/2018 02:30:00 AM", clock) is None  # the hour that summer time skips


def test_serials_of_a_macintosh_workbook_count_from_1904():
    assert parse_moment("44885", Clock(from_1904=True)) == local(2026, 11, 21)


@given(st.datetimes(datetime(1992, 1, 1), datetime(2099, 12, 31)).map(lambda d: d.replace(microsecond=0)))
def test_any_second_survives_all_common_forms(moment):
    expected = moment.replace(tzinfo=timezone(timedelta(hours=8)))
    forms = (
        "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y%m%d%H%M%S", "%Y年%m月%d日 %H时%M分%S秒",
        "%Y-%m-%d %H:%M:%S.0",
    )  # fmt: skip
    texts = [moment.strftime(form) for form in forms]
    texts.append(f"{moment.year}/{moment.month}/{moment.day} {moment.hour}:{moment.minute}:{moment.second}")
    instants = parse_stamps(pl.Series(texts), Clock()).to_list()
    assert instants == [int(expected.timestamp()) * 1_000_000] * len(texts)


@given(st.text(max_size=30))
def test_no_text_breaks_the_parser(text):
    value = parse_moment(text, Clock())
    assert value is None or value.tzinfo is not None


@given(st.integers(0, 86_399), st.integers(20_100, 73_000))
def test_excel_serials_give_the_second_they_were_made_from(second, day):
    moment = datetime(1899, 12, 30, tzinfo=SHANGHAI).replace(tzinfo=None) + timedelta(days=day, seconds=second)
    serial = repr(day + second / 86_400)
    expected = moment.replace(tzinfo=SHANGHAI)
    assert parse_moment(serial.removesuffix(".0"), Clock()) == expected


def test_a_stamp_without_seconds_is_known_to_the_minute_only():
    coarse = [
        "2026/11/21 8:05",
        "２０２６／１１／２１　８：０５",
        "202611210805",
        "2026年11月21日 8时5分",
        "2026-11-21",
    ]
    exact = [
        "2026-11-21 08:05:00",
        "20261121080500",
        "2026年11月21日 8时5分0秒",
        "46347.5",
        "2026-11-21T08:05:00+08:00",
    ]
    assert to_the_minute(pl.Series(coarse)).all()
    assert not to_the_minute(pl.Series([*exact, None])).any()


def test_days_are_the_local_day_written():
    days = parse_days(pl.Series(["2026-11-21", "2026/11/21 23:59", "2026-11-21 24:00", None, "x"]), Clock())
    assert days.to_list() == ["2026-11-21", "2026-11-21", "2026-11-22", None, None]

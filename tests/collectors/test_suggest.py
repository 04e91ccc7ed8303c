"""Suggestions for an unknown export: by the dictionary, by likeness, by what the columns hold; and the text to save."""

import tomllib

import polars as pl
import pytest

from collectors.mapping import SpreadsheetConfig, parse_config
from collectors.mapping_text import as_toml
from collectors.stamps import Clock
from collectors.suggest import suggest

HEADER = ["国网工单编号", "受理时刻", "诉求", "哪个所", "备注信息", "处理进度"]
ROWS = [
    ["2026071500012345", "2026-07-15 08:30:00", "投诉", "甲供电所", "无", "12"],
    ["2026071500012346", "2026-07-15 09:30:00", "业务咨询", "乙供电所", "", "13"],
    ["2026071500012347", "2026-07-15 10:30:00", "故障报修", "甲供电所", "x", ""],
]


def frame(rows):
    return pl.DataFrame(rows, schema=[f"c{n}" for n in range(len(rows[0]))], orient="row")


@pytest.fixture
def found():
    made = suggest("tickets", HEADER, frame(ROWS), Clock(), lambda text: text in ("甲供电所", "乙供电所"))
    return {one.header: one for one in made}


def test_a_known_header_is_certain(found):
    assert (found["国网工单编号"].column, found["国网工单编号"].how) == ("ticket_no", "known")


def test_a_header_spelt_a_little_differently_is_suggested_with_its_likeness(found):
    """Three of four characters in common: 2 × 3 ÷ 8 = 75."""
    one = found["受理时刻"]
    assert (one.column, one.how, one.score) == ("accepted_at", "similar", 75.0)


def test_words_of_an_enumeration_suggest_its_column(found):
    assert (found["诉求"].column, found["诉求"].how, found["诉求"].score) == ("type", "content", 100.0)


def test_names_of_our_offices_suggest_the_office(found):
    assert (found["哪个所"].column, found["哪个所"].how) == ("office_code", "content")


def test_nothing_is_suggested_for_what_nothing_speaks_for(found):
    assert found["处理进度"].column is None
    assert found["处理进度"].profile.numbers == 1.0
    assert found["处理进度"].profile.filled == pytest.approx(2 / 3)


def test_a_likeness_against_what_the_column_holds_is_no_suggestion():
    """`受理时刻` is like 受理时间, but holds words."""
    found = suggest("tickets", ["受理时刻"], frame([["上午"], ["下午"]]), Clock())
    assert found[0].column is None


def test_the_text_of_a_source_reads_back_as_the_same_source():
    raw = {
        "name": "客服 导出",
        "record": "tickets",
        "kind": "spreadsheet",
        "path": "inbox/客服/*",
        "header_rows": 2,
        "strict_header": True,
        "headers": [["工单编号", '带"引号"', "反\\斜"]],
        "columns": {"ticket_no": "工单编号", "office_code": ["供电所", "区县"], "phone": []},
        "values": {"type": {"故障 报修": "fault", "\x7f": ""}},
    }
    read = tomllib.loads(as_toml(raw))["sources"]
    assert read == [raw]
    assert parse_config(SpreadsheetConfig, read[0], "x").headers == raw["headers"]


def test_what_is_empty_is_left_out():
    assert as_toml({"name": "x", "record": "tickets", "sheets": [], "values": {"type": {}}, "columns": {}}) == (
        '[[sources]]\nname = "x"\nrecord = "tickets"\n'
    )

"""The Quarantine page: what it counts, who may act there, and that each deed does what it says."""

from datetime import UTC, datetime

import pytest

from collectors.mapping import SpreadsheetConfig, parse_config
from dashboard.bootstrap import open_application
from dashboard.intake import import_file
from dashboard.people import system_viewer
from dashboard.queries.quarantine import quarantine_counts, quarantined
from tests.journeys.company import KEEPER, PERSON, make_company
from tests.pages.opening import press, text_of

EXPORT = """ticket_no,type,office_code,accepted_at,content
Q-1,enquiry,东合供电所,2026-07-01 08:00:00,一
Q-2,enquiry,东合供电所,2026-07-02 08:00:00,二
Q-3,enquiry,东河供电所,明天,三
Q-4,enquiry,东河供电所,2026-07-04 08:00:00,四
"""
"""Four tickets: two name an office that is misspelt, one a time that cannot be read, one is good."""


@pytest.fixture
def home(tmp_path):
    made = make_company(tmp_path / "home")
    app = open_application(directory=made, environment={})
    path = made / "misspelt.csv"
    path.write_text(EXPORT, encoding="utf-8")
    config = parse_config(SpreadsheetConfig, {"name": "hotline", "record": "tickets"}, "the test")
    import_file(app.db, by=system_viewer(), path=path, config=config, now=datetime.now(UTC), name=path.name)
    app.db.engine.dispose()
    return made


@pytest.fixture
def page(opened):
    return lambda home, person=KEEPER, **asked: opened(home, "quarantine", person, **asked)


def labels(app):
    return [one.label for one in app.button]


def row_number(home, number):
    app = open_application(directory=home, environment={})
    found = {row["number"]: row["id"] for row in quarantined(app.db, system_viewer(), state=None).to_dicts()}
    app.db.engine.dispose()
    return str(found[number])


def open_rows(home):
    app = open_application(directory=home, environment={})
    found = [(row["source"], row["reason"], row["office_named"], row["rows"])
             for row in quarantine_counts(app.db, system_viewer()).to_dicts()]  # fmt: skip
    app.db.engine.dispose()
    return found


def test_an_empty_quarantine_says_what_would_be_here(page, tmp_path):
    app = page(make_company(tmp_path / "home", filled=False))
    assert "隔离区是空的。" in text_of(app)
    assert "读不懂或找不到单位的行会留在这里，一行也不丢。" in text_of(app)
    assert labels(app) == []


def test_rows_are_counted_by_source_reason_and_office(page, home):
    text = text_of(page(home))
    assert "4 行 4 读到次数" in text
    assert "2 未知的单位名称" in text
    assert "单位未知 hotline 工单 东合供电所 2 2" in text
    assert "时间无法读取 hotline 工单 东河供电所 1 1" in text
    assert "单位未知 repairs 抢修 无此供电所 1 1" in text


def test_the_filters_of_the_address_choose_the_rows(page, home):
    text = text_of(page(home, source="hotline", record="tickets", reason="unknown_office", named="东合供电所"))
    listed = text.split("隔离的行")[-1]
    assert "Q-1" in listed
    assert "Q-2" in listed
    assert "Q-3" not in listed


def test_a_name_is_explained_with_one_click_and_its_rows_are_taken_in(page, home):
    app = page(home)
    text = press(app, "东河供电所 990101")
    assert "“东合供电所”现在指东河供电所；该名称还剩 0 行。 入库 2 行，仍被拒 0 行。" in text
    assert ("hotline", "unreadable_time", "东河供电所", 1) in open_rows(home)
    assert not [row for row in open_rows(home) if row[2] == "东合供电所"]


def test_a_row_is_put_right_and_taken_in(page, home):
    number = row_number(home, "Q-3")
    app = page(home, row=number)
    assert "明天" in text_of(app)
    field = next(one for one in app.text_input if one.value == "明天")
    field.set_value("2026-07-03 08:00:00")
    text = press(app, "改正并入库")
    assert "入库 1 行，仍被拒 0 行。" in text
    assert "已入库" in text
    assert "秦怀瑾 作了改正 accepted_at: 2026-07-03 08:00:00" in text
    assert not [row for row in open_rows(home) if row[1] == "unreadable_time"]
    assert "改正并入库" not in labels(app)


def test_a_repair_that_changes_nothing_or_is_wrong_says_so(page, home):
    app = page(home, row=row_number(home, "Q-3"))
    assert "没有改动任何值。" in press(app, "改正并入库")
    next(one for one in app.text_input if one.value == "明天").set_value("后天")
    assert "入库 0 行，仍被拒 1 行。" in press(app, "改正并入库")
    assert ("hotline", "unreadable_time", "东河供电所", 1) in open_rows(home)


def test_a_row_is_set_aside_only_with_a_reason_and_can_be_put_back(page, home):
    app = page(home, row=row_number(home, "Q-3"))
    assert "没有理由不能搁置行" in press(app, "搁置")
    next(one for one in app.text_input if one.key.startswith("quarantine_why")).set_value("测试工单")
    assert "已搁置 1 行。" in press(app, "搁置")
    assert not [row for row in open_rows(home) if row[1] == "unreadable_time"]
    assert "已放回 1 行。" in press(app, "放回隔离区")
    assert ("hotline", "unreadable_time", "东河供电所", 1) in open_rows(home)


def test_who_does_not_keep_the_data_reads_and_only_takes_in_again(page, home):
    """An inspector of the whole company may replay, not correct; the actions say so."""
    app = page(home, PERSON, row=row_number(home, "Q-3"))
    assert labels(app) == ["原样重新入库"]
    assert not app.text_input
    assert "最像的单位：东河供电所 990101" in text_of(app)
    assert "明天" in text_of(app)


def test_the_head_of_an_office_sees_no_raw_row_and_no_button(page, home):
    app = page(home, "许立", row=row_number(home, "Q-3"))
    text = text_of(app)
    assert "原始行只给能查看全公司的人员看。" in text
    assert "东合供电所" not in text
    assert "明天" not in text
    assert labels(app) == []


def test_in_english_the_page_says_the_same(page, home):
    text = text_of(page(home, lang="en"))
    assert "2 unknown office names" in text
    assert "2 rows wait" in text

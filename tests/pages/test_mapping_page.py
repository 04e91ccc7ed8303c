"""The Mapping page: what it says of an unknown export, who may see it, and that saving makes a source."""

import html
import re
import tomllib

import pytest

from tests.journeys.company import KEEPER, PERSON, make_company
from tests.pages.opening import text_of

EXPORT = """客服中心导出,,,,
国网工单编号,诉求,哪个所,受理时刻,处理进度
KF-000001,投诉,东河供电所,2026-07-01 08:00:00,3
KF-000002,业务咨询,西坝供电所,2026-07-02 09:30:00,
KF-000003,找茬,西坝供电所,2026-07-02 10:30:00,
KF-000004,投诉,没有此所,2026-07-03 10:30:00,
合计,4,,,
"""
SEVERAL = """工单编号,业务类型,供电所,受理时间,联系电话
A1,投诉,东河供电所,2026-07-01 08:00:00,1
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return make_company(tmp_path_factory.mktemp("mapping") / "home")


@pytest.fixture
def page(home, opened):
    return lambda person=KEEPER, **asked: opened(home, "mapping", person, **asked)


def dropped(app, content=EXPORT, name="客服.csv"):
    app.file_uploader[0].set_value((name, content.encode("gb18030"), "text/csv")).run()
    return app


def saved_text(app):
    markup = "".join(element.proto.body for element in app.get("html"))
    return tomllib.loads(html.unescape(re.findall(r"<pre>(.*?)</pre>", markup, flags=re.S)[-1]))["sources"][0]


def box(app, label):
    return next(one for one in app.selectbox if one.label == label)


def test_without_a_file_it_says_what_to_do(page):
    assert "还没有文件。" in text_of(page())


def test_who_keeps_no_sources_sees_no_file(page):
    app = page(PERSON)
    assert "映射导出文件由全公司范围的管理员或考核人员进行。" in text_of(app)
    assert not app.file_uploader


def test_the_header_below_a_title_is_found_and_each_column_gets_its_suggestion(page):
    app = dropped(page())
    text = text_of(app)
    assert "表头在第 2 行" in text
    assert "受理时刻 表头相近 75" in text
    assert "诉求 按内容推测" in text
    chosen = {one.label: one.value for one in app.selectbox}
    assert chosen["国网工单编号"] == "ticket_no"
    assert chosen["哪个所"] == "office_code"
    assert chosen["受理时刻"] == "accepted_at"
    assert chosen["处理进度"] == ""


def test_every_problem_is_counted_by_its_reason(page):
    """Four rows: one office and one word nobody knows; a title, and a total left out."""
    text = text_of(dropped(page()))
    assert "4 读到的行" in text
    assert "2 将入库" in text
    assert "2 将进隔离区" in text
    assert "2 跳过的行" in text
    assert "单位未知 单位 office_code 1 没有此所" in text
    assert "找茬" in text


def test_a_word_that_is_given_a_meaning_is_stored(page):
    app = dropped(page())
    next(one for one in app.selectbox if "找茬" in one.label).set_value("opinion").run()
    assert "3 将入库" in text_of(app)
    assert saved_text(app)["values"] == {"type": {"找茬": "opinion"}}


def test_a_required_column_taken_away_refuses_the_file_and_saving(page):
    app = dropped(page())
    box(app, "受理时刻").set_value("").run()
    text = text_of(app)
    assert "照现在的映射，整份文件会被拒收。" in text
    assert "accepted_at" in text
    assert app.button(key="map_save").disabled


def test_a_known_column_taken_away_stays_away(page):
    app = dropped(page(), SEVERAL, "a.csv")
    box(app, "联系电话").set_value("").run()
    assert saved_text(app)["columns"]["phone"] == []
    assert "1 将入库" in text_of(app)


def test_of_two_columns_for_the_office_the_finer_one_comes_first(page):
    app = dropped(
        page(),
        "供电单位,供电所编码,工单编号,业务类型,受理时间\n甲县供电公司,990101,A1,投诉,2026-07-01 08:00\n",
        "a.csv",
    )
    assert saved_text(app)["columns"]["office_code"] == ["供电所编码", "供电单位"]
    assert "990101" in text_of(app)


def test_saving_writes_the_source_and_lays_the_file_into_its_folder(page, home):
    app = dropped(page())
    app.text_input(key="map_name").set_value("客服中心").run()
    app.button(key="map_save").click().run()
    assert "已保存为 sources.d/客服中心.toml" in text_of(app)
    source = tomllib.loads((home / "sources.d" / "客服中心.toml").read_text("utf-8"))["sources"][0]
    assert source["headers"] == [["国网工单编号", "诉求", "哪个所", "受理时刻", "处理进度"]]
    assert source["columns"]["accepted_at"] == "受理时刻"
    assert (home / "inbox" / "客服中心" / "客服.csv").read_bytes() == EXPORT.encode("gb18030")
    app.button(key="map_save").click().run()
    assert "已有数据源“客服中心”。" in text_of(app)


def test_a_file_that_holds_no_table_says_so(page):
    app = dropped(page(), "只有一句话\n", "x.csv")
    assert "文件中没有找到表格。" in text_of(app)


def test_in_english_nothing_of_its_own_is_chinese(page):
    app = dropped(page(lang="en"), SEVERAL, "a.csv")
    text = text_of(app)
    assert "Header in line 1" in text
    assert "1 would be stored" in text
    assert "known header" in text

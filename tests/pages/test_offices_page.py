"""The Office tree page: the tree of a day, one office through time, and changes made with their preview."""

from datetime import date

import pytest

from dashboard.bootstrap import open_application
from dashboard.people import system_viewer
from dashboard.queries.office_history import deeds, read_history
from tests.journeys.company import KEEPER, PERSON, make_company
from tests.pages.opening import text_of


@pytest.fixture
def home(tmp_path):
    return make_company(tmp_path / "home")


@pytest.fixture
def page(opened):
    return lambda home, where="offices", person=KEEPER, **asked: opened(home, where, person, **asked)


def field(kind, label):
    return next(one for one in kind if one.label == label)


def press(app, label):
    field(app.button, label).click().run()
    return text_of(app)


def ask(app, label="预览", why="〔2026〕8号", day="2026-08-01"):
    field(app.date_input, "自（生效首日）").set_value(date.fromisoformat(day))
    field(app.text_input, "依据（文件、决定）").set_value(why)
    return press(app, label)


def stored(home, question):
    app = open_application(directory=home, environment={})
    found = question(app.db)
    app.db.engine.dispose()
    return found


def test_an_empty_company_can_open_its_first_office(page, tmp_path):
    home = make_company(tmp_path / "home", filled=False)
    app = page(home, act="open")
    assert "还没有单位。" in text_of(app)
    field(app.text_input, "编码").set_value("99")
    field(app.text_input, "名称").set_value("示范市供电公司")
    field(app.selectbox, "级别").set_value("company")
    assert "列入排名" in ask(app)
    assert "已完成：写入 1 个版本" in press(app, "确认变更")
    assert stored(home, read_history)["99"][0].name == "示范市供电公司"


def test_the_tree_of_a_day_and_one_office_are_shown(page, home):
    text = text_of(page(home, code="990101"))
    assert "某一天有哪些单位，变了什么？" in text
    assert "示范市供电公司 甲县供电公司 东河供电所 东河营业厅 西坝供电所 乙县供电公司" in text
    assert "东河供电所 990101 有效" in text
    assert "自始至今没有变更。" in text


def test_a_merger_is_previewed_confirmed_and_told_where_figures_are_compared(page, home):
    app = page(home, code="990102", act="merge")
    field(app.selectbox, "保留的单位").set_value("990101")
    text = ask(app)
    assert "变更影响预览" in text
    assert "西坝供电所 990102 供电所 不再列入排名" in text
    assert "东河供电所 990101 供电所 并入 西坝供电所；客户数：12 000 → 21 000 +28" in text
    assert "990102" in stored(home, read_history)
    assert "990102" not in [code for code, versions in stored(home, read_history).items() if len(versions) > 1]
    assert "已完成：写入 3 个版本" in press(app, "确认变更")
    assert "自 2026-08-01 起西坝供电所并入东河供电所。" in text_of(page(home, code="990101"))
    league = text_of(page(home, "league"))
    assert "所比较的期间内单位有变更：" in league
    assert "自 2026-08-01 起西坝供电所并入东河供电所。" in league
    assert "西坝供电所 " in league.split("较上期")[-1]
    restated = text_of(page(home, "league", tree="today"))
    assert "今日口径：每条记录都计入它今天所归属的单位。" in restated
    assert "西坝供电所" not in restated.split("较上期")[-1]
    office = text_of(page(home, "office", office="990101", tree="today"))
    assert "自 2026-08-01 起西坝供电所并入东河供电所。" in office
    assert "自 2026-08-01" not in text_of(page(home, "office", office="990202"))


def test_what_cannot_be_is_said_and_a_reason_is_asked_for(page, home):
    app = page(home, code="990101", act="close")
    assert "单位变更须写明依据" in ask(app, why="")
    text = ask(app)
    assert "不能这样变更。" in text
    assert "H0101 仍在 990101 之下" in text
    assert "确认变更" not in [one.label for one in app.button]


def test_a_change_is_given_up_or_taken_back(page, home):
    app = page(home, code="990102", act="rename")
    field(app.text_input, "新名称").set_value("西坝中心供电所")
    assert "由“西坝供电所”更名" in ask(app)
    assert "变更影响预览" not in press(app, "放弃")
    assert stored(home, lambda db: deeds(db, system_viewer())) == []
    field(app.text_input, "新名称").set_value("西坝中心供电所")
    ask(app)
    assert "西坝中心供电所" in press(app, "确认变更")
    field(app.text_input, "为什么录错").set_value("文件作废")
    assert "撤回。" in press(app, "撤回变更")
    kinds = [(deed.kind, deed.taken_back) for deed in stored(home, lambda db: deeds(db, system_viewer()))]
    assert kinds == [("take_back", False), ("rename", True)]


def test_an_office_is_split_line_by_line(page, home):
    app = page(home, code="990101", act="split")
    field(app.text_area, "拆分为（每行一个）：编码, 名称, 客户数；写原编码表示原单位继续存在").set_value(
        "990103, 河东供电所, 7000\n990104，河西供电所，5000")  # fmt: skip
    field(app.text_area, "下级单位去向（每行一个）：单位 = 拆分后的单位").set_value("H0101 = 990104")
    ask(app)
    assert "写入 5 个版本" in press(app, "确认变更")
    history = stored(home, read_history)
    assert history["990101"][0].successor_code == "990103;990104"
    assert history["H0101"][-1].parent_code == "990104"
    assert history["990103"][0].customers == 7000


def test_a_name_is_added_and_withdrawn(page, home):
    app = page(home, code="990101", act="alias")
    field(app.text_input, "导出文件中的写法").set_value("东河营业部")
    assert "“东河营业部”现在指 990101。" in press(app, "添加别名")
    assert "东河营业部 东河供电所 一直 至今" in text_of(app)
    assert "别名已撤回" in press(app, "撤回别名")
    assert "东河营业部 东河供电所" not in text_of(app)


def test_who_does_not_keep_offices_only_reads(page, home):
    app = page(home, person=PERSON, code="990101")
    assert "东河供电所 990101 有效" in text_of(app)
    assert not app.button
    head = text_of(page(home, person="许立"))
    assert "西坝供电所" in head
    assert "南庄供电所" not in head


def test_another_day_has_another_tree_and_english_says_the_same(page, home):
    app = page(home, code="990102", act="rename")
    field(app.text_input, "新名称").set_value("西坝中心供电所")
    ask(app)
    press(app, "确认变更")
    assert "西坝供电所" in text_of(page(home, day="2026-07-31")).split("◆")[0]
    later = text_of(page(home, day="2026-08-01", lang="en"))
    assert "西坝中心供电所 ◆" in later
    assert "Which offices are there on a day, and what changed?" in later

"""Supplier forms and Search: a form is entered by taps under a box that two opened; each finds only what is theirs."""

import shutil
from datetime import UTC, datetime

import pytest

from dashboard.actions.forms import open_box
from dashboard.bootstrap import open_application
from dashboard.people import EVERYTHING, Viewer
from dashboard.queries.forms import sheets
from tests.journeys.company import PERSON
from tests.pages.opening import press, text_of

OTHER = Viewer("顾明", "inspector", EVERYTHING)
HEAD = "许立"


@pytest.fixture
def home(company, tmp_path):
    return shutil.copytree(company, tmp_path / "home")


def test_a_form_is_entered_by_taps_and_its_office_learns_nothing(opened, home):
    made = open_application(directory=home, environment={})
    when = datetime(2026, 9, 20, 2, tzinfo=UTC)
    opening = open_box(made.db, by=OTHER, box="2号箱", office="990102", found=1, opened_at=when, at=made.now())
    app = opened(home, "forms", view="boxes")
    assert "缺第二人签名" in text_of(app)
    assert "您已为第 1 次开箱签名。" in press(app, "我在场")
    assert "草稿保存在服务器上" in press(app, "录入第 1 次开箱")
    app.segmented_control(key="form_1_built_construction").set_value("yes").run()
    app.segmented_control(key="form_1_built_attitude").set_value("2").run()
    app.number_input(key="form_1_actual").set_value(25).run()
    app.text_input(key="form_1_customer").set_value("钱多多").run()
    told = press(app, "录入评价表")
    assert "已录入，编号 BD-1-1。表中反映了问题" in told
    assert "施工：指定施工" in told
    assert "钱多多" not in told
    assert "form_1_customer" not in app.session_state
    (sheet,) = sheets(made.db, OTHER)
    assert (sheet.opening, sheet.answers["built"], sheet.actual_days) == (
        opening, {"construction": "yes", "attitude": 2}, 25)  # fmt: skip
    made.db.engine.dispose()

    found = text_of(opened(home, "search", q="BD-1-1"))
    assert "BD-1-1 西坝供电所 2026-09-20 编号 BD-1-1" in found
    head = text_of(opened(home, "search", HEAD, q="BD-1-1"))
    assert "在您可查看的范围内没有找到。" in head
    office = text_of(opened(home, "forms", HEAD, view="boxes"))
    assert "西坝供电所 — 1 — — — — — — 不公布" in office
    assert "2号箱" not in office
    assert "BD-1-1" not in office


def test_a_persons_number_is_asked_once_and_stands_in_no_address(opened, home):
    app = opened(home, "search", PERSON)
    assert "请输入编号、编号开头、单位名称或一个词。" in text_of(app)
    app.text_input(key="search_words").set_value("13912345678")
    app.checkbox(key="search_person").set_value(True)
    assert "只比对完整号码" in press(app, "搜索")
    assert "q" not in app.query_params
    assert app.session_state["search_words"] == ""
    app.text_input(key="search_words").set_value("东河")
    assert "990101 东河供电所" in press(app, "搜索")
    assert app.query_params["q"] == "东河"

"""The pages Quarter and Exclusions: what they show, who may act there, and that each deed does what it says."""

import html
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from checks.exclusions import Filing
from collectors.mapping import SpreadsheetConfig, parse_config
from dashboard.actions.exclusions import file_exclusion
from dashboard.bootstrap import open_application
from dashboard.database.models import AUDIT
from dashboard.instants import to_micros
from dashboard.intake import import_file
from dashboard.people import Viewer, system_viewer
from dashboard.web import wiring
from tests.journeys.company import KEEPER, PERIOD, PERSON, make_company

APP = Path(__file__).parents[2] / "dashboard" / "app.py"
HEAD = "许立"


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    return make_company(tmp_path_factory.mktemp("company") / "home")


@pytest.fixture
def home(company, tmp_path):
    return Path(shutil.copytree(company, tmp_path / "home"))


@pytest.fixture
def page():
    def opened(home, slug, person=KEEPER, **parameters):
        wiring.forget()
        wiring.use_folder(home)
        app = AppTest.from_file(str(APP), default_timeout=60)
        app.query_params.update({"period": PERIOD, **parameters})
        app.session_state["mingcha_person"] = person
        app.run()
        app.switch_page(f"../pages/{slug}.py").run()
        assert not app.exception, app.exception
        return app

    yield opened
    wiring.forget()


def text_of(app):
    assert not app.exception, app.exception
    markup = "".join(element.proto.body for element in app.get("html"))
    text = re.sub(r"<style>.*?</style>", "", markup, flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", text)))


def corrected(home):
    """A later export says that the worst office's first repair was on time after all."""
    path = home / "late.csv"
    path.write_text("repair_no,office_code,accepted_at,arrived_at\n"
                    "XB-001,990102,2026-07-01 09:00:00,2026-07-01 09:30:00\n", encoding="utf-8")  # fmt: skip
    app = open_application(directory=home, environment={})
    config = parse_config(SpreadsheetConfig, {"name": "repairs", "record": "repairs"}, "the test")
    import_file(app.db, by=system_viewer(), path=path, config=config, now=datetime.now(UTC), name=path.name)
    app.db.engine.dispose()


def press(app, words):
    next(button for button in app.button if words in button.label).click().run()
    return text_of(app)


def test_a_quarter_is_proposed_by_one_and_published_by_another(home, page):
    first = page(home, "quarter")
    assert "季度评价" in text_of(first)
    told = press(first, "计算并提请")
    assert "已提请" in told
    assert "隔离区为空 需书面理由 1" in told
    assert "由另一人发布" in told
    assert not [button for button in first.button if "发布" in button.label]
    second = page(home, "quarter", PERSON)
    refused = press(second, "发布")
    assert "quarantine_empty 1" in refused
    second.text_input(key="quarter_publish_reason").set_value("该行不属本公司")
    frozen = press(second, "发布")
    assert "已冻结" in frozen
    assert "该行不属本公司" in frozen
    assert second.get("download_button")
    assert "冻结" in text_of(page(home, "quarter", HEAD, lang="zh"))
    league = page(home, "league")
    assert "西坝供电所" in text_of(league)
    corrected(home)
    first = page(home, "quarter")
    assert "还没有提出过更正" in text_of(first)
    first.text_input(key="quarter_restate_reason").set_value("补录到岗时间")
    told = press(first, "提请更正")
    assert "补录到岗时间" in told
    assert "抢修记录: repairs XB-001" in told
    second = page(home, "quarter", PERSON)
    assert "XB-001" in text_of(second)
    assert "列在冻结数据旁" in press(second, "批准")


def test_a_period_that_has_not_ended_says_from_when_it_can_be_frozen(home, page):
    app = page(home, "quarter", period="2099-Q1", lang="en")
    assert "can be frozen from" in text_of(app)
    assert not app.button


def test_an_exclusion_is_previewed_filed_and_approved_by_a_second_person(home, page):
    app = page(home, "exclusions")
    assert "还没有剔除申请" in text_of(app)
    app.multiselect(key="exclusion_offices").set_value(["990102"])
    app.text_input(key="exclusion_document").set_value("市防指〔2026〕8号")
    told = press(app, "先看影响")
    assert "尚未提交" in told
    assert re.search(r"西坝供电所 R1 0\.6122 \(30 ÷ 49\) 0\.625 \(30 ÷ 48\) 1", told)
    assert "XB-001" in told
    assert "剔除申请 1 已提交" in press(app, "提交申请")
    mine = page(home, "exclusions", number="1")
    assert "由另一人批准" in text_of(mine)
    assert not [button for button in mine.button if "批准" in button.label]
    second = page(home, "exclusions", PERSON, number="1")
    assert "自现在起生效" in press(second, "批准")
    office = page(home, "office", office="990102")
    assert "剔除前后" in text_of(office)
    again = page(home, "exclusions", PERSON, number="1")
    assert "什么都没有改动" in press(again, "撤销")
    again.text_input(key="exclusion_why_1").set_value("未达到启动标准")
    assert "重新计入" in press(again, "撤销")
    app = open_application(directory=home, environment={})
    with app.db.reading() as connection:
        deeds = connection.execute(sa.select(AUDIT.c.actor, AUDIT.c.action).order_by(AUDIT.c.id)).all()
    app.db.engine.dispose()
    wanted = [(KEEPER, "file_exclusion"), (PERSON, "approved_exclusion"), (PERSON, "revoked_exclusion")]
    assert [tuple(deed) for deed in deeds if "exclusion" in deed.action] == wanted


def test_what_cannot_be_filed_is_said_before_it_is_filed(home, page):
    app = page(home, "exclusions")
    told = press(app, "先看影响")
    assert "不能提交" in told
    assert not [button for button in app.button if button.label == "提交申请"]


def test_a_head_sees_his_part_of_a_filing_over_several_offices_without_its_preview(home, page):
    app = open_application(directory=home, environment={})
    start = to_micros(datetime(2026, 7, 1, tzinfo=UTC))
    filing = Filing(("990101", "990102"), ("repairs",), start, start + 86_400_000_000, "other", "文", note="东河的情况")
    keeper = Viewer(KEEPER, "evaluator", frozenset({"*"}))
    file_exclusion(app.db, by=keeper, filing=filing, at=app.now())
    app.db.engine.dispose()
    told = text_of(page(home, "exclusions", HEAD, number="1"))
    assert "此处只列您所辖单位" in told
    assert "西坝供电所" in told
    assert "东河" not in told

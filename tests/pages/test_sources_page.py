"""The Sources page: what looks wrong with what came, closing it with a reason, stated totals, a changed header."""

from datetime import UTC, datetime

import pytest

from collectors.base import CollectorError
from collectors.mapping import SpreadsheetConfig, parse_config
from dashboard.bootstrap import open_application
from dashboard.intake import import_file
from dashboard.people import system_viewer
from tests.journeys.company import KEEPER, PERSON, make_company
from tests.pages.opening import press, text_of

HEADER = ["工单编号", "供电单位", "受理时间", "业务类型", "备注"]
EXPORT = f"""95598工单明细（共 5 条）,,,,
{",".join(HEADER)}
F-1,东河供电所,2026-07-01 08:00:00,咨询,
F-2,东河供电所,2026-07-02 08:00:00,咨询,
"""


@pytest.fixture
def home(tmp_path):
    made = make_company(tmp_path / "home", filled=False)
    app = open_application(directory=made, environment={})
    (made / "o.csv").write_text("code,name,level\n990101,东河供电所,station\n990102,西坝供电所,station\n", "utf-8")
    (made / "totals.csv").write_text(EXPORT, "utf-8")
    other = EXPORT.replace("（共 5 条）", "").replace("受理时间", "工单受理时间").replace("备注", "电话")
    (made / "changed.csv").write_text(other, "utf-8")
    strict = {"name": "hotline", "record": "tickets", "strict_header": True, "headers": [HEADER]}
    take(app, made / "o.csv", {"name": "offices", "record": "offices"})
    take(app, made / "totals.csv", strict)
    with pytest.raises(CollectorError, match="the header has changed"):
        take(app, made / "changed.csv", strict)
    app.db.engine.dispose()
    return made


def take(app, path, raw):
    config = parse_config(SpreadsheetConfig, raw, "the test")
    import_file(app.db, by=system_viewer(), path=path, config=config, now=datetime.now(UTC), name=path.name)


@pytest.fixture
def page(opened):
    return lambda home, person=KEEPER, **asked: opened(home, "sources", person, **asked)


def test_without_flags_the_page_says_so(page, tmp_path):
    assert "来的数据没有可疑之处。" in text_of(page(make_company(tmp_path / "empty", filled=False)))


def test_a_gap_is_listed_with_its_numbers(page, home):
    text = text_of(page(home))
    assert "行数不符 hotline 工单 全部 “95598工单明细(共 5 条)”".replace("(", "（").replace(")", "）") in text
    assert "写明 5 行，读到 2 行：缺 3 行。" in text
    assert "states 5 rows, 2 were read: 3 are missing." in text_of(page(home, lang="en"))


def test_a_flag_is_closed_with_a_reason_and_opened_again(page, home):
    app = page(home, flag="1")
    assert "没有理由不能关闭提示" in press(app, "关闭标记")
    app.text_input[0].set_value("来源多计三条测试单")
    text = press(app, "关闭标记")
    assert "标记已关闭。" in text
    assert "来的数据没有可疑之处。" in text
    assert "已说明原因并关闭 来源多计三条测试单" in text
    app.text_input[0].set_value("来源承认漏导")
    assert "标记已重新打开。" in press(app, "重新打开")


def test_who_does_not_keep_the_data_sees_the_flag_and_no_button(page, home):
    app = page(home, PERSON, flag="1")
    assert "写明 5 行" in text_of(app)
    assert not app.button


def test_the_stated_totals_of_a_batch_stand_beside_what_was_read(page, home):
    assert "标题，第 1 行 行 5 2 3 不符" in text_of(page(home, batch="2"))
    assert "该批次的文件没有写明任何合计。" in text_of(page(home, batch="1"))


def test_a_changed_header_is_shown_beside_the_old_one(page, home):
    app = page(home)
    text = text_of(app)
    assert "hotline 的 changed.csv 于" in text
    assert "受理时间 工单受理时间 可能改名" in text
    assert "备注 — 消失" in text
    assert "— 电话 新增" in text
    assert "供电单位 供电单位 unchanged" not in text
    assert 'href="/mapping?' in "".join(element.proto.body for element in app.get("html"))
    assert "可能改名" not in text_of(page(home, "许立"))

"""The Sampling page: a hall's month and its filings, the slots, the draw of a day, minutes asked for outside it."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from dashboard.bootstrap import open_application
from dashboard.database.models import EXTRA_SAMPLES, RECORD_TABLES, SLOT_TABLES
from dashboard.people import system_viewer
from dashboard.sampling.sealing import reveal, seal
from tests.journeys.company import PERSON, make_company
from tests.pages.opening import press, text_of

HEAD = "许立"


@pytest.fixture
def home(tmp_path):
    return make_company(tmp_path / "home")


def field(kind, label):
    return next(one for one in kind if one.label == label)


def stored(home, query):
    app = open_application(directory=home, environment={})
    with app.db.reading() as connection:
        found = connection.execute(query).all()
    app.db.engine.dispose()
    return found


def test_a_month_of_a_hall_says_when_it_is_open_and_how_many_samples_are_due(opened, company):
    text = text_of(opened(company, "sampling", hall="H0101", day="2026-10-01"))
    assert "为什么是这个厅，为什么是这一分钟？" in text
    assert "东河营业厅：营业 18 天，停业 13 天，迟报 0 次。" in text  # 7 days of National Day, a worked Saturday
    assert "应抽 5" in text


def test_closing_a_hall_is_filed_with_its_reason_and_shown(opened, home):
    app = opened(home, "sampling", hall="H0101")
    assert "没有报备。" in text_of(app)
    field(app.text_input, "原因（公告、施工、故障）").set_value("线路检修停电公告〔2026〕12号")
    day = field(app.date_input, "起始日").value
    assert "已报备：1 个营业厅，1 天。" in press(app, "提交报备")
    table = RECORD_TABLES["hall_days"].c
    rows = stored(home, sa.select(table.hall_code, table.date, table.open, table.reason))
    assert rows == [("H0101", day.isoformat(), False, "线路检修停电公告〔2026〕12号")]
    assert "线路检修停电公告〔2026〕12号" in text_of(app)


def test_without_a_reason_nothing_is_filed(opened, home):
    app = opened(home, "sampling", hall="H0101")
    assert "报备须说明原因。" in press(app, "提交报备")
    assert stored(home, sa.select(RECORD_TABLES["hall_days"].c.id)) == []


def test_a_head_files_for_their_own_halls_only(opened, home):
    assert "此范围内没有营业厅。" in text_of(opened(home, "sampling", HEAD, hall="H0101"))


def test_the_slots_are_shown_and_an_inspector_does_not_change_them(opened, home):
    text = text_of(opened(home, "sampling", view="slots"))
    assert "08:30" in text
    assert "17:30" in text
    assert "时段由全公司管理员调整" in text
    assert stored(home, sa.select(SLOT_TABLES.c.id)) == []


def test_a_past_day_that_nobody_sealed_says_so(opened, company):
    text = text_of(opened(company, "sampling", view="draw", day="2026-09-30"))
    assert "当日计划无人封存：没有抽签。" in text


def test_a_day_to_come_is_not_sealed_yet_and_tells_no_moment(opened, company):
    text = text_of(opened(company, "sampling", view="draw", day="2099-09-30"))
    assert "尚未封存；后台在前一晚封存" in text
    assert "东河营业厅 1 时段结束前不公布 —" in text


def test_a_revealed_day_tells_every_moment_and_how_to_recompute_it(opened, home):
    app = open_application(directory=home, environment={})
    (home / "var").mkdir(exist_ok=True)
    (home / "var" / "plan.secret").write_text("0123456789abcdef0123456789abcdef")
    day, evening = date(2026, 9, 30), datetime(2026, 9, 29, 20, tzinfo=UTC)
    seal(app.db, app.settings, day, by=system_viewer(), now=evening)
    reveal(app.db, app.settings, day, by=system_viewer(), now=evening + timedelta(days=2))
    app.db.engine.dispose()
    shown = opened(home, "sampling", view="draw", day="2026-09-30")
    assert "东河营业厅 1 2026-09-30 08:" in text_of(shown)
    call = shown.code[0].value.split()
    assert call[:2] == ["python", "verify_draw.py"]
    script = Path(__file__).parents[2] / "docs" / "verify_draw.py"
    told = subprocess.run([sys.executable, str(script), *call[2:]], capture_output=True, text=True, check=True).stdout
    first = next(line for line in told.splitlines() if line.startswith("H0101 1 "))
    assert f"东河营业厅 1 {first.split()[2].replace('T', ' ')}" in text_of(shown)


def test_a_minute_is_asked_for_and_marked(opened, home):
    app = opened(home, "sampling", view="extra", hall="H0101")
    assert "没有定向抽查。" in text_of(app)
    field(app.text_input, "原因（投诉、线索）").set_value("投诉 95598-77")
    assert "该样本另行标注，不计入任何比率" in press(app, "要求抽取此样本")
    ((number, by),) = stored(home, sa.select(EXTRA_SAMPLES.c.sample_id, EXTRA_SAMPLES.c.by))
    assert number.startswith("X-H0101-")
    assert by == PERSON
    assert "等待后台抽取" in text_of(app)


def test_nothing_at_all_is_said_where_there_is_no_hall(opened, nothing):
    assert "此范围内没有营业厅。" in text_of(opened(nothing, "sampling"))


def test_a_strange_day_in_the_address_is_today(opened, company):
    app = opened(company, "sampling", view="draw", day="never")
    assert isinstance(field(app.date_input, "日期").value, date)

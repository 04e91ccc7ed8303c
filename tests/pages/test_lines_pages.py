"""The pages Connections and Lines, the lists without verdicts, and the doors between them."""

import html
import re
from datetime import UTC, datetime

import pytest

from collectors.mapping import SpreadsheetConfig, parse_config
from dashboard.bootstrap import open_application
from dashboard.intake import import_file
from dashboard.people import system_viewer
from tests.journeys.company import PERSON
from tests.journeys.lines_company import NOON, make_lines_company
from tests.pages.opening import markup_of, words_of


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    return make_lines_company(tmp_path_factory.mktemp("lines") / "home")


@pytest.fixture
def opened(opened):
    """The text that a person reads on a page, the alternatives of its pictures too, and the markup."""

    def read(home, page, person=PERSON, **parameters):
        markup = markup_of(opened(home, page, person, **parameters))
        alternatives = " ".join(re.findall(r'alt="([^"]*)"', markup))
        return words_of(f"{markup} {alternatives}"), markup

    return read


@pytest.mark.parametrize(
    ("page", "title"),
    [("connections", "业扩 哪些报装快要超期，办结用了多久？"), ("lines", "专业指标 其他各专业指标，逐月走势如何？")],
)
def test_a_page_of_an_empty_company_says_what_would_be_here(opened, nothing, page, title):
    text, markup = opened(nothing, page)
    assert title in text
    assert 'class="state empty"' in markup
    english, _ = opened(nothing, page, lang="en")
    assert not re.search(r"[\u4e00-\u9fff]", english.replace("明察", "").replace("示范市供电公司", ""))


def test_connections_show_what_runs_out_of_time(opened, company):
    text, markup = opened(company, "connections", as_of=NOON)
    assert "2 在途报装 1 在途且已超时限 0 已用时限的四分之三以上 4 本期接电 75.0% 其中时限内（评判 4 件）" in text
    assert "YK-8 西坝供电所 居民 受理 12 5" in text
    assert text.index("YK-8") < text.index("YK-5")
    assert "居民 3 5 个工作日 5.0 6 66.7% (2 / 3)" in text
    assert "高压单电源 1 22 个工作日 22.0 22 100.0% (1 / 1)" in text
    assert "西坝供电所 — 1 — 100.0% (1 / 1) 0 是 ×1 0 0 有反映" in text
    assert "66.7% 归档及时率（归档 3 件） 1 在途且已超时限（在途 2 件）" in text
    assert "供电方案答复 居民 法定" in text
    assert 'href="/record?' in markup


def test_lines_show_each_reported_line_with_its_target_and_year(opened, company):
    text, markup = opened(company, "lines", as_of="2026-10-20T08:00:00+08:00")
    assert "示范市供电公司 2 项指标，截至 2026-09" in text
    assert "线损率 比率 · ↓ 越低越好 5.0% 同比 −1.0 个百分点" in text
    assert "2025-07 目标 5.0% 2026-09" in text
    assert "低电压户数 数量 · ↓ 越低越好 40 无上年同期" in text
    assert re.search(r"另有 \d+ 项已登记指标在此无数据", text)
    assert "线损率：2026-08为 5.0%；上年同月 6.0%" in text
    door = re.search(r'<a href="([^"]+measure=line_loss[^"]*)"', markup).group(1)
    assert door.startswith("/lines?")


def test_one_line_shows_its_offices_and_the_rows_of_the_file(opened, company):
    text, _ = opened(company, "lines", measure="line_loss", office="9901")
    assert "东河供电所 比率" in text
    assert "西坝供电所 比率" in text
    assert "共 4 条" in text or "共 4 个" in text
    assert "线损率 东河供电所 2026-08 5 100 measures measures.csv 8" in text


def test_measures_and_inspections_are_listed_with_their_rows(opened, company):
    text, markup = opened(company, "records", record="measures", indicator="line_loss", office="990101")
    assert "线损率 东河供电所 2026-08 5 100 measures measures.csv 8" in text
    assert "第 1–2 条，共 2 条" in text
    assert re.search(r'href="/record\?[^"]*record=measures[^"]*id=\d+', markup)
    text, _ = opened(company, "records", record="inspections")
    assert "J-1 南庄营业厅 8月12日 10:00 互查 R05 违规 1 inspections.csv 2" in text


def test_a_figure_of_a_measure_leads_to_its_rows(opened, company):
    _, markup = opened(company, "office", office="990101")
    assert re.search(r'href="/records\?[^"]*record=measures[^"]*indicator=line_loss', html.unescape(markup))


def test_an_application_shows_its_pause_and_its_form_leads_back(opened, company):
    text, _ = opened(company, "record", record="applications", number="YK-3")
    assert "C1 业扩时限达标率 及时 22 个工作日 ＋暂停 4" in text
    assert "8月6日 23:59 8月6日 17:00" in text
    text, markup = opened(company, "record", record="evaluations", number="PJ-9")
    assert "指定施工 是" in text
    assert "YK-9" in markup
    text, _ = opened(company, "record", record="evaluations", number="PJ-9", person="许立")
    assert "没有记录 PJ-9，或不在您的可见范围内。" in text
    assert "YK-9" not in text


def test_the_league_and_an_office_stand_beside_last_years_finished_scores(opened, company):
    text, _ = opened(company, "league")
    assert "同比" in text
    assert text.count(" 导入 ") == 2
    assert "2025年第3季度的得分为导入数据，未经复算。" in text
    text, _ = opened(company, "office", office="990102")
    assert re.search(r"▼ −\d+\.\d\d 导入 同比变化", text)
    english, _ = opened(company, "office", office="990102", lang="en")
    assert "Scores of Q3 2025 are imported, not recomputed." in english


def test_events_of_public_opinion_stand_with_their_clocks(opened, company):
    """At noon: one of 11:00 was answered after 40 minutes, its report has an hour left. Last: it adds a ticket."""
    path = company / "opinion.csv"
    path.write_text(
        "工单编号,业务类型,供电单位,工单来源,受理时间,联系客户时间,投诉等级,受理内容\n"
        "YQ-1,意见,东河供电所,网络舆情,2026-09-30 11:00:00,2026-09-30 11:40:00,重要,网民反映停电\n",
        encoding="utf-8",
    )
    app = open_application(directory=company, environment={})
    config = parse_config(SpreadsheetConfig, {"name": "opinion", "record": "tickets", "system": "舆情"}, "the company")
    import_file(app.db, by=system_viewer(), path=path, config=config, now=datetime.now(UTC), name=path.name)
    app.db.engine.dispose()
    for asked in ({}, {"measure": "public_opinion"}):
        text, markup = opened(company, "lines", as_of=NOON, **asked)
        assert "舆情响应（30 分钟）：1 件中 0 件按时 舆情上报（2 小时）：0 件中 0 件按时" in text
        assert "YQ-1 9月30日 11:00 东河供电所 网络舆情 重要 超时 40 分 00 秒 1 小时 00 分 —" in text
    assert re.search(r'href="/record\?[^"]*number=YQ-1', html.unescape(markup))
    text, _ = opened(company, "lines", person="许立", as_of=NOON)  # of another station
    assert "YQ-1" not in text

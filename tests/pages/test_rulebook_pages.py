"""Rulebook, Calendar and What if as people read them: empty, with data, in both languages."""

import re

import pytest

from tests.journeys.company import KEEPER, PERSON, make_company
from tests.pages.opening import text_of


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    return make_company(tmp_path_factory.mktemp("company") / "home")


def test_the_rulebook_shows_law_promise_and_internal_limits_side_by_side(opened, company):
    text = text_of(opened(company, "rulebook"))
    assert "按什么评判，从何时起？" in text
    assert "promise-2022 · 供电服务“十项承诺”（2022 版）" in text
    assert "法定 公开承诺 内部时限" in text
    assert "45 分钟 城区 平均值" in text
    assert "60 分钟 城区" in text
    assert "2 小时（工作时间）" in text
    assert "优质服务评价指数" in text
    assert "没有反馈时刻" in text


def test_the_difference_of_two_editions_counts_the_records_it_touches(opened, company):
    text = text_of(opened(company, "rulebook", edition="differences"))
    assert "promise-2011 → promise-2022" in text
    assert re.search(r"投诉答复 · 投诉 第十条 .*? 公开承诺 7 个工作日 5 个工作日 \d+ \d+", text)
    assert "只有条款或措辞不同" in text


def test_an_older_edition_can_be_read_and_an_empty_company_too(opened, nothing):
    text = text_of(opened(nothing, "rulebook", edition="promise-2011"))
    assert "2021年12月31日" in text
    assert "本版不判定" in text
    assert "无法显示" not in text


@pytest.mark.parametrize("parameters", [{}, {"edition": "differences"}])
def test_the_rulebook_in_english_keeps_chinese_to_clauses_and_documents(opened, company, parameters):
    text = text_of(opened(company, "rulebook", lang="en", **parameters))
    assert "What are offices judged by, and since when?" in text
    assert "working days" in text


def test_an_office_shows_the_three_thresholds_when_asked(opened, company):
    assert "三条不同的线" not in text_of(opened(company, "office", office="990102"))
    text = text_of(opened(company, "office", office="990102", beside="yes"))
    assert "三条不同的线：超过内部时限的，并未违反承诺或法规。" in text
    assert "计入 R1" in text
    assert re.search(r"平均 \d+\.\d 分钟，承诺平均 90 分钟，农村", text)
    assert "无数据：line_loss_low_voltage" in text


def test_a_record_shows_every_limit_that_concerns_it(opened, company):
    text = text_of(opened(company, "record", record="repairs", number="XB-001"))
    assert "抢修到达现场 法定 120 分钟 及时" in text
    assert "抢修到达现场 公开承诺 逐件属内部口径 计入 R1 90 分钟 超时" in text


NOTICE = """date,working,name,document,issued
2027-01-01,no,元旦,国办发明电〔2026〕9号,2026-11-03
2027-01-04,no,元旦,,
2027-01-09,yes,元旦,,
2027-05-01,no,劳动节,,
2027-10-01,no,国庆节,,
"""


def test_the_calendar_shows_a_year_with_its_notice_and_what_is_only_assumed(opened, nothing):
    app = opened(nothing, "working_days", year="2026")
    text = text_of(app)
    assert "哪些天算数，依据是什么？" in text
    assert "2026 年：248 个工作日，其中调休周末 6 天。" in text
    assert "国办发明电〔2025〕7号" in text
    markup = "".join(element.proto.body for element in app.get("html"))
    assert '<u class="off" title="2026-10-01 · 国庆节">1<small>休</small></u>' in markup
    assert '<u class="makeup" title="2026-10-10 · 调休上班">10<small>班</small></u>' in markup
    later = opened(nothing, "working_days", year="2027")
    assert "2027 年：通知未发布" in text_of(later)
    assert 'class="off assumed" title="2027-01-01"' in "".join(e.proto.body for e in later.get("html"))


def test_a_dropped_notice_is_looked_at_and_then_loaded(opened, tmp_path):
    home = make_company(tmp_path / "home", filled=False)
    app = opened(home, "working_days", person=KEEPER, year="2027")
    app.get("file_uploader")[0].set_value(("2027.csv", NOTICE.encode(), "text/csv")).run()
    text = text_of(app)
    assert "休 4 天，调休上班 1 天" in text
    assert "条记录受查" in text
    app.button(key="notice_load").click().run()
    assert not app.exception, app.exception
    text = text_of(app)
    assert "2027 年通知已载入，重新评判 0 条记录。" in text
    assert "国办发明电〔2026〕9号" in text
    assert "由" + KEEPER + "载入" in text


def test_a_notice_that_is_none_says_why_and_others_may_not_load_one(opened, nothing):
    app = opened(nothing, "working_days", person=KEEPER, year="2027", lang="en")
    app.get("file_uploader")[0].set_value(("2027.csv", b"date,working\n2027-01-01,maybe\n", "text/csv")).run()
    assert "working = 'maybe' is neither yes nor no" in text_of(app)
    assert not app.get("button") or all(button.key != "notice_load" for button in app.get("button"))
    assert not opened(nothing, "working_days", person=PERSON, year="2027").get("file_uploader") or PERSON == KEEPER


def test_what_if_is_marked_and_starts_from_the_real_league(opened, company):
    text = text_of(opened(company, "what_if"))
    assert "换一套权重、目标或时限，谁会变动，为什么？" in text
    assert "试算沙盘 此处均非结果：不入库、不冻结、不导出。" in text
    assert re.search(r"1 南庄供电所 1 不变 95\.55 → 95\.55 无 \d", text)


def test_a_tried_weight_says_who_moves_and_by_which_indicator(opened, company):
    app = opened(company, "what_if")
    app.multiselect(key="try_codes").set_value(["R1"]).run()
    app.number_input(key="try_R1_weight").set_value(60.0).run()
    assert not app.exception, app.exception
    # below its floor R1 gives no point, so 50 of weight become 98 and every other indicator counts for less
    assert "西坝供电所 3 不变 50.75 → 25.89 R2 −5.88" in text_of(app)
    app.multiselect(key="try_limits").set_value(["arrival.promise.rural"]).run()
    app.number_input(key="try_arrival.promise.rural").set_value(240).run()
    assert not app.exception, app.exception
    # with four hours to arrive all are in time: R1 earns its 60 whole, and R5 (2) has nothing to count: 60 of 96
    assert "西坝供电所 3 不变 50.75 → 89.26 R1 +62.50" in text_of(app)


def test_what_cannot_be_tried_says_why_and_an_empty_company_too(opened, company, nothing):
    app = opened(company, "what_if")
    app.multiselect(key="try_codes").set_value(["R1"]).run()
    app.number_input(key="try_R1_floor").set_value(1.0).run()
    assert "无法这样试算。" in text_of(app)
    assert "Floor and target of R1 are both 1" in text_of(app)
    assert "无法显示" not in text_of(opened(nothing, "what_if", lang="en"))

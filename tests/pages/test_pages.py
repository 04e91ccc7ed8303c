"""Every page: empty, and with data. What a person reads there is asserted, and that nothing failed on the way."""

import re

import pytest

from tests.journeys.company import PERSON
from tests.pages.opening import markup_of, text_of

PAGES = {
    "today": ("今日", "现在有什么等着我？"),
    "league": ("排名", "谁做得更好，差别是真的吗？"),
    "office": ("单位", "为什么是这个分数？"),
    "records": ("记录", "这个数字背后是哪些记录？"),
    "record": ("记录", "逐分钟还原：发生了什么？"),
    "review": ("抽查复核", "这一分钟里有没有违规？"),
    "coverage": ("覆盖日历", "这个营业厅的哪些样本已经判定？"),
    "cases_to_learn": ("典型案例", "违规是什么样子，哪里做得好？"),
    "sources": ("数据源", "来了什么，什么进不来，谁没有动静？"),
    "signals": ("线索", "检查人员应当先打开哪些记录？"),
    "quarantine": ("隔离区", "什么没能入库，怎样让它入库？"),
    "offices": ("单位管理", "某一天有哪些单位，变了什么？"),
    "mapping": ("映射", "这份导出会变成什么？"),
}


@pytest.fixture
def opened(opened):
    """Opens a page of a company: `opened(folder, "league", tab="peers")` gives what a person reads."""
    return lambda home, page="today", person=PERSON, **asked: Seen(opened(home, page, person, **asked))


class Seen:
    """The text of a page, and its charts' alternative texts."""

    def __init__(self, app):
        self.app = app
        self.markup, self.text = markup_of(app), text_of(app)
        self.pictures = [element.proto.alt for element in app.get("vega_lite_chart")]

    def __contains__(self, words):
        return words in self.text


@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_an_empty_company_says_what_would_be_here(opened, nothing, page):
    seen = opened(nothing, page)
    title, question = PAGES[page]
    assert title in seen
    assert question in seen
    assert "无法显示" not in seen
    assert 'class="state empty"' in seen.markup or page == "sources"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_in_english_has_no_chinese_of_its_own(opened, nothing, page):
    seen = opened(nothing, page, lang="en")
    own = seen.text.replace("明察", "").replace("示范市供电公司", "")
    assert not re.search(r"[\u4e00-\u9fff]", own), own


def test_the_league_names_the_worst_and_the_best(opened, company):
    seen = opened(company, "league", tab="indicator", indicator="R1")
    assert "西坝供电所 61.2%" in seen
    assert "30 / 49" in seen
    assert "差于偶然所能解释" in seen
    assert (
        seen.text.index("南庄供电所 100.0%") < seen.text.index("东河供电所 95.0%") < seen.text.index("西坝供电所 61.2%")
    )
    assert "西坝供电所" in seen.pictures[0]


def test_the_league_ranks_three_and_shows_the_small_one_unranked(opened, company):
    seen = opened(company, "league")
    assert "1 南庄供电所 95.55 标杆" in seen
    assert "未排名 北岭供电所" in seen
    assert "全部缺项：C1、C2、C3、O1、O2、O3、O4、O5" in seen


def test_what_moved_is_told_in_places_or_why_it_cannot_be(opened, company):
    """Everything of the company lies in the third quarter, but one complaint chain: nobody is ranked in the second."""
    seen = opened(company, "league", tab="moved")
    assert "名次变化" in seen
    assert "没有单位在两期都有排名" in seen


def test_peers_are_compared_within_their_group(opened, company):
    seen = opened(company, "league", tab="peers")
    assert seen.text.index("农网") < seen.text.index("1 东河供电所") < seen.text.index("2 西坝供电所")


def test_an_office_is_explained_down_to_its_records(opened, company):
    seen = opened(company, "office", office="990102")
    assert "得分 · D" in seen
    assert "XB-001" in seen
    assert "T2 投诉答复及时率 50.0%" in seen
    assert seen.pictures[0].startswith("西坝供电所瀑布图：从 100 到 50.75；失分最多的是R1")


def test_the_records_behind_a_figure_are_all_there(opened, company):
    seen = opened(company, "records", record="repairs", office="990102", indicator="R1", verdict="late")
    assert "第 1–19 条，共 19 条" in seen
    assert "XB-019" in seen
    assert "DH-001" not in seen


def test_a_record_shows_the_clock_that_judged_it(opened, company):
    seen = opened(company, "record", record="repairs", number="XB-001")
    assert "R1 抢修到岗及时率 超时 90 分钟" in seen
    assert "7月1日 10:30 7月1日 10:35 超 5 分 30 秒" in seen
    assert "repairs.csv" in seen
    assert seen.pictures == ["XB-001 时间轴；超时：R1 抢修到岗及时率。"]


def test_today_at_a_moment_shows_what_runs_out(opened, company):
    assert "0 即将超时" in opened(company, as_of="2026-09-30T10:05:00+08:00")  # 65 of 90 minutes are 72 %
    seen = opened(company, as_of="2026-09-30T10:10:00+08:00")  # 78 %: three quarters are used
    assert "1 即将超时" in seen
    assert "20 分 00 秒" in seen
    assert "DH-040" in seen


def test_the_sources_page_shows_batches_and_the_row_in_quarantine(opened, company):
    seen = opened(company, "sources", reason="unknown_office", source="repairs")
    assert "单位未知 repairs 抢修 1" in seen
    assert "无此供电所" in seen
    assert "XX-001" in seen


def test_review_shows_the_flagged_sample_first(opened, company):
    seen = opened(company, "review")
    assert "队列：2" in seen


def test_an_office_head_sees_only_the_own_office(opened, company):
    seen = opened(company, "league", person="许立")
    assert "西坝供电所" in seen
    assert "南庄供电所" not in seen
    assert "不在您的可见范围内" in opened(company, "record", person="许立", record="repairs", number="DH-001")
    assert "东河供电所" not in opened(company, "office", person="许立", office="990101")


def test_without_a_person_the_page_asks_and_shows_nothing(opened, company):
    seen = opened(company, "league", person=None)
    assert "现在是哪位在使用？" in seen
    assert [button.label for button in seen.app.button] == ["沈岚 · 纪检监察", "许立 · 所长", "秦怀瑾 · 考核"]
    assert "南庄供电所" not in seen


@pytest.mark.parametrize(
    ("parameters", "said"),
    [({"period": "2026-Q9"}, "2026-Q9"), ({"as_of": "yesterday"}, "yesterday"), ({"office": "990109"}, "990109")],
)
def test_a_nonsense_address_is_answered_with_what_is_wrong(opened, company, parameters, said):
    seen = opened(company, "office", **parameters)
    assert 'class="state failed"' in seen.markup
    assert said in seen


def test_a_database_that_is_not_there_is_said_with_the_remedy(opened, tmp_path):
    (tmp_path / "mingcha.toml").write_text('[people]\n"沈岚" = { role = "inspector", offices = ["*"] }\n', "utf-8")
    seen = opened(tmp_path)
    assert "mingcha init" in seen


def test_every_figure_is_a_door(opened, company):
    seen = opened(company, "league", tab="indicator", indicator="R1")
    rate = re.search(r'<a href="([^"]+)"[^>]*>61\.2%</a>', seen.markup).group(1)
    assert "indicator=R1" in rate
    assert "office=990102" in rate


def test_leads_name_their_records_and_deduct_nothing(opened, company):
    """Of 西坝's 19 late repairs the even ones are reported as in time: nine, XB-002 to XB-018."""
    seen = opened(company, "signals", signal="hidden_late", office="990102")
    assert "超时未报" in seen
    assert "西坝供电所 9" in seen
    assert "XB-018" in seen
    assert "按时间戳已超时，却报为未超时" in seen
    assert "不扣任何分" in seen


def test_an_office_head_is_shown_no_leads(opened, company):
    seen = opened(company, "signals", person="许立", signal="hidden_late")
    assert "XB-018" not in seen
    assert "线索只供纪检" in seen


def test_the_office_page_says_what_its_number_is(opened, company):
    seen = opened(company, "office", office="990102", indicator="R1")
    assert "这个数字是什么？" in seen
    assert "30 / 49" in seen
    assert "按时完成 ÷ 已判定记录" in seen
    assert "45 分钟 城区 · 90 分钟 农村" in seen

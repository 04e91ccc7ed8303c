"""Hall reports: evaluation, contest, provincial report and violation rates, each with what may be concluded."""

import pytest

from tests.pages.opening import open_page, text_of

TABS = {
    "months": ("视频抽查 60 %（p）", "缺项"),
    "contest": ("现场联合检查 30 %（p）", "不计入排名得分"),
    "province": ("营业厅数量", "不规范行为(处)"),
    "rates": ("违规率", "多常能看到违规"),
}


@pytest.mark.parametrize("tab", TABS)
def test_each_tab_shows_its_table_and_what_may_be_concluded(company, tab):
    text = text_of(open_page(company, "halls", tab=tab))
    assert "营业厅评价" in text
    for words in TABS[tab]:
        assert words in text, words


def test_a_deduction_is_seen_in_its_month_only(company):
    """H0201 lost the points of one R05 on a mutual sheet in August: no part of a month, but of the contest."""
    assert "H0201" not in text_of(open_page(company, "halls", tab="months", month="2026-07"))
    contest = text_of(open_page(company, "halls", tab="contest", lang="en"))
    assert "Mutual check 10 %" in contest


def test_a_company_without_halls_says_what_would_be_here(nothing):
    assert "本周期没有有效的营业厅" in text_of(open_page(nothing, "halls"))

"""A hall is closed for a day, a minute is asked for after a complaint: on the Sampling page, in both languages."""

import pytest
from playwright.sync_api import expect

from tests.journeys.company import make_company
from tests.journeys.conftest import Journey, serving

pytestmark = pytest.mark.browser
WORDS = {
    "zh": {"why": "原因（公告、施工、故障）", "file": "提交报备", "closed": "未营业", "extra": "定向抽查一览",
           "filed": "已报备：1 个营业厅，1 天。", "cause": "原因（投诉、线索）", "ask": "要求抽取此样本",
           "waits": "等待后台抽取"},
    "en": {"why": "Why (notice, works, fault)", "file": "File these days", "filed": "Filed: 1 days of 1 halls.",
           "closed": "closed", "extra": "Outside the draw", "cause": "Why (complaint, tip)",
           "ask": "Ask for this sample", "waits": "waits for the worker"},
}  # fmt: skip


@pytest.mark.parametrize(("lang", "width"), [("en", 390)])
def test_a_day_is_filed_and_a_minute_asked_for(browser, tmp_path_factory, lang, width):
    words = WORDS[lang]
    with serving(make_company(tmp_path_factory.mktemp("sampling") / "home")) as address:
        journey = Journey(browser, address, lang, width, "dark" if width < 600 else "light")
        page = journey.open("sampling", hall="H0101")
        page.get_by_label(words["why"]).fill("〔2026〕12号")
        page.keyboard.press("Tab")
        page.get_by_role("button", name=words["file"], exact=True).click()
        page.get_by_text(words["filed"]).first.wait_for()
        journey.settle()
        expect(page.locator(".hallmonth .today")).to_contain_text(words["closed"])
        expect(page.locator(".hallmonth .today")).to_contain_text("〔2026〕12号")
        assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
        page.locator("nav.tabs a", has_text=words["extra"]).click()
        page.wait_for_url("**view=extra**")
        journey.settle()
        page.get_by_label(words["cause"]).fill("95598-77")
        page.keyboard.press("Tab")
        page.get_by_role("button", name=words["ask"], exact=True).click()
        page.get_by_text(words["waits"]).first.wait_for()
        journey.settle()
        assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
        journey.close()

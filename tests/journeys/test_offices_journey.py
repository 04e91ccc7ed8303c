"""Two stations become one and get a new name: through the page, then the league by today's tree."""

import pytest

from tests.journeys.company import KEEPER, make_company
from tests.journeys.conftest import Journey, serving

pytestmark = pytest.mark.browser
WORDS = {
    "zh": {"goes_on": "保留的单位", "why": "依据（文件、决定）", "preview": "预览", "confirm": "确认变更",
           "new_name": "新名称", "what": "变更影响预览", "done": "已完成：", "today": "今日口径",
           "told": "自 2026-08-01 起西坝供电所并入东河中心供电所。"},
    "en": {"goes_on": "Office that goes on", "why": "Why (document, decision)", "preview": "Preview",
           "confirm": "Confirm", "new_name": "New name", "what": "What it would do", "done": "Done:",
           "today": "by today's tree",
           "told": "From 2026-08-01 西坝供电所 is part of 东河中心供电所."},
}  # fmt: skip


def confirmed(journey, words):
    """From the filled fields of a form over its preview to the deed."""
    page = journey.page
    page.get_by_role("spinbutton").nth(3).click()  # the year of the form's day; the first three are the tree's
    page.keyboard.type("20260801")
    page.get_by_label(words["why"]).fill("〔2026〕8号")
    page.keyboard.press("Tab")
    page.get_by_role("button", name=words["preview"], exact=True).click()
    page.get_by_text(words["what"]).first.wait_for()
    journey.settle()
    page.get_by_role("button", name=words["confirm"], exact=True).click()
    page.get_by_text(words["done"]).first.wait_for()
    journey.settle()


@pytest.mark.parametrize(("lang", "width"), [("zh", 1440)])
def test_two_stations_become_one_and_the_league_is_read_by_todays_tree(browser, tmp_path_factory, lang, width):
    words = WORDS[lang]
    with serving(make_company(tmp_path_factory.mktemp("offices") / "home")) as address:
        journey = Journey(browser, address, lang, width, "dark" if width < 600 else "light", KEEPER)
        page = journey.open("offices", code="990102", act="merge")
        page.get_by_role("combobox", name=words["goes_on"]).press_sequentially("990101")
        page.keyboard.press("Enter")
        confirmed(journey, words)
        assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
        page = journey.open("offices", code="990101", act="rename")
        page.get_by_label(words["new_name"]).fill("东河中心供电所")
        confirmed(journey, words)
        assert "东河中心供电所" in journey.text("ul.tree")
        assert "西坝供电所" not in journey.text("ul.tree")
        journey.open("league")
        assert words["told"] in journey.text()
        assert "西坝供电所" in journey.text("table.rows")
        page.locator(".changes nav a", has_text=words["today"]).click()
        page.wait_for_url("**tree=today**")
        journey.settle()
        assert "西坝供电所" not in journey.text("table.rows")
        assert "113" in journey.card("东河中心供电所")
        journey.close()

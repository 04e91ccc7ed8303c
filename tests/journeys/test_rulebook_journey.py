"""From the rulebook to what an edition changed, to next year's notice in the calendar, to the sandbox."""

import pytest

from tests.journeys.company import KEEPER, make_company
from tests.journeys.conftest import Journey, serving

pytestmark = pytest.mark.browser
NOTICE = """date,working,name,document,issued
2027-01-01,no,元旦,国办发明电〔2026〕9号,2026-11-03
2027-01-04,no,元旦,,
2027-01-09,yes,元旦,,
2027-05-01,no,劳动节,,
2027-10-01,no,国庆节,,
"""
WORDS = {
    "zh": {"differences": "版本差异", "otherwise": "判定不同", "moves": "条时限移动", "load": "载入通知",
           "done": "2027 年通知已载入", "assumed": "2027 年：通知未发布",
           "sandbox": "此处均非结果"},
    "en": {"differences": "Differences", "otherwise": "Judged otherwise", "moves": "deadlines move",
           "load": "Load the notice", "done": "The notice of 2027 is loaded", "assumed": "2027: no notice yet",
           "sandbox": "Nothing here is a result"},
}  # fmt: skip


@pytest.mark.parametrize(("lang", "width"), [("en", 390)])
def test_the_rules_are_read_compared_and_dated(browser, tmp_path_factory, lang, width):
    home, words = make_company(tmp_path_factory.mktemp("rules") / "home"), WORDS[lang]
    with serving(home) as address:
        journey = Journey(browser, address, lang, width, "dark" if width < 600 else "light", KEEPER)
        page = journey.open("rulebook")
        assert "promise-2022" in journey.text()
        page.locator("nav.tabs a", has_text=words["differences"]).first.click()
        page.locator("table.rows a[href*='record?']").first.wait_for()
        assert words["otherwise"] in journey.text() or width < 600
        assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
        journey.open("calendar", year="2027")
        assert words["assumed"] in journey.text()
        file = {"name": "2027.csv", "mimeType": "text/csv", "buffer": NOTICE.encode("gb18030")}
        page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files([file])
        page.get_by_text(words["moves"]).first.wait_for()
        assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
        page.get_by_role("button", name=words["load"]).click()
        page.get_by_text(words["done"]).first.wait_for()
        assert "国办发明电〔2026〕9号" in journey.text()
        journey.open("whatif")
        assert words["sandbox"] in journey.text()
        assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
        journey.close()

"""From the lines of work to the row of a file, and from an open connection to its story."""

import pytest

from tests.journeys.conftest import Journey, serving
from tests.journeys.lines_company import NOON, make_lines_company

pytestmark = pytest.mark.browser
WORDS = {
    "zh": {"measure": "线损率", "limit": "已超时限", "year": "同比 −1.0 个百分点"},
    "en": {"measure": "Line loss", "limit": "over the limit", "year": "year on year −1.0 pp"},
}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with serving(make_lines_company(tmp_path_factory.mktemp("lines") / "home")) as found:
        yield found


@pytest.mark.parametrize(("lang", "width"), [("zh", 1440)])
def test_a_line_leads_to_its_rows_and_a_connection_to_its_story(browser, address, lang, width):
    words = WORDS[lang]
    journey = Journey(browser, address, lang, width, "dark" if width < 600 else "light")
    page = journey.open("lines", as_of="2026-10-20T08:00:00+08:00")
    assert words["year"] in journey.text()
    assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
    assert page.locator("a.panel img").first.evaluate("image => image.naturalWidth") == 240  # the drawing is there
    page.locator("a.panel", has_text=words["measure"]).first.click()
    page.locator("table.rows a", has_text=words["measure"]).first.wait_for()
    assert "measures.csv" in journey.text()
    page.locator("table.rows a", has_text=words["measure"]).first.click()
    page.get_by_text("SHA-256").first.wait_for()

    page = journey.open("connections", as_of=NOON)
    assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
    assert words["limit"] in journey.card("YK-8")
    page.locator("table.rows a", has_text="YK-8").last.click()
    page.locator("h1", has_text="YK-8").wait_for()
    journey.settle()
    journey.close()

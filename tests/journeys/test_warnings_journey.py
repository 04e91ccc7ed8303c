"""From the board of warnings to one that is answered and closed, and to the record behind it."""

import pytest

from tests.journeys.company import make_company
from tests.journeys.conftest import Journey, serving
from tests.pages.test_warnings_page import bring

pytestmark = pytest.mark.browser
MOVED = "([left, before]) => left.innerText !== before"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    home = make_company(tmp_path_factory.mktemp("warnings") / "home")
    bring(home, ("N-1", "990102", 60, False), ("N-2", "990102", 80, False), ("N-3", "990201", 100, False))
    with serving(home) as found:
        yield found


def test_a_warning_is_answered_on_the_board_and_leads_to_its_record(browser, address):
    journey = Journey(browser, address, "zh", 1440, "light")
    page = journey.open("warnings")
    text = journey.text()
    assert text.index("N-3") < text.index("N-2") < text.index("N-1")
    rows = page.locator("table.rows tbody tr")
    left = rows.filter(has_text="N-1").locator("b[data-until]").element_handle()
    page.wait_for_function(MOVED, arg=[left, left.inner_text()])  # the countdown moves by itself
    rows.filter(has_text="N-2").locator("td a").first.click()
    page.get_by_role("button", name="已阅").click()
    page.get_by_text("沈岚 已阅").first.wait_for()
    page.locator("table.rows a", has_text="N-2").first.click()
    page.locator("h1", has_text="N-2").wait_for()
    journey.close()
    phone = Journey(browser, address, "en", 390, "dark")
    page = phone.open("warnings")
    assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
    assert "N-3" in page.locator("table.rows").first.inner_text()
    phone.close()

"""Hall reports: from the month to the contest, to the rate and what it may be taken for, and down to the workbook."""

import pytest

pytestmark = pytest.mark.browser
WORDS = {
    "zh": ("季度评比", "互查 10 %（p）", "违规率", "多常能看到违规", "下载"),
    "en": ("Quarterly contest", "Mutual check 10 % (p)", "Violation rate", "not whose it is", "Download"),
}


@pytest.mark.parametrize(("lang", "width"), [("zh", 1440)])
def test_the_halls_are_reported_with_what_may_be_concluded(desk, lang, width):
    contest, part, rate, told, download = WORDS[lang]
    journey = desk(lang, width)
    page = journey.open("halls")
    page.locator("nav.tabs a", has_text=contest).click()
    page.get_by_text(part, exact=True).first.wait_for(state="attached")
    page.locator("nav.tabs a", has_text=rate).click()
    page.get_by_text(told).first.wait_for()
    with page.expect_download() as file:
        page.get_by_role("button", name=download).click()
    assert file.value.suggested_filename == "mingcha-halls-2026-Q3.xlsx"
    assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0

"""What is this number?: asked by keyboard at a desk, by thumb on a phone."""

import pytest

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("lang", "width", "told"), [("zh", 1440, "可用权重"), ("en", 390, "Available weight")])
def test_a_score_says_what_it_is_and_lets_one_go_on(desk, lang, width, told):
    journey = desk(lang, width)
    page = journey.open("league")
    button = page.locator("button.mc-what[data-what^='row|']").first
    if width > 600:
        button.focus()
        page.keyboard.press("Enter")
    else:
        button.click()
    window = page.get_by_role("dialog")
    window.get_by_text(told, exact=True).wait_for()
    assert "promise-2022" in window.inner_text()
    page.keyboard.press("Escape")
    window.wait_for(state="detached")
    page.locator("nav.tabs a.mc-go").first.click()
    journey.settle()
    assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0

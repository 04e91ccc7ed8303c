"""Samples judged in the browser: by keys alone, and by thumbs."""

import sys
import time

import pytest

from tests.journeys.company import SAMPLE_FLAGGED, add_waiting, make_company
from tests.journeys.conftest import Journey, serving

pytestmark = pytest.mark.browser
TEN = 10
KEYS = {
    0: ["s", "1", "Enter"],  # confirm what the machine flagged
    1: ["a"],
    2: ["r", "0", "5", "1", "Enter"],  # an item by its code
    3: ["s", *"srwp", "Enter", "2", "Enter"],  # an item by the initials of its pinyin
    4: ["d"],
    5: ["s", "1", "1", "s", "a", "0", "2", "1", "Enter"],  # two items
}


def second_of(page):
    return page.evaluate("document.querySelector('.rv-seen video').currentTime")


def turn_is(page, number):
    page.wait_for_selector(f".mc-review[data-turn='{number}'] .rv-verdicts")


def test_ten_samples_by_keyboard_alone(browser, tmp_path_factory, capfd):
    """How long the page takes for each, from clip ready to the next sample shown; what a person adds is looking."""
    home = make_company(tmp_path_factory.mktemp("ten") / "home")
    add_waiting(home, TEN)
    (home / "mingcha.toml").write_text(
        (home / "mingcha.toml").read_text("utf-8") + "[review]\nsecond_share = 0\n", "utf-8"
    )
    taken = []
    with serving(home) as address:
        journey = Journey(browser, address, "zh", 1440)
        page = journey.open("review")
        for number in range(TEN):
            turn_is(page, number)
            page.wait_for_function("document.querySelector('.rv-seen video')?.readyState >= 2")
            began = time.monotonic()
            for key in KEYS.get(number, ["a"]):
                page.keyboard.press(key)
            if number < TEN - 1:
                turn_is(page, number + 1)
            else:
                page.get_by_text("没有待复核的样本。").wait_for()
            taken.append(time.monotonic() - began)
        journey.close()
    with capfd.disabled():
        each = ", ".join(f"{one:.1f}" for one in taken)
        sys.stdout.write(f"\nten samples by keyboard, seconds of the page for each: {each}\n")


def test_by_thumbs_on_a_phone_then_coverage_and_a_case(browser, tmp_path_factory):
    """Confirm a candidate by thumb, take it back, confirm again, keep it, find it among the cases, blurred."""
    home = make_company(tmp_path_factory.mktemp("thumbs") / "home")
    with serving(home) as address:
        journey = Journey(browser, address, "en", 390, "dark")
        page = journey.open("review")
        page.wait_for_selector(".rv-why")
        page.wait_for_function("document.querySelector('.rv-seen video')?.readyState >= 2")
        assert second_of(page) == pytest.approx(5, abs=0.3)
        _confirm(page)
        turn_is(page, 1)
        page.locator(".rv-last button").tap()
        turn_is(page, 2)
        page.get_by_text("Flagged: R02").wait_for()
        _confirm(page)
        turn_is(page, 3)
        page.locator(".rv-ok").tap()
        page.get_by_text("Nothing waits for review.").wait_for()

        page = journey.open("coverage", month="2026-09", hall="H0101")
        assert "2 of 10 due samples judged" in journey.text()
        assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
        page.locator(f"a.mark[href*='{SAMPLE_FLAGGED}']").tap()
        page.get_by_text("confirmed R02").first.wait_for()
        page.get_by_text("Keep as a case to learn from").tap()
        page.get_by_label("What is to be learnt").fill("Put up the paused sign first.")
        page.get_by_role("button", name="Keep", exact=True).tap()
        page.get_by_text("Kept: it stands on the page of cases.").wait_for()

        page = journey.open("cases")
        picture = page.locator("figure.case img")
        picture.scroll_into_view_if_needed()
        page.wait_for_function("document.querySelector('figure.case img')?.naturalWidth > 0")
        assert "Put up the paused sign first." in journey.text()
        journey.close()


def _confirm(page):
    page.locator(".rv-violation").tap()
    page.locator(".rv-chips button").first.tap()
    page.locator(".rv-violation", has_text="Save").tap()


def test_keys_belong_to_the_desk_and_not_to_a_field(desk):
    """A key typed into a text field decides nothing; `?` shows the keys, Escape closes them and the sheet."""
    journey = desk()
    page = journey.open("review")
    page.wait_for_selector(".rv-why")
    page.keyboard.press("?")
    page.locator("dialog.rv-help[open]").wait_for()
    page.keyboard.press("Escape")
    page.locator("dialog.rv-help[open]").wait_for(state="detached")
    for key in ("e", "Backspace", "/"):
        page.keyboard.press(key)
    page.keyboard.type("通道")
    page.locator(".rv-item", has_text="E06").wait_for()
    page.keyboard.type("zzz")
    page.get_by_text("没有相符的项目。").wait_for()
    page.keyboard.press("Escape")
    page.locator(".rv-sheet").wait_for(state="detached")
    page.locator("input[type=text]").first.wait_for(state="detached")
    page.wait_for_function("document.querySelector('.rv-seen video')?.readyState >= 2")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("Math.abs(document.querySelector('.rv-seen video').currentTime - 6) < 0.3")
    assert page.evaluate("document.querySelector('.mc-review').dataset.turn") == "0"

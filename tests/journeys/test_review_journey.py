"""Samples judged in the browser: by keys alone, and by thumbs."""

import sys
import time

import pytest

from tests.journeys.company import add_waiting, make_company
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

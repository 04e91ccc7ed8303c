"""A source goes silent: the league and the office say so across the page, and the row is marked."""

import pytest
import sqlalchemy as sa

from dashboard.bootstrap import open_application
from dashboard.database.models import BATCHES
from dashboard.web.display import LOCAL
from tests.journeys.company import make_company
from tests.journeys.conftest import Journey, serving

pytestmark = pytest.mark.browser
SOURCE = '\n[[sources]]\nname = "repairs"\nrecord = "repairs"\npath = "inbox/*"\nexpect_within = "3h"\n'
FOUR_HOURS = 4 * 3600 * 1_000_000
WORDS = {
    "zh": {"band": "本页不是最新", "mark": "数据陈旧", "what": "没有新的抢修"},
    "en": {"band": "this page is not up to date", "mark": "old data", "what": "no new Repairs"},
}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    home = make_company(tmp_path_factory.mktemp("silence") / "home")
    with (home / "mingcha.toml").open("a", encoding="utf-8") as file:
        file.write(SOURCE)
    with serving(home) as found:
        yield home, found


@pytest.mark.parametrize(("lang", "width", "theme"), [("en", 390, "dark")])
def test_a_source_goes_silent_and_the_pages_that_rest_on_it_say_so(browser, address, lang, width, theme):
    home, base = address
    app, words = open_application(directory=home, environment={}), WORDS[lang]
    period = f"2026-07-01..{app.now().astimezone(LOCAL):%Y-%m-%d}"
    journey = Journey(browser, base, lang, width, theme)
    shift(app, 0)
    open_until(journey, period, 0)
    assert words["band"] not in journey.text()
    assert words["mark"] not in journey.card("南庄供电所")
    before = journey.card("南庄供电所")

    shift(app, FOUR_HOURS)
    page = open_until(journey, period, 1)
    assert words["band"] in journey.text(".mc .band")
    assert words["what"] in journey.text(".mc .band")
    assert words["mark"] in journey.card("南庄供电所")
    score = "95.55"
    assert score in before
    assert score in journey.card("南庄供电所")
    band = page.locator(".mc .band").bounding_box()
    assert band["width"] > 0.8 * width  # across the page, not in a corner
    page.locator("table.rows a", has_text="南庄供电所").first.click()
    page.wait_for_url("**/office?**")
    journey.settle()
    assert words["band"] in journey.text(".mc .band")
    assert words["mark"] in journey.text()
    page.locator(".mc .band a", has_text="repairs").click()
    page.wait_for_url("**/sources?**")
    journey.settle()
    journey.close()
    app.db.engine.dispose()


def open_until(journey, period, bands):
    """The league with so many bands: the web server looks at the sources every few seconds."""
    for _ in range(20):
        page = journey.open("league", period=period)
        if page.locator(".mc .band").count() == bands:
            return page
        page.wait_for_timeout(1000)
    raise AssertionError(f"not {bands} bands on the page")


def shift(app, micros):
    """The batches of repairs came so long ago."""
    with app.db.session() as connection:
        newest = sa.select(sa.func.max(BATCHES.c.finished_at)).scalar_subquery()
        mine = sa.update(BATCHES).where(BATCHES.c.source == "repairs")
        connection.execute(mine.values(started_at=newest - micros))

"""A misspelt office is explained once: its tickets leave the quarantine and stand among the records."""

from datetime import UTC, datetime

import pytest

from collectors.mapping import SpreadsheetConfig, parse_config
from dashboard.bootstrap import open_application
from dashboard.intake import import_file
from dashboard.people import system_viewer
from tests.journeys.company import KEEPER, make_company
from tests.journeys.conftest import Journey, serving

pytestmark = pytest.mark.browser
EXPORT = """ticket_no,type,office_code,accepted_at
Q-1,enquiry,东合供电所,2026-07-01 08:00:00
Q-2,enquiry,东河供电所,明天
"""
WORDS = {
    "zh": {"office": "该名称还剩 0 行", "time": "受理", "repair": "改正并入库", "done": "入库 1 行，仍被拒 0 行。"},
    "en": {"office": "0 rows left for that name", "time": "Accepted", "repair": "Put right and take in",
           "done": "1 taken in, 0 still refused."},
}  # fmt: skip


def company_with_refused_tickets(home):
    make_company(home)
    app = open_application(directory=home, environment={})
    path = home / "misspelt.csv"
    path.write_text(EXPORT, encoding="utf-8")
    config = parse_config(SpreadsheetConfig, {"name": "hotline", "record": "tickets"}, "the journey")
    import_file(app.db, by=system_viewer(), path=path, config=config, now=datetime.now(UTC), name=path.name)
    app.db.engine.dispose()
    return home


def records_once_judged(journey):
    """The tickets of the office; without a worker the pages judge, every ten seconds at most."""
    for _ in range(10):
        journey.open("records", record="tickets", office="990101")
        if "Q-2" in journey.text():
            break
        journey.page.wait_for_timeout(2000)
    return journey.text()


@pytest.mark.parametrize(("lang", "width"), [("zh", 1440)])
def test_a_misspelt_office_is_named_and_a_time_put_right(browser, tmp_path_factory, lang, width):
    home = company_with_refused_tickets(tmp_path_factory.mktemp("quarantine") / "home")
    words = WORDS[lang]
    with serving(home) as address:
        journey = Journey(browser, address, lang, width, "dark" if width < 600 else "light", KEEPER)
        page = journey.open("quarantine")
        assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
        page.get_by_role("button", name="东河供电所 990101").first.click()
        page.get_by_text(words["office"]).first.wait_for()
        journey.settle()
        assert words["done"] in journey.text()
        page.locator("table.rows a", has_text="无法读取" if lang == "zh" else "cannot be read").first.click()
        page.locator("table.rows a", has_text="Q-2").first.click()
        journey.settle()
        page.get_by_label(words["time"], exact=True).fill("2026-07-02 08:00:00")
        page.get_by_role("button", name=words["repair"]).click()
        page.get_by_text(words["done"]).first.wait_for()
        journey.settle()
        assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
        text = records_once_judged(journey)
        assert "Q-1" in text
        assert "Q-2" in text
        journey.close()

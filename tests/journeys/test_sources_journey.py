"""A file lacks rows that its own total states: the flag is seen on the Sources page and closed with a reason."""

from datetime import UTC, datetime

import pytest

from collectors.mapping import SpreadsheetConfig, parse_config
from dashboard.bootstrap import open_application
from dashboard.intake import import_file
from dashboard.people import system_viewer
from tests.journeys.company import KEEPER, make_company
from tests.journeys.conftest import Journey, serving

pytestmark = pytest.mark.browser
EXPORT = """ticket_no,type,office_code,accepted_at,urges
F-1,enquiry,990101,2026-07-01 08:00:00,2
F-2,enquiry,990101,2026-07-02 08:00:00,1
合计,,,,7
"""
WORDS = {
    "zh": {"flag": "合计不符", "says": "“合计”写明urges为 7，各行相加为 3：差 4。", "why": "为什么这些数字没有问题",
           "close": "关闭标记", "done": "标记已关闭。", "none": "来的数据没有可疑之处。", "gap": "合计行，第 4 行"},
    "en": {"flag": "total does not add up", "says": "“合计” states 7 for urges, the rows add up to 3: a gap of 4.",
           "why": "Why the numbers are right as they are", "close": "Close the flag", "done": "The flag is closed.",
           "none": "Nothing looks wrong with what came.", "gap": "total row, row 4"},
}  # fmt: skip


def company_with_a_gap(home):
    make_company(home, filled=False)
    app = open_application(directory=home, environment={})
    files = {"offices": "code,name,level\n990101,东河供电所,station\n", "tickets": EXPORT}
    for record, text in files.items():
        path = home / f"{record}.csv"
        path.write_text(text, encoding="utf-8")
        config = parse_config(SpreadsheetConfig, {"name": "hotline", "record": record}, "the journey")
        import_file(app.db, by=system_viewer(), path=path, config=config, now=datetime.now(UTC), name=path.name)
    app.db.engine.dispose()
    return home


@pytest.mark.parametrize(("lang", "width"), [("zh", 1440)])
def test_a_flag_is_seen_and_closed_with_a_reason(browser, tmp_path_factory, lang, width):
    words = WORDS[lang]
    with serving(company_with_a_gap(tmp_path_factory.mktemp("sources") / "home")) as address:
        journey = Journey(browser, address, lang, width, "dark" if width < 600 else "light", KEEPER)
        page = journey.open("sources")
        assert words["says"] in journey.text()
        assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
        page.locator("table.rows a", has_text=words["flag"]).first.click()
        page.get_by_label(words["why"]).fill("催办次数由坐席补记，来源已更正")
        page.get_by_role("button", name=words["close"]).click()
        page.get_by_text(words["done"]).first.wait_for()
        journey.settle()
        assert words["none"] in journey.text()
        assert "催办次数由坐席补记" in journey.text()
        page.locator("dl.facts a", has_text="tickets.csv").first.click()
        page.get_by_text(words["gap"]).first.wait_for()
        journey.settle()
        assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
        journey.close()

"""An export that nobody has seen before becomes a source: dropped, looked at, saved, taken in, its row found again."""

import pytest

from dashboard.bootstrap import open_application
from dashboard.intake.collecting import collect
from tests.journeys.company import KEEPER, make_company
from tests.journeys.conftest import Journey, serving

pytestmark = pytest.mark.browser
EXPORT = """客服中心导出,,,,
国网工单编号,诉求,哪个所,受理时刻,处理进度
KF-000001,投诉,东河供电所,2026-07-01 08:00:00,3
KF-000002,业务咨询,西坝供电所,2026-07-02 09:30:00,
KF-000003,投诉,没有此所,2026-07-03 10:30:00,
合计,3,,,
"""
WORDS = {
    "zh": {"stored": "2 将入库", "refused": "1 将进隔离区", "save": "保存为数据源", "like": "表头相近 75"},
    "en": {"stored": "2 would be stored", "refused": "1 would go to quarantine", "save": "Save as a source",
           "like": "similar header 75"},
}  # fmt: skip


@pytest.mark.parametrize(("lang", "width"), [("en", 390)])
def test_an_unknown_export_is_dropped_saved_and_taken_in(browser, tmp_path_factory, lang, width):
    home = make_company(tmp_path_factory.mktemp("mapping") / "home")
    words = WORDS[lang]
    with serving(home) as address:
        journey = Journey(browser, address, lang, width, "dark" if width < 600 else "light", KEEPER)
        page = journey.open("mapping")
        file = {"name": "客服.csv", "mimeType": "text/csv", "buffer": EXPORT.encode("gb18030")}
        page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files([file])
        page.get_by_text("KF-000002").first.wait_for()
        journey.settle()
        text = journey.text()
        assert words["stored"] in text
        assert words["refused"] in text
        assert words["like"] in text
        assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
        page.get_by_role("button", name=words["save"]).click()
        page.get_by_text("sources.d/客服.toml").first.wait_for()
        done = collect(open_application(directory=home, environment={}), names=["客服"])
        assert [(batch.new, batch.quarantined, batch.skipped) for batch in done.batches] == [(2, 1, 2)]
        journey.open("record", record="tickets", number="KF-000001")
        assert "客服.csv" in journey.text()
        journey.close()

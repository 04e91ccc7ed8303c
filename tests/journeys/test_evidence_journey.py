"""An inspector reads how the evidence stands, sees one case and puts it on hold, in both languages."""

import pytest
from playwright.sync_api import expect

from dashboard.bootstrap import open_application
from dashboard.evidence.heads import create_key, sign_head
from tests.journeys.company import SAMPLE_FLAGGED, make_company
from tests.journeys.conftest import Journey, serving

pytestmark = pytest.mark.browser
WORDS = {
    "zh": {"entries": "链上条目", "why": "理由（案件、来函）", "place": "设置保全", "stands": "已生效。",
           "make": "生成案件包", "unsigned": "尚未由签名链头覆盖"},
    "en": {"entries": "entries in the chain", "why": "Why (case, letter)", "place": "Place the hold",
           "stands": " stands.", "make": "Make the case package",
           "unsigned": "not covered by a signed head yet"},
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The company with a signed head."""
    home = make_company(tmp_path_factory.mktemp("evidence") / "home")
    app = open_application(directory=home, environment={})
    create_key(app.settings.path(app.settings.evidence.key_file))
    sign_head(app)
    app.db.engine.dispose()
    return home


@pytest.mark.parametrize(("lang", "width"), [("en", 390)])
def test_a_sample_is_put_on_hold(browser, made, lang, width):
    words = WORDS[lang]
    with serving(made) as address:
        journey = Journey(browser, address, lang, width, "dark" if width < 600 else "light")
        page = journey.open("proof", sample=SAMPLE_FLAGGED)
        expect(page.get_by_text(words["entries"]).first).to_be_visible()
        expect(page.get_by_text(words["unsigned"]).first).to_be_visible()
        expect(page.get_by_role("button", name=words["make"])).to_be_visible()
        assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
        page.get_by_label(words["why"]).fill(f"申诉 12 号 {lang}")
        page.keyboard.press("Tab")
        page.get_by_role("button", name=words["place"], exact=True).click()
        page.get_by_text(words["stands"]).first.wait_for()
        journey.settle()
        expect(page.get_by_text(f"申诉 12 号 {lang}").first).to_be_visible()
        journey.close()

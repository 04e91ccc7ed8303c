"""Detectors: whether the machine is to be believed, at a desk and on a phone."""

import pytest

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("lang", "width", "told"), [("zh", 1440, "只检测有没有人，不识别是谁"), ("en", 390, "nobody is recognised")]
)
def test_what_detectors_look_for_and_how_good_they_are(desk, lang, width, told):
    journey = desk(lang, width)
    page = journey.open("detectors")
    page.get_by_text(told).wait_for()
    assert "R02" in page.inner_text("body")
    assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0

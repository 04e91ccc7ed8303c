"""Two people: an exclusion is filed and approved, the quarter proposed, published, and its workbook downloaded."""

import io

import openpyxl
import pytest

from tests.journeys.company import KEEPER, PERSON, make_company
from tests.journeys.conftest import Journey, serving

pytestmark = pytest.mark.browser
WORDS = {
    "zh": {"office": "单位（含其下属全部）", "document": "依据文件（文号和标题）", "look": "先看影响",
           "file": "提交申请",
           "filed": "剔除申请 1 已提交", "approve": "批准", "holds": "自现在起生效", "propose": "计算并提请",
           "reason": "书面理由（检查表有未满足项时必填）", "publish": "发布", "frozen": "已冻结，摘要值",
           "download": "下载"},
    "en": {"office": "Offices, each with all below it", "document": "Document (number and title)",
           "look": "Show what it would change", "file": "File it", "filed": "Exclusion 1 is filed",
           "approve": "Approve", "holds": "holds from now on", "propose": "Score and propose",
           "reason": "Written reason, where the checklist is not met", "publish": "Publish",
           "frozen": "is frozen as", "download": "Download the workbook"},
}  # fmt: skip


def looked_at(journey):
    journey.settle()
    assert journey.page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize(("lang", "width"), [("en", 390)])
def test_two_people_leave_a_day_out_and_freeze_the_quarter(browser, tmp_path_factory, lang, width):
    home = make_company(tmp_path_factory.mktemp("quarter") / "home")
    words, scheme = WORDS[lang], "dark" if width < 600 else "light"
    with serving(home) as address:
        first = Journey(browser, address, lang, width, scheme, KEEPER)
        page = first.open("exclusions", office="990102")
        page.get_by_label(words["document"]).fill("市防指〔2026〕8号")
        page.get_by_role("button", name=words["look"]).click()
        page.get_by_role("button", name=words["file"]).click()
        page.get_by_text(words["filed"]).first.wait_for()
        looked_at(first)

        second = Journey(browser, address, lang, width, scheme, PERSON)
        page = second.open("exclusions", number="1")
        page.get_by_role("button", name=words["approve"]).click()
        page.get_by_text(words["holds"]).first.wait_for()
        looked_at(second)

        page = first.open("quarter")
        page.get_by_label(words["reason"]).fill("该行不属本公司")
        page.get_by_role("button", name=words["propose"]).click()
        page.get_by_role("cell", name="秦怀瑾").first.wait_for()
        looked_at(first)

        page = second.open("quarter")
        page.get_by_role("button", name=words["publish"]).click()
        page.get_by_text(words["frozen"]).first.wait_for()
        looked_at(second)
        with page.expect_download() as download:
            page.get_by_role("button", name=words["download"]).click()
        book = openpyxl.load_workbook(io.BytesIO(download.value.path().read_bytes()))
        cells = {str(cell) for row in book[book.sheetnames[-1]].iter_rows(values_only=True) for cell in row}
        assert {KEEPER, PERSON} <= {cell.split("  ")[0] for cell in cells}
        first.close()
        second.close()

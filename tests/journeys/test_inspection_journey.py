"""A sheet on the phone: begun, tapped, photographed, closed and gone on with; then its draft is deleted."""

import io

import pytest
from PIL import Image

from tests.journeys.conftest import Journey

pytestmark = pytest.mark.browser
WORDS = {
    "zh": {"hall": "营业厅", "choose": "请选择", "begin": "开始", "kept": "草稿保存在服务器上", "violated": "违规",
           "others": "其余 11 项均合规", "progress": "已查 12/44 项 · 违规 1 项 · 照片 1 张", "delete": "删除草稿",
           "really": "连同照片一并删除", "deleted": "草稿已删除。", "photograph": "R05 的照片",
           "ways": "检查方式"},
    "en": {"hall": "Hall", "choose": "choose", "begin": "Begin", "kept": "kept on the server", "violated": "violated",
           "others": "The other 11 here are in order",
           "progress": "12 of 44 items looked at · 1 violated · 1 photographs", "delete": "Delete this draft",
           "really": "Delete it with its photographs", "deleted": "The draft is deleted.",
           "photograph": "Photograph of R05", "ways": "Ways of looking"},
}  # fmt: skip


def photograph():
    written = io.BytesIO()
    Image.new("RGB", (320, 240), (120, 140, 130)).save(written, "JPEG")
    return {"name": "IMG_1.jpg", "mimeType": "image/jpeg", "buffer": written.getvalue()}


def fits(page):
    return page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize(("lang", "width"), [("en", 390)])
def test_a_sheet_is_filled_in_with_the_thumb_and_survives_closing_the_page(browser, company_address, lang, width):
    words = WORDS[lang]
    journey = Journey(browser, company_address, lang, width, "dark" if width < 600 else "light")
    page = journey.open("inspect")
    assert fits(page)
    page.get_by_role("combobox", name=words["hall"]).click()
    page.get_by_role("option", name="南庄营业厅").click()
    page.get_by_role("button", name=words["begin"], exact=True).click()
    page.get_by_text(words["kept"]).wait_for()
    journey.settle()
    item = page.locator(".st-key-inspect_item_R05")
    item.get_by_text(words["violated"], exact=True).click()
    item.locator("input[type=file]").set_input_files(photograph())
    item.get_by_alt_text(words["photograph"]).wait_for()
    page.get_by_role("button", name=words["others"]).click()
    page.get_by_text(words["progress"]).wait_for()
    address = page.url
    journey.open("agreement")
    page.get_by_role("table", name=words["ways"]).wait_for()
    assert fits(page)
    page.goto(address)  # another visit: everything stands as it was left
    journey.settle()
    page.get_by_text(words["progress"]).wait_for()
    item.get_by_alt_text(words["photograph"]).wait_for()
    assert fits(page)
    page.get_by_text(words["delete"]).click()
    page.get_by_role("button", name=words["really"]).click()
    page.get_by_text(words["deleted"]).wait_for()
    journey.close()

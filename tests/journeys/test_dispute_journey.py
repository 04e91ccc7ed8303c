"""A head disputes a record with a file as proof, an evaluator refuses it, and the head reads that they did."""

from tests.journeys.company import KEEPER

HEAD = "许立"


def test_a_record_is_disputed_and_decided_by_two_people(desk):
    head = desk(person=HEAD)
    page = head.open("record", record="repairs", number="XB-049")
    page.get_by_text("记录有误，提出异议").click()
    page.get_by_text("剔除记录", exact=True).click()
    head.settle()
    page.get_by_label("错在哪里，如何证明").fill("停电信息未同步")
    proof = {"name": "停电公告.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 notice"}
    page.locator("input[type=file]").set_input_files(proof)
    page.get_by_text("停电公告.pdf").wait_for()
    page.get_by_role("button", name="提出异议").click()
    page.get_by_text("由他人裁定").first.wait_for()
    head.settle()
    number = page.locator("a", has_text="D-20").first.inner_text().split(" ")[0]

    judge = desk(person=KEEPER, width=390)
    page = judge.open("disputes", dispute=number)
    assert "停电公告.pdf" in judge.text()
    page.get_by_label("裁定理由").fill("公告与该线路无关")
    page.get_by_role("button", name="驳回").click()
    page.get_by_text(f"异议 {number} 已驳回").wait_for()

    page = head.open("disputes", view="mine", dispute=number)
    assert "公告与该线路无关" in head.text()
    assert "已驳回" in head.card(number)

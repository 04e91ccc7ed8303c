"""Masks of personal fields, by hand from domain §7.4."""

import pytest

from dashboard.people import Viewer
from dashboard.privacy import mask, masked_cells, masked_text, shown

PHONES = {
    "13812348000": "138****8000",
    " 138 1234 8000 ": "138****8000",
    "+86 138-1234-8000": "138****8000",
    "008613812348000": "138****8000",
    "１３８１２３４８０００": "138****8000",
    "0558-5512345": "0558-****45",
    "010-61234567": "010-****67",
    "+86 558 5512345": "0558-****45",
    "5512345": "****45",
    "110": "****",
    "138****8000": "138****8000",
    "": "",
}
NAMES = {"张伟": "张*", "𠮷野家康": "𠮷*", "欧阳娜娜": "欧*", "㐀": "*", "J. Smith": "J*"}
ADDRESSES = {
    "安徽省亳州市谯城区魏武大道128号3栋502室": "安徽省亳州市谯城区魏武大道***",
    "谯城区古井镇张庄村东头李三家": "谯城区古井镇张庄村***",
    "薛阁街道魏武社区12号": "薛阁街道***",
    "亳州市谯城区某小区5栋": "亳州市谯城区***",
    "五号院西屋": "***",
    "古井镇": "古井镇",
}
CUSTOMERS = {"3412345678": "****5678", "12345": "****45", "1234": "****"}
TEXTS = {
    "请回电13812348000，急": "请回电138****8000，急",
    "请回电 １３８－１２３４－８０００ 谢谢": "请回电 138****8000 谢谢",
    "1 3 8 1 2 3 4 8 0 0 0": "138****8000",
    "138\u200b1234\u200b8000": "138****8000",
    "手机幺三八幺二三四八零零零": "手机***",
    "身份证341602199001011234，34160219900101123X": "身份证****，****",
    "户号3412345678停电": "户号****78停电",
    "2026-09-11 08:05 停电，2026年9月11日恢复": "2026-09-11 08:05 停电，2026年9月11日恢复",
    "举报人：张三丰": "举报人：张*",
    "王小明先生来电": "王*先生来电",
    "住魏武大道128号3栋502室": "住魏武大道******",
    "写信 zhang.san@example.com": "写信 ***",
    "20260911080533 到达": "20260911080533 到达",
    "10kV 102线停电3小时": "10kV 102线停电3小时",
}


@pytest.mark.parametrize(
    ("field", "table"),
    [("phone", PHONES), ("customer_name", NAMES), ("address", ADDRESSES), ("customer_no", CUSTOMERS),
     ("content", TEXTS)],
)  # fmt: skip
def test_masks_by_hand(field, table):
    assert {value: mask(field, value) for value in table} == table
    assert mask(field, None) is None


def test_a_mask_is_masked_as_it_is_and_a_plain_column_stays():
    assert masked_text("138****8000 张*") == "138****8000 张*"
    assert mask("office_code", "34417010101") == "34417010101"


def test_a_row_of_a_file_is_masked_by_its_headers():
    cells = {
        "工单编号": "20260911000123", "联系电话": "0558-5512345", "客户编号": "3412345678", "联系人": "张伟",
        "联系地址": "魏武大道128号", "受理内容": "电话13812348000", "备注": None, "派单": "13812348000",
    }  # fmt: skip
    assert masked_cells(cells, keep="20260911000123") == {
        "工单编号": "20260911000123", "联系电话": "0558-****45", "客户编号": "****5678", "联系人": "张*",
        "联系地址": "魏武大道***", "受理内容": "电话138****8000", "备注": None, "派单": "138****8000",
    }  # fmt: skip


def test_a_reviewer_sees_not_even_the_mask():
    reviewer, inspector = (Viewer("r", role, frozenset("*")) for role in ("reviewer", "inspector"))
    assert (shown(reviewer, "phone", "13812348000"), shown(reviewer, "phone", None)) == ("****", None)
    assert shown(inspector, "phone", "13812348000") == "138****8000"

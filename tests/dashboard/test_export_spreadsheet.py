"""A table becomes a worksheet: typed cells, nothing that runs, the same bytes each time."""

import io
import re
import zipfile
from datetime import datetime

import openpyxl
import pytest

from dashboard.exports.spreadsheet import Column, Table, workbook_bytes

MADE = datetime(2026, 10, 11, 0, 0)
RISKY = [
    '=HYPERLINK("http://example.org","x")', "+1+1", "-2+3", "@SUM(A1)", "\tx", "\rx", "＝1", "＋1", "－1", "＠x",
]  # fmt: skip
COLUMNS = [
    Column("序号", "integer"), Column("单位"), Column("得分", "score"), Column("率", "rate", "到岗"),
    Column("差", "points", "到岗"),
]  # fmt: skip


def made(rows, columns=COLUMNS, **more):
    table = Table("01 总览", "标题", ["统计周期：2026-Q3"], columns, rows, notes=["注：…"], **more)
    return workbook_bytes([table], title="季度评价", created=MADE, footer="演示 & 数据")


def opened(content):
    return openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]


def test_numbers_stay_numbers_with_their_format():
    sheet = opened(made([[1, "城东供电所", 91.27, 0.98765, -1.5]]))
    cells = {cell.column: cell for cell in sheet[5]}
    assert [cells[column].data_type for column in (1, 2, 3, 4, 5)] == ["n", "s", "n", "n", "n"]
    assert cells[3].value == 91.27
    assert cells[3].number_format == "0.00"
    assert cells[4].value == 0.98765
    assert cells[4].number_format == "0.00%"
    assert cells[5].number_format == "+0.00;-0.00;0.00"


def test_a_missing_value_is_a_dash_and_a_zero_is_a_zero():
    sheet = opened(made([[1, None, None, 0, 0.0]]))
    assert [cell.value for cell in sheet[5]] == [1, "—", "—", 0, 0]


@pytest.mark.parametrize("text", RISKY)
def test_no_text_can_become_a_formula(text):
    """Neither when the file is opened nor when somebody edits the cell: it is a string with the quote prefix."""
    content = made([[1, text, 1.0, 0.5, 0.0]])
    cell = opened(content).cell(5, 2)
    assert cell.data_type == "s"
    assert cell.value.replace("_x000D_", "\r") == text  # Excel reads that escape back
    assert cell.quotePrefix
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
        assert b"hyperlink" not in archive.read("xl/worksheets/sheet1.xml").lower()


@pytest.mark.parametrize(
    "text", ["http://example.org", "mailto:a@b.c", "internal:Sheet1!A1", "12345678901234567890", "1e5"]
)
def test_text_that_looks_like_something_else_stays_text(text):
    cell = opened(made([[1, text, 1.0, 0.5, 0.0]])).cell(5, 2)
    assert (cell.data_type, cell.value, cell.hyperlink) == ("s", text, None)


def test_grouped_columns_get_two_header_rows():
    sheet = opened(made([[1, "x", 1.0, 0.5, 0.0]]))
    assert [cell.value for cell in sheet[3]] == ["序号", "单位", "得分", "到岗", None]
    assert [cell.value for cell in sheet[4]] == [None, None, None, "率", "差"]
    assert {str(area) for area in sheet.merged_cells.ranges} == {"A3:A4", "B3:B4", "C3:C4", "D3:E3"}
    plain = opened(made([[1]], [Column("序号", "integer")]))
    assert plain["A3"].value == "序号"
    assert not plain.merged_cells.ranges


def test_it_prints_on_a4_landscape_with_its_header_on_every_page():
    sheet = opened(made([[1, "x", 1.0, 0.5, 0.0]]))
    assert sheet.freeze_panes == "C5"
    assert sheet.page_setup.orientation == "landscape"
    assert sheet.page_setup.paperSize == 9
    assert sheet.page_setup.fitToHeight == 0
    assert sheet.print_title_rows == "$3:$4"
    assert "&P / &N" in sheet.oddFooter.right.text or "&[Page]" in sheet.oddFooter.right.text
    assert sheet.column_dimensions["B"].width >= 6


def test_the_same_tables_give_the_same_bytes():
    rows = [[n, f"供电所{n}", n / 7, 1 / (n + 1), -n] for n in range(50)]
    assert made(rows) == made(rows)
    with zipfile.ZipFile(io.BytesIO(made(rows))) as archive:
        core = archive.read("docProps/core.xml").decode()
    assert re.findall(r"20\d\d-\d\d-\d\dT[\d:]+Z", core) == ["2026-10-11T00:00:00Z"] * 2


def test_blocks_stand_below_with_headers_of_their_own():
    block = Table("", "数据质量", ["一行说明"], [Column("代码"), Column("分子", "decimal")], [["R1", 3]])
    sheet = opened(made([[1, "x", 1.0, 0.5, 0.0]], blocks=(block,)))
    texts = [cell.value for cell in sheet["A"]]
    start = texts.index("数据质量")
    assert texts[start : start + 4] == ["数据质量", "一行说明", "代码", "R1"]
    assert sheet.cell(start + 4, 2).value == 3

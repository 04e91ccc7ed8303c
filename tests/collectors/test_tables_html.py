"""Web pages named .xls."""

import polars as pl
import pytest

from collectors.base import CollectorError
from collectors.tables import read_grids

PAGE = """<html><head><meta http-equiv="Content-Type" content="text/html; charset={charset}"></head>
<body><table border=1>
<tr><td colspan=4>95598工单明细</td></tr>
<tr><th rowspan=2>工单编号</th><th rowspan=2>供电单位</th><th colspan=2>时间</th></tr>
<tr><th>受理</th><th>派单</th></tr>
<tr><td>1</td><td rowspan=2>城关&nbsp;所</td><td>2026-09-01</td><td>第一行<br>第二行</td></tr>
<tr><td>2</td><td>2026-09-02</td><td>𠮷</td>
</table></body></html>"""


def rows_of(grid, width):
    return [row[3:] for row in pl.concat(list(grid.chunks(0, width))).rows()]


@pytest.mark.parametrize(
    ("charset", "encoding"), [("gb2312", "gb18030"), ("utf-8", "utf-8"), ("utf-8", "utf-8-sig"), ("gb2312", "utf-8")]
)
def test_spans_breaks_and_encodings(tmp_path, charset, encoding):
    """The bytes decide about the encoding, also where the page says something else."""
    path = tmp_path / "x.xls"
    path.write_bytes(PAGE.format(charset=charset).encode(encoding))
    (grid,) = read_grids(path)
    assert rows_of(grid, 4) == [
        ("95598工单明细", "", "", ""),
        ("工单编号", "供电单位", "时间", ""),
        ("工单编号", "供电单位", "受理", "派单"),
        ("1", "城关\xa0所", "2026-09-01", "第一行\n第二行"),
        ("2", "城关\xa0所", "2026-09-02", "𠮷"),
    ]


def test_every_outer_table_is_a_grid_and_inner_ones_are_text(tmp_path):
    path = tmp_path / "x.xls"
    path.write_text(
        "<table><tr><td>a<td><table><tr><td>in</td></tr></table></table><table><tr><td>b<td>c</table>", "utf-8"
    )
    assert [grid.head for grid in read_grids(path)] == [[["a", "in"]], [["b", "c"]]]


@pytest.mark.parametrize("page", ["<html><body>请登录</body></html>", "<!DOCTYPE html><p>404", "<table></table>"])
def test_a_page_without_a_table_is_refused(tmp_path, page):
    path = tmp_path / "x.xls"
    path.write_text(page, "utf-8")
    with pytest.raises(CollectorError, match="web page without a table"):
        read_grids(path)


def test_a_spreadsheet_as_xml_is_refused_by_name(tmp_path):
    path = tmp_path / "x.xls"
    path.write_text('<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>', "utf-8")
    with pytest.raises(CollectorError, match="Save it as xlsx"):
        read_grids(path)


def test_absurd_spans_do_not_fill_the_memory(tmp_path):
    path = tmp_path / "x.xls"
    path.write_text("<table><tr><td rowspan=99999999>a<td colspan=99999999>b</tr><tr><td>c</tr></table>", "utf-8")
    (grid,) = read_grids(path)
    assert len(grid.head[0]) == 1_001

"""Files of the shapes met in practice (文件): GB18030 csv, HTML named `.xls`, xlsx with two header rows.

A sheet is text only, as people see it. Each writer adds what such files carry: a title, the line of the period and
the time of export, a total at the end, a footnote. The same sheet gives the same bytes.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import polars as pl
import xlsxwriter

_TIMELESS = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)
"""Creation time inside xlsx files: xlsx keeps one, and ours must not follow the clock."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table as text. `rows` has a column per heading; `groups` names the first header row where there are two."""

    title: str
    rows: pl.DataFrame
    period: tuple[str, str] | None = None
    """First and last day of the 统计周期 line."""
    exported: datetime | None = None
    groups: tuple[str, ...] = ()
    total: bool = False
    note: str = ""
    widths: dict[str, int] = field(default_factory=dict)

    @property
    def period_line(self) -> str:
        parts = [f"统计周期：{self.period[0]} 至 {self.period[1]}"] if self.period else []
        parts += [f"导出时间：{self.exported:%Y-%m-%d %H:%M:%S}"] if self.exported else []
        return "    ".join(parts)

    @property
    def total_row(self) -> list[str]:
        return ["合计", "", f"{self.rows.height}件", *[""] * (self.rows.width - 3)]


def as_csv(sheet: Sheet, encoding: str = "gb18030") -> bytes:
    """Comma-separated, title and period lines above the header, total and footnote below."""
    above = [line for line in (sheet.title, sheet.period_line) if line]
    text = sheet.rows.write_csv(line_terminator="\r\n", null_value="")
    below = [",".join(sheet.total_row)] if sheet.total else []
    below += [sheet.note] if sheet.note else []
    lines = "".join(f"{line}\r\n" for line in above) + text + "".join(f"{line}\r\n" for line in below)
    return lines.encode(encoding)


def as_html(sheet: Sheet) -> bytes:
    """An HTML table, as many systems export it under the name `.xls`: GBK, colspan title, `&nbsp;` for nothing."""
    width = sheet.rows.width
    head = "".join(f"<th>{escape(name)}</th>" for name in sheet.rows.columns)
    cells = [
        pl.concat_str(
            pl.lit("<td>"),
            pl.when(pl.col(name).fill_null("") == "").then(pl.lit("&nbsp;")).otherwise(_escaped(name)),
            pl.lit("</td>"),
        )
        for name in sheet.rows.columns
    ]
    body = sheet.rows.select(pl.concat_str(pl.lit("<tr>"), *cells, pl.lit("</tr>\r\n")).alias("row"))["row"]
    total = "".join(f"<td>{escape(text)}</td>" for text in sheet.total_row)
    parts = [
        '<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head>'
        '<meta http-equiv="Content-Type" content="text/html; charset=gb2312"></head><body>\r\n<table border="1">\r\n',
        f'<tr><td colspan="{width}" align="center"><b>{escape(sheet.title)}</b></td></tr>\r\n',
        f'<tr><td colspan="{width}">{escape(sheet.period_line)}</td></tr>\r\n' if sheet.period_line else "",
        f"<tr>{head}</tr>\r\n",
        "".join(body.to_list()),
        f"<tr>{total}</tr>\r\n" if sheet.total else "",
        f'<tr><td colspan="{width}">{escape(sheet.note)}</td></tr>\r\n' if sheet.note else "",
        "</table></body></html>\r\n",
    ]
    return "".join(parts).encode("gb18030")


def _escaped(name: str) -> pl.Expr:
    text = pl.col(name).str.replace_all("&", "&amp;", literal=True).str.replace_all("<", "&lt;", literal=True)
    return text.str.replace_all(">", "&gt;", literal=True)


def as_xlsx(sheet: Sheet) -> bytes:
    """A workbook with merged title, one or two header rows, a total and a footnote; everything typed as text."""
    buffer = io.BytesIO()
    workbook = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    workbook.set_properties({"title": sheet.title, "created": _TIMELESS})
    page = workbook.add_worksheet("Sheet1")
    bold = workbook.add_format({"bold": True, "align": "center", "border": 1})
    columns, last = sheet.rows.columns, sheet.rows.width - 1
    page.merge_range(
        0, 0, 0, last, sheet.title, workbook.add_format({"bold": True, "align": "center", "font_size": 14})
    )
    row = 1
    if sheet.period_line:
        page.write_string(1, 0, sheet.period_line)
        row = 2
    row = _write_header(page, row, columns, sheet.groups, bold)
    for values in sheet.rows.iter_rows():
        for column, value in enumerate(values):
            if value:
                page.write_string(row, column, value)
        row += 1
    if sheet.total:
        for column, value in enumerate(sheet.total_row):
            page.write_string(row, column, value)
        row += 1
    if sheet.note:
        page.write_string(row, 0, sheet.note)
    workbook.close()
    return buffer.getvalue()


def _write_header(page: object, row: int, columns: list[str], groups: tuple[str, ...], style: object) -> int:
    """One header row, or two with the names of the groups merged over theirs; the row after it."""
    write: object = page
    if not groups:
        for column, name in enumerate(columns):
            write.write_string(row, column, name, style)  # type: ignore[attr-defined]
        return row + 1
    start = 0
    while start < len(columns):
        end = start
        while end + 1 < len(columns) and groups[end + 1] == groups[start] != "":
            end += 1
        if groups[start] == "":
            write.merge_range(row, start, row + 1, start, columns[start], style)  # type: ignore[attr-defined]
        elif end == start:
            write.write_string(row, start, groups[start], style)  # type: ignore[attr-defined]
        else:
            write.merge_range(row, start, row, end, groups[start], style)  # type: ignore[attr-defined]
        for column in range(start, end + 1):
            if groups[column]:
                write.write_string(row + 1, column, columns[column], style)  # type: ignore[attr-defined]
        start = end + 1
    return row + 2


def write(path: Path, content: bytes) -> Path:
    """Store a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)
    return path

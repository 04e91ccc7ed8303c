"""Tables on worksheets (工作表): typed cells, one or two header rows, A4 landscape, nothing that could run.

Every text is written as a string cell, never as a formula or a link. A text that a spreadsheet would take for a formula
when somebody edits its cell also carries the quote prefix, the way Excel itself marks "this is text".
The same tables and the same creation time give the same bytes.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

import xlsxwriter

NONE = "—"
"""A value that is not there: neither 0 nor empty."""
_RISKY = tuple("=+-@\t\r\n＝＋－＠")
"""First letters that some spreadsheet takes for a formula or a command."""
_NUMBERS = {
    "integer": "0",
    "score": "0.00",
    "rate": "0.00%",
    "change": "+0.00;-0.00;0.00",
    "places": "+0;-0;0",
    "points": "+0.00;-0.00;0.00",
    "decimal": "0.00",
}
"""Number formats by kind of column. `rate` holds 0.9876 and shows 98.76 %; `points` holds percentage points."""
_A4 = 9
_NARROWEST, _WIDEST = 6, 46


@dataclass(frozen=True, slots=True)
class Column:
    """One column: heading, kind of its cells (`text` or a key of the number formats), group above it if any."""

    heading: str
    kind: str = "text"
    group: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One worksheet: title and facts above, rows of values (None shows as —), notes below."""

    name: str
    title: str
    facts: Sequence[str]
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    notes: Sequence[str] = ()
    frozen_columns: int = 2
    blocks: Sequence[Table] = field(default=())
    """Further tables under this one, with their own titles and columns."""


def workbook_bytes(tables: Sequence[Table], *, title: str, created: datetime, footer: str) -> bytes:
    """An xlsx workbook. `created` (naive or aware, kept as given) is written into it instead of the clock."""
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    workbook = xlsxwriter.Workbook(buffer, options)
    workbook.set_properties({"title": title, "created": created.replace(tzinfo=None)})
    style = _Style(workbook)
    for table in tables:
        _Worksheet(workbook, style, table, footer).write()
    workbook.close()
    return buffer.getvalue()


def is_risky(text: str) -> bool:
    """Whether a spreadsheet could take the text for a formula."""
    return text.startswith(_RISKY)


class _Style:
    """The formats of one workbook."""

    def __init__(self, workbook: Any) -> None:
        base = {"font_name": "Microsoft YaHei", "font_size": 9, "valign": "vcenter"}
        cell = base | {"border": 1, "border_color": "#BFBFBF"}
        add = workbook.add_format
        self.title = add(base | {"bold": True, "font_size": 14, "font_color": "#0B4F55"})
        self.section = add(base | {"bold": True, "font_size": 11, "font_color": "#0B4F55"})
        self.fact = add(base | {"font_color": "#595959"})
        self.head = add(cell | {"bold": True, "align": "center", "text_wrap": True, "bg_color": "#DDEBEC"})
        self.text = add(cell)
        self.quoted = add(cell | {"quote_prefix": True})
        self.none = add(cell | {"align": "right", "font_color": "#7F7F7F"})
        self.numbers = {kind: add(cell | {"num_format": form}) for kind, form in _NUMBERS.items()}


class _Worksheet:
    """Writes one table, top to bottom."""

    def __init__(self, workbook: Any, style: _Style, table: Table, footer: str) -> None:
        self.page = workbook.add_worksheet(table.name)
        self.style, self.table, self.footer = style, table, footer
        self.row = 0
        self.widths: dict[int, int] = {}

    def write(self) -> None:
        table = self.table
        self._line(table.title, self.style.title)
        for fact in table.facts:
            self._line(fact, self.style.fact)
        first = self.row
        self._head(table.columns)
        last_head = self.row - 1
        self._body(table)
        if table.rows:
            self.page.autofilter(last_head, 0, self.row - 1, len(table.columns) - 1)
        for block in table.blocks:
            self._block(block)
        self.row += 1
        for note in table.notes:
            self._line(note, self.style.fact)
        self._lay_out(first, last_head)

    def _block(self, block: Table) -> None:
        self.row += 1
        self._line(block.title, self.style.section)
        for fact in block.facts:
            self._line(fact, self.style.fact)
        self._head(block.columns)
        self._body(block)

    def _line(self, text: str, style: Any) -> None:
        self.page.write_string(self.row, 0, text, style)
        self.row += 1

    def _head(self, columns: Sequence[Column]) -> None:
        """One header row; two where columns stand in groups, single columns merged over both."""
        if not any(column.group for column in columns):
            for place, column in enumerate(columns):
                self._head_cell(self.row, place, column.heading)
            self.row += 1
            return
        place = 0
        for group, members in groupby(columns, key=lambda column: column.group):
            for heading in (member.heading for member in members):
                if group:
                    self._head_cell(self.row + 1, place, heading)
                else:
                    self.page.merge_range(self.row, place, self.row + 1, place, heading, self.style.head)
                    self._widen(place, heading)
                place += 1
        self._groups(columns)
        self.row += 2

    def _groups(self, columns: Sequence[Column]) -> None:
        place = 0
        for group, members in groupby(columns, key=lambda column: column.group):
            size = len(list(members))
            if group and size > 1:
                self.page.merge_range(self.row, place, self.row, place + size - 1, group, self.style.head)
            elif group:
                self.page.write_string(self.row, place, group, self.style.head)
            place += size

    def _head_cell(self, row: int, place: int, heading: str) -> None:
        self.page.write_string(row, place, heading, self.style.head)
        self._widen(place, heading)

    def _body(self, table: Table) -> None:
        for values in table.rows:
            for place, (column, value) in enumerate(zip(table.columns, values, strict=True)):
                self._cell(place, column.kind, value)
            self.row += 1

    def _cell(self, place: int, kind: str, value: Any) -> None:
        style = self.style
        if value is None:
            self.page.write_string(self.row, place, NONE, style.none)
        elif kind == "text" or isinstance(value, str):
            text = str(value)
            self.page.write_string(self.row, place, text, style.quoted if is_risky(text) else style.text)
            self._widen(place, text)
        else:
            self.page.write_number(self.row, place, value, style.numbers[kind])
            self._widen(place, f"{value:.2f}00")

    def _widen(self, place: int, text: str) -> None:
        wide = sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
        self.widths[place] = min(_WIDEST, max(self.widths.get(place, _NARROWEST), wide + 2))

    def _lay_out(self, first_head: int, last_head: int) -> None:
        """Widths, frozen header, A4 landscape, one page wide, header repeated on every page."""
        page = self.page
        for place, width in self.widths.items():
            page.set_column(place, place, width)
        page.freeze_panes(last_head + 1, self.table.frozen_columns)
        page.set_landscape()
        page.set_paper(_A4)
        page.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
        page.fit_to_pages(1, 0)
        page.repeat_rows(first_head, last_head)
        page.set_footer(f"&L{_in_footer(self.footer)}&C{_in_footer(self.table.name)}&R&P / &N")


def _in_footer(text: str) -> str:
    """Text of a page footer, where & begins a command."""
    return text.replace("&", "&&")

"""HTML tables as grids: the `.xls` that many systems export is a web page (domain.md §2.4).

Any encoding; colspan and rowspan; a cell that spans rows counts for each of them, one that spans columns for the first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
from lxml import etree

from collectors.base import CollectorError
from collectors.tables import encoding
from collectors.tables.grid import Grid, from_frame

MAX_SPAN = 1_000
"""A browser stops there too; a span of millions is an attack or a mistake."""


def read(path: Path) -> list[Grid]:
    """A grid per outermost table. Raises CollectorError when the page has none."""
    text = encoding.to_text(path.read_bytes())
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    root = etree.fromstring(text.replace("\x00", "").encode("utf-8", errors="replace"), parser)
    tables: Any = [] if root is None else root.xpath("//table[not(ancestor::table)]")
    grids = [_grid(table, number) for number, table in enumerate(tables, start=1)]
    found = [grid for grid in grids if grid.head]
    if not found:
        raise CollectorError(
            f"{path.name} is a web page without a table (a login page, perhaps). Export the table again.",
            permanent=True,
        )
    return found


@dataclass
class _Rows:
    """Rows being laid out; `pending` are cells that hang down from rows above: column → (rows left, text)."""

    rows: list[list[str]] = field(default_factory=list)
    pending: dict[int, tuple[int, str]] = field(default_factory=dict)

    def add(self, cells: list[tuple[str, int, int]]) -> None:
        row: list[str] = []
        for text, columns, rows in cells:
            self._hang(row)
            for offset in range(columns):
                if rows > 1:
                    self.pending[len(row)] = (rows - 1, text if offset == 0 else "")
                row.append(text if offset == 0 else "")
        self._hang(row)
        self.rows.append(row)

    def _hang(self, row: list[str]) -> None:
        while len(row) in self.pending:
            left, text = self.pending.pop(len(row))
            if left > 1:
                self.pending[len(row)] = (left - 1, text)
            row.append(text)


def _grid(table: Any, number: int) -> Grid:
    layout = _Rows()
    caption = table.find("caption")
    if caption is not None:
        layout.add([(_text(caption), 1, 1)])
    for row in table.xpath(".//tr[count(ancestor::table) = $depth]", depth=_depth(table) + 1):
        layout.add([(_text(cell), _span(cell, "colspan"), _span(cell, "rowspan")) for cell in row if _is_cell(cell)])
    width = max(map(len, layout.rows), default=0)
    columns = [[row[index] if index < len(row) else "" for row in layout.rows] for index in range(width)]
    cells = pl.DataFrame({f"c{index}": column for index, column in enumerate(columns)}, strict=True)
    return from_frame(f"table {number}" if number > 1 else None, cells)


def _depth(table: Any) -> int:
    return sum(1 for _ in table.iterancestors("table"))


def _is_cell(element: Any) -> bool:
    return element.tag in ("td", "th")


def _text(cell: Any) -> str:
    """Text with line breaks where the page has them."""
    for line_break in cell.iter("br"):
        line_break.tail = "\n" + (line_break.tail or "")
    return "".join(cell.itertext()).strip(" \t\r\n\xa0")


def _span(cell: Any, name: str) -> int:
    digits = (cell.get(name) or "1").strip()
    return min(max(int(digits), 1), MAX_SPAN) if digits.isdecimal() else 1

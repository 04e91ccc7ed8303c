"""Workbooks (xlsx, xlsb, ods, BIFF xls) as grids, by calamine: cells as text, dates as `2026-11-21 08:05:33`."""

from __future__ import annotations

import codecs
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import fastexcel
import polars as pl
from python_calamine import CalamineWorkbook

from collectors.base import CollectorError
from collectors.guard import MAX_COLUMNS, refuse_bomb
from collectors.tables.grid import Grid, from_frame

EXACT_DIGITS = 10**15
"""From here on Excel has replaced digits by zeros: its numbers have 15."""
ERRORS = {
    "Div0": "#DIV/0!", "NA": "#N/A", "Name": "#NAME?", "Null": "#NULL!", "Num": "#NUM!", "Ref": "#REF!",
    "Value": "#VALUE!", "GettingData": "#GETTING_DATA",
}  # fmt: skip
"""calamine's names of Excel's errors → what a person sees in the cell."""
_ERROR = re.compile(r"Error\((\w+)\)")
_TIME_ONLY = r"^(?:1899-12-3[01]|1904-01-01|1900-01-01) (\d\d:\d\d:\d\d.*)$"
_LONG_NUMBER = re.compile(rb"v>\s*(?:[-+]?\d{16}|[-+]?[\d.]+[eE]\+?\d\d|[^<]{0,50}&#)")
"""A value of 16 digits or with an exponent, or whose digits are written as references."""
_WRITTEN_OTHERWISE = (b"<v ", b":v ", b"<![CDATA")
"""What a value is not looked for in."""
_WINDOW, _LONGEST = 1 << 20, 100
_DATEMODE = re.compile(rb"\x22\x00\x02\x00([\x00\x01])\x00")


def read(path: Path) -> list[Grid]:
    """A grid per sheet that holds anything. Raises CollectorError for what is broken, locked or a bomb."""
    zipped = zipfile.is_zipfile(path)
    if zipped:
        refuse_bomb(path)
    from_1904 = _xlsx_from_1904(path) if zipped else _biff_from_1904(path)
    try:
        reader = fastexcel.read_excel(str(path))
        sheets = [(name, _cells(reader, name)) for name in reader.sheet_names]
    except fastexcel.FastExcelError as error:
        raise CollectorError(_explained(path, error, zipped=zipped), permanent=True) from error
    return [
        _grid(_Sheet(path, name), cells, from_1904=from_1904) for name, cells in sheets if cells.height and cells.width
    ]


def _cells(reader: Any, name: str) -> pl.DataFrame:
    sheet = reader.load_sheet(name, header_row=None, skip_rows=0, dtypes="string")
    batch, errors = sheet.to_arrow_with_errors()
    cells = _with_errors(pl.DataFrame(pl.from_arrow(batch)), errors.errors if errors else ())
    if cells.width > MAX_COLUMNS:
        raise CollectorError(
            f"Sheet '{name}' has {cells.width} columns, more than {MAX_COLUMNS}. Export it as csv.", permanent=True
        )
    times = pl.all().str.replace(_TIME_ONLY, "${1}")
    return cells.with_columns(times) if cells.width else cells


def _with_errors(cells: pl.DataFrame, errors: Sequence[Any]) -> pl.DataFrame:
    """Cells that hold an error of Excel as it shows them (`#DIV/0!`); fastexcel leaves them blank."""
    found: dict[int, dict[int, str]] = {}
    for error in errors:
        shown = _ERROR.search(error.detail)
        if shown:
            row, column = error.offset_position
            found.setdefault(column, {})[row] = ERRORS.get(shown[1], f"#{shown[1].upper()}!")
    for column, texts in found.items():
        series = cells.to_series(column)
        cells = cells.with_columns(series.scatter(list(texts), list(texts.values())))
    return cells


def _grid(sheet: _Sheet, cells: pl.DataFrame, *, from_1904: bool) -> Grid:
    return from_frame(
        sheet.name, cells, from_1904=from_1904, lost_digits=sheet.rows_of_long_numbers, merged=sheet.merged_texts
    )


@dataclass(frozen=True)
class _Sheet:
    """What the text of cells cannot say; the sheet is read again, and only when somebody asks."""

    path: Path
    name: str

    @cached_property
    def _sheet(self) -> Any:
        return CalamineWorkbook.from_path(str(self.path)).get_sheet_by_name(self.name)

    @property
    def _first_column(self) -> int:
        start = self._sheet.start
        return start[1] if start else 0

    def rows_of_long_numbers(self, column: int) -> Sequence[int]:
        """Rows whose cell is a number too long for Excel, not a text."""
        if not self._may_have_long_numbers:
            return ()
        return self._long_numbers.get(column + self._first_column, ())

    @cached_property
    def _may_have_long_numbers(self) -> bool:
        """Asked before every cell is looked at in Python: ticket numbers are long, and nearly always texts."""
        return not zipfile.is_zipfile(self.path) or _says_long_numbers(self.path)

    @cached_property
    def _long_numbers(self) -> dict[int, list[int]]:
        """Column → rows, found in one pass over the sheet."""
        found: dict[int, list[int]] = {}
        for number, row in enumerate(
            self._sheet.iter_rows(), start=1
        ):  # blank rows above are given, blank columns before are not
            for at, cell in enumerate(row, start=self._first_column):
                if _is_long_number(cell):
                    found.setdefault(at, []).append(number)
        return found

    def merged_texts(self, column: int) -> dict[int, str]:
        """Row → text for cells that a merge over several rows left blank in this column."""
        at = column + self._first_column
        merges = [m for m in self._sheet.merged_cell_ranges or () if m[0][1] <= at <= m[1][1] and m[1][0] > m[0][0]]
        rows = self._sheet.to_python(skip_empty_area=False) if merges else []
        return {
            row + 1: _as_text(rows[top][left])
            for (top, left), (bottom, _) in merges
            for row in range(top + 1, bottom + 1)
        }


def _says_long_numbers(path: Path) -> bool:
    """Whether the text of an xlsx has a number so long, or anything in which one could hide; of other kinds always.

    Texts are kept apart, in the shared strings; a text inside a sheet that looks like a long number counts as one.
    """
    with zipfile.ZipFile(path) as archive:
        parts = [name for name in archive.namelist() if name != "xl/sharedStrings.xml"]
        sheets = [name for name in parts if name.startswith("xl/worksheets/")]
        if not any(name.endswith(".xml") for name in sheets) or any(name.endswith(".bin") for name in sheets):
            return True
        return any(_has_long_number(part) for part in map(archive.open, parts))


def _has_long_number(part: IO[bytes]) -> bool:
    with part:
        rest = part.read(4)
        if b"\x00" in rest or rest[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return True
        while window := part.read(_WINDOW):
            text = rest + window
            if _LONG_NUMBER.search(text) or any(mark in text for mark in _WRITTEN_OTHERWISE):
                return True
            rest = window[-_LONGEST:]
    return False


def _is_long_number(cell: object) -> bool:
    return isinstance(cell, (int, float)) and not isinstance(cell, bool) and abs(cell) >= EXACT_DIGITS


def _as_text(cell: object) -> str:
    """The same text that fastexcel gives."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    return f"{cell.isoformat()} 00:00:00" if isinstance(cell, date) else str(cell)


def _xlsx_from_1904(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            start = archive.open("xl/workbook.xml").read(1 << 16)
    except (KeyError, zipfile.BadZipFile):
        return False
    return re.search(rb'date1904\s*=\s*["\'](?:1|true)["\']', start) is not None


def _biff_from_1904(path: Path) -> bool:
    """The DATEMODE record of the workbook stream."""
    found = _DATEMODE.search(path.read_bytes())
    return found is not None and found.group(1) == b"\x01"


def _explained(path: Path, error: Exception, *, zipped: bool) -> str:
    raw = path.read_bytes()
    if not zipped and "EncryptedPackage".encode("utf-16-le") in raw:
        return f"{path.name} is protected by a password. Save it without one."
    if not zipped and "password" in str(error).lower():
        return f"{path.name} is protected by a password. Save it without one."
    cause = str(error).splitlines()[0] if str(error) else type(error).__name__
    return f"{path.name} cannot be read as a workbook ({cause}). It may be cut off: export it again."

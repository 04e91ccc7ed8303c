"""Where the table begins in a sheet, and which of its lines are no data (版式, domain.md §2.4).

Title lines, statistics lines, one or two header rows above; blank lines, repeated headers, totals and footnotes between
and below. What is left out is counted, by kind, never dropped unseen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import polars as pl

from collectors.base import CollectorError
from collectors.headers import plain
from collectors.tables.grid import FLAW, RAW, ROW, Grid, cell_names

Score = Callable[[Sequence[str]], int]
"""How many cells of a header row mean something for the record at hand."""

_TOTALS = frozenset(
    {
        "合计",
        "小计",
        "总计",
        "共计",
        "总和",
        "汇总",
        "累计",
        "平均",
        "全市",
        "全省",
        "全县",
        "全公司",
        "total",
        "subtotal",
        "sum",
    }
)
_TOTAL_ENDS = ("合计", "小计", "总计", "共计", "累计")
_TOTAL_WITH_COUNT = re.compile(r"^(?:合计|小计|总计|共计|累计):?[\d,]+[条行笔件单张份宗]?$")
_TOTAL_LIKE = [*_TOTALS - {"total", "subtotal", "sum"}, "合 计", "总 计", "小 计", "otal", "OTAL", "sum", "Sum", "SUM"]
"""Bits of which a cell has at least one before it is worth asking whether it names a total."""
_BARE_NUMBER = re.compile(r"^[-+¥]?[\d,]*\.?\d+%?(?:元|万元)?$")
_LITTLE_NUMBER = re.compile(r"^\d{1,7}$")
MAX_LINES = 20_000
"""So many lines that are no data are kept to be read for what they state; a report has a few."""
_FOOTNOTE = re.compile(
    r"^[*※]?(?:(?:注|备注|说明|附注|注释|note|source)\d*[:.、]|(?:统计|导出|查询|打印|生成|制表|填报|编制|审核|数据)[一-鿿]{0,4}[:]"
    r"|数据来源|数据取自|第\d+(?:/\d+)?页|page\d+(?:of|/)\d|共[计有]?[\d,]+[页条行笔件单张份宗]|总?(?:记录|条|行)总?数[:]|以上|单位[:]|制表|填表|审核人)",
    re.IGNORECASE,
)
_NUMBER_LIKE = re.compile(r"^(?=.*\d)[A-Za-z0-9_\-/.+']{4,}$")
_DIGIT = re.compile(r"\d")
_STATED = re.compile(
    r"(?P<what>导出|统计|生成|截止|截至|查询)(?:时间|日期|时点|于)?[:]?\s*"
    r"(?P<when>\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?(?:[T\d:时分秒. ]*\d[时分秒]?)?)(?=(?P<rest>.{0,3}))"
)
_RANGE = re.compile(r"[至到~～\-—–]|to", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is no data but may say something of the data: a total, a footnote, a title."""

    row: int
    kind: str
    cells: tuple[str, ...]


@dataclass
class Table:
    """A table found in a sheet: its header, and its data rows in chunks of text cells."""

    grid: Grid
    header: tuple[str, ...]
    header_rows: tuple[tuple[str, ...], ...]
    """The header as written, to recognise it when it is repeated."""
    titles: tuple[tuple[str, ...], ...]
    """The filled lines above the header: a printed page repeats them too."""
    above: int
    """Rows of the sheet before the first data row."""
    skipped: dict[str, int] = field(default_factory=dict)
    """Lines that are no data, by kind: title, blank, header, total, footnote. Grows while chunks are read."""
    lines: list[Line] = field(default_factory=list)
    """Those of them that may state a total, in the order of the sheet (at most MAX_LINES); grows likewise."""
    last_row: int = 0
    """Row of the sheet in which the last data row read so far stands."""

    @property
    def sheet(self) -> str | None:
        return self.grid.sheet

    def note(self, kind: str, count: int = 1) -> None:
        if count:
            self.skipped[kind] = self.skipped.get(kind, 0) + count


def find_table(
    grid: Grid, score: Score, *, header_rows: int | None = None, skip_until: str | None = None
) -> Table | None:
    """The table of a sheet, or None when no row has two cells. Raises CollectorError when `skip_until` is not found.

    `header_rows` fixes how many rows the header has, `skip_until` the text of a cell in its first row.
    """
    rows = [[cell.strip() for cell in row] for row in grid.head]
    starts = range(len(rows)) if skip_until is None else [_row_with(rows, skip_until, grid)]
    candidates = [c for start in starts for c in _candidates(rows, start, header_rows)]
    wide = [candidate for candidate in candidates if sum(map(bool, candidate[2])) > 1]
    if not wide:
        return None
    best = max(wide, key=lambda candidate: _rank(candidate, score))
    start, depth, header = best
    titles = tuple(tuple(map(plain, _trimmed(row))) for row in rows[:start] if any(row))
    table = Table(grid, header, tuple(tuple(row) for row in rows[start : start + depth]), titles, start + depth)
    for row in rows[:start]:
        table.note("title" if any(row) else "blank")
    return table


Candidate = tuple[int, int, tuple[str, ...]]


def _rank(candidate: Candidate, score: Score) -> tuple[int, int, int, int]:
    """Most cells understood; then most filled; then the fewest rows; then the first."""
    start, depth, header = candidate
    understood = score(header)
    return understood, 0 if understood else sum(map(bool, header)), -depth, -start


def _candidates(rows: list[list[str]], start: int, header_rows: int | None) -> list[Candidate]:
    found: list[Candidate] = []
    if header_rows in (None, 1):
        found.append((start, 1, _trimmed(rows[start])))
    if header_rows != 1 and start + 1 < len(rows) and (header_rows or _is_wordy(rows[start + 1])):
        depth = header_rows or 2
        joined = rows[start]
        for below in rows[start + 1 : start + depth]:
            joined = join_headers(joined, below)
        found.append((start, depth, _trimmed(joined)))
    return found


def join_headers(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    """Two header rows as one: `重复停电情况` over `占比` becomes `重复停电情况/占比`.

    An upper cell stands for the blanks right of it as long as the lower row goes on; one with nothing below it was
    merged downwards and stands for itself.
    """
    joined: list[str] = []
    group = ""
    for index in range(max(len(upper), len(lower))):
        top = upper[index] if index < len(upper) else ""
        low = lower[index] if index < len(lower) else ""
        group = (top or group) if low else ""
        joined.append(top or low if not (group and low) or group == low else f"{group}/{low}")
    return joined


def _trimmed(row: Sequence[str]) -> tuple[str, ...]:
    cells = [" ".join(cell.split()) for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    return tuple(cells)


def _is_wordy(row: Sequence[str]) -> bool:
    """A second header row holds words, no numbers and no dates."""
    filled = [cell for cell in row if cell]
    return bool(filled) and not any(_NUMBER_LIKE.match(cell) or cell[:1].isdigit() for cell in filled)


def _row_with(rows: list[list[str]], text: str, grid: Grid) -> int:
    for number, row in enumerate(rows):
        if any(plain(text) == plain(cell) for cell in row) or plain(text) in plain("".join(row)):
            return number
    where = f"sheet '{grid.sheet}'" if grid.sheet else "the file"
    raise CollectorError(f"skip_until = '{text}' is in none of the first {len(rows)} rows of {where}.", permanent=True)


# --- lines that are no data -------------------------------------------------------------------------------------------


def data_rows(table: Table, chunk: pl.DataFrame, number: int | None, office: int | None) -> pl.DataFrame:
    """The rows of a chunk that are data; the others are counted in `table.skipped`.

    `number` and `office` are the indexes of the columns that hold the record's number and its office.
    """
    width = len(table.header)
    names = cell_names(width)
    filled = pl.sum_horizontal((pl.col(name).fill_null("") != "") for name in names)
    key = pl.col(names[number]).fill_null("") if number is not None else pl.lit("")
    suspect = (filled <= 3) | ~key.str.contains(r"\d")
    for name in {names[0], names[office] if office is not None else names[0]}:
        suspect |= (pl.col(name).str.len_bytes() <= 36) & pl.col(name).str.contains_any(_TOTAL_LIKE)
    kinds: dict[int, str] = {}
    for row in chunk.filter(suspect).select(ROW, FLAW, RAW, *names).iter_rows():
        cells = [(cell or "").strip() for cell in row[3:]]
        kind = line_kind(cells, table, number, office, flawed=row[1] is not None)
        if kind:
            kinds[row[0]] = kind
            table.note(kind)
            if kind in ("total", "footnote", "title") and len(table.lines) < MAX_LINES:
                table.lines.append(Line(row[0], kind, tuple(cells)))
    rows = chunk.filter(~pl.col(ROW).is_in(list(kinds))) if kinds else chunk
    table.last_row = rows[ROW].item(-1) if rows.height else table.last_row
    return rows


def line_kind(
    cells: Sequence[str], table: Table, number: int | None, office: int | None, *, flawed: bool = False
) -> str | None:
    """Why a line is no data: blank, header, total, footnote or title; None for data."""
    filled = [cell for cell in cells if plain(cell)]
    if not filled:
        return "blank"
    if _repeats_header(cells, table):
        return "header"
    if tuple(map(plain, _trimmed(cells))) in table.titles:
        return "title"
    first = plain(filled[0])
    key = plain(cells[number]) if number is not None else ""
    keyless = not _DIGIT.search(key)
    if (keyless or key == first) and is_total(first):
        return "total"
    if keyless and office is not None and is_total(plain(cells[office])):
        return "total"
    if office is not None and is_total(first) and not plain(cells[office]):
        return "total"  # its count stands where a record has its number
    if office is not None and _LITTLE_NUMBER.match(key.replace(",", "")) and _totals_only(cells, office):
        return "total"  # the same under a named office column, with sums beside
    if (keyless or key == first) and _FOOTNOTE.match(first) and len(filled) <= 4:
        return "footnote"
    # A lone text in a line of too few cells may be the rest of a torn record: that is for the quarantine.
    if len(filled) == 1 and plain(cells[0]) and not _NUMBER_LIKE.match(first) and not flawed:
        return "title"
    return None


def is_total(text: str) -> bool:
    named = text in _TOTALS or (text.endswith(_TOTAL_ENDS) and not _DIGIT.search(text))
    return named or _TOTAL_WITH_COUNT.match(text) is not None


def _totals_only(cells: Sequence[str], office: int) -> bool:
    """The office is the word for a total, and every other filled cell a bare number."""
    others = [plain(cell) for index, cell in enumerate(cells) if index != office and plain(cell)]
    return is_total(plain(cells[office])) and all(map(_BARE_NUMBER.match, others))


def _repeats_header(cells: Sequence[str], table: Table) -> bool:
    """The header again, word for word or with a cell or two spelt anew (at least two cells and half of the filled)."""
    compared = [plain(cell) for cell in cells]
    filled = sum(map(bool, compared))
    for row in (*table.header_rows, table.header):
        same = sum(
            bool(cell) and cell == known for cell, known in zip(compared, _padded(row, len(compared)), strict=True)
        )
        if same == filled or (same >= 2 and same * 2 >= filled):
            return True
    return False


def _padded(row: Sequence[str], width: int) -> list[str]:
    cells = [plain(cell) for cell in row[:width]]
    return cells + [""] * (width - len(cells))


# --- when the file says it was made --------------------------------------------------------------------------------


def stated_time(table: Table) -> str | None:
    """The 导出 (else 统计) time that the lines above or below the table state, as text; periods do not count."""
    lines = [*table.grid.head[: table.above], *filter(_is_footnote, table.grid.tail)]
    found: dict[str, str] = {}
    for row in lines:
        for match in _STATED.finditer(" ".join(" ".join(cell.split()) for cell in map(_folded, row) if cell)):
            if not _RANGE.match(match["rest"].strip() or " "):
                found.setdefault(match["what"], match["when"].strip())
    for what in ("导出", "生成", "统计", "截止", "截至", "查询"):
        if what in found:
            return found[what]
    return None


def _is_footnote(row: Sequence[str]) -> bool:
    filled = [plain(cell) for cell in row if plain(cell)]
    return 0 < len(filled) <= 4 and _FOOTNOTE.match(filled[0]) is not None


def _folded(text: str) -> str:
    """Full-width forms as plain ones, blanks kept: the time follows the day after one."""
    return "".join(chr(ord(c) - 0xFEE0) if "！" <= c <= "～" else c for c in text)

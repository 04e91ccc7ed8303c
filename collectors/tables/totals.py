"""Totals that a file states about itself (合计核对, domain.md §9.36), compared with the rows read.

A 合计 row, `共 1,234 条` in a title or footnote, `第 1/13 页`. A total is never a data row, and nothing is corrected by
it: it is a second witness. Grouped subtotals are compared with their group, rates with nothing.

The rows are summed in a second pass, and only for files that state sums: others pay nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Literal

import numpy as np
import polars as pl

from collectors.headers import plain
from collectors.tables.grid import ROW
from collectors.tables.layout import Line, Table, data_rows, is_total

State = Literal["matches", "differs", "not_computed"]
ADDITIVE: dict[str, tuple[str, ...]] = {
    "measures": ("numerator", "denominator"),
    "tickets": ("urges", "returns"),
    "applications": ("papers", "visits", "paused_working_days"),
    "inspections": ("count",),
}
"""Canonical columns whose sum means something. Customers of offices do not: a county's are those of its stations."""
SERIES: dict[str, tuple[str, ...]] = {"measures": ("indicator", "period")}
"""Columns that tell apart what may not be added up: a total that names one is about its rows only."""
PLACES = 9
"""Decimal places kept when summing; an export has two."""

LARGEST = 10**15
"""Larger numbers are no amounts but codes."""

_UNITS = r"(?:条|行|笔|件|单|张|份|宗)"
_COUNTS = (
    re.compile(rf"(?<!本页)(?<!每页)(?<!当页)共[计有]?:?([\d,]+){_UNITS}"),
    re.compile(r"(?:记录总?数|总(?:条|行)数|数据(?:条|行)数)[:为是]?([\d,]+)"),
    re.compile(r"total(?:of|:)?([\d,]+)(?:rows|records|items|entries)"),
)
_IN_TOTAL = re.compile(rf"^(?:合计|总计|小计|共计|累计)?:?([\d,]+){_UNITS}?$")
_PAGES = (
    re.compile(r"第(?P<page>\d+)(?:页[,;/]?共|/)(?P<of>\d+)页"),
    re.compile(r"共(?P<of>\d+)页[,;/]?第(?P<page>\d+)页"),
    re.compile(r"page(?P<page>\d+)(?:of|/)(?P<of>\d+)"),
)
_NUMBER = re.compile(r"^¥?(-?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?)元?$")
_NO_SUM = re.compile(
    r"率|%|占比|比例|比重|比值|均|排名|名次|序号|编号|编码|代码|号码|电话|时间|日期|月份|年月|时长|得分|同比|环比"
    r"|rate|ratio|avg|mean|rank|no\b|id\b|time|date"
)
_AMOUNT = re.compile(r"金额|费|款|电量|amount|kwh")
_GRAND = frozenset({"合计", "总计", "共计", "总和", "汇总", "累计", "全市", "全省", "全县", "全公司", "total", "sum"})
_NO_TOTAL = ("平均",)


@dataclass(frozen=True, slots=True)
class Control:
    """One stated total beside what was read."""

    what: Literal["rows", "sum"]
    where: Literal["title", "total", "footnote"]
    row: int
    """Row of the sheet in which it is stated."""
    label: str
    """The words of the line, as read."""
    column: str | None
    """Header of the summed column; None for a count of rows."""
    covers: Literal["all", "group"]
    stated: Decimal
    found: Decimal | None
    """None where it could not be computed: cells that are no numbers, or different indicators under one total."""
    state: State

    @property
    def gap(self) -> Decimal | None:
        """Stated less found: what is missing."""
        return None if self.found is None else self.stated - self.found


@dataclass(frozen=True, slots=True)
class Columns:
    """Where in the sheet stands what the totals are about (indexes of source columns)."""

    number: int | None
    office: int | None
    additive: frozenset[int] = frozenset()
    """Columns that are added up for certain."""
    mapped: frozenset[int] = frozenset()
    """All columns with a canonical meaning: those that are not additive are never summed."""
    series: tuple[int, ...] = ()


def controls(table: Table, columns: Columns, rows: int) -> list[Control]:
    """All totals that a sheet states, compared. `rows`: data rows read. The sheet must have been read to its end."""
    told = [_count(line, number, rows) for line in _telling(table) for number in _stated_counts(line)]
    totals = [line for line in table.lines if line.kind == "total" and not _label(line).startswith(_NO_TOTAL)]
    return told + _totals(table, columns, totals)


def pages_missing(table: Table) -> tuple[int, int] | None:
    """(pages present, pages there should be) where the sheet says it is page so-and-so of several; else None."""
    seen: set[int] = set()
    whole = 0
    for line in _telling(table):
        for match in (
            found for text in map(plain, line.cells) for pattern in _PAGES for found in pattern.finditer(text)
        ):
            seen.add(int(match["page"]))
            whole = max(whole, int(match["of"]))
    return (len(seen), whole) if seen and len(seen) < whole else None


# --- counts in words -----------------------------------------------------------------------------------------------


def _telling(table: Table) -> Iterator[Line]:
    """Lines whose words may state a count: those above the header, titles, footnotes and totals in the sheet."""
    for row, cells in enumerate(table.grid.head[: table.above], start=1):
        yield Line(row, "title", tuple(cells))
    yield from table.lines


def _stated_counts(line: Line) -> list[int]:
    texts = [plain(cell) for cell in line.cells if cell]
    patterns = (*_COUNTS, _IN_TOTAL) if line.kind == "total" and len(texts) == 1 else _COUNTS
    found = {_whole(match[1]) for text in texts for pattern in patterns for match in pattern.finditer(text)}
    return sorted(number for number in found if number is not None)


def _whole(text: str) -> int | None:
    digits = text.replace(",", "")
    return int(digits) if digits and len(digits) < 12 else None


def _count(line: Line, stated: int, rows: int) -> Control:
    where: Literal["title", "footnote", "total"] = "title"
    if line.kind in ("footnote", "total"):
        where = "footnote" if line.kind == "footnote" else "total"
    state: State = "matches" if stated == rows else "differs"
    return Control("rows", where, line.row, _words(line), None, "all", Decimal(stated), Decimal(rows), state)


def _words(line: Line) -> str:
    """What a person finds the line by: of a total its word, of a sentence all of it."""
    cells = [" ".join(cell.split()) for cell in line.cells if cell]
    named = [cell for cell in cells if plain(cell) == _label(line)] if line.kind == "total" else cells
    return " ".join(named)[:120]


def _label(line: Line) -> str:
    """The word that makes the line a total, wherever it stands."""
    filled = [text for text in map(plain, line.cells) if text]
    return next(filter(is_total, filled), filled[0])


# --- total rows ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Sum:
    """Sum of one column over some rows, and how far it can be trusted."""

    rows: int = 0
    total: Decimal = Decimal(0)
    unread: int = 0
    """Cells that hold something that is no number."""
    places: int = 0

    def add(self, other: _Sum) -> None:
        self.rows += other.rows
        self.total += other.total
        self.unread += other.unread
        self.places = max(self.places, other.places)


Group = dict[int, _Sum]
"""Column → its sum."""


@dataclass(slots=True)
class _Sums:
    """Sums of the rows between one total row and the next, by what may not be added up."""

    blocks: list[dict[tuple[str, ...], Group]] = field(default_factory=list)

    def over(self, first: int, end: int, column: int, named: Sequence[str]) -> _Sum | None:
        """Blocks `first` to `end` (half-open), rows of the named series only; None if several series would mix."""
        found, met = _Sum(), set()
        for block in self.blocks[first:end]:
            for key, group in block.items():
                if all(not want or want == have for want, have in zip(named, key, strict=True)):
                    met.add(key[:1])
                    found.add(group[column])
        return found if len(met) <= 1 else None


def _totals(table: Table, columns: Columns, totals: Sequence[Line]) -> list[Control]:
    numbers = [_numbers(line, columns, table) for line in totals]
    wanted = sorted({index for found in numbers for index in found})
    if not wanted:
        return []
    sums = _summed(table, columns, wanted, [line.row for line in totals])
    told: list[Control] = []
    labels = Counter(map(_label, totals))
    for place, (line, found) in enumerate(zip(totals, numbers, strict=True)):
        covers = _covers(place, len(totals), _label(line), labels)
        told += _line_controls(line, found, covers, columns, sums, table.header)
    return told


def _numbers(line: Line, columns: Columns, table: Table) -> dict[int, tuple[Decimal, bool]]:
    """Column → the number that the total row states there and whether it counts rows, where either can be meant."""
    found: dict[int, tuple[Decimal, bool]] = {}
    counting = _counting(line, columns)
    for index, cell in enumerate(line.cells):
        number = number_of(cell)
        if number is None or index in columns.series:
            continue
        named = index not in columns.mapped and not _NO_SUM.search(plain(table.header[index]))
        if index in columns.additive or named:
            found[index] = number, False
        elif index == counting and number == number.to_integral_value() and number >= 0:
            found[index] = number, True
    return found


def _counting(line: Line, columns: Columns) -> int | None:
    """Where a total row states its count: under the number; beside the word where the word itself stands there."""
    number = columns.number
    if number is None or not plain(line.cells[number]) or plain(line.cells[number]) != _label(line):
        return number
    return number + 1 if number + 1 in columns.mapped else None


def number_of(text: str) -> Decimal | None:
    """A plain number as Excel or a person writes it; None for anything else, percentages included."""
    match = _NUMBER.match(plain(text))
    try:
        return Decimal(match[1].replace(",", "")) if match else None
    except InvalidOperation:
        return None


def _covers(place: int, count: int, label: str, labels: Counter[str]) -> list[tuple[int, int]]:
    """Which blocks a total row may be about, the likeliest first. Block n stands above total row n."""
    everything, above, below, so_far = (0, count + 1), (place, place + 1), (place + 1, place + 2), (0, place + 1)
    if label in _GRAND and (count == 1 or labels[label] == 1):
        return [everything]
    return [everything, above] if label in _GRAND and place == count - 1 else [above, below, so_far, everything]


@dataclass(frozen=True, slots=True)
class _Seen:
    """A control of a total row; `sure` columns say whether a cover is the one meant, `meant` ones are worth telling."""

    control: Control
    sure: bool
    meant: bool


def _line_controls(
    line: Line,
    numbers: dict[int, tuple[Decimal, bool]],
    covers: Sequence[tuple[int, int]],
    columns: Columns,
    sums: _Sums,
    header: Sequence[str],
) -> list[Control]:
    """The controls of one total row under the first cover that explains all of it, else under the likeliest."""
    told = [_under(line, numbers, cover, columns, sums, header) for cover in covers]
    best = next((n for n, made in enumerate(told) if _explained(made)), 0)
    whole = covers[best] == (0, len(sums.blocks))
    return [replace(one.control, covers="all" if whole else "group") for one in told[best] if one.meant]


def _explained(made: Sequence[_Seen]) -> bool:
    sure = [one.control.state == "matches" for one in made if one.sure]
    return all(sure) if sure else any(one.control.state == "matches" for one in made)


def _under(
    line: Line,
    numbers: dict[int, tuple[Decimal, bool]],
    cover: tuple[int, int],
    columns: Columns,
    sums: _Sums,
    header: Sequence[str],
) -> list[_Seen]:
    named = [plain(line.cells[index]) if _names_series(line, index) else "" for index in columns.series]
    made: list[_Seen] = []
    for index, (stated, counts) in numbers.items():
        found = sums.over(*cover, index, named)
        sure = counts or index in columns.additive
        value, state = _compared(stated, found, counts=counts)
        what: Literal["rows", "sum"] = "rows" if counts else "sum"
        name = None if counts else header[index]
        control = Control(what, "total", line.row, _words(line), name, "all", stated, value, state)
        made.append(_Seen(control, sure, sure or _is_meant(control, found)))
    return made


def _names_series(line: Line, index: int) -> bool:
    """Whether the cell says which series is meant, and is not the word for the total itself."""
    text = plain(line.cells[index])
    return bool(text) and text != _label(line)


def _is_meant(control: Control, found: _Sum | None) -> bool:
    """A column that means nothing to us: told where it agrees, or where its total can be nothing but a sum.

    Reports put averages into their total rows (domain.md §9.22): decimals are believed to be sums only of amounts.
    """
    if control.state != "differs" or found is None or control.column is None:
        return control.state == "matches"
    average = abs(control.stated * found.rows - found.total) <= Decimal(found.rows)
    whole = not found.places and control.stated == control.stated.to_integral_value()
    return not average and (whole or _AMOUNT.search(plain(control.column)) is not None)


def _compared(stated: Decimal, found: _Sum | None, *, counts: bool) -> tuple[Decimal | None, State]:
    if found is None or (found.unread and not counts):
        return None, "not_computed"
    value = Decimal(found.rows) if counts else found.total.normalize() + 0
    return value, "matches" if abs(stated - value) <= _tolerance(stated, found, counts=counts) else "differs"


def _tolerance(stated: Decimal, found: _Sum, *, counts: bool) -> Decimal:
    """Whole numbers add up exactly. Rounded ones may be apart by half a unit of the last place, each of them."""
    if counts or not found.places:
        return Decimal(0)
    places = min(found.places, 6)
    shown = max(0, -int(stated.as_tuple().exponent))
    rows = Decimal(found.rows) if places <= 2 else Decimal(1)
    total = Decimal("0.5").scaleb(-min(shown, places))
    return (
        total + (rows * Decimal("0.5")).scaleb(-places) if shown < places else (rows * Decimal("0.5")).scaleb(-places)
    )


# --- the second pass -------------------------------------------------------------------------------------------------


def _summed(table: Table, columns: Columns, wanted: Sequence[int], bounds: Sequence[int]) -> _Sums:
    """Sums of the wanted columns, block by block."""
    again = replace(table, skipped={}, lines=[], last_row=0)
    sums = _Sums([{} for _ in range(len(bounds) + 1)])
    for chunk in table.grid.chunks(table.above, len(table.header)):
        rows = data_rows(again, chunk, columns.number, columns.office)
        if rows.height:
            _add(sums, rows, columns, wanted, bounds)
    return sums


def _add(sums: _Sums, rows: pl.DataFrame, columns: Columns, wanted: Sequence[int], bounds: Sequence[int]) -> None:
    blocks = np.searchsorted(np.asarray(bounds, dtype=np.int64), rows[ROW].to_numpy(), side="left")
    keys = [f"key{position}" for position in range(len(columns.series))]
    frame = rows.select(
        pl.Series("block", blocks, dtype=pl.Int64),
        *(_compared_text(f"c{index}").alias(key) for index, key in zip(columns.series, keys, strict=True)),
        *(_read(index) for index in wanted),
    )
    grouped = frame.group_by("block", *keys).agg(
        pl.len().alias("rows"), *(part for index in wanted for part in _parts(index))
    )
    for row in grouped.iter_rows(named=True):
        key = tuple(row[name] or "" for name in keys)
        group = sums.blocks[row["block"]].setdefault(key, {index: _Sum() for index in wanted})
        for index in wanted:
            total = row[f"sum{index}"] or Decimal(0)
            group[index].add(_Sum(row["rows"], total, row[f"bad{index}"], row[f"places{index}"] or 0))


def _compared_text(name: str) -> pl.Expr:
    return pl.col(name).fill_null("").map_elements(plain, pl.String)


def _read(index: int) -> pl.Expr:
    """Number, whether something else stands there, and how many decimals it has."""
    text = pl.col(f"c{index}").fill_null("").str.normalize("NFKC").str.replace_all(r"[,\s¥元]", "")
    cast = text.cast(pl.Decimal(38, PLACES), strict=False)
    number = pl.when(cast.abs() < LARGEST).then(cast)  # a sum beyond 38 digits would wrap around unseen
    places = text.str.extract(r"\.(\d*?)0*$").str.len_chars()
    bad = (~text.is_in(["", "-", "--", "—", "——", "/"])) & number.is_null()
    return pl.struct(number.alias("number"), bad.alias("bad"), places.alias("places")).alias(f"v{index}")


def _parts(index: int) -> tuple[pl.Expr, ...]:
    value = pl.col(f"v{index}").struct
    return (
        value.field("number").sum().alias(f"sum{index}"),
        value.field("bad").sum().cast(pl.Int64).alias(f"bad{index}"),
        value.field("places").max().cast(pl.Int64).alias(f"places{index}"),
    )

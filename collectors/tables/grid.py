"""A sheet as text cells (表格), whatever file it came from: the common ground of csv, workbook and HTML.

Cells are text exactly as the file holds them; `null` and `""` both mean an empty cell. Rows carry the number a
spreadsheet shows for them, from 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

HEAD_ROWS = 60
"""Rows in which a header is looked for."""
ROW = "row"
FLAW = "flaw"
"""Column of a chunk: why this line cannot be a row (`ragged_row` …), else null."""
RAW = "raw"
"""Column of a chunk: the cells of a flawed line as a JSON list, since they do not fit the columns; else null."""


@dataclass(frozen=True)
class Grid:
    """One sheet: its first rows for finding the header, and the rest in chunks.

    `chunks(after, width)` yields frames of the rows after the first `after` rows, with columns `row`, `flaw`, `raw`
    and `c0` … `c<width-1>`, all text except `row`.
    """

    sheet: str | None
    head: list[list[str]]
    chunks: Callable[[int, int], Iterator[pl.DataFrame]]
    tail: list[list[str]] = field(default_factory=list)
    """Last rows, where exports put their footnotes."""
    from_1904: bool = False
    """Serial dates count from 1904 (a workbook made on an old Macintosh)."""
    lost_digits: Callable[[int], Sequence[int]] = lambda _column: ()
    """Row numbers in which a column holds a *number* of more than 15 digits: Excel has thrown digits away."""
    merged: Callable[[int], Mapping[int, str]] = lambda _column: {}
    """Row → text of blank cells that a merge over several rows covers in a column."""


def cell_names(width: int) -> list[str]:
    return [f"c{index}" for index in range(width)]


def from_frame(
    sheet: str | None,
    cells: pl.DataFrame,
    *,
    from_1904: bool = False,
    lost_digits: Callable[[int], Sequence[int]] = lambda _column: (),
    merged: Callable[[int], Mapping[int, str]] = lambda _column: {},
    chunk_rows: int = 250_000,
) -> Grid:
    """A grid of cells that are in memory already; the first row of `cells` is row 1."""

    def chunks(after: int, width: int) -> Iterator[pl.DataFrame]:
        shaped = _shaped(cells, width)
        for start in range(after, shaped.height, chunk_rows):
            yield shaped.slice(start, chunk_rows)

    return Grid(sheet, _texts(cells.head(HEAD_ROWS)), chunks, _texts(cells.tail(8)), from_1904, lost_digits, merged)


def _shaped(cells: pl.DataFrame, width: int) -> pl.DataFrame:
    """Row numbers and flaw columns beside `width` cells; cells beyond the header's width are kept out if empty."""
    named = cells.rename(dict(zip(cells.columns, cell_names(cells.width), strict=True)))
    kept = [pl.col(name) for name in cell_names(min(width, cells.width))]
    absent = [pl.lit(None, pl.String).alias(f"c{index}") for index in range(cells.width, width)]
    return named.select(
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias(ROW),
        pl.lit(None, pl.String).alias(FLAW),
        pl.lit(None, pl.String).alias(RAW),
        *kept,
        *absent,
    )


def _texts(cells: pl.DataFrame) -> list[list[str]]:
    return [["" if cell is None else cell for cell in row] for row in cells.rows()]

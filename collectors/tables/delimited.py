"""Delimited text (csv, tsv) as a grid: fast where the text is regular, patient where it is not.

A block of the file is cut into records by its newlines and quotes (with numpy, on bytes: in GB18030 no byte of a
character can look like a comma, a quote or a newline). Records with as many cells as the header go to Polars at once;
the others are read one by one and either turn out to be blank lines, or carry a flaw and their raw cells.
"""

from __future__ import annotations

import csv
import json
import mmap
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from collectors.base import CollectorError
from collectors.tables import encoding
from collectors.tables.grid import FLAW, HEAD_ROWS, RAW, ROW, Grid, cell_names

BLOCK = 1 << 24
"""Bytes read at a time: about 50,000 tickets. The memory of an import is some twenty times this, its speed is not."""
DELIMITERS = ",\t;|"
MAX_LINES_IN_CELL = 500
"""A quote that stays open longer was never meant to open: without this limit it would swallow the rest of the file."""
_HEAD_BYTES = 1 << 18
_QUOTE, _NEWLINE, _RETURN = ord('"'), ord("\n"), ord("\r")

csv.field_size_limit(1 << 26)  # a ticket's story may be longer than the module's 128 KiB

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _File:
    """The bytes of a file with what was found out about them."""

    data: bytes | mmap.mmap
    start: int
    encoding: str
    delimiter: str

    def line(self, raw: bytes) -> str:
        """A line as text; NUL bytes, which some exports pad with, are dropped."""
        if self.encoding == "mixed":
            raw = encoding.line_to_utf8(raw)
        name = "utf-8" if self.encoding == "mixed" else self.encoding
        return raw.decode(name, errors="replace").replace("\x00", "")

    def utf8(self, raw: bytes) -> bytes:
        raw = raw if self.encoding == "utf-8" else raw.decode(self.encoding, errors="replace").encode()
        return raw.replace(b"\x00", b"") if b"\x00" in raw else raw


@dataclass(frozen=True, slots=True)
class _Record:
    cells: list[str]
    size: int
    """Bytes in the file."""
    unclosed: bool = False


def read(path: Path) -> list[Grid]:
    """The grid of a delimited text file. Raises CollectorError when it is empty or no text."""
    file = _opened(path)
    head = [record for record, _ in zip(_patient(file, _head_of(file)), range(HEAD_ROWS), strict=False)]
    rows = [record.cells for record in head]

    def chunks(after: int, width: int) -> Iterator[pl.DataFrame]:
        start = file.start + sum(record.size for record in head[:after])
        return _chunks(file, start, after, width)

    return [Grid(None, rows, chunks, _tail_of(file))]


def _opened(path: Path) -> _File:
    with path.open("rb") as handle:
        data: bytes | mmap.mmap = mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)
    name, skip = encoding.detect(data)
    if name.startswith("utf-16"):
        data, name, skip = encoding.to_text(bytes(data)).encode(), "utf-8", 0
    if b"\n" not in data[skip : skip + _HEAD_BYTES]:  # lines ended by a bare carriage return
        data = bytes(data).replace(b"\r", b"\n")
    if name == "utf-8":
        data = _whole_characters(data)
    _refuse_binary(path, data[skip : skip + _HEAD_BYTES])
    draft = _File(data, skip, name, ",")
    return _File(data, skip, name, _delimiter(draft))


def _whole_characters(data: bytes | mmap.mmap) -> bytes | mmap.mmap:
    """The data, its last character replaced by U+FFFD if the file was cut inside it."""
    tail = data[-4:]
    for cut in range(4):
        try:
            tail[cut:].decode()
        except UnicodeDecodeError as error:
            if error.reason == "unexpected end of data":
                return bytes(data)[: len(data) - len(tail) + cut + error.start] + "\ufffd".encode()
        else:
            break
    return data


def _refuse_binary(path: Path, start: bytes) -> None:
    controls = sum(start.count(bytes([code])) for code in range(1, 32) if code not in (9, 10, 12, 13, 27))
    if controls > len(start) * 0.02:
        raise CollectorError(
            f"{path.name} is no spreadsheet: it is neither text nor a workbook (it begins with {start[:8]!r}). "
            "Export it as xlsx or csv.",
            permanent=True,
        )


def _head_of(file: _File) -> bytes:
    return file.data[file.start : file.start + _HEAD_BYTES]


def _delimiter(file: _File) -> str:
    """The delimiter under which most of the first lines have the same number of cells."""
    return max(DELIMITERS, key=lambda delimiter: _regularity(file, delimiter))


def _regularity(file: _File, delimiter: str) -> int:
    candidate = _File(file.data, file.start, file.encoding, delimiter)
    records = zip(_patient(candidate, _head_of(file)), range(HEAD_ROWS), strict=False)
    widths = Counter(len(record.cells) for record, _ in records)
    return max((width * count for width, count in widths.items() if width > 1), default=0)


def _tail_of(file: _File) -> list[list[str]]:
    tail = file.data[max(file.start, len(file.data) - 2048) :]
    lines = tail.splitlines()[-8:] if len(tail) < 2048 else tail.splitlines()[1:][-8:]
    return [next(csv.reader([file.line(line)], delimiter=file.delimiter), []) for line in lines]


# --- chunks --------------------------------------------------------------------------------------------------------


def _chunks(file: _File, start: int, row: int, width: int) -> Iterator[pl.DataFrame]:
    """Frames of the records from byte `start`; `row` records came before."""
    size = len(file.data)
    reach = BLOCK
    while start < size:
        block = file.data[start : start + reach]
        final = start + reach >= size
        records = _cut(block, ord(file.delimiter), final) if file.encoding != "mixed" else None
        if records is None:
            frame, used, count = _patient_frame(file, block, row, width, final)
        else:
            frame, used, count = _fast_frame(file, block, records, row, width)
        reach = BLOCK if used else reach * 2  # one record longer than a block
        start, row = start + used, row + count
        encoding.let_go(file.data)
        if count:
            yield frame


@dataclass(frozen=True)
class _Cut:
    """A block cut into records: byte bounds of each, and the delimiters outside quotes in each."""

    starts: Positions
    ends: Positions
    delimiters: Positions


def _cut(block: bytes, delimiter: int, final: bool) -> _Cut | None:
    """Records of a block with well-formed quotes; None where quotes stand in odd places."""
    codes = np.frombuffer(block, dtype=np.uint8)
    newlines, commas = np.flatnonzero(codes == _NEWLINE), np.flatnonzero(codes == delimiter)
    if b'"' in block:
        quotes = np.flatnonzero(codes == _QUOTE)
        if not _quotes_well_formed(codes, quotes, delimiter):
            return None
        newlines, commas = _outside(newlines, quotes), _outside(commas, quotes)
        if final and len(quotes) % 2:
            return None
    if final and len(codes) and (not len(newlines) or newlines[-1] != len(codes) - 1):
        newlines = np.append(newlines, len(codes))
    starts = np.concatenate(([0], newlines[:-1] + 1)) if len(newlines) else newlines
    counts = np.searchsorted(commas, newlines) - np.searchsorted(commas, starts)
    return _Cut(starts, newlines, counts)


def _outside(positions: Positions, quotes: Positions) -> Positions:
    inside = np.searchsorted(quotes, positions) % 2 == 1
    return np.delete(positions, inside)


def _quotes_well_formed(codes: npt.NDArray[np.uint8], quotes: Positions, delimiter: int) -> bool:
    """Every opening quote starts a cell (or doubles a closing one), every closing quote ends one."""
    opening, closing = quotes[0::2], quotes[1::2]
    before = codes[opening[opening > 0] - 1]
    after = codes[closing[closing < len(codes) - 1] + 1]
    allowed_before = np.isin(before, (delimiter, _NEWLINE, _QUOTE))
    allowed_after = np.isin(after, (delimiter, _NEWLINE, _RETURN, _QUOTE))
    return bool(allowed_before.all() and allowed_after.all() and (not len(opening) or _first_is_start(codes, opening)))


def _first_is_start(codes: npt.NDArray[np.uint8], opening: Positions) -> bool:
    """A quote after a quote must follow a *closing* one; at the very start of a block there is none."""
    return bool(opening[0] == 0 or codes[opening[0] - 1] != _QUOTE)


def _fast_frame(file: _File, block: bytes, cut: _Cut, row: int, width: int) -> tuple[pl.DataFrame, int, int]:
    regular = cut.delimiters == width - 1
    if width == 1:
        regular &= cut.ends > cut.starts  # Polars would read a blank line of a one-column table as no row
    count = len(cut.starts)
    used = min(int(cut.ends[-1]) + 1, len(block)) if count else 0
    numbers = np.arange(row + 1, row + count + 1)
    frame = _regular_frame(file, _kept(block, cut, regular), numbers[regular], width)
    odd = np.flatnonzero(~regular)
    if not len(odd):
        return frame, used, count
    flawed = [_patient_one(file, block[cut.starts[index] : cut.ends[index] + 1]) for index in odd]
    strange = _flawed_frame(flawed, [int(n) for n in numbers[~regular]], width)
    return pl.concat([frame, strange]).sort(ROW), used, count


def _kept(block: bytes, cut: _Cut, regular: npt.NDArray[np.bool_]) -> bytes:
    """The bytes of the regular records, joined in runs."""
    if regular.all():
        return block[: int(cut.ends[-1]) + 1] if len(cut.ends) else b""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], regular.astype(np.int8), [0]))))
    runs = [
        block[cut.starts[first] : cut.ends[last - 1] + 1] for first, last in zip(edges[::2], edges[1::2], strict=True)
    ]
    return b"".join(run if run.endswith(b"\n") else run + b"\n" for run in runs)


def _regular_frame(file: _File, data: bytes, numbers: Positions, width: int) -> pl.DataFrame:
    names = cell_names(width)
    if not len(numbers):
        cells = pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    else:
        cells = pl.read_csv(
            file.utf8(data),
            has_header=False,
            separator=file.delimiter,
            schema=dict.fromkeys(names, pl.String),
            empty_string_is_null=False,
            truncate_ragged_lines=False,
        )
    if cells.height != len(numbers):
        raise AssertionError(f"{len(numbers)} records were counted but {cells.height} were read")
    return cells.select(
        pl.Series(ROW, numbers, dtype=pl.Int64),
        pl.lit(None, pl.String).alias(FLAW),
        pl.lit(None, pl.String).alias(RAW),
        pl.all(),
    )


# --- the patient way -------------------------------------------------------------------------------------------------


def _patient_frame(file: _File, block: bytes, row: int, width: int, final: bool) -> tuple[pl.DataFrame, int, int]:
    """A whole block record by record; the last one is left for the next block unless this is the final one."""
    records = list(_patient(file, block, final=final))
    if not final:
        records = records[:-1]
    frame = _flawed_frame(records, list(range(row + 1, row + len(records) + 1)), width)
    return frame, sum(record.size for record in records), len(records)


def _patient_one(file: _File, raw: bytes) -> _Record:
    """One record whose bounds are known."""
    records = list(_patient(file, raw))
    return records[0] if len(records) == 1 else _Record([file.line(raw).strip("\r\n")], len(raw), unclosed=True)


def _patient(file: _File, block: bytes, *, final: bool = True) -> Iterator[_Record]:
    """Records by the csv module. A quote left open makes its own line a flawed record and nothing more."""
    lines = block.splitlines(keepends=True)
    position = 0
    while position < len(lines):
        feed = _Feed(file, lines, position)
        for cells in csv.reader(feed, delimiter=file.delimiter):
            if feed.ran_dry:
                break
            yield _Record(cells, sum(map(len, lines[position : feed.next])))
            position = feed.start = feed.next
        if feed.ran_dry:
            if not final and feed.next >= len(lines):
                return
            cells = next(csv.reader([file.line(lines[position])], delimiter=file.delimiter, quoting=csv.QUOTE_NONE), [])
            yield _Record(cells, len(lines[position]), unclosed=True)
            position += 1


class _Feed:
    """Gives the csv reader its lines, and notices when it asks for more than a cell can have."""

    def __init__(self, file: _File, lines: Sequence[bytes], start: int) -> None:
        self.file, self.lines, self.start, self.next = file, lines, start, start
        self.ran_dry = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.next >= len(self.lines) or self.next - self.start >= MAX_LINES_IN_CELL:
            self.ran_dry = self.next > self.start
            raise StopIteration
        self.next += 1
        return self.file.line(self.lines[self.next - 1])


def _flawed_frame(records: Sequence[_Record], numbers: list[int], width: int) -> pl.DataFrame:
    """Rows of records that may have too few or too many cells, each with its flaw."""
    flaws = [_flaw(record, width) for record in records]
    raws = [json.dumps(r.cells, ensure_ascii=False) if f else None for r, f in zip(records, flaws, strict=True)]
    columns: list[list[str]] = [
        [record.cells[index] if index < len(record.cells) else "" for record in records] for index in range(width)
    ]
    schema = {ROW: pl.Int64, FLAW: pl.String, RAW: pl.String, **dict.fromkeys(cell_names(width), pl.String)}
    return pl.DataFrame(
        {ROW: numbers, FLAW: flaws, RAW: raws, **dict(zip(cell_names(width), columns, strict=True))}, schema=schema
    )


def _flaw(record: _Record, width: int) -> str | None:
    if record.unclosed:
        return "unclosed_quote"
    if any("\ufffd" in cell for cell in record.cells):
        return "undecodable_text"
    filled = len(record.cells)
    while filled > width and not record.cells[filled - 1].strip():
        filled -= 1
    if not any(cell.strip() for cell in record.cells):
        return None
    return None if filled == width else "ragged_row"

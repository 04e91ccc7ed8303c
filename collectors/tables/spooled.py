"""Rows of a database or a web service on their way (中转文件): an Arrow file of texts, its column names as first row.

Text, not typed values, so that one reader serves every kind of source and quarantine shows what was there; Arrow, not
csv, so that no delimiter, quote or line break inside a value can be mistaken for one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from collectors.base import CollectorError
from collectors.tables.grid import FLAW, HEAD_ROWS, RAW, ROW, Grid, cell_names

MAGIC = b"ARROW1"
BATCH = 20_000
_TAIL_ROWS = 8


class SpoolWriter:
    """Writes one spool file; use as a context manager. `rows` counts what was added, the header not included."""

    def __init__(self, path: Path, header: Sequence[str]) -> None:
        self.path, self.header, self.rows = path, list(header), 0
        self._schema = pa.schema([(name, pa.large_string()) for name in cell_names(len(self.header))])
        self._pending: list[Sequence[str | None]] = [self.header]

    def __enter__(self) -> SpoolWriter:
        self._file = pa.OSFile(str(self.path), "wb")
        self._writer = pa.ipc.new_file(self._file, self._schema)
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()
        self._writer.close()
        self._file.close()

    def add(self, row: Sequence[str | None]) -> None:
        """One row, as many texts as the header has names."""
        self._pending.append(row)
        self.rows += 1
        if len(self._pending) >= BATCH:
            self._flush()

    def _flush(self) -> None:
        if self._pending:
            columns = [pa.array(column, pa.large_string()) for column in zip(*self._pending, strict=True)]
            self._writer.write_batch(pa.record_batch(columns, schema=self._schema))
            self._pending = []


def read(path: Path) -> list[Grid]:
    """The one grid of a spool file, read batch by batch. Raises CollectorError (permanent) for any other Arrow file."""
    try:
        reader = pa.ipc.open_file(pa.memory_map(str(path)))
        batches = reader.num_record_batches
        first, last = _checked(reader, 0), _checked(reader, batches - 1)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, IndexError) as error:
        raise CollectorError(
            f"{path.name} is a damaged Arrow file. Export the table as csv.", permanent=True
        ) from error

    def chunks(after: int, width: int) -> Iterator[pl.DataFrame]:
        start = 0
        for index in range(batches):
            batch = _checked(reader, index)
            yield _chunk(batch.slice(max(0, after - start)), start + max(0, after - start), width)
            start += batch.num_rows

    return [
        Grid(None, _texts(first.slice(0, HEAD_ROWS)), chunks, _texts(last.slice(max(0, last.num_rows - _TAIL_ROWS))))
    ]


def _checked(reader: Any, index: int) -> pa.RecordBatch:
    """A batch whose offsets were verified: Arrow believes a file otherwise."""
    batch = reader.get_batch(index)
    batch.validate(full=True)
    if any(not pa.types.is_large_string(kind) for kind in batch.schema.types):
        raise pa.ArrowInvalid("a spool file holds texts only")
    return batch


def _chunk(batch: pa.RecordBatch, before: int, width: int) -> pl.DataFrame:
    frame = pl.DataFrame(pl.from_arrow(batch))
    absent = [pl.lit(None, pl.String).alias(name) for name in cell_names(width)[frame.width :]]
    return frame.select(
        pl.int_range(before + 1, before + 1 + pl.len(), dtype=pl.Int64).alias(ROW),
        pl.lit(None, pl.String).alias(FLAW),
        pl.lit(None, pl.String).alias(RAW),
        *cell_names(min(width, frame.width)),
        *absent,
    )


def _texts(batch: pa.RecordBatch) -> list[list[str]]:
    return [list(row) for row in zip(*(["" if cell is None else cell for cell in column.to_pylist()]
                                       for column in batch.columns), strict=True)]  # fmt: skip

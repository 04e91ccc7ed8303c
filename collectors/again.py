"""Refused rows read again (重读), as they were or with what a person has put right.

A row is read by itself: its header, its cells and what its text does not say were kept. A corrected column is a column
of its own, so that neither a constant nor a combination of columns stands in its way. Of a line whose cells could not
be told apart only what the person states counts: nothing of it is guessed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from collectors.base import CollectorError
from collectors.canonical import Chunk, Plan, canonical_chunk, distinct, plans
from collectors.headers import EXPORTED_AT
from collectors.mapping import SourceConfig, did_you_mean
from collectors.records import RECORDS
from collectors.tables.grid import FLAW, RAW, ROW, Grid, cell_names


@dataclass(frozen=True, slots=True)
class KeptRow:
    """A row of a sheet as the quarantine keeps it; `context` as in `canonical.Chunk`."""

    row_no: int
    raw: Mapping[str, str | None]
    context: Mapping[str, Any] = field(default_factory=dict)
    corrections: Mapping[str, str] = field(default_factory=dict)
    """Canonical column or header → the text that a person puts in its place; an empty text states nothing."""


@dataclass(frozen=True, slots=True)
class KeptSheet:
    """The sheet that the rows came from."""

    header: Sequence[str]
    from_1904: bool
    where: str
    """What people call it, for messages."""


def read_again(sheet: KeptSheet, rows: Sequence[KeptRow], config: SourceConfig) -> Iterator[tuple[Plan, Chunk]]:
    """Canonical rows: those as they were together, each corrected one alone. CollectorError for an unknown column."""
    untouched = [row for row in rows if not row.corrections]
    if untouched:
        yield _read(sheet, untouched, config)
    for row in rows:
        if row.corrections:
            yield _read(*_corrected(sheet, row, config))


def _read(sheet: KeptSheet, rows: Sequence[KeptRow], config: SourceConfig) -> tuple[Plan, Chunk]:
    config = config.model_copy(update={"header_rows": 1, "skip_until": None, "sheets": []})
    frame = _frame(sheet.header, rows)
    grid = Grid(
        None,
        [list(sheet.header)],
        lambda after, width: iter(()),
        from_1904=sheet.from_1904,
        lost_digits=lambda column: [row.row_no for row in rows if column in row.context.get("lost", ())],
        merged=lambda column: {
            row.row_no: row.context["merged"][str(column)]
            for row in rows
            if str(column) in row.context.get("merged", {})
        },
    )
    (plan,) = plans([grid], config, sheet.where)
    return plan, canonical_chunk(plan, frame)


def _frame(header: Sequence[str], rows: Sequence[KeptRow]) -> pl.DataFrame:
    names = distinct(header)
    flawed = [json.dumps(list(row.raw.values()), ensure_ascii=False) if "flaw" in row.context else None for row in rows]
    cells = {
        cell: [row.raw.get(name) for row in rows] for cell, name in zip(cell_names(len(names)), names, strict=True)
    }
    schema = {ROW: pl.Int64, FLAW: pl.String, RAW: pl.String, **dict.fromkeys(cells, pl.String)}
    flaws = [row.context.get("flaw") for row in rows]
    return pl.DataFrame({ROW: [row.row_no for row in rows], FLAW: flaws, RAW: flawed, **cells}, schema=schema)


def correctable(header: Sequence[str], record: str) -> list[str]:
    """What a correction may name: canonical columns and headers of the file."""
    return [*RECORDS[record].names, EXPORTED_AT, *distinct(header)]


def _corrected(sheet: KeptSheet, row: KeptRow, config: SourceConfig) -> tuple[KeptSheet, list[KeptRow], SourceConfig]:
    """The row with the corrected cells, under a header with a column for each corrected canonical one."""
    known, names = correctable(sheet.header, config.record), distinct(sheet.header)
    unknown = next((name for name in row.corrections if name not in known), None)
    if unknown is not None:
        hint = did_you_mean(unknown, known)
        raise CollectorError(f"'{unknown}' is no column of {config.record} and no header; {hint}", permanent=True)
    canonical = {name: text for name, text in row.corrections.items() if name not in names}
    own = {name: f"{name} (corrected)" for name in canonical}
    raw = {name: None if "flaw" in row.context else row.raw.get(name) for name in names}
    raw |= {name: text for name, text in row.corrections.items() if name in names}
    raw |= {own[name]: text for name, text in canonical.items()}
    touched = {names.index(name) for name in row.corrections if name in names}
    context: dict[str, Any] = {
        "lost": [index for index in row.context.get("lost", ()) if index not in touched],
        "merged": {at: text for at, text in row.context.get("merged", {}).items() if int(at) not in touched},
    }
    return (
        KeptSheet([*sheet.header, *own.values()], sheet.from_1904, sheet.where),
        [KeptRow(row.row_no, raw, context)],
        _reading_own_columns(config, own),
    )


def _reading_own_columns(config: SourceConfig, own: Mapping[str, str]) -> SourceConfig:
    """The mapping with these columns read from headers of their own, whatever gave them before."""
    columns = {name: header for name, header in config.columns.items() if name not in own} | dict(own)
    left = {
        key: {name: value for name, value in getattr(config, key).items() if name not in own}
        for key in ("combine", "constants")
    }
    told = {"exported_at": None} if EXPORTED_AT in own else {}
    return config.model_copy(update={"columns": columns, **left, **told})

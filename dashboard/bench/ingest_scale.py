"""Does the cost of an import depend on how much there is? Memory of a large file, and few changes in a large table."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path

import polars as pl

from dashboard.bench.ingest_data import NOW, copied, expect, take_into, template, write_tickets
from dashboard.bench.peak import peak_of
from dashboard.bench.timing import paired, report

ROWS = 5_000_000
SMALLER, CHANGED = 100, 1_000
"""The small table has a hundredth of the rows; so many rows change."""


def memory(home: Path, size: int | None, _pairs: int, _dlt: str | None) -> None:
    """The command `mingcha import` with a large csv: peak memory of all its processes, and of a tenth of it."""
    rows, empty = size or ROWS, template(home)
    peaks = []
    for part in (rows // 10, rows):
        file = write_tickets(home / "tickets.csv", part)
        database = copied(empty, "large.db")
        peak = peak_of(
            [sys.executable, "-m", "dashboard.cli", "import", "tickets", str(file), "--source", "95598"],
            folder=home,
            environment={**os.environ, "MINGCHA_DATABASE_URL": f"sqlite:///{database}"},
        )
        peaks.append(peak.megabytes)
        print(f"csv of {part:,} rows ({file.stat().st_size / 2**20:,.0f} MB): {peak.seconds:.1f} s, "
              f"peak of all processes {peak.megabytes:,.0f} MB  wanted ≤ 1,536")  # fmt: skip
    report(f"memory of {rows:,} rows against a tenth of them", peaks[1] / peaks[0], "flat")


def changed(home: Path, size: int | None, pairs: int, _dlt: str | None) -> None:
    """The same number of changed rows into a large table and into a small one."""
    large = size or ROWS
    few, small = min(CHANGED, large // SMALLER), large // SMALLER
    empty = template(home)
    tables = {rows: _Table(home, copied(empty, f"filled{rows}.db"), rows, few, pairs) for rows in (large, small)}
    pair = paired(tables[large].take, tables[small].take, pairs=pairs)
    report(f"{few:,} changed rows into {large:,}, against into {small:,}", pair.cost, "≤ 1.5", pair)


class _Table:
    """A filled database, and files that each change the same few rows to something else."""

    def __init__(self, home: Path, database: Path, rows: int, few: int, rounds: int) -> None:
        self.database, self.few = database, few
        file = write_tickets(home / "tickets.csv", rows)
        take_into(database, file, rows)
        spread = _spread(file, rows, few)
        self.files = [home / f"changes{rows}-{number}.csv" for number in range(rounds)]
        for number, file in enumerate(self.files, start=1):
            spread.with_columns(pl.lit(f"改过{number}次").alias("content")).write_csv(file)

    def take(self) -> None:
        """The next file."""
        now = NOW + timedelta(days=1, hours=-len(self.files))
        expect(take_into(self.database, self.files.pop(0), self.few, now=now).updated, self.few)


def _spread(file: Path, rows: int, few: int) -> pl.DataFrame:
    """Rows from all over a file; not every hundredth, whose numbers would all end in what look like lost digits."""
    step = rows // few
    index = pl.col("index").cast(pl.Int64)
    chosen = pl.scan_csv(file, infer_schema=False).with_row_index().filter(index % step == index // step * 37 % step)
    return chosen.drop("index").head(few).collect()

"""Import against the bare minimum (导入基准), each part as ratios of pairs measured in one run, counts printed.

Ours reads, validates, resolves offices, hashes, keeps lineage, history and indexes, and commits. The baselines store
the same columns under the same key and know nothing: `csv` or fastexcel with `executemany`, and COPY with our indexes.
"""

from __future__ import annotations

import csv
import os
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import fastexcel
import polars as pl

from dashboard.bench import ingest_scale
from dashboard.bench.ingest_copy import against_copy
from dashboard.bench.ingest_data import (
    COLUMNS,
    NOW,
    copied,
    expect,
    removed,
    take_into,
    template,
    tickets,
    write_tickets,
)
from dashboard.bench.timing import Paired, machine, paired, report, seconds_of
from dashboard.errors import UsageError
from dashboard.nearest import nearest

ROWS, XLSX_ROWS = 1_000_000, 100_000
_DLT = Path(__file__).with_name("ingest_dlt.py")


def run(size: int | None = None, pairs: int = 5, *, parts: Sequence[str] = (), dlt: str | None = None) -> None:
    """Print the parts named, or all. `size`: rows, where the default is that of the claim; `dlt`: a Python with dlt."""
    unknown = next((name for name in parts if name not in PARTS), None)
    if unknown is not None:
        guess = nearest(unknown, PARTS)
        raise UsageError(
            f"The bench has no part '{unknown}'.", f"Did you mean '{guess}'?" if guess else ", ".join(PARTS)
        )
    print(f"ingest; {machine()}")
    for name, part in PARTS.items():
        if name in parts or not parts:
            with tempfile.TemporaryDirectory(prefix="mingcha-bench-") as folder:
                part(Path(folder), size, pairs, dlt)


def _sqlite(home: Path, size: int | None, pairs: int, _dlt: str | None) -> None:
    rows = size or ROWS
    empty, file, numbers = template(home), write_tickets(home / "tickets.csv", rows), count()
    pair = paired(
        lambda: take_into(copied(empty, f"ours{next(numbers)}.db"), file, rows),
        lambda: bare_insert(file, home / f"bare{next(numbers)}.db", rows),
        pairs=pairs,
    )
    report(f"csv → SQLite, {rows:,} rows, against csv + executemany", pair.speed, "≥ 0.6", pair)


def _postgresql(home: Path, size: int | None, pairs: int, _dlt: str | None) -> None:
    server, rows = os.environ.get("MINGCHA_TEST_POSTGRES"), size or ROWS
    if not server:
        print("csv → PostgreSQL: not measured, MINGCHA_TEST_POSTGRES names no server")
        return
    pair = against_copy(server, home, write_tickets(home / "tickets.csv", rows), rows, pairs)
    report(f"csv → PostgreSQL, {rows:,} rows, against COPY", pair.speed, "≥ 0.3", pair)


def _xlsx(home: Path, size: int | None, pairs: int, _dlt: str | None) -> None:
    rows = min(size or XLSX_ROWS, XLSX_ROWS)
    empty, file, numbers = template(home), home / "tickets.xlsx", count()
    tickets(0, rows).write_excel(file)

    def bare() -> None:
        read = fastexcel.read_excel(file).load_sheet(0, dtypes="string").to_polars()
        _insert(home / f"bare{next(numbers)}.db", read.iter_rows(), rows)

    pair = paired(lambda: take_into(copied(empty, f"ours{next(numbers)}.db"), file, rows), bare, pairs=pairs)
    report(f"xlsx → SQLite, {rows:,} rows, against fastexcel + executemany", pair.speed, "≥ 0.5", pair)


def _again(home: Path, size: int | None, pairs: int, _dlt: str | None) -> None:
    rows = size or ROWS
    empty, file, numbers = template(home), write_tickets(home / "tickets.csv", rows), count(1)
    filled = copied(empty, "filled.db")
    take_into(filled, file, rows)
    pair = paired(
        lambda: _unchanged(filled, file, rows, hour=next(numbers)),
        lambda: take_into(copied(empty, "first.db"), file, rows),
        pairs=pairs,
    )
    report(f"the same file again, {rows:,} rows, against the first time", pair.speed, "≥ 3", pair)
    _overlapping(home, filled, file, rows, pairs)


def _unchanged(path: Path, file: Path, rows: int, *, hour: int) -> None:
    expect(take_into(path, file, rows, now=NOW + timedelta(hours=hour)).unchanged, rows)


def _overlapping(home: Path, filled: Path, file: Path, rows: int, pairs: int) -> None:
    """The daily case, for information: 95 % of an export are rows of yesterday's."""
    known = rows - rows // 20
    old = pl.read_csv(file, infer_schema=False)
    numbers = count()

    def overlap() -> None:
        fresh = tickets(rows + next(numbers) * rows, rows - known)
        pl.concat([old.tail(known), fresh]).write_csv(home / "overlap.csv")

    def take() -> None:
        done = take_into(filled, home / "overlap.csv", rows, now=NOW + timedelta(days=1 + next(numbers)))
        expect(done.unchanged, known)

    empty = home / "template.db"
    pair = paired(take, lambda: take_into(copied(empty, "first.db"), file, rows), pairs=pairs, before_ours=overlap)
    report(f"an export with {known:,} of {rows:,} rows known, against the first time", pair.speed, "information", pair)


def _against_dlt(home: Path, size: int | None, pairs: int, dlt: str | None) -> None:
    if dlt is None:
        print(
            "csv → SQLite against dlt's Arrow way: not measured; --dlt PYTHON names one with dlt[sqlalchemy] and polars"
        )
        return
    rows = size or ROWS
    empty, file = template(home), write_tickets(home / "tickets.csv", rows)
    ours, theirs = [], []
    for number in range(pairs):
        database = copied(empty, "ours.db")
        first = seconds_of(partial(take_into, database, file, rows))
        ours.append((first, seconds_of(partial(_unchanged, database, file, rows, hour=1))))
        theirs.append(_run_dlt(dlt, file, home / f"dlt{number}.db", rows))
    for which, wanted in enumerate(("information", "≥ 5")):
        pair = Paired(tuple(times[which] for times in ours), tuple(times[which] for times in theirs))
        what = "the same file again" if which else "csv → SQLite"
        report(f"{what}, {rows:,} rows, against dlt's Arrow way", pair.speed, wanted, pair)


def _run_dlt(dlt: str, file: Path, path: Path, rows: int) -> tuple[float, float]:
    """Seconds that dlt takes the first and the second time."""
    command = [dlt, str(_DLT), str(file), str(path)]
    done = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UsageError(f"{dlt} failed: {done.stderr[-500:].strip()}", "It needs dlt[sqlalchemy] and polars.")
    first, again, stored = done.stdout.split()[-3:]
    expect(int(stored), rows)
    removed(path)
    return float(first), float(again)


def bare_insert(file: Path, path: Path, rows: int) -> None:
    """The baseline: every column as text, the key unique, one transaction."""
    with file.open(newline="", encoding="utf-8") as handle:
        reader = csv.reader(handle)
        next(reader)
        _insert(path, reader, rows)


def _insert(path: Path, cells: Iterable[Any], rows: int) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        names = ", ".join(f'"{name}" TEXT' for name in COLUMNS)
        connection.execute(f"CREATE TABLE tickets (system TEXT, {names}, UNIQUE (ticket_no, system))")
        places = ", ".join("?" * len(COLUMNS))
        connection.executemany(f"INSERT INTO tickets VALUES ('95598', {places})", cells)
        connection.commit()
        stored = connection.execute("SELECT count(*) FROM tickets").fetchone()[0]
    expect(stored, rows)
    removed(path)


PARTS: dict[str, Callable[[Path, int | None, int, str | None], None]] = {
    "sqlite": _sqlite,
    "postgresql": _postgresql,
    "xlsx": _xlsx,
    "again": _again,
    "dlt": _against_dlt,
    "memory": ingest_scale.memory,
    "changed": ingest_scale.changed,
}

"""Import against the bare minimum (导入基准): `csv` + `executemany` of the same columns into a table with the same key.

Ours reads, validates, resolves offices, hashes, keeps lineage and indexes, and commits; the baseline stores 26 texts.
"""

from __future__ import annotations

import csv
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import numpy as np
import polars as pl

from collectors.mapping import SourceConfig
from collectors.records import RECORDS
from dashboard.bench.timing import machine, paired, report
from dashboard.database import Database
from dashboard.database.migrate import migrate
from dashboard.intake import import_file
from dashboard.people import system_viewer

ROWS = 1_000_000
OFFICES = 60
_EXTRA = ("calls", "taken_by", "category_1", "category_2", "category_3")
COLUMNS = tuple(name for name in RECORDS["tickets"].names if name not in _EXTRA)
"""The 26 columns of design §4.2."""
_STAMPS = tuple(name for name in COLUMNS if name.endswith("_at"))
_NOW = datetime(2026, 10, 1, tzinfo=UTC)


def run(size: int | None = None, pairs: int = 5) -> None:
    """Print the speed of an import as a ratio to the baseline (wanted ≥ 0.5), and of the same file once more."""
    rows = size or ROWS
    print(f"ingest: {rows:,} tickets, csv → SQLite; {machine()}")
    with tempfile.TemporaryDirectory(prefix="mingcha-bench-") as folder:
        home = Path(folder)
        file = write_tickets(home / "tickets.csv", rows)
        template = _template(home)
        numbers = count()
        first = paired(
            lambda: _import(_copied(template, next(numbers)), file, rows),
            lambda: bare_insert(file, home / f"bare{next(numbers)}.db", rows),
            pairs=pairs,
        )
        report("ingest, first time", first.speed, "≥ 0.5", first)
        filled = Path(shutil.copy(template, home / "filled.db"))
        _import(filled, file, rows)
        again = paired(
            lambda: _import(filled, file, rows),
            lambda: _import(_copied(template, next(numbers)), file, rows),
            pairs=max(1, pairs // 2),
        )
        report("ingest, same file again against first time", again.speed, "information", again)


def write_tickets(path: Path, rows: int) -> Path:
    """A csv of made-up tickets in canonical columns; the same for the same number of rows."""
    rng = np.random.default_rng(20260701)
    accepted = np.datetime64("2026-04-01", "ms") + 1000 * rng.integers(0, 183 * 86_400, rows)
    steps = 1000 * np.cumsum(rng.integers(5, 7_200, (rows, len(_STAMPS) - 1)), axis=1)
    stamps = {"accepted_at": accepted, **{name: accepted + steps[:, n] for n, name in enumerate(_STAMPS[1:])}}
    text = {name: pl.Series(values).dt.strftime("%Y-%m-%d %H:%M:%S") for name, values in stamps.items()}
    frame = pl.DataFrame({**{name: _made(name, rows, rng) for name in COLUMNS if name not in _STAMPS}, **text})
    frame.select(COLUMNS).write_csv(path)
    return path


def _made(name: str, rows: int, rng: np.random.Generator) -> pl.Series:
    """A column that is no stamp."""
    column = RECORDS["tickets"].column(name)
    if name == "ticket_no":
        return pl.Series(np.arange(rows)).cast(pl.String).str.zfill(12).str.replace("^", "2026")
    if name == "office_code":
        return pl.Series(_codes())[rng.integers(0, OFFICES, rows)]
    if name in ("customer_no", "phone"):
        return pl.Series(rng.integers(10**9, 10**10, rows)).cast(pl.String)
    if name == "content":
        return pl.Series(["客户来电反映家中停电，请尽快处理，联系电话见工单"]).new_from_index(0, rows)
    if column.kind == "choice":
        return pl.Series(list(column.values))[rng.integers(0, len(column.values), rows)]
    if column.kind in ("flag", "integer"):
        return pl.Series(["no" if column.kind == "flag" else "0"]).new_from_index(0, rows)
    return pl.Series([{"source": "95598", "category": "停电"}.get(name)], dtype=pl.String).new_from_index(0, rows)


def _codes() -> list[str]:
    return [f"3440101{number:02}" for number in range(OFFICES)]


def bare_insert(file: Path, path: Path, rows: int) -> None:
    """The baseline: every column as text, the key unique, one transaction."""
    with closing(sqlite3.connect(path)) as connection, file.open(newline="", encoding="utf-8") as handle:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        reader = csv.reader(handle)
        names = ", ".join(f'"{name}" TEXT' for name in next(reader))
        connection.execute(f"CREATE TABLE tickets (system TEXT, {names}, UNIQUE (ticket_no, system))")
        places = ", ".join("?" * len(COLUMNS))
        connection.executemany(f"INSERT INTO tickets VALUES ('95598', {places})", reader)
        connection.commit()
        stored = connection.execute("SELECT count(*) FROM tickets").fetchone()[0]
    _expect(stored, rows)
    _removed(path)


def _template(home: Path) -> Path:
    """A migrated database that knows the offices."""
    offices = home / "offices.csv"
    offices.write_text("code,name,level\n" + "".join(f"{code},供电所{code},station\n" for code in _codes()), "utf-8")
    path = home / "template.db"
    db = Database(f"sqlite:///{path}")
    migrate(db)
    import_file(db, by=system_viewer(), path=offices, config=SourceConfig(record="offices"), now=_NOW)
    _closed(db)
    return path


def _copied(template: Path, number: int) -> Path:
    for old in template.parent.glob("round*.db*"):
        old.unlink()
    return Path(shutil.copy(template, template.with_name(f"round{number}.db")))


def _import(path: Path, file: Path, rows: int) -> None:
    db = Database(f"sqlite:///{path}")
    reports = import_file(
        db, by=system_viewer(), path=file, config=SourceConfig(record="tickets", name="95598"), now=_NOW
    )
    _expect(sum(report.new + report.unchanged for report in reports), rows)
    _closed(db)


def _closed(db: Database) -> None:
    """Everything into the one file, as the baseline's closing does."""
    with db.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    db.engine.dispose()


def _removed(path: Path) -> None:
    for name in _files(path):
        name.unlink(missing_ok=True)


def _files(path: Path) -> Iterator[Path]:
    yield from (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm"))


def _expect(stored: int, rows: int) -> None:
    if stored != rows:
        raise AssertionError(f"{stored} of {rows} rows were stored")

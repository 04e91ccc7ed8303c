"""Made-up exports and fresh databases for the benches of the import: the same for the same number of rows."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from collectors.mapping import SourceConfig
from collectors.records import RECORDS
from dashboard.database import Database
from dashboard.database.migrate import migrate
from dashboard.intake import BatchReport, import_file
from dashboard.people import system_viewer

OFFICES = 60
_EXTRA = ("calls", "taken_by", "category_1", "category_2", "category_3")
COLUMNS = tuple(name for name in RECORDS["tickets"].names if name not in _EXTRA)
"""The 26 columns of design §4.2."""
NOW = datetime(2026, 10, 1, tzinfo=UTC)
_STAMPS = tuple(name for name in COLUMNS if name.endswith("_at"))
_PIECE = 500_000


def write_tickets(path: Path, rows: int) -> Path:
    """A csv of made-up tickets in canonical columns, written in pieces."""
    with path.open("wb") as file:
        for first in range(0, rows, _PIECE):
            tickets(first, min(_PIECE, rows - first)).write_csv(file, include_header=first == 0)
    return path


def tickets(first: int, rows: int, *, seed: int = 20260701) -> pl.DataFrame:
    """Tickets with the numbers from `first` on, every cell a text."""
    rng = np.random.default_rng(seed + first)
    accepted = np.datetime64("2026-04-01", "ms") + 1000 * rng.integers(0, 183 * 86_400, rows)
    steps = 1000 * np.cumsum(rng.integers(5, 7_200, (rows, len(_STAMPS) - 1)), axis=1)
    stamps = {"accepted_at": accepted, **{name: accepted + steps[:, n] for n, name in enumerate(_STAMPS[1:])}}
    text = {name: pl.Series(values).dt.strftime("%Y-%m-%d %H:%M:%S") for name, values in stamps.items()}
    other = {name: _made(name, first, rows, rng) for name in COLUMNS if name not in _STAMPS}
    return pl.DataFrame({**other, **text}).select(COLUMNS)


def _made(name: str, first: int, rows: int, rng: np.random.Generator) -> pl.Series:
    """A column that is no stamp."""
    column = RECORDS["tickets"].column(name)
    if name == "ticket_no":
        return pl.Series(np.arange(first, first + rows)).cast(pl.String).str.zfill(12).str.replace("^", "2026")
    if name == "office_code":
        return pl.Series(codes())[rng.integers(0, OFFICES, rows)]
    if name in ("customer_no", "phone"):
        return pl.Series(rng.integers(10**9, 10**10, rows)).cast(pl.String)
    if name == "content":
        return pl.Series(["客户来电反映家中停电，请尽快处理，联系电话见工单"]).new_from_index(0, rows)
    if column.kind == "choice":
        return pl.Series(list(column.values))[rng.integers(0, len(column.values), rows)]
    if column.kind in ("flag", "integer"):
        return pl.Series(["no" if column.kind == "flag" else "0"]).new_from_index(0, rows)
    return pl.Series([{"source": "95598", "category": "停电"}.get(name)], dtype=pl.String).new_from_index(0, rows)


def codes() -> list[str]:
    return [f"3440101{number:02}" for number in range(OFFICES)]


def prepare(db: Database, folder: Path) -> None:
    """Make the tables and the offices."""
    offices = folder / "offices.csv"
    offices.write_text("code,name,level\n" + "".join(f"{code},供电所{code},station\n" for code in codes()), "utf-8")
    migrate(db)
    import_file(db, by=system_viewer(), path=offices, config=SourceConfig(record="offices"), now=NOW)


def template(home: Path) -> Path:
    """A SQLite file with tables and offices."""
    path = home / "template.db"
    db = Database(f"sqlite:///{path}")
    prepare(db, home)
    closed(db)
    return path


def copied(source: Path, name: str) -> Path:
    """A copy of a closed database beside it."""
    path = source.with_name(name)
    removed(path)
    return Path(shutil.copy(source, path))


def take(db: Database, file: Path, rows: int, *, now: datetime = NOW) -> BatchReport:
    """Import a file of tickets, of which each row must end as new, changed or unchanged."""
    config = SourceConfig(record="tickets", name="95598")
    (report,) = import_file(db, by=system_viewer(), path=file, config=config, now=now)
    expect(report.new + report.updated + report.unchanged, rows)
    return report


def take_into(path: Path, file: Path, rows: int, *, now: datetime = NOW) -> BatchReport:
    """The same into a SQLite file, which is closed afterwards."""
    db = Database(f"sqlite:///{path}")
    try:
        return take(db, file, rows, now=now)
    finally:
        closed(db)


def closed(db: Database) -> None:
    """Everything into the one file, as the baseline's closing does."""
    if db.dialect == "sqlite":
        with db.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    db.engine.dispose()


def removed(path: Path) -> None:
    for name in _files(path):
        name.unlink(missing_ok=True)


def _files(path: Path) -> Iterator[Path]:
    yield from (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm"))


def expect(stored: int, rows: int) -> None:
    if stored != rows:
        raise AssertionError(f"{stored} of {rows} rows were stored")

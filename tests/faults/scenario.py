"""A small company whose collecting has something of everything, and what its database holds afterwards.

Two worlds: as the company is found at first, and a day later (files changed, gone and new, rows edited late). Both are
made from one seed, with fixed file times, so that every run over them must end in the same tables.
"""

import os
import random
import shutil
import sqlite3
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import sqlalchemy as sa

from collectors.records import RECORDS
from dashboard.bootstrap import Application
from dashboard.database import Database
from dashboard.database.models import BATCHES, CONFIRMATIONS, HISTORY_TABLES, QUARANTINE, RECORD_TABLES, SOURCE_STATES
from dashboard.intake.collecting import collect
from dashboard.people import system_viewer
from dashboard.settings import load

MOMENTS = (datetime(2026, 7, 10, 4, tzinfo=UTC), datetime(2026, 7, 11, 4, tzinfo=UTC))
"""When the two worlds are collected; the clock stands still meanwhile."""
SOURCES = ("offices", "95598", "repairs", "crm")
_CONFIG = """
[[sources]]
name = "offices"
record = "offices"
path = "inbox/offices/*"

[[sources]]
name = "95598"
record = "tickets"
path = "inbox/95598/*"

[[sources]]
name = "repairs"
record = "repairs"
path = "inbox/repairs/*"

[[sources]]
name = "crm"
record = "tickets"
kind = "database"
path = "sqlite:///crm.db"
query = "SELECT * FROM tickets"
watermark = "changed_at"
overlap = "2d"
"""
_HEADER = ("工单编号", "供电所", "业务类型", "受理时间", "回单时间", "受理内容")
_TYPES = ("投诉", "业务咨询", "故障报修", "意见")


class World:
    """Writes the folders of one world; `rows` scales them."""

    def __init__(self, home: Path, seed: int, rows: int) -> None:
        self.home, self.draw, self.rows = home, random.Random(seed), rows

    def first(self) -> None:
        self.home.mkdir(parents=True)
        (self.home / "mingcha.toml").write_text(_CONFIG, "utf-8")
        offices = [("S1", "城东供电所", "station"), ("S2", "城西供电所", "station"), ("S3", "城北供电所", "station")]
        self.csv("offices/单位.csv", ("code", "name", "level"), offices)
        for part in range(4):
            self.csv(f"95598/工单{part}.csv", _HEADER, self.tickets(part * self.rows // 2, self.rows), "gb18030")
        self.workbook("95598/工单簿.xlsx", self.tickets(0, self.rows // 4))
        (self.home / "inbox/95598/坏.xlsx").mkdir()
        for part in range(2):
            repairs = [(f"R{n}", f"S{n % 3 + 1}", _stamp(n)) for n in range(part * self.rows, (part + 1) * self.rows)]
            self.csv(f"repairs/抢修{part}.csv", ("repair_no", "office_code", "accepted_at"), repairs)
        with sqlite3.connect(self.home / "crm.db") as crm:
            crm.execute("CREATE TABLE tickets (ticket_no, type, office_code, accepted_at, content, changed_at)")
            crm.executemany("INSERT INTO tickets VALUES (?, ?, ?, ?, ?, ?)", self.foreign(0, self.rows, day=8))
        crm.close()

    def second(self) -> None:
        """A day later; the folders of the first world are there already."""
        self.csv("95598/工单1.csv", _HEADER, self.tickets(self.rows // 2, self.rows, late=True), "gb18030", day=11)
        self.csv("95598/工单9.csv", _HEADER, self.tickets(2 * self.rows, self.rows // 2), day=11)
        (self.home / "inbox/repairs/抢修0.csv").unlink()
        with sqlite3.connect(self.home / "crm.db") as crm:
            crm.execute(
                "UPDATE tickets SET content = 'edited late', changed_at = '2026-07-07 20:00:00' WHERE rowid < 9"
            )
            crm.executemany("INSERT INTO tickets VALUES (?, ?, ?, ?, ?, ?)", self.foreign(self.rows, 50, day=10))
        crm.close()

    def tickets(self, first: int, count: int, *, late: bool = False) -> list[tuple[str, ...]]:
        """Tickets with numbers from `first` on, one in fifty of no known office, one in seventy without a time."""
        return [self.ticket(number, late) for number in range(first, first + count)]

    def ticket(self, number: int, late: bool) -> tuple[str, ...]:
        office = "乡下供电所" if number % 50 == 7 else f"S{number % 3 + 1}"
        accepted = "2026/2/30 8:00" if number % 70 == 9 else _stamp(number)
        replied = _stamp(number + 600) if late or number % 2 else ""
        story = "客户反映电压低，" * self.draw.randint(1, 6)
        return (f"T{number:09d}", office, _TYPES[number % 4], accepted, replied, story if number % 3 else "")

    def foreign(self, first: int, count: int, *, day: int) -> list[tuple[str, ...]]:
        return [
            (f"C{n}", _TYPES[n % 4], f"S{n % 3 + 1}", _stamp(n), "来自外部", f"2026-07-{day:02d} {n % 24:02d}:00:00")
            for n in range(first, first + count)
        ]

    def csv(self, name: str, header, rows, encoding: str = "utf-8", *, day: int = 9) -> None:
        path = self.home / "inbox" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [",".join(row) for row in (header, *rows)]
        path.write_bytes("\n".join(lines).encode(encoding))
        _date(path, day)

    def workbook(self, name: str, rows: list[tuple[str, ...]]) -> None:
        book = openpyxl.Workbook()
        for row in (_HEADER, *rows):
            book.active.append(row)
        path = self.home / "inbox" / name
        book.save(path)
        _date(path, 9)


def make_worlds(folder: Path, seed: int, rows: int) -> tuple[Path, Path]:
    """The two worlds below `folder`."""
    first, second = folder / "first", folder / "second"
    World(first, seed, rows).first()
    shutil.copytree(first, second)  # with its times
    World(second, seed + 1, rows).second()
    return first, second


def _date(path: Path, day: int) -> None:
    at = datetime(2026, 7, day, tzinfo=UTC).timestamp()
    os.utime(path, (at, at))


def _stamp(number: int) -> str:
    return f"{datetime(2026, 6, 1) + timedelta(minutes=7 * number):%Y-%m-%d %H:%M:%S}"


# --- collecting ------------------------------------------------------------------------------------------------------


def open_world(home: Path, database: Database, round_number: int) -> Application:
    settings = load({"MINGCHA_CONFIG": str(home / "mingcha.toml")})
    moment = MOMENTS[round_number]
    return Application(settings, database, system_viewer(), now=lambda: moment)


def collect_all(home: Path, database: Database, round_number: int, sources=SOURCES) -> list[str]:
    """One round over the sources; the failures it names."""
    report = collect(open_world(home, database, round_number), names=sources)
    return [f"{failure.source} {failure.file}: {failure.message}" for failure in report.failures]


# --- what there is afterwards ----------------------------------------------------------------------------------------

_VOLATILE = {"id", "finished_at"}


def snapshot(database: Database) -> dict[str, list[str]]:
    """Every row of every table that collecting writes, as text, in an order of its own.

    Row ids depend on what was rolled back, so rows are told by what they say: a batch by its file, a record by its key.
    """
    with database.reading() as connection:
        batches = {row.id: f"{row.source}|{row.file}|{row.sheet}|{row.sha256}|{row.state}"
                   for row in connection.execute(sa.select(BATCHES))}  # fmt: skip
        records = {
            (name, row["id"]): "|".join(str(row[key]) for key in ("system", *_keys(name)) if key in row)
            for name, table in RECORD_TABLES.items()
            for row in connection.execute(sa.select(table)).mappings()
        }
        tables = {**RECORD_TABLES, **{t.name: t for t in HISTORY_TABLES.values()}, "quarantine": QUARANTINE,
                  "batches": BATCHES, "confirmations": CONFIRMATIONS, "source_states": SOURCE_STATES}  # fmt: skip
        return {
            name: sorted(_said(name, dict(row), batches, records)
                         for row in connection.execute(sa.select(table)).mappings())
            for name, table in tables.items()
        }  # fmt: skip


def _keys(name: str) -> list[str]:
    return list(RECORDS[name].key)


def _said(name: str, row: dict, batches: dict, records: dict) -> str:
    for key in ("batch_id", "ended_by_batch", "last_batch_id", "replay_batch_id"):
        if row.get(key) is not None:
            row[key] = batches[row[key]]
    if row.get("record_id") is not None:
        row["record_id"] = records[row.get("record") or name.removesuffix("_history"), row["record_id"]]
    return repr(sorted((key, value) for key, value in row.items() if key not in _VOLATILE))


def differences(expected: dict[str, list[str]], found: dict[str, list[str]]) -> list[str]:
    """The first few rows that only one of two snapshots has, by table."""
    said = []
    for name in expected:
        if expected[name] != found[name]:
            missing = [row for row in expected[name] if row not in found[name]][:2]
            extra = [row for row in found[name] if row not in expected[name]][:2]
            said.append(f"{name}: {len(expected[name])} rows expected, {len(found[name])} found; "
                        f"missing {missing}; extra {extra}")  # fmt: skip
    return said


def round_apart(pipe, home: Path, url: str, round_number: int, said: Path) -> None:
    """One round in a process of its own: says when it begins and when it has ended; what it prints goes to `said`."""
    with said.open("w", encoding="utf-8") as file:
        os.dup2(file.fileno(), 2)
        opened = Database(url)
        pipe.send("ready")
        collect_all(home, opened, round_number)
        pipe.send("done")


if __name__ == "__main__":  # one round in a process of its own: `scenario.py HOME URL ROUND [SOURCE …]`
    opened = Database(sys.argv[2])
    print("ready", flush=True)
    if named := sys.argv[4:]:
        sys.stdin.readline()  # which sources, and when to begin, is said by who starts several
    for line in collect_all(Path(sys.argv[1]), opened, int(sys.argv[3]), named or SOURCES):
        print(line, flush=True)
    print("done", flush=True)

"""`mingcha bench judge`: judging everything against reading and grouping with Polars, and what changed against that."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
import sqlalchemy as sa

from dashboard.bench.timing import machine, paired, report
from dashboard.database import Database
from dashboard.database.migrate import migrate
from dashboard.database.models import BATCHES, JUDGED_THROUGH, RECORD_TABLES
from dashboard.instants import to_micros
from dashboard.judging.kinds import TICKET_COLUMNS
from dashboard.judging.reading import Reader
from dashboard.judging.rules import Rules, rules_of
from dashboard.people import system_viewer
from dashboard.queries.league import league
from dashboard.settings import Settings

RECORDS = 1_000_000
CHANGED = 1_000
OFFICES = 60
FIRST = dt.datetime(2026, 4, 1, tzinfo=dt.UTC)
DAYS = 183
NOW = dt.datetime(2026, 10, 11, tzinfo=dt.UTC)
HOUR = 3_600_000_000
TYPES = ("fault", "complaint", "report", "opinion", "suggestion", "enquiry", "praise", "request")


def run(*, size: int | None, pairs: int) -> None:
    """Judge `size` tickets (default a million) from scratch, then 1,000 changed ones against that."""
    records = size or RECORDS
    rules = rules_of(Settings())
    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite:///{Path(folder) / 'bench.db'}")
        migrate(db)
        fill(db, records)
        print(f"judge: {records:,} tickets of two quarters at {OFFICES} stations; {machine()}")
        whole = paired(lambda: _from_scratch(db, rules), lambda: _baseline(db), pairs=pairs)
        report("judge, roll up and score everything ÷ read and group", whole.cost, "<= 1.8", whole)
        _from_scratch(db, rules)
        changes = Changes(db, rules, records)
        part = paired(changes.judge, lambda: _from_scratch(db, rules), pairs=pairs, before_ours=changes.make)
        report(f"judge, roll up and score {CHANGED:,} changed ÷ everything", part.cost, "<= 0.05", part)
        db.engine.dispose()


def _from_scratch(db: Database, rules: Rules) -> None:
    """Everything anew, up to the ranked table."""
    with db.session() as session:
        session.execute(sa.delete(JUDGED_THROUGH))
    _score(db, rules)


def _score(db: Database, rules: Rules) -> None:
    league(db, system_viewer(), rules, period="2026-Q3", now=NOW)


def _baseline(db: Database) -> pl.DataFrame:
    """Reading the same columns from the database and grouping them with Polars."""
    table = RECORD_TABLES["tickets"].c
    frame = db.frame(sa.select(*(table[name] for name in ("id", *TICKET_COLUMNS))))
    stamps = [name for name in frame.columns if name.endswith("_at")]
    day = (pl.col("accepted_at") + 8 * HOUR).floordiv(24 * HOUR).alias("day")
    return frame.group_by("office_code", day).agg(pl.len(), pl.col(stamps).count())


class Changes:
    """Rounds of changed tickets: each a batch of rows whose reply came."""

    def __init__(self, db: Database, rules: Rules, records: int) -> None:
        self.db, self.rules, self.records = db, rules, records
        self.batch = 1

    def make(self) -> None:
        self.batch += 1
        chosen = np.random.default_rng(self.batch).choice(self.records, CHANGED, replace=False) + 1
        table = RECORD_TABLES["tickets"]
        with self.db.session() as session:
            session.execute(sa.insert(BATCHES), [_batch(self.batch, updated=CHANGED)])
            session.execute(
                sa.update(table).where(table.c.id == sa.bindparam("row")).values(
                    batch_id=self.batch, replied_at=table.c.accepted_at + self.batch * 24 * HOUR
                ),
                [{"row": int(row)} for row in chosen],
            )  # fmt: skip

    def judge(self) -> None:
        _score(self.db, self.rules)


# --- a company to judge -----------------------------------------------------------------------------------------------


def fill(db: Database, records: int) -> None:
    """Offices and so many tickets, straight into the tables (import has its own bench)."""
    with db.adbc(write=True) as connection:
        reader = Reader(db, connection)
        reader.ingest("offices", _offices())
        reader.ingest("tickets", _tickets(records))
    with db.session() as session:
        session.execute(sa.insert(BATCHES), [_batch(1, new=records)])


def _batch(number: int, *, new: int = 0, updated: int = 0) -> dict[str, object]:
    return {"id": number, "source": "bench", "record": "tickets", "state": "done", "started_at": 0, "by": "bench",
            "new": new, "updated": updated}  # fmt: skip


def _offices() -> pl.DataFrame:
    codes = [f"34401{number:04d}" for number in range(OFFICES)]
    return pl.DataFrame({"code": codes, "name": codes, "customers": [9000] * OFFICES}).with_columns(
        valid_from=pl.lit("0001-01-01"), level=pl.lit("station"), area=pl.lit("urban"), **_lineage()
    )


def _tickets(records: int) -> pl.DataFrame:
    chance = np.random.default_rng(7)
    accepted = np.sort(to_micros(FIRST) + chance.integers(0, DAYS * 24 * HOUR // 1_000_000, records) * 1_000_000)

    def after(hours: float, empty: float) -> pl.Series:
        values = pl.Series(accepted + (chance.exponential(hours, records) * HOUR).astype(np.int64) // 10**6 * 10**6)
        return values.set(pl.Series(chance.random(records) < empty), None)

    def one_of(*choices: str | None) -> pl.Series:
        return pl.Series(choices, dtype=pl.String).gather(chance.integers(0, len(choices), records))

    return pl.DataFrame({
        "system": ["file"] * records, "ticket_no": [f"2611{number:014d}" for number in range(records)],
        "type": one_of(*TYPES), "office_code": one_of(*_offices()["code"].to_list()), "accepted_at": accepted,
        "dispatched_at": after(0.1, 0.02), "taken_at": after(0.3, 0.05), "contacted_at": after(8, 0.1),
        "arrived_at": after(2, 0.5), "finished_at": after(40, 0.1), "replied_at": after(60, 0.05),
        "visited_at": after(100, 0.2), "archived_at": after(150, 0.2),
        "substantiated": one_of("yes", "no", "no", None), "satisfaction": one_of("satisfied", "neutral", None),
        "withdrawn": chance.random(records) < 0.01, "simulated": chance.random(records) < 0.005,
        "content": ["某小区三号楼停电，请尽快派人处理，谢谢。"] * records,
    }).with_columns(**_lineage())  # fmt: skip


def _lineage() -> dict[str, pl.Expr]:
    zero = pl.lit(0, dtype=pl.Int64)
    return {"version_at": zero, "content_hash": zero, "batch_id": zero + 1, "row_no": zero}

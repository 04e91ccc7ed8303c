"""Keeps verdicts and roll-ups true at the present moment (增量评判).

What is stored was true at `judged_through.as_of`. Since then rows may have changed (their batch is newer), clocks may
have run out (`open_clocks`), people may have decided (newer reviews), or the rules are others. Only what that touches
is judged again, compared with what is stored, and the difference added to the roll-ups: one transaction, one process
at a time.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Any

import polars as pl
import sqlalchemy as sa

from checks.judge.base import microseconds
from checks.rollup import empty_rollup, rollup
from dashboard.database import Database
from dashboard.database.models import (
    BATCHES,
    HALL_MONTHS,
    JUDGED_THROUGH,
    OPEN_CLOCKS,
    RECORD_TABLES,
    REVIEWS,
    ROLLUPS,
    VERDICTS,
)
from dashboard.judging import changes, hallwork
from dashboard.judging.kinds import KINDS
from dashboard.judging.reading import Condition, Reader, everything
from dashboard.judging.rules import Rules
from dashboard.judging.verdicts import open_clocks, packed, rows_of, stored_tallies, tallies

WHOLE = "all"
REBUILD_SHARE = 5
"""When a fifth of the records changed, judging everything is quicker than finding out what did."""
ABANDONED_AFTER = 24 * 3_600_000_000
CHUNK = 1_000_000
LOCK = 20260704
"""Number of the advisory lock that lets one process judge at a time on PostgreSQL; SQLite has one writer anyway."""


@dataclass(frozen=True)
class State:
    """What was judged last: every batch up to `batch`, every review up to `review`, at `as_of` (microseconds)."""

    batch: int
    review: int
    as_of: int
    digest: str


@dataclass(frozen=True)
class Outcome:
    """What a call did: `current` (nothing to do), `updated` or `rebuilt`, and how many records were judged."""

    how: str
    judged: int


def bring_up_to_date(db: Database, rules: Rules, as_of: dt.datetime) -> Outcome:
    """Make the stored verdicts, open clocks and roll-ups those of `as_of`, judging only what may have changed.

    Everything is judged anew the first time, when rules or offices changed, and when `as_of` lies before the last one.
    """
    at = microseconds(as_of)
    with db.adbc() as connection:
        if _is_current(Reader(db, connection), rules, at):
            return Outcome("current", 0)
    with db.adbc(write=True) as connection:
        reader = Reader(db, connection)
        if db.dialect == "postgresql":
            reader.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
        if _is_current(reader, rules, at):  # another process was quicker
            return Outcome("current", 0)
        return _judge(reader, rules, as_of)


def _judge(reader: Reader, rules: Rules, as_of: dt.datetime) -> Outcome:
    at = microseconds(as_of)
    last = _state(reader)
    now = State(_judged_batch(reader, at), _latest_review(reader), at, _digest(reader, rules))
    anew = last is None or last.digest != now.digest or at < last.as_of or _much_changed(reader, last)
    if last is None or anew:
        judged = _rebuild(reader, rules, as_of)
        how = "rebuilt"
    else:
        judged = _update(reader, rules, as_of, last)
        how = "updated"
    _remember(reader, now)
    return Outcome(how, judged)


# --- what is there to do? ---------------------------------------------------------------------------------------------


def _is_current(reader: Reader, rules: Rules, at: int) -> bool:
    """Nothing new since the last time, and no clock ran out. The digest of offices only changes with a batch."""
    last = _state(reader)
    if last is None or at < last.as_of or not last.digest.startswith(rules.digest):
        return False
    newer = sa.select(sa.func.count()).where(BATCHES.c.id > last.batch).scalar_subquery()
    due = sa.select(sa.func.count()).where(OPEN_CLOCKS.c.next_at <= at).scalar_subquery()
    found = reader.frame(sa.select(newer.label("newer"), due.label("due")))
    return found.row(0) == (0, 0) and _latest_review(reader) == last.review


def _state(reader: Reader) -> State | None:
    rows = {row["part"]: row for row in reader.frame(sa.select(JUDGED_THROUGH)).iter_rows(named=True)}
    whole, reviews = rows.get(WHOLE), rows.get("reviews")
    if whole is None or reviews is None:
        return None
    return State(whole["batch_id"], reviews["batch_id"], whole["as_of"], whole["digest"])


def _judged_batch(reader: Reader, at: int) -> int:
    """The last batch before the first one that is still running: a later batch can be finished earlier.

    A batch that has been running for a day was abandoned.
    """
    running = sa.and_(BATCHES.c.state == "running", BATCHES.c.started_at > at - ABANDONED_AFTER)
    first = reader.frame(sa.select(sa.func.min(BATCHES.c.id).label("id")).where(running)).item()
    last = reader.frame(sa.select(sa.func.max(BATCHES.c.id).label("id"))).item()
    return int(first) - 1 if first is not None else int(last or 0)


def _latest_review(reader: Reader) -> int:
    return int(reader.frame(sa.select(sa.func.max(REVIEWS.c.id).label("id"))).item() or 0)


def _digest(reader: Reader, rules: Rules) -> str:
    """Rules, and of the offices what a verdict can depend on: the areas of the versions."""
    versions = [
        (office.code, office.area, str(office.valid_from), str(office.valid_to))
        for versions in reader.tree.versions.values()
        for office in versions
    ]
    return f"{rules.digest}:{hashlib.sha256(repr(versions).encode()).hexdigest()}"


def _much_changed(reader: Reader, last: State) -> bool:
    changed = sa.func.sum(BATCHES.c.new + BATCHES.c.updated)
    newer = reader.frame(sa.select(sa.cast(changed, sa.BigInteger).label("n")).where(BATCHES.c.id > last.batch)).item()
    sizes = [sa.select(sa.func.max(RECORD_TABLES[record].c.id)).scalar_subquery().label(record) for record in KINDS]
    return int(newer or 0) * REBUILD_SHARE > sum(size or 0 for size in reader.frame(sa.select(*sizes)).row(0))


def _remember(reader: Reader, now: State) -> None:
    rows = pl.DataFrame(
        {
            "part": [WHOLE, "reviews"],
            "batch_id": [now.batch, now.review],
            "as_of": [now.as_of, now.as_of],
            "digest": [now.digest, None],
        },
        schema={"part": pl.String, "batch_id": pl.Int64, "as_of": pl.Int64, "digest": pl.String},
    )
    reader.execute(sa.delete(JUDGED_THROUGH))
    reader.ingest(JUDGED_THROUGH.name, rows)


# --- everything anew --------------------------------------------------------------------------------------------------


def _rebuild(reader: Reader, rules: Rules, as_of: dt.datetime) -> int:
    for table in (VERDICTS, OPEN_CLOCKS, ROLLUPS, HALL_MONTHS):
        reader.execute(sa.delete(table))
    judged = 0
    sums = []
    for record, kind in KINDS.items():
        codes = rules.rulebook.order(record)
        for condition in _chunks(reader, record):
            found = packed(kind.judged(reader, rules, condition, as_of), codes, rules.rulebook)
            reader.ingest(VERDICTS.name, rows_of(found, record, codes, rules.rulebook))
            reader.ingest(OPEN_CLOCKS.name, open_clocks(found, record))
            sums.append(rollup(tallies(found, codes, rules.rulebook), codes, rules.rulebook))
            judged += found.height
    reader.ingest(ROLLUPS.name, changes.added(sums))
    hallwork.rebuild(reader, rules, as_of)
    return judged


def _chunks(reader: Reader, record: str) -> list[Condition]:
    """Rows by ranges of ids where records do not depend on their own kind, so that memory stays flat."""
    size = reader.frame(sa.select(sa.func.max(RECORD_TABLES[record].c.id).label("id"))).item() or 0
    if record == "repairs" or size <= CHUNK:
        return [everything] if size else []
    return [_between(start, start + CHUNK) for start in range(0, size, CHUNK)]


def _between(start: int, end: int) -> Condition:
    def condition(table: Any) -> sa.ColumnElement[bool]:
        return sa.and_(table.c.id > start, table.c.id <= end)

    return condition


# --- only what changed ------------------------------------------------------------------------------------------------


def _update(reader: Reader, rules: Rules, as_of: dt.datetime, last: State) -> int:
    dirty = changes.find(reader, rules, as_of, last.batch)
    delta = [empty_rollup()]
    judged = 0
    for record, kind in KINDS.items():
        if not dirty.count(record):
            continue
        codes = rules.rulebook.order(record)
        before = reader.frame(dirty.rows_of(VERDICTS, record))
        found = packed(kind.judged(reader, rules, dirty.condition(record), as_of), codes, rules.rulebook)
        taken_back = stored_tallies(before, sign=-1)
        both = pl.concat([taken_back, tallies(found, codes, rules.rulebook)])
        delta.append(rollup(both, codes, rules.rulebook))
        for table, rows in (
            (VERDICTS, rows_of(found, record, codes, rules.rulebook)),
            (OPEN_CLOCKS, open_clocks(found, record)),
        ):
            reader.execute(dirty.delete_from(table, record))
            reader.ingest(table.name, rows)
        judged += found.height
    changes.apply(reader, changes.added(delta))
    hallwork.update(reader, rules, as_of, last.batch, last.review)
    dirty.drop()
    return judged

"""Keeps verdicts and roll-ups true at the present moment (增量评判).

What is stored was true at `judged_through.as_of`. Since then rows may have changed (their batch is newer), clocks may
have run out (`open_clocks`), people may have decided (newer reviews, exclusions), or the rules are others. Only what
that touches is judged again, compared with what is stored, and the difference added to the roll-ups: one transaction,
one process at a time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

import polars as pl
import sqlalchemy as sa

from checks.judge.base import microseconds
from checks.rollup import empty_rollup, rollup
from checks.sandbox import is_sandbox
from dashboard.database import Database
from dashboard.database.models import (
    BATCHES,
    HALL_MONTHS,
    JUDGED_THROUGH,
    OPEN_CLOCKS,
    RECORD_TABLES,
    REVIEWS,
    ROLLUP_MONTHS,
    ROLLUPS,
    VERDICTS,
)
from dashboard.errors import MingchaError
from dashboard.judging import changes, hallwork
from dashboard.judging.filed import decided_since, newest_decision
from dashboard.judging.kinds import KINDS
from dashboard.judging.moved import offices_moved
from dashboard.judging.notices import notices_read
from dashboard.judging.reading import Condition, Reader, everything
from dashboard.judging.rules import Rules
from dashboard.judging.verdicts import differences, open_clocks, packed, rows_of, stored_tallies, tallies

WHOLE, REVIEWED, EXCLUDED = "all", "reviews", "exclusions"
FEW = 5_000
"""Changed rows that are never worth judging everything."""
REBUILD_SHARE = 5
"""When a fifth of the records changed, judging everything is quicker than finding out what did."""
ABANDONED_AFTER = 24 * 3_600_000_000
GAP_GRACE = 10 * 60_000_000
"""How long a missing batch number may still belong to a transaction that has not committed (microseconds)."""
CHUNK = 250_000
LOCK = 20260704
"""Number of the advisory lock that lets one process judge at a time on PostgreSQL; SQLite has one writer anyway."""


@dataclass(frozen=True)
class State:
    """What was judged last: every batch up to `batch`, every review up to `review`, every decision about an exclusion
    up to `decision`, at `as_of` (microseconds).

    `digest` pins the rules and, after a colon, what verdicts depend on in the offices.
    """

    batch: int
    review: int
    decision: int
    as_of: int
    digest: str


@dataclass(frozen=True)
class Situation:
    """How things stand, found out in one question."""

    last: State | None
    newest_batch: int
    judged_batch: int
    """The last batch before the first that is still running, or whose number is missing because its transaction has
    not committed yet: a later one can be finished earlier."""
    newest_review: int
    newest_decision: int
    """The last decision about an exclusion made by as-of."""
    next_clock: int | None
    changed: int
    """Rows that came in new or updated since `last`."""

    def is_current(self, rules: Rules, at: int) -> bool:
        """Nothing new since the last time, no clock ran out, and the rules are the same."""
        if self.last is None or at < self.last.as_of or not self.last.digest.startswith(rules.digest):
            return False
        newest = (self.newest_batch, self.newest_review, self.newest_decision)
        nothing_new = newest == (self.last.batch, self.last.review, self.last.decision)
        return nothing_new and (self.next_clock is None or self.next_clock > at)


@dataclass(frozen=True)
class Outcome:
    """What a call did: `current` (nothing to do), `updated` or `rebuilt`, and how many records were judged."""

    how: str
    judged: int


def bring_up_to_date(db: Database, rules: Rules, as_of: dt.datetime) -> Outcome:
    """Make the stored verdicts, open clocks and roll-ups those of `as_of`, judging only what may have changed.

    Everything is judged anew the first time, when rules or many offices changed, and when `as_of` lies before the last.
    """
    at = microseconds(as_of)
    with db.adbc() as connection:
        reader = Reader(db, connection)
        rules = rules.with_notices(notices_read(reader, rules.calendar.name))
        if situation(reader, at).is_current(rules, at):
            return Outcome("current", 0)
    with db.adbc(write=True) as connection:
        reader = Reader(db, connection)
        if db.dialect == "postgresql":
            reader.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
        return judge(reader, rules, as_of)


def judge(reader: Reader, rules: Rules, as_of: dt.datetime) -> Outcome:
    """The same inside a write transaction that is already open."""
    if is_sandbox(rules.rulebook):
        raise MingchaError("Rules that are only tried out are never stored.", "Use the company's own rulebook.")
    at = microseconds(as_of)
    rules = rules.with_notices(notices_read(reader, rules.calendar.name))
    found = situation(reader, at)
    if found.is_current(rules, at):  # another process was quicker
        return Outcome("current", 0)
    last = found.last
    touched = changes.touched(reader, at, last.batch if last else 0)
    unmoved = last is not None and last.digest.startswith(rules.digest) and "offices" not in touched.changed
    digest = last.digest if last and unmoved else _digest(reader, rules)
    now = State(found.judged_batch, found.newest_review, found.newest_decision, at, digest)
    added = last is not None and _only_years_were_added(reader, rules, last, now)
    offices = offices_moved(reader, last.batch) if last is not None and _only_offices_moved(last, now) else None
    known = last is not None and (last.digest == now.digest or added or offices is not None)
    if last is None or not known or at < last.as_of or _much_changed(reader, found):
        outcome = Outcome("rebuilt", _rebuild(reader, rules, as_of))
    else:
        outcome = Outcome("updated", _update(reader, rules, as_of, last, touched, now, added, offices or ()))
    _remember(reader, now)
    return outcome


def _only_offices_moved(last: State, now: State) -> bool:
    """Whether nothing but areas and places of offices is new: then only records at these can be judged otherwise."""
    return last.digest != now.digest and last.digest.rpartition(":")[0] == now.digest.rpartition(":")[0]


def _only_years_were_added(reader: Reader, rules: Rules, last: State, now: State) -> bool:
    """Whether nothing but the notices of further years is new: then only provisional records can be judged otherwise.

    Samples of those years would be due on other days; where there are some already, everything is judged anew.
    """
    before, _, offices = last.digest.partition(":")
    if not now.digest.endswith(f":{offices}") or not rules.adds_years_to(before):
        return False
    added = rules.calendar.years_after(before.partition("-")[2])
    sample = RECORD_TABLES["samples"].c
    later = sa.select(sample.id).where(sample.date >= f"{added[0]}-01-01").limit(1)
    return reader.frame(later).is_empty()


# --- what is there to do? ---------------------------------------------------------------------------------------------


def situation(reader: Reader, at: int) -> Situation:
    """Where judgement stands. A batch that has been running for a day counts as abandoned."""
    moments = {"at": at, "abandoned": at - ABANDONED_AFTER, "committed": at - GAP_GRACE}
    row = reader.frame(_questions(), **moments).row(0, named=True)
    told = ("batch", "review", "decision", "as_of", "digest")
    last = None if row["batch"] is None else State(**{name: row[name] for name in told})
    newest = row["newest_batch"] or 0
    judged = min([newest, *(row[name] - 1 for name in ("running", "gap") if row[name] is not None)])
    decided = (row["newest_review"] or 0, row["newest_decision"] or 0)
    return Situation(last, newest, judged, *decided, row["next_clock"], row["changed"] or 0)


@cache
def _questions() -> sa.Select[Any]:
    """What `situation` asks, in one row; put together once."""
    at, abandoned, committed = (sa.bindparam(name, type_=sa.BigInteger) for name in ("at", "abandoned", "committed"))
    parts = {
        part: sa.select(JUDGED_THROUGH).where(JUDGED_THROUGH.c.part == part).subquery()
        for part in (WHOLE, REVIEWED, EXCLUDED)
    }
    whole, reviewed, excluded = parts[WHOLE].c, parts[REVIEWED].c, parts[EXCLUDED].c
    batch = sa.select(whole.batch_id).scalar_subquery()
    running = sa.and_(BATCHES.c.state == "running", BATCHES.c.started_at > abandoned)
    before, after, found = BATCHES.alias("before"), BATCHES.alias("after"), BATCHES.alias("found")
    following = sa.select(sa.func.min(after.c.id)).where(after.c.id > before.c.id).scalar_subquery()
    begun = sa.select(found.c.started_at).where(found.c.id == following).scalar_subquery()
    gap = (
        before.c.id >= sa.func.coalesce(batch, 0),
        following > before.c.id + 1,
        begun > committed,
    )
    changed = sa.cast(sa.func.sum(BATCHES.c.new + BATCHES.c.updated), sa.BigInteger)
    questions = {
        "batch": sa.select(whole.batch_id),
        "as_of": sa.select(whole.as_of),
        "digest": sa.select(whole.digest),
        "review": sa.select(reviewed.batch_id),
        "decision": sa.select(excluded.batch_id),
        "newest_batch": sa.select(sa.func.max(BATCHES.c.id)),
        "running": sa.select(sa.func.min(BATCHES.c.id)).where(running),
        "gap": sa.select(sa.func.min(before.c.id) + 1).where(*gap),
        "newest_review": sa.select(sa.func.max(REVIEWS.c.id)),
        "newest_decision": newest_decision(at),
        "next_clock": sa.select(sa.func.min(OPEN_CLOCKS.c.next_at)),
        "changed": sa.select(changed).where(BATCHES.c.id > sa.func.coalesce(batch, 0)),
    }
    return sa.select(*(question.scalar_subquery().label(name) for name, question in questions.items()))


def _digest(reader: Reader, rules: Rules) -> str:
    """Rules, and of the offices what a verdict can depend on: areas, and by exclusions of whole trees the parents."""
    return f"{rules.digest}:{reader.tree.fingerprint}"


def _much_changed(reader: Reader, found: Situation) -> bool:
    """Whether so much changed that judging everything is quicker."""
    if found.changed <= FEW:
        return False
    sizes = [sa.select(sa.func.max(RECORD_TABLES[record].c.id)).scalar_subquery().label(record) for record in KINDS]
    return found.changed * REBUILD_SHARE > sum(size or 0 for size in reader.frame(sa.select(*sizes)).row(0))


def _remember(reader: Reader, now: State) -> None:
    rows = pl.DataFrame(
        {
            "part": [WHOLE, REVIEWED, EXCLUDED],
            "batch_id": [now.batch, now.review, now.decision],
            "as_of": [now.as_of] * 3,
            "digest": [now.digest, None, None],
        },
        schema={"part": pl.String, "batch_id": pl.Int64, "as_of": pl.Int64, "digest": pl.String},
    )
    reader.execute(sa.delete(JUDGED_THROUGH))
    reader.ingest(JUDGED_THROUGH.name, rows)


# --- everything anew --------------------------------------------------------------------------------------------------


def _rebuild(reader: Reader, rules: Rules, as_of: dt.datetime) -> int:
    """One piece is read and judged on a second connection while the one before it is stored."""
    for table in (*VERDICTS.values(), OPEN_CLOCKS, ROLLUPS, ROLLUP_MONTHS, HALL_MONTHS):
        reader.execute(sa.delete(table))
    judged = 0
    counted: dict[str, list[pl.DataFrame]] = {record: [] for record in KINDS}
    pieces = [(record, condition) for record in KINDS for condition in _pieces(reader, record)]
    with reader.db.adbc() as connection:
        beside = Reader(reader.db, connection)

        def read(record: str, condition: Condition) -> pl.DataFrame:
            lazy = KINDS[record].judged(beside, rules, condition, as_of)
            return packed(lazy, rules.rulebook.order(record), rules.rulebook)

        for (record, _), found in zip(pieces, _one_ahead(read, pieces), strict=True):
            codes = rules.rulebook.order(record)
            reader.ingest(VERDICTS[record].name, rows_of(found, codes, rules.rulebook))
            reader.ingest(OPEN_CLOCKS.name, open_clocks(found, record))
            counted[record].append(tallies(found, codes, rules.rulebook))
            judged += found.height
    sums = [
        rollup(pl.concat(parts), rules.rulebook.order(record), rules.rulebook)
        for record, parts in counted.items()
        if parts
    ]
    changes.store(reader, changes.added(sums))
    hallwork.rebuild(reader, rules, as_of)
    return judged


def _pieces(reader: Reader, record: str) -> list[Condition]:
    """Rows by ranges of ids, so that memory stays flat; repairs in one, for each may rest on any other."""
    size = reader.frame(sa.select(sa.func.max(RECORD_TABLES[record].c.id).label("id"))).item() or 0
    if record == "repairs":
        return [everything] if size else []
    return [_between(start, start + CHUNK) for start in range(0, size, CHUNK)]


def _between(start: int, end: int) -> Condition:
    def condition(table: Any) -> sa.ColumnElement[bool]:
        return sa.and_(table.c.id > start, table.c.id <= end)

    return condition


def _one_ahead(
    read: Callable[[str, Condition], pl.DataFrame], pieces: Sequence[tuple[str, Condition]]
) -> Iterator[pl.DataFrame]:
    """Each piece in order, the next one being read meanwhile."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        coming = [pool.submit(read, *piece) for piece in pieces[:1]]
        for following in (*pieces[1:], None):
            if coming:
                found = coming.pop().result()
                coming = [pool.submit(read, *following)] if following else []
                yield found


# --- only what changed ------------------------------------------------------------------------------------------------


def _update(
    reader: Reader, rules: Rules, as_of: dt.datetime, last: State, touched: changes.Touched, now: State, added: bool,
    offices: Sequence[str],
) -> int:  # fmt: skip
    """`added`: the calendar has further years, so that what was provisional is judged again; `offices` have moved."""
    decided = decided_since(reader, last.decision, now.as_of) if now.decision > last.decision else ()
    dirty = changes.find(reader, rules, as_of, last.batch, touched, decided, offices)
    if added:
        changes.add_provisional(dirty)
    delta = [empty_rollup()]
    judged = 0
    for record in dirty.records():
        codes = rules.rulebook.order(record)
        before = reader.frame(dirty.verdicts(record))
        found = packed(KINDS[record].judged(reader, rules, dirty.condition(record), as_of), codes, rules.rulebook)
        goes, comes = differences(before, rows_of(found, codes, rules.rulebook))
        both = pl.concat([stored_tallies(goes, sign=-1), stored_tallies(comes, sign=1)])
        delta.append(rollup(both, codes, rules.rulebook))
        _replace(reader, VERDICTS[record], goes, comes)
        reader.execute(dirty.delete_clocks(record))
        reader.ingest(OPEN_CLOCKS.name, open_clocks(found, record))
        judged += found.height
    changes.apply(reader, changes.added(delta))
    if touched.halls or now.review > last.review:
        hallwork.update(reader, rules, as_of, last.batch, last.review)
    return judged


def _replace(reader: Reader, table: sa.Table, goes: pl.DataFrame, comes: pl.DataFrame) -> None:
    """Overwrite verdicts that changed; those of records that no longer exist at as-of are deleted."""
    if comes.height:
        reader.upsert(table, comes, ["record_id"])
    gone = goes.join(comes, on="record_id", how="anti").select("record_id")
    if gone.height:
        ids = reader.temporary(gone, sa.column("record_id", sa.BigInteger))
        reader.execute(sa.delete(table).where(table.c.record_id.in_(sa.select(ids.c.record_id))))

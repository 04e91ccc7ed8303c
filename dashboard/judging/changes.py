"""Which records a change can touch, and how a difference of sums reaches the roll-ups."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from checks.exclusions import Filing
from checks.judge.base import microseconds
from checks.rollup import KEYS, SUMS, add, empty_rollup
from dashboard.database.models import (
    BATCHES,
    HISTORY_TABLES,
    OPEN_CLOCKS,
    RECORD_TABLES,
    ROLLUP_MONTHS,
    ROLLUPS,
    VERDICTS,
)
from dashboard.judging.filed import covered
from dashboard.judging.kinds import KINDS, repeat_window
from dashboard.judging.reading import Condition, Reader
from dashboard.judging.rules import Rules


@dataclass(frozen=True)
class Dirty:
    """Records to judge again, in a temporary table (`record, record_id`)."""

    reader: Reader
    table: Any

    def add(self, record: str, ids: sa.Select[Any]) -> None:
        """Add the ids of a query; those already there stay once."""
        column = next(iter(ids.selected_columns))
        rows = ids.with_only_columns(sa.literal(record, sa.Text), column).distinct()
        dialect = sqlite if self.reader.db.dialect == "sqlite" else postgresql
        insert = dialect.insert(self.table).from_select(["record", "record_id"], rows)
        self.reader.execute(insert.on_conflict_do_nothing())

    def ids(self, record: str) -> sa.Select[Any]:
        return sa.select(self.table.c.record_id).where(self.table.c.record == record)

    def records(self) -> list[str]:
        """Kinds of which some record is dirty."""
        found = self.reader.frame(sa.select(self.table.c.record).distinct())["record"].to_list()
        return [record for record in KINDS if record in found]

    def condition(self, record: str) -> Condition:
        """The dirty rows of a record table."""

        def condition(table: Any) -> sa.ColumnElement[bool]:
            return table.c.id.in_(self.ids(record))  # type: ignore[no-any-return]

        return condition

    def verdicts(self, record: str) -> sa.Select[Any]:
        """What is stored of the dirty records of a kind."""
        table = VERDICTS[record]
        return sa.select(table).where(table.c.record_id.in_(self.ids(record)))

    def delete_clocks(self, record: str) -> sa.Delete:
        """Takes the open clocks of the dirty records of a kind away."""
        row = OPEN_CLOCKS.c
        return sa.delete(OPEN_CLOCKS).where(row.record == record, row.record_id.in_(self.ids(record)))


@dataclass(frozen=True)
class Touched:
    """Kinds of records with newer rows, and kinds with a clock that ran out."""

    changed: frozenset[str]
    due: frozenset[str]

    @property
    def halls(self) -> bool:
        """Whether anything of the halls may have moved."""
        return bool((self.changed | self.due) & OF_HALLS)


OF_HALLS = frozenset({"samples", "hall_days", "cameras", "inspections", "reviews", "joins"})


def touched(reader: Reader, at: int, judged_batch: int) -> Touched:
    """What there is to look at, so that nobody asks about the rest."""
    newer = sa.select(BATCHES.c.record, sa.literal_column("0", sa.BigInteger).label("due")).where(
        BATCHES.c.id > judged_batch
    )
    due = sa.select(OPEN_CLOCKS.c.record, sa.literal_column("1", sa.BigInteger)).where(OPEN_CLOCKS.c.next_at <= at)
    both = sa.union(newer, due).subquery()
    rows = reader.frame(sa.select(both.c.record, both.c.due)).rows()
    return Touched(
        frozenset(record for record, is_due in rows if not is_due),
        frozenset(record for record, is_due in rows if is_due),
    )


def nothing_dirty(reader: Reader) -> Dirty:
    """An empty list of records."""
    name = reader.new_name()
    columns = "record TEXT NOT NULL, record_id BIGINT NOT NULL, PRIMARY KEY (record, record_id)"
    reader.execute(sa.text(f"CREATE TEMPORARY TABLE {name} ({columns})"))
    return Dirty(reader, sa.table(name, sa.column("record", sa.Text), sa.column("record_id", sa.BigInteger)))


def find(
    reader: Reader,
    rules: Rules,
    as_of: dt.datetime,
    judged_batch: int,
    touched: Touched,
    decided: Sequence[Filing] = (),
    offices: Sequence[str] = (),
) -> Dirty:
    """Changed rows, rows whose clock ran out, those of exclusions decided since and of these offices, and all whose
    verdict rests on one of them."""
    dirty = nothing_dirty(reader)
    for record in KINDS:
        if record in touched.changed:
            changed = RECORD_TABLES[record].c
            dirty.add(record, sa.select(changed.id).where(changed.batch_id > judged_batch))
        if record in touched.due:
            due = sa.and_(OPEN_CLOCKS.c.record == record, OPEN_CLOCKS.c.next_at <= microseconds(as_of))
            dirty.add(record, sa.select(OPEN_CLOCKS.c.record_id).where(due))
    moved = touched.changed | touched.due | _add_covered(dirty, decided) | _add_at(dirty, offices)
    if "tickets" in moved:
        _add_those_naming_tickets(dirty)
    if moved & {"tickets", "repairs"}:
        _add_later_repairs(dirty, rules)
        _add_once_later_repairs(dirty, rules, judged_batch)
    if "evaluations" in moved:
        _add_named_applications(dirty, judged_batch)
    return dirty


def _add_at(dirty: Dirty, offices: Sequence[str]) -> frozenset[str]:
    """Every record at these offices; the kinds that they are of."""
    if not offices:
        return frozenset()
    codes = dirty.reader.within(pl.Series("code", offices, dtype=pl.String))
    for record in KINDS:
        table = RECORD_TABLES[record].c
        dirty.add(record, sa.select(table.id).where(table.office_code.in_(codes)))
    return frozenset(KINDS)


def provisional(record: str) -> sa.Select[Any]:
    """Ids of the stored verdicts that rest on days whose notice is not published yet."""
    verdict = VERDICTS[record].c
    return sa.select(verdict.record_id).where(sa.or_(verdict.marks.like("%p%"), verdict.marks.like("%b%")))


def add_provisional(dirty: Dirty) -> None:
    """What a further year of the calendar can touch: every other deadline ends before it."""
    for record in KINDS:
        dirty.add(record, provisional(record))


def _add_those_naming_tickets(dirty: Dirty) -> None:
    """Repairs and evaluations inherit the exclusion of the ticket they name."""
    ticket = RECORD_TABLES["tickets"].c
    for record, named in (("repairs", "ticket_no"), ("evaluations", "record_no")):
        naming = RECORD_TABLES[record].c
        numbers = sa.select(ticket.ticket_no).where(ticket.id.in_(dirty.ids("tickets")))
        dirty.add(record, sa.select(naming.id).where(naming[named].in_(numbers)))


def covered_by(reader: Reader, rules: Rules, filings: Sequence[Filing]) -> Dirty:
    """Every record whose verdict these exclusions can touch, with those that inherit and the repairs that follow."""
    dirty = nothing_dirty(reader)
    moved = _add_covered(dirty, filings)
    if "tickets" in moved:
        _add_those_naming_tickets(dirty)
    if moved & {"tickets", "repairs"}:
        _add_later_repairs(dirty, rules)
    return dirty


def _add_covered(dirty: Dirty, filings: Sequence[Filing]) -> frozenset[str]:
    """The records that exclusions cover; their types."""
    found = {record: covered(dirty.reader, record, filings) for record in KINDS}
    for record, ids in found.items():
        if ids is not None:
            dirty.add(record, ids)
    return frozenset(record for record, ids in found.items() if ids is not None)


def _add_later_repairs(dirty: Dirty, rules: Rules) -> None:
    """A repair of the same customer inside the window after a changed one may have become a repeat, or none."""
    now = RECORD_TABLES["repairs"].alias("changed")
    _add_followers(dirty, rules, now, now.c.id.in_(dirty.ids("repairs")))


def _add_once_later_repairs(dirty: Dirty, rules: Rules, judged_batch: int) -> None:
    """The same for every customer number it had in a version replaced since."""
    was = HISTORY_TABLES["repairs"].alias("changed")
    _add_followers(dirty, rules, was, was.c.ended_by_batch > judged_batch)


def _add_followers(dirty: Dirty, rules: Rules, changed: Any, which: sa.ColumnElement[bool]) -> None:
    later = RECORD_TABLES["repairs"].alias("later")
    follows = sa.and_(
        later.c.customer_no == changed.c.customer_no,
        later.c.accepted_at > changed.c.accepted_at,
        later.c.accepted_at <= changed.c.accepted_at + repeat_window(rules.rulebook),
    )
    dirty.add("repairs", sa.select(later.c.id).select_from(changed).join(later, follows).where(which))


def _add_named_applications(dirty: Dirty, judged_batch: int) -> None:
    """A form collected, corrected or come true changes C2 of the application it names, or named before."""
    application = RECORD_TABLES["applications"].c
    form, old = RECORD_TABLES["evaluations"].c, HISTORY_TABLES["evaluations"].c
    for numbers in (
        sa.select(form.record_no).where(form.id.in_(dirty.ids("evaluations"))),
        sa.select(old.record_no).where(old.ended_by_batch > judged_batch),
    ):
        dirty.add("applications", sa.select(application.id).where(application.application_no.in_(numbers)))


def added(rollups: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The sum of roll-ups in the column order of the table."""
    return add(empty_rollup(), *rollups).select(*KEYS, *SUMS)


def store(reader: Reader, rollups: pl.DataFrame) -> None:
    """Fill the empty roll-up tables, by day and by month."""
    reader.ingest(ROLLUPS.name, rollups)
    reader.ingest(ROLLUP_MONTHS.name, by_month(rollups))


def by_month(rollups: pl.DataFrame) -> pl.DataFrame:
    """Roll-ups summed per `month` instead of `day`."""
    months = rollups.with_columns(pl.col("day").str.slice(0, 7).alias("month"))
    keys = [key.name for key in ROLLUP_MONTHS.primary_key]
    return months.group_by(keys).agg(pl.col(SUMS).sum()).sort(keys).select(*keys, *SUMS)


def apply(reader: Reader, delta: pl.DataFrame) -> None:
    """Add a difference to the stored roll-ups, by day and by month; rows that become zero go."""
    _add_to(reader, ROLLUPS, delta)
    _add_to(reader, ROLLUP_MONTHS, by_month(delta))


def _add_to(reader: Reader, table: sa.Table, delta: pl.DataFrame) -> None:
    if delta.height == 0:
        return
    keys = [key.name for key in table.primary_key]
    source = reader.upsert(table, delta.select(*keys, *SUMS), keys, adding=True)
    if delta.select(pl.any_horizontal(pl.col(SUMS) < 0).any()).item():
        touched = sa.select(*(source.c[key] for key in keys))
        empty = sa.and_(*(table.c[column] == 0 for column in SUMS))
        reader.execute(sa.delete(table).where(sa.tuple_(*(table.c[key] for key in keys)).in_(touched), empty))

"""Which records a change can touch, and how a difference of sums reaches the roll-ups."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import polars as pl
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from checks.judge.base import microseconds
from checks.rollup import KEYS, SUMS, add, empty_rollup
from dashboard.database.models import HISTORY_TABLES, OPEN_CLOCKS, RECORD_TABLES, ROLLUPS
from dashboard.judging.kinds import KINDS, repeat_window
from dashboard.judging.reading import Condition, Reader
from dashboard.judging.rules import Rules

_names = count()


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

    def count(self, record: str) -> int:
        query = sa.select(sa.func.count().label("n")).where(self.table.c.record == record)
        return int(self.reader.frame(query).item())

    def condition(self, record: str) -> Condition:
        """The dirty rows of a record table."""

        def condition(table: Any) -> sa.ColumnElement[bool]:
            return table.c.id.in_(self.ids(record))  # type: ignore[no-any-return]

        return condition

    def rows_of(self, table: sa.Table, record: str) -> sa.Select[Any]:
        return sa.select(table).where(table.c.record == record, table.c.record_id.in_(self.ids(record)))

    def delete_from(self, table: sa.Table, record: str) -> sa.Delete:
        return sa.delete(table).where(table.c.record == record, table.c.record_id.in_(self.ids(record)))

    def drop(self) -> None:
        self.reader.execute(sa.text(f"DROP TABLE {self.table.name}"))


def find(reader: Reader, rules: Rules, as_of: dt.datetime, judged_batch: int) -> Dirty:
    """Changed rows, rows whose clock ran out, and everything whose verdict rests on one of them."""
    name = f"judging_dirty_{next(_names)}"
    columns = "record TEXT NOT NULL, record_id BIGINT NOT NULL, PRIMARY KEY (record, record_id)"
    reader.execute(sa.text(f"CREATE TEMPORARY TABLE {name} ({columns})"))
    table = sa.table(name, sa.column("record", sa.Text), sa.column("record_id", sa.BigInteger))
    dirty = Dirty(reader, table)
    for record in KINDS:
        changed = RECORD_TABLES[record].c
        dirty.add(record, sa.select(changed.id).where(changed.batch_id > judged_batch))
        due = sa.and_(OPEN_CLOCKS.c.record == record, OPEN_CLOCKS.c.next_at <= microseconds(as_of))
        dirty.add(record, sa.select(OPEN_CLOCKS.c.record_id).where(due))
    _add_those_naming_tickets(dirty)
    _add_later_repairs(dirty, rules, judged_batch)
    _add_named_applications(dirty, judged_batch)
    return dirty


def _add_those_naming_tickets(dirty: Dirty) -> None:
    """Repairs and evaluations inherit the exclusion of the ticket they name."""
    ticket = RECORD_TABLES["tickets"].c
    for record, named in (("repairs", "ticket_no"), ("evaluations", "record_no")):
        naming = RECORD_TABLES[record].c
        numbers = sa.select(ticket.ticket_no).where(ticket.id.in_(dirty.ids("tickets")))
        dirty.add(record, sa.select(naming.id).where(naming[named].in_(numbers)))


def _add_later_repairs(dirty: Dirty, rules: Rules, judged_batch: int) -> None:
    """A repair of the same customer inside the window after a changed one may have become a repeat, or none.

    "Same customer" by the number it has now and by every number it had in a version replaced since.
    """
    window = repeat_window(rules.rulebook)
    now = RECORD_TABLES["repairs"].alias("changed")
    was = HISTORY_TABLES["repairs"].alias("changed")
    for changed, condition in (
        (now, now.c.id.in_(dirty.ids("repairs"))),
        (was, was.c.ended_by_batch > judged_batch),
    ):
        later = RECORD_TABLES["repairs"].alias("later")
        follows = sa.and_(
            later.c.customer_no == changed.c.customer_no,
            later.c.accepted_at > changed.c.accepted_at,
            later.c.accepted_at <= changed.c.accepted_at + window,
        )
        dirty.add("repairs", sa.select(later.c.id).select_from(changed).join(later, follows).where(condition))


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


def apply(reader: Reader, delta: pl.DataFrame) -> None:
    """Add a difference to the stored roll-ups; rows that become zero go."""
    if delta.height == 0:
        return
    name = f"judging_delta_{next(_names)}"
    reader.ingest(name, delta, mode="create", temporary=True)
    source = sa.table(name, *(sa.column(column) for column in (*KEYS, *SUMS)))
    dialect = sqlite if reader.db.dialect == "sqlite" else postgresql
    insert = dialect.insert(ROLLUPS).from_select([*KEYS, *SUMS], sa.select(source).where(sa.true()))
    sums = {column: ROLLUPS.c[column] + insert.excluded[column] for column in SUMS}
    reader.execute(insert.on_conflict_do_update(index_elements=list(KEYS), set_=sums))
    touched = sa.select(*(source.c[key] for key in KEYS))
    empty = sa.and_(*(ROLLUPS.c[column] == 0 for column in SUMS))
    reader.execute(sa.delete(ROLLUPS).where(sa.tuple_(*(ROLLUPS.c[key] for key in KEYS)).in_(touched), empty))
    reader.execute(sa.text(f"DROP TABLE {name}"))

"""Each kind of record with its judge: what to read, what it depends on, how it is judged.

One more kind of record costs its judge in `checks/judge` and one entry in `KINDS`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl
import sqlalchemy as sa

from checks.clock import DAY, local_day
from checks.judge import applications, evaluations, repairs, tickets
from checks.judge.base import microseconds
from checks.judge.links import excluded_tickets, with_forms, with_inherited
from checks.offices import with_area
from checks.rulebook.loader import Rulebook
from dashboard.database.models import RECORD_TABLES
from dashboard.judging.filed import with_filed
from dashboard.judging.reading import Condition, Reader, Within, everything
from dashboard.judging.rules import Rules

ALWAYS = ("office_code", "precision", "unreadable")


@dataclass(frozen=True)
class Kind:
    """One kind of record and the way from its table to verdicts."""

    record: str
    number: str
    moment: str
    columns: tuple[str, ...]
    judged: Callable[[Reader, Rules, Condition, dt.datetime], pl.LazyFrame]
    """Verdicts of the rows that fit the condition, with what they depend on."""


def _columns(*names: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*ALWAYS, *names)))


TICKET_COLUMNS = _columns(*tickets.LIFECYCLE, *tickets.COLUMNS)
REPAIR_COLUMNS = _columns("system", *repairs.LIFECYCLE, *repairs.COLUMNS)
APPLICATION_COLUMNS = _columns("system", *applications.LIFECYCLE, *applications.COLUMNS)
EVALUATION_COLUMNS = _columns("system", *evaluations.LIFECYCLE, *evaluations.COLUMNS)


def _judged_tickets(reader: Reader, rules: Rules, which: Condition, as_of: dt.datetime) -> pl.LazyFrame:
    found = with_filed(reader, reader.records("tickets", TICKET_COLUMNS, which), "tickets", which, as_of)
    return tickets.judge_tickets(found, rules.rulebook, rules.calendar, as_of)


def _judged_repairs(reader: Reader, rules: Rules, which: Condition, as_of: dt.datetime) -> pl.LazyFrame:
    found = with_filed(reader, reader.records("repairs", REPAIR_COLUMNS, which), "repairs", which, as_of)
    if which is not everything:
        earlier = predecessors_of(which, rules.rulebook)
        before = reader.records("repairs", REPAIR_COLUMNS, earlier)
        before = with_filed(reader, before, "repairs", earlier, as_of).join(found.select("id"), on="id", how="anti")
        found = pl.concat([found.with_columns(pl.lit(True).alias("asked")), before.with_columns(asked=pl.lit(False))])
    found = _with_tickets(reader, found, "ticket_no", "repairs", which, as_of)
    found = repairs.previous_repair(found)
    if "asked" in found.columns:
        found = found.filter("asked").drop("asked")
    found = with_area(found.with_columns(local_day(pl.col("accepted_at")).alias("day")), reader.tree)
    return repairs.judge_repairs(found, rules.rulebook, rules.calendar, as_of)


def _judged_applications(reader: Reader, rules: Rules, which: Condition, as_of: dt.datetime) -> pl.LazyFrame:
    found = with_filed(reader, reader.records("applications", APPLICATION_COLUMNS, which), "applications", which, as_of)
    form = RECORD_TABLES["evaluations"].c
    forms = sa.select(form.system, form.record_no, form["at"]).where(form.kind == "designated_form")
    numbers = _named(reader, "applications", "application_no", found, which)
    found = with_forms(found, reader.frame(forms.where(form.record_no.in_(numbers))))
    return applications.judge_applications(found, rules.rulebook, rules.calendar, as_of)


def _judged_evaluations(reader: Reader, rules: Rules, which: Condition, as_of: dt.datetime) -> pl.LazyFrame:
    found = with_filed(reader, reader.records("evaluations", EVALUATION_COLUMNS, which), "evaluations", which, as_of)
    found = _with_tickets(reader, found, "record_no", "evaluations", which, as_of)
    return evaluations.judge_evaluations(found, rules.rulebook, rules.calendar, as_of)


def repeat_window(rulebook: Rulebook) -> int:
    """Microseconds back (or ahead) within which one repair can make another a repeat, over all editions."""
    days = [i.options["days"] for edition in rulebook.editions for i in edition.indicators if i.formula == "repeat"]
    return max(days, default=0) * DAY


def predecessors_of(which: Condition, rulebook: Rulebook) -> Condition:
    """Repairs of the same customers inside the window before the asked ones (they alone can make a repeat)."""
    window = repeat_window(rulebook)

    def condition(table: Any) -> sa.ColumnElement[bool]:
        asked = RECORD_TABLES["repairs"].alias("asked")
        before = RECORD_TABLES["repairs"].alias("before")
        found = sa.select(before.c.id).where(
            which(asked),
            before.c.customer_no == asked.c.customer_no,
            before.c.accepted_at < asked.c.accepted_at,
            before.c.accepted_at >= asked.c.accepted_at - window,
        )
        return table.c.id.in_(found)  # type: ignore[no-any-return]

    return condition


def _with_tickets(
    reader: Reader, records: pl.DataFrame, named: str, record: str, which: Condition, as_of: dt.datetime
) -> pl.DataFrame:
    """Adds `inherited` from the tickets that the records name."""
    ticket = RECORD_TABLES["tickets"].c
    columns = (ticket.id, ticket.system, ticket.ticket_no, ticket.parent_ticket_no, ticket.simulated, ticket.withdrawn)
    wanted = sa.select(*columns, ticket.accepted_at)
    numbers = _named(reader, record, named, records, which)
    found = reader.frame(wanted.where(ticket.ticket_no.in_(numbers)))
    found = with_filed(reader, found, "tickets", lambda table: table.c.ticket_no.in_(numbers), as_of)
    return with_inherited(records, named, excluded_tickets(found, microseconds(as_of)))


def _named(reader: Reader, record: str, column: str, found: pl.DataFrame, which: Condition) -> Within:
    """The numbers in a column of the records found, for `in_()`: of the whole table, or of a list."""
    if which is everything:
        named = RECORD_TABLES[record].c[column]
        return sa.select(named).where(named.is_not(None))
    return reader.within(found[column])


KINDS: dict[str, Kind] = {
    kind.record: kind
    for kind in (
        Kind("tickets", "ticket_no", "accepted_at", TICKET_COLUMNS, _judged_tickets),
        Kind("repairs", "repair_no", "accepted_at", REPAIR_COLUMNS, _judged_repairs),
        Kind("applications", "application_no", "accepted_at", APPLICATION_COLUMNS, _judged_applications),
        Kind("evaluations", "evaluation_no", "at", EVALUATION_COLUMNS, _judged_evaluations),
    )
}

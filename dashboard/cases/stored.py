"""Cases as the database has them (台账存取): read whole, written one event at a time, in the caller's transaction."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from checks.violations.deadlines import Clock, SlotTimes
from checks.violations.machine import Event, Said, Standing, fold
from checks.violations.table import ENDED
from dashboard.database.models import (
    INSPECTION_SHEETS,
    JUDGEMENTS,
    REVIEWS,
    VIOLATION_EVENTS,
    VIOLATION_SOURCES,
    VIOLATIONS,
)
from dashboard.evidence import chain
from dashboard.instants import LOCAL, from_micros, to_micros
from dashboard.intake.tables import Tables
from dashboard.judging.rules import Rules

LOCK = 20261130
"""Number of PostgreSQL's advisory lock under which cases are opened and numbered; SQLite has one writer anyway."""
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Book:
    """One transaction, of `Database.session()`, `reading()` or `intake.tables.alone()`: the same questions to each."""

    raw: Any

    def rows(self, statement: sa.Select[Any]) -> list[dict[str, Any]]:
        if isinstance(self.raw, Tables):
            return self.raw.frame(statement).to_dicts()
        return [dict(row) for row in self.raw.execute(statement).mappings()]

    def run(self, statement: Any) -> None:
        if isinstance(self.raw, Tables):
            self.raw.run(statement)
        else:
            self.raw.execute(statement)

    def scalar(self, statement: Any) -> Any:
        return self.raw.scalar(statement)

    def wait(self, lock: int = LOCK) -> None:
        """From here to the end nobody else holds the lock; SQLite has one writer anyway."""
        if isinstance(self.raw, Tables):
            self.raw.wait_for(lock)
        elif isinstance(self.raw, Connection) and self.raw.dialect.name == "postgresql":
            self.raw.execute(sa.select(sa.func.pg_advisory_xact_lock(lock)))


@dataclass(frozen=True, slots=True)
class Source:
    """One way in which the fact became known. `reference` is the row's number, or its id where it has none."""

    kind: str
    record: str
    reference: str
    record_id: int | None
    sample: str | None
    day: str | None
    slot: int | None
    at: datetime


def sheet_of(source: Source) -> str:
    """The number of the sheet of an inspection's row: the reference goes on with item, hall and moment."""
    return source.reference.rsplit("/", 3)[0]


@dataclass(frozen=True, slots=True)
class Case:
    """A case with everything that belongs to it; `row` is the cached row of VIOLATIONS."""

    row: Mapping[str, Any]
    events: tuple[Event, ...]
    sources: tuple[Source, ...]
    standing: Standing

    @property
    def id(self) -> int:
        return int(self.row["id"])

    @property
    def number(self) -> str:
        return str(self.row["number"])

    @property
    def office(self) -> str:
        return str(self.row["office_code"])


def clock_of(rules: Rules) -> Clock:
    """The working days and slots of the company."""

    def slots_on(day: Any) -> SlotTimes:
        return [(one.starts.hour * 60 + one.starts.minute, one.ends.hour * 60 + one.ends.minute)
                for one in rules.slots.on(day)]  # fmt: skip

    return Clock(rules.calendar, slots_on)


def load(book: Book, rows: Sequence[Mapping[str, Any]]) -> list[Case]:
    """The cases of these rows of VIOLATIONS, in their order."""
    ids = [int(row["id"]) for row in rows]
    events, sources = _events(book, ids), _sources(book, ids)
    judges = _judges(book, sources)
    return [
        Case(
            row,
            tuple(events[row["id"]]),
            tuple(sources[row["id"]]),
            fold(events[row["id"]], row["severity"], judges[row["id"]], secret=bool(row["restricted"])),
        )
        for row in rows
    ]


def case_of(book: Book, number: str) -> Case | None:
    rows = book.rows(sa.select(VIOLATIONS).where(VIOLATIONS.c.number == number))
    return load(book, rows)[0] if rows else None


def _events(book: Book, ids: Sequence[int]) -> dict[int, list[Event]]:
    found: dict[int, list[Event]] = defaultdict(list)
    row = VIOLATION_EVENTS.c
    for part in parts(ids):
        query = sa.select(row.violation_id, row.seq, row.deed, row.what, row.by, row["at"])
        for one in book.rows(query.where(row.violation_id.in_(part)).order_by(row.violation_id, row.seq)):
            event = Event(one["seq"], one["deed"], one["by"], from_micros(one["at"]), json.loads(one["what"]))
            found[one["violation_id"]].append(event)
    return found


def _sources(book: Book, ids: Sequence[int]) -> dict[int, list[Source]]:
    """Those that stand: a later `removed` takes one away."""
    found: dict[int, dict[tuple[str, str], Source]] = defaultdict(dict)
    row = VIOLATION_SOURCES.c
    for part in parts(ids):
        query = sa.select(VIOLATION_SOURCES).where(row.violation_id.in_(part)).order_by(row.id)
        for one in book.rows(query):
            key = one["record"], one["reference"]
            found[one["violation_id"]].pop(key, None)
            if one["action"] == "added":
                found[one["violation_id"]][key] = Source(
                    one["kind"], one["record"], one["reference"], one["record_id"], one["sample_id"], one["day"],
                    one["slot"], from_micros(one["at"]),
                )  # fmt: skip
    return defaultdict(list, {case: list(held.values()) for case, held in found.items()})


def _judges(book: Book, sources: Mapping[int, Sequence[Source]]) -> dict[int, list[Said]]:
    """Who judged what a case rests on: everybody who looked at its samples, and who wrote its sheets."""
    every = [one for several in sources.values() for one in several]
    by_sample = _said(book, JUDGEMENTS, "sample_id", {one.sample for one in every if one.sample})
    by_review = _said(book, REVIEWS, "finding_id", {one.record_id for one in every if one.record == "findings"})
    sheets = {sheet_of(one) for one in every if one.record == "inspections"}
    by_sheet = _said(book, INSPECTION_SHEETS, "inspection_no", sheets)
    found: dict[int, list[Said]] = defaultdict(list)
    for case, several in sources.items():
        for one in several:
            found[case] += by_sample.get(one.sample, [])
            if one.record == "findings":
                found[case] += by_review.get(one.record_id, [])
            if one.record == "inspections":
                found[case] += by_sheet.get(sheet_of(one), [])
    return found


def _said(book: Book, table: sa.Table, column: str, values: Collection[Any]) -> dict[Any, list[Said]]:
    found: dict[Any, list[Said]] = defaultdict(list)
    for part in parts(sorted(value for value in values if value is not None)):
        query = sa.select(table.c[column].label("key"), table.c.by, table.c["at"]).where(table.c[column].in_(part))
        for row in book.rows(query):
            found[row["key"]].append(Said(row["by"], from_micros(row["at"])))
    return found


def parts(values: Sequence[Any], size: int = AT_ONCE) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


# --- writing ----------------------------------------------------------------------------------------------------------


def next_number(book: Book, at: datetime) -> str:
    """V-2026-000123: the year in Asia/Shanghai, counted within it. Call `wait` first."""
    start = f"V-{at.astimezone(LOCAL):%Y}-"
    last = book.scalar(sa.select(sa.func.max(VIOLATIONS.c.number)).where(VIOLATIONS.c.number.like(f"{start}%")))
    return f"{start}{int(last.removeprefix(start)) + 1 if last else 1:06d}"


def enter_event(
    book: Book, case: int, seq: int, deed: str, what: Mapping[str, Any], *, by: Any, at: datetime
) -> Event:  # fmt: skip
    """Add one event to the case and the chain."""
    kept = {name: value for name, value in what.items() if value not in (None, "")}
    values = {"violation_id": case, "seq": seq, "deed": deed, "by": by.name, "at": to_micros(at),
              "what": json.dumps(kept, ensure_ascii=False, sort_keys=True)}  # fmt: skip
    chain.enter(book.raw, VIOLATION_EVENTS, values, by=by, at=at)
    return Event(seq, deed, by.name, at, kept)


def enter_source(
    book: Book, case: int, source: Source, *, by: Any, at: datetime, action: str = "added"
) -> None:  # fmt: skip
    values = {"violation_id": case, "action": action, "kind": source.kind, "record": source.record,
              "reference": source.reference, "record_id": source.record_id, "sample_id": source.sample,
              "day": source.day, "slot": source.slot, "at": to_micros(at)}  # fmt: skip
    chain.enter(book.raw, VIOLATION_SOURCES, values, by=by, at=at)


def cache(book: Book, case: int, standing: Standing, **more: Any) -> None:
    """Keep in the row beside the events what lists are sorted and filtered by."""
    ended = standing.ended if standing.state in ENDED else None
    values = {"state": standing.state, "sides": sides_text(standing.sides), "since": to_micros(standing.since),
              "severity": standing.severity, "last_seq": standing.seq,
              "confirmed_at": None if standing.confirmed is None else to_micros(standing.confirmed),
              "ended_at": None if ended is None else to_micros(ended), **more}  # fmt: skip
    book.run(sa.update(VIOLATIONS).where(VIOLATIONS.c.id == case).values(**values))


def sides_text(sides: Iterable[str]) -> str:
    return json.dumps(sorted(sides))

"""One fact seen in several ways (一事多证): what may be the same, what people joined, and what stands beside a record.

A film, a sheet and a mutual check that show the same item in the same hall on the same day are proposed as one fact.
Until a person joins them each counts; the machine joins nothing (docs/decisions/0021).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import combinations
from typing import Any

import polars as pl
import sqlalchemy as sa

from checks.judge.inspections import FACT
from dashboard.database import Database
from dashboard.database.models import FACT_JOINS, FINDINGS, RECORD_TABLES
from dashboard.instants import LOCAL, from_micros, to_micros
from dashboard.judging.facts import members
from dashboard.judging.halls import confirmed_events
from dashboard.judging.reading import Reader, reader
from dashboard.people import Viewer
from dashboard.privacy import masked
from dashboard.queries.offices import visible_tree
from dashboard.secrecy import hidden_numbers

VIDEO, COMPLAINT = "video", "complaint"
SECONDS = 1_000_000
Reference = tuple[str, int]
"""Record (`findings`, `inspections` or `tickets`) and the number of the stored row."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One piece of evidence: how (`video`, a kind of sheet, `complaint`), what, where and when (aware UTC)."""

    record: str
    record_id: int
    number: str
    way: str
    hall: str
    item: str | None
    at: datetime
    ends: datetime | None
    """Where the way of looking knows how long it lasted."""
    note: str | None
    sample: str | None

    @property
    def reference(self) -> Reference:
        return self.record, self.record_id

    @property
    def day(self) -> str:
        return self.at.astimezone(LOCAL).date().isoformat()


@dataclass(frozen=True, slots=True)
class Joined:
    """A fact as it stands: its name, its evidence in the order of time, and who joined it why."""

    fact: str
    sightings: tuple[Sighting, ...]
    reason: str
    by: str
    at: datetime


def proposals(
    db: Database, viewer: Viewer, *, since: datetime, until: datetime, as_of: datetime
) -> list[tuple[Sighting, ...]]:
    """What may be one fact, newest first: a sheet's violation with the nearest one of each other way of looking.

    Same hall, item and day, and overlapping in time where both know how long they lasted; not what people have joined
    or kept apart already.
    """
    with reader(db) as source:
        events = confirmed_events(source, _halls(db, viewer), to_micros(since), to_micros(until), as_of)
        events = events.filter(pl.col("at") <= to_micros(as_of))
        alone = events.filter(pl.col(FACT).is_null())
        rows = alone.select("record", "record_id", "item_code").rows()
        items = {(record, number): item for record, number, item in rows}
        sightings = [replace(one, item=items[one.reference]) for one in told(source, list(items))]
        apart = _apart(source, as_of)
    found: dict[frozenset[Reference], tuple[Sighting, ...]] = {}
    for same in _alike(sightings):
        for one in (sighting for sighting in same if sighting.way != VIDEO):
            group = _with_nearest(one, same, apart)
            if len(group) > 1:
                found.setdefault(frozenset(sighting.reference for sighting in group), group)
    return sorted(found.values(), key=lambda group: (group[0].at, group[0].hall), reverse=True)


def _alike(sightings: Iterable[Sighting]) -> list[list[Sighting]]:
    grouped: defaultdict[tuple[str, str | None, str], list[Sighting]] = defaultdict(list)
    for sighting in sightings:
        grouped[sighting.hall, sighting.item, sighting.day].append(sighting)
    return list(grouped.values())


def _with_nearest(
    one: Sighting, same: Sequence[Sighting], apart: frozenset[frozenset[Reference]]
) -> tuple[Sighting, ...]:  # fmt: skip
    nearest: dict[str, Sighting] = {}
    for other in same:
        known = frozenset({one.reference, other.reference}) in apart
        if other.way == one.way or known or not _may_overlap(one, other):
            continue
        before = nearest.get(other.way)
        if before is None or _apart_in_time(one, other) < _apart_in_time(one, before):
            nearest[other.way] = other
    return tuple(sorted([one, *nearest.values()], key=lambda sighting: (sighting.at, sighting.reference)))


def _may_overlap(one: Sighting, other: Sighting) -> bool:
    if one.ends is None or other.ends is None:
        return True
    return one.at <= other.ends and other.at <= one.ends


def _apart_in_time(one: Sighting, other: Sighting) -> tuple[float, Reference]:
    return abs((one.at - other.at).total_seconds()), other.reference


def _apart(source: Reader, as_of: datetime) -> frozenset[frozenset[Reference]]:
    """Pairs that a person keeps apart: their latest word about both was `separated`."""
    row = FACT_JOINS.c
    query = sa.select(row.id, row.action, row.members).where(row["at"] <= to_micros(as_of))
    latest: dict[frozenset[Reference], str] = {}
    for action, names in source.frame(query).sort("id").select("action", "members").iter_rows():
        for pair in combinations([(record, number) for record, number in json.loads(names)], 2):
            latest[frozenset(pair)] = action
    return frozenset(pair for pair, action in latest.items() if action == "separated")


def facts(db: Database, viewer: Viewer, *, as_of: datetime, limit: int = 50) -> list[Joined]:
    """Facts joined by people at halls that the viewer sees, newest first; none with a ticket hidden from them.

    What would be left of such a fact, and the words of who joined it, would tell what the reporter saw.
    """
    row, halls = FACT_JOINS.c, _halls(db, viewer)
    query = sa.select(row.id, row.fact, row.hall_code, row.action, row.reason, row.by, row["at"])
    with reader(db) as source:
        rows = source.frame(query.where(row["at"] <= to_micros(as_of))).sort("id")
        latest = {one["fact"]: one for one in rows.iter_rows(named=True)}
        held = members(source, as_of)
        wanted = [one for one in latest.values() if one["action"] == "joined"]
        wanted = [one for one in wanted if halls is None or one["hall_code"] in halls][::-1][:limit]
        named = {one["fact"] for one in wanted}
        evidence = evidence_of(source, held.filter(pl.col(FACT).is_in(list(named))))
    joined = [
        Joined(
            one["fact"], _unsealed(db, viewer, evidence[one["fact"]]), masked("text", one["reason"]) or "", one["by"],
            from_micros(one["at"]),
        )
        for one in wanted
    ]  # fmt: skip
    return [one for one in joined if len(one.sightings) == len(evidence[one.fact])]


def beside(db: Database, viewer: Viewer, *, record: str, record_id: int, as_of: datetime) -> tuple[Sighting, ...]:
    """The other evidence of the fact that a record shows, in the order of time; nothing where it stands alone."""
    with reader(db) as source:
        held = members(source, as_of)
        mine = held.filter(pl.col("record") == record, pl.col("record_id") == record_id)
        found = evidence_of(source, held.join(mine.select(FACT), on=FACT, how="semi"))
    halls = _halls(db, viewer)
    every = _unsealed(db, viewer, [one for sightings in found.values() for one in sightings])
    return tuple(one for one in every if one.reference != (record, record_id) and (halls is None or one.hall in halls))


def _unsealed(db: Database, viewer: Viewer, sightings: Iterable[Sighting]) -> tuple[Sighting, ...]:
    """Without tickets that are hidden from the viewer, and with notes masked."""
    every = tuple(sightings)
    hidden = hidden_numbers(db, viewer, "tickets", [one.number for one in every if one.record == "tickets"])
    kept = (one for one in every if one.record != "tickets" or one.number not in hidden)
    return tuple(replace(one, note=masked("text", one.note)) for one in kept)


def evidence_of(source: Reader, held: pl.DataFrame) -> dict[str, tuple[Sighting, ...]]:
    """Fact → its evidence in the order of time; `held` are rows of `dashboard.judging.facts.members`."""
    known = {one.reference: one for one in told(source, held.select("record", "record_id").rows())}
    found: dict[str, list[Sighting]] = defaultdict(list)
    for fact, record, number in held.select(FACT, "record", "record_id").iter_rows():
        if (record, number) in known:
            found[fact].append(known[record, number])
    return {fact: tuple(sorted(several, key=lambda one: (one.at, one.reference))) for fact, several in found.items()}


def told(source: Reader, references: Sequence[Reference]) -> list[Sighting]:
    """What these rows say; a row that is gone is left out. A complaint's hall is the office that it names."""
    ids: defaultdict[str, list[int]] = defaultdict(list)
    for record, number in references:
        ids[record].append(number)
    return [
        *_sheets(source, ids["inspections"]),
        *_films(source, ids["findings"]),
        *_complaints(source, ids["tickets"]),
    ]


def _sheets(source: Reader, ids: Sequence[int]) -> list[Sighting]:
    row = RECORD_TABLES["inspections"].c
    query = sa.select(row.id, row.inspection_no, row.kind, row.hall_code, row.item_code, row["at"], row.note)
    return [
        Sighting("inspections", one["id"], one["inspection_no"], one["kind"] or VIDEO, one["hall_code"],
                 one["item_code"], from_micros(one["at"]), None, one["note"], None)
        for one in _rows(source, query, row.id, ids)
    ]  # fmt: skip


def _films(source: Reader, ids: Sequence[int]) -> list[Sighting]:
    row = FINDINGS.c
    query = sa.select(row.id, row.sample_id, row.hall_code, row.item_code, row.observed_at, row.starts, row.ends)
    found = []
    for one in _rows(source, query, row.id, ids):
        lasted = None if one["starts"] is None or one["ends"] is None else int((one["ends"] - one["starts"]) * SECONDS)
        ends = None if lasted is None else from_micros(one["observed_at"] + lasted)
        number, at = one["sample_id"] or str(one["id"]), from_micros(one["observed_at"])
        found.append(
            Sighting("findings", one["id"], number, VIDEO, one["hall_code"], one["item_code"], at, ends, None,
                     one["sample_id"])
        )  # fmt: skip
    return found


def _complaints(source: Reader, ids: Sequence[int]) -> list[Sighting]:
    row = RECORD_TABLES["tickets"].c
    query = sa.select(row.id, row.ticket_no, row.office_code, row.accepted_at)
    return [
        Sighting("tickets", one["id"], one["ticket_no"], COMPLAINT, one["office_code"], None,
                 from_micros(one["accepted_at"]), None, None, None)
        for one in _rows(source, query, row.id, ids)
    ]  # fmt: skip


def _rows(source: Reader, query: sa.Select[Any], column: Any, ids: Sequence[int]) -> list[Mapping[str, Any]]:
    rows: list[Mapping[str, Any]] = []
    for start in range(0, len(ids), 500):  # a statement takes only so many parameters
        rows += source.frame(query.where(column.in_(ids[start : start + 500]))).iter_rows(named=True)
    return rows


def _halls(db: Database, viewer: Viewer) -> frozenset[str] | None:
    return None if viewer.sees_everything else frozenset(visible_tree(db, viewer).offices)

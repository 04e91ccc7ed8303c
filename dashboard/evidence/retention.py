"""Which files go when (保存期限): tiers as settings, holds above all; a removal is an entry before it is a deed.

A file that nobody confirmed anything in is kept `candidates` days. One of a confirmed finding is kept until its case is
closed, the appeal window has passed, and `confirmed` days more: as long as a case is open, for ever. A removed file
keeps its row with its SHA-256; `removals` and the chain say by which rule it went.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dashboard.bootstrap import Application
from dashboard.cases.retaining import closings as of_cases
from dashboard.database.models import (
    EVIDENCE,
    GOLD_SAMPLES,
    JUDGEMENTS,
    KEPT_CASES,
    RECORD_TABLES,
    REMOVALS,
    REVIEWS,
)
from dashboard.evidence.chain import enter
from dashboard.evidence.holds import Held, held_by, standing_holds, wait_for_holds
from dashboard.instants import from_micros, to_micros
from dashboard.people import Viewer, system_viewer
from dashboard.queries.offices import visible_tree
from dashboard.reviewing.rounds import running
from dashboard.reviewing.standing import judgements_of
from dashboard.rights import may, require
from dashboard.settings import RetentionSettings

logger = logging.getLogger(__name__)
REVIEW, OF_REVIEW = "review", ("undecided", "kept_case", "gold")
CLEANED_BACK = timedelta(days=30)
"""How far back a file is looked for that should have gone when a run was killed between entry and deed."""

Closings = Callable[[Connection, Collection[str]], Mapping[str, datetime | None]]
"""Samples of cases → when the last case about each was closed, None while one is open or under appeal."""


@dataclass(frozen=True, slots=True)
class Item:
    """A file past the first term. `why` is empty for one that goes; else what keeps it."""

    evidence: int
    sample: str | None
    hall: str | None
    kind: str
    path: str
    since: datetime
    rule: str
    """candidates | confirmed"""
    why: str
    """hold | confirmed | undecided | kept_case | gold | photograph, or review (one of those three before)"""


def due(app: Application, viewer: Viewer, *, closings: Closings = of_cases) -> list[Item]:
    """Every file past the term of candidates, oldest first: what goes and what keeps the others (the dry run).

    Who reviews is not told which samples have a known answer or wait for a second look.
    """
    with app.db.reading() as connection:
        found = list(_judged(app, connection, closings))
    if may(viewer, "decide about a sample"):
        found = [replace(item, why=REVIEW) if item.why in OF_REVIEW else item for item in found]
    if viewer.sees_everything:
        return found
    seen = visible_tree(app.db, viewer).offices
    return [item for item in found if item.hall in seen]


def remove_due(app: Application, *, by: Viewer, closings: Closings = of_cases) -> list[Item]:
    """Remove what is due, each with its entry; returns it. Killed between, the next run finishes.

    NotAllowedError for anybody but the system and administrators of the whole company.
    """
    require(by, "remove evidence")
    now = app.now()
    with app.db.session() as connection:
        wait_for_holds(connection)
        going = [item for item in _judged(app, connection, closings) if not item.why]
        for item in going:
            values = {"evidence_id": item.evidence, "rule": item.rule, "at": to_micros(now)}
            enter(connection, REMOVALS, values, by=by, at=now, kind="removed")
        paths = _removed_since(connection, now - CLEANED_BACK)
    folder = app.settings.path(app.settings.video.evidence_dir)
    for path in paths:
        if (folder / path).parent.resolve().is_relative_to(folder):
            (folder / path).unlink(missing_ok=True)
        else:  # nobody of ours writes such a row: verify names it
            logger.error("%s is outside the evidence folder and is not removed", path)
    return going


def _removed_since(connection: Connection, moment: datetime) -> list[str]:
    query = sa.select(EVIDENCE.c.path).join(REMOVALS, REMOVALS.c.evidence_id == EVIDENCE.c.id)
    return list(connection.execute(query.where(REMOVALS.c.at >= to_micros(moment))).scalars())


def _judged(app: Application, connection: Connection, closings: Closings) -> Iterator[Item]:
    terms, now = app.settings.retention, app.now()
    held = held_by(standing_holds(connection), visible_tree(app.db, system_viewer()))
    rows = _past(connection, now - timedelta(days=terms.candidates))
    samples = {row.sample_id for row in rows if row.sample_id}
    facts = _Facts.of(connection, samples, closings)
    for row in rows:
        rule, why = facts.of_file(row, held, terms, now)
        moment = from_micros(row.since)
        yield Item(row.id, row.sample_id, row.hall, row.kind, row.path, moment, rule, why)


def _past(connection: Connection, before: datetime) -> list[Any]:
    samples = RECORD_TABLES["samples"].c
    hall = sa.select(samples.hall_code).where(samples.sample_id == EVIDENCE.c.sample_id).limit(1).scalar_subquery()
    since = sa.func.coalesce(EVIDENCE.c.taken_at, EVIDENCE.c.created_at)
    columns = (EVIDENCE.c.id, EVIDENCE.c.sample_id, EVIDENCE.c.kind, EVIDENCE.c.path)
    query = sa.select(*columns, hall.label("hall"), since.label("since"))
    gone = sa.exists().where(REMOVALS.c.evidence_id == EVIDENCE.c.id)
    return list(connection.execute(query.where(since < to_micros(before), ~gone).order_by(since, EVIDENCE.c.id)))


@dataclass(frozen=True, slots=True)
class _Facts:
    """What people said of the samples whose files are past the first term."""

    confirmed: frozenset[str]
    undecided: frozenset[str]
    kept: frozenset[str]
    gold: frozenset[str]
    cases: Mapping[str, datetime | None]

    @classmethod
    def of(cls, connection: Connection, samples: Collection[str], closings: Closings) -> _Facts:
        confirmed, decided = _confirmed(connection, samples)
        judged = _standing(connection, JUDGEMENTS, samples)
        given = judgements_of(connection, sorted(samples))
        waiting = {sample for sample, those in given.items() if running(those)}
        return cls(
            confirmed,
            (judged - decided) | waiting,
            _standing(connection, KEPT_CASES, samples),
            _standing(connection, GOLD_SAMPLES, samples),
            closings(connection, samples),
        )

    def of_file(self, row: Any, held: Held, terms: RetentionSettings, now: datetime) -> tuple[str, str]:
        """The rule under which the file falls, and what keeps it (empty: it goes)."""
        sample = row.sample_id
        # one that is no longer confirmed may still be looked at again: in an appeal, or by who asks about it afterwards
        confirmed = sample is None or sample in self.confirmed or sample in self.cases
        rule = "confirmed" if confirmed else "candidates"
        if held.covers(sample=sample, hall=row.hall):
            return rule, "hold"
        if sample is None:
            return rule, "photograph"  # of a sheet: a confirmed violation by import, without a case to close
        for why, those in (("undecided", self.undecided), ("kept_case", self.kept), ("gold", self.gold)):
            if sample in those:
                return rule, why
        if rule == "candidates":
            return rule, ""
        closed = self.cases.get(sample)
        over = closed is not None and now >= closed + timedelta(days=terms.appeal + terms.confirmed)
        return rule, "" if over else "confirmed"


def _confirmed(connection: Connection, samples: Collection[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Samples of which something stands as confirmed, and those of which anything was decided."""
    last: dict[tuple[str, int | None], str] = {}
    query = sa.select(REVIEWS.c.sample_id, REVIEWS.c.finding_id, REVIEWS.c.decision).order_by(REVIEWS.c.id)
    for part in _parts(samples):
        for row in connection.execute(query.where(REVIEWS.c.sample_id.in_(part))):
            last[row.sample_id, row.finding_id] = row.decision
    standing = {"confirmed", "violation"}
    return (
        frozenset(sample for (sample, _), decision in last.items() if decision in standing),
        frozenset(sample for (sample, _), decision in last.items() if decision != "annulled"),
    )


def _standing(connection: Connection, table: sa.Table, samples: Collection[str]) -> frozenset[str]:
    """Samples with a row that was not taken back."""
    rows: dict[int, str] = {}
    taken_back: set[int] = set()
    query = sa.select(table.c.id, table.c.sample_id, table.c.withdraws)
    for part in _parts(samples):
        for row in connection.execute(query.where(table.c.sample_id.in_(part))):
            if row.withdraws is None:
                rows[row.id] = row.sample_id
            else:
                taken_back.add(row.withdraws)
    return frozenset(sample for number, sample in rows.items() if number not in taken_back)


def _parts(samples: Collection[str], size: int = 500) -> Iterator[list[str]]:
    ordered = sorted(samples)
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]


def summed(items: Collection[Item]) -> dict[str, int]:
    """`goes` and each reason to stay → how many files."""
    counts: dict[str, int] = defaultdict(int)
    for item in items:
        counts[item.why or "goes"] += 1
    return dict(counts)

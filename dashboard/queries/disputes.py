"""Disputes as people see them (数据异议清单): those of offices in sight, what became of them, and counts per office."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from collectors.records import RECORDS
from dashboard.database import Database
from dashboard.database.models import DISPUTE_DECISIONS, DISPUTE_PROOFS, DISPUTES, EXCLUSION_DECISIONS
from dashboard.instants import from_micros, to_micros
from dashboard.people import Viewer, same_person
from dashboard.privacy import masked_text
from dashboard.queries.offices import visible_tree
from dashboard.reviewing.own import own_offices
from dashboard.rights import may
from dashboard.secrecy import hidden_numbers

State = Literal["open", "overdue", "corrected", "excluded", "refused", "withdrawn"]
OPEN = ("open", "overdue")
MOST = 2000
"""Decided ones that a list shows; all are counted."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A file that proves a dispute; its content is asked for with `actions.disputes.open_proof`."""

    id: int
    name: str
    kind: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Dispute:
    """One dispute. Times are aware UTC; free text is masked. `may`: decide, withdraw."""

    number: str
    record: str
    record_id: int
    record_number: str
    office: str
    wish: str
    reason: str
    wanted: Mapping[str, Any]
    due: datetime
    by: str
    at: datetime
    state: State
    decision: str | None
    detail: Mapping[str, Any]
    decided_by: str | None
    decided_at: datetime | None
    proofs: tuple[Proof, ...]
    may: tuple[str, ...]

    @property
    def late(self) -> bool:
        """Decided or not, it took longer than it may."""
        return self.state == "overdue" or (self.decided_at is not None and self.decided_at > self.due)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many disputes an office filed and what became of them."""

    office: str
    filed: int
    open: int
    late: int
    corrected: int
    excluded: int
    refused: int
    withdrawn: int


def disputes(db: Database, viewer: Viewer, *, as_of: datetime) -> list[Dispute]:
    """Those of records at offices in sight, filed by `as_of`: open ones first by deadline, then the newest decided."""
    return _found(db, viewer, as_of)


def of_record(db: Database, viewer: Viewer, *, record: str, record_id: int, as_of: datetime) -> list[Dispute]:
    """The disputes of one record, as `disputes` gives them."""
    return _found(db, viewer, as_of, DISPUTES.c.record == record, DISPUTES.c.record_id == record_id)


def _found(db: Database, viewer: Viewer, as_of: datetime, *only: sa.ColumnElement[bool]) -> list[Dispute]:
    """All of them: what is left out of a list is still counted, and opened by its number."""
    offices = None if viewer.sees_everything else frozenset(visible_tree(db, viewer).offices)
    if offices is not None:
        only = (*only, DISPUTES.c.office_code.in_(offices))
    decided = DISPUTE_DECISIONS.c
    query = (
        sa.select(DISPUTES, decided.outcome, decided.reason.label("said"), decided.detail, decided.by.label("decider"),
                  decided["at"].label("decided"))
        .outerjoin(DISPUTE_DECISIONS, sa.and_(decided.dispute_id == DISPUTES.c.id, decided["at"] <= to_micros(as_of)))
        .where(DISPUTES.c["at"] <= to_micros(as_of), *only)
        .order_by(DISPUTES.c.id.desc())
    )  # fmt: skip
    with db.reading() as connection:
        rows = connection.execute(query).all()
        proofs = _proofs(connection, [row.id for row in rows])
    hidden = {kind: hidden_numbers(db, viewer, kind, [row.record_number for row in rows if row.record == kind])
              for kind in {row.record for row in rows}}  # fmt: skip
    own = own_offices(db, viewer)
    found = [_dispute(row, viewer, own, proofs.get(row.id, ()), as_of) for row in rows
             if row.record_number not in hidden[row.record]]  # fmt: skip
    return sorted(found, key=lambda one: (one.state not in OPEN, one.due if one.state in OPEN else as_of))


def counts(found: Iterable[Dispute]) -> list[Counts]:
    """Per office, the one with the most disputes first."""
    by_office: dict[str, list[Dispute]] = {}
    for one in found:
        by_office.setdefault(one.office, []).append(one)
    made = [
        Counts(office, len(those), sum(one.state in OPEN for one in those), sum(one.late for one in those),
               *(sum(one.state == state for one in those)
                 for state in ("corrected", "excluded", "refused", "withdrawn")))
        for office, those in by_office.items()
    ]  # fmt: skip
    return sorted(made, key=lambda one: (-one.filed, one.office))


def exclusion_holds(db: Database, viewer: Viewer, found: Sequence[Dispute]) -> frozenset[int]:
    """Those of the exclusions that came of these disputes that another person has approved (and nobody revoked)."""
    numbers = [one.detail["exclusion"] for one in found if "exclusion" in one.detail]
    row = EXCLUSION_DECISIONS.c
    with db.reading() as connection:
        query = sa.select(row.exclusion_id, row.decision).where(row.exclusion_id.in_(numbers))
        decided = {(each.exclusion_id, each.decision) for each in connection.execute(query)}
    return frozenset(n for n in numbers if (n, "approved") in decided and (n, "revoked") not in decided)


def _proofs(connection: sa.Connection, ids: Sequence[int]) -> dict[int, tuple[Proof, ...]]:
    found: dict[int, list[Proof]] = {}
    row = DISPUTE_PROOFS.c
    for start in range(0, len(ids), 500):
        query = sa.select(DISPUTE_PROOFS).where(row.dispute_id.in_(ids[start : start + 500])).order_by(row.id)
        for one in connection.execute(query):
            found.setdefault(one.dispute_id, []).append(Proof(one.id, one.name, one.kind, one.sha256, one.bytes))
    return {dispute: tuple(those) for dispute, those in found.items()}


def _dispute(row: Any, viewer: Viewer, own: frozenset[str], proofs: tuple[Proof, ...], as_of: datetime) -> Dispute:
    due = from_micros(row.due)
    state: State = row.outcome or ("overdue" if as_of > due else "open")
    return Dispute(
        row.number, row.record, row.record_id, row.record_number, row.office_code, row.wish, masked_text(row.reason),
        json.loads(row.wanted or "{}"), due, row.by, from_micros(row.at), state,
        None if row.said is None else masked_text(row.said), json.loads(row.detail or "{}"), row.decider,
        None if row.decided is None else from_micros(row.decided), proofs, _may(row, viewer, own),
    )  # fmt: skip


def concerned(row: Any) -> set[str]:
    """The office of a dispute's record, and the one whose it is said to be."""
    wanted = json.loads(row.wanted or "{}").get(RECORDS[row.record].office or "")
    return {row.office_code, *([wanted] if wanted else [])}


def _may(row: Any, viewer: Viewer, own: frozenset[str]) -> tuple[str, ...]:
    if row.outcome is not None:
        return ()
    filer = same_person(viewer, row.by, row.at)
    decides = may(viewer, "decide about a dispute") and not filer and not own & concerned(row)
    withdraws = may(viewer, "dispute a record") and row.by == viewer.name
    return (*(("decide",) if decides else ()), *(("withdraw",) if withdraws else ()))

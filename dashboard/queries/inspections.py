"""Sheets of inspections (检查表): which halls somebody may inspect, their drafts, and who may know an inspector's name.

An undercover inspector's name stands in `inspection_sheets` only, and is told to those alone who may know it: never to
the inspected office, nor to those above it (design §5.5).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from dashboard.database import Database
from dashboard.database.models import (
    DRAFT_PHOTOGRAPHS,
    EVIDENCE,
    HISTORY_TABLES,
    INSPECTION_DRAFTS,
    INSPECTION_SHEETS,
    RECORD_TABLES,
)
from dashboard.errors import NotAllowedError
from dashboard.instants import from_micros
from dashboard.people import EVERYTHING, Viewer
from dashboard.queries.offices import Tree, visible_tree
from dashboard.reviewing.own import own_offices
from dashboard.rights import may

UNDERCOVER = "undercover"
KINDS = {"on_site": "inspect on site", "mutual": "inspect other offices", UNDERCOVER: "inspect undercover"}
"""Kind of sheet → the right to fill it in. Heads and managers inspect others (互查), never what they answer for."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What was found of one item: result (ok | violation | not_checkable), how often, and in which words."""

    result: str
    count: int
    note: str


@dataclass(frozen=True, slots=True)
class DraftPhotograph:
    """A photograph of a draft, without its content. `taken_at` is what the camera said."""

    id: int
    item: str
    bytes: int
    taken_at: datetime | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A sheet that its author has not sent yet. Times are aware UTC."""

    id: int
    kind: str
    hall: str
    inspected_at: datetime
    entries: Mapping[str, Entry]
    photographs: tuple[DraftPhotograph, ...]
    updated_at: datetime

    @property
    def violations(self) -> int:
        return sum(entry.result == "violation" for entry in self.entries.values())


@dataclass(frozen=True, slots=True)
class Submitted:
    """A sheet that was sent."""

    number: str
    kind: str
    hall: str
    inspected_at: datetime
    at: datetime


def halls_to_inspect(db: Database, viewer: Viewer) -> dict[str, str]:
    """Code → name of the halls that this person may inspect, by name: those they see, but never their own.

    Heads and managers may inspect any hall but what they answer for; others the halls of their scope.
    """
    if not kinds_of(viewer):
        return {}
    whole = visible_tree(db, replace(viewer, offices=EVERYTHING))
    own = own_offices(db, viewer)
    if may(viewer, "answer for the offices in sight"):
        own = own.union(*(whole.below(code) for code in viewer.offices))
        pool = whole
    else:
        pool = visible_tree(db, viewer)
    halls = [office for office in pool.offices.values() if office.level == "hall" and office.code not in own]
    return {hall.code: hall.name for hall in sorted(halls, key=lambda hall: (_place(whole, hall.code), hall.name))}


def _place(tree: Tree, code: str) -> list[str]:
    return [office.code for office in tree.path(code)][:-1]


def kinds_of(viewer: Viewer) -> tuple[str, ...]:
    """Kinds of sheet that this person may fill in."""
    return tuple(kind for kind, deed in KINDS.items() if may(viewer, deed))


def withheld(db: Database, viewer: Viewer, rows: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Numbers of the inspections among `rows` whose inspector must not be told to this viewer.

    Those of which any row is undercover, or was in any version before: a sheet first sent in as another kind stays so.
    """
    if may(viewer, "know undercover inspectors"):
        return frozenset()
    told = [(row["inspection_no"], row["kind"]) for row in rows]
    numbers, undercover = {number for number, _ in told}, set()
    with db.reading() as connection:
        for table in (RECORD_TABLES["inspections"].c, HISTORY_TABLES["inspections"].c):
            query = sa.select(table.inspection_no).where(table.inspection_no.in_(numbers), table.kind == UNDERCOVER)
            undercover |= set(connection.execute(query).scalars())
    return frozenset(undercover)


# --- drafts: each is its author's alone -------------------------------------------------------------------------------


def drafts(db: Database, viewer: Viewer) -> list[Draft]:
    """This person's drafts, the one touched last first."""
    row = INSPECTION_DRAFTS.c
    query = sa.select(INSPECTION_DRAFTS).where(row.by == viewer.name).order_by(row.updated_at.desc(), row.id.desc())
    with db.reading() as connection:
        return [_draft(connection, found) for found in connection.execute(query).mappings()]


def draft(db: Database, viewer: Viewer, number: int) -> Draft:
    """One of this person's drafts; NotAllowedError for any other, there or not."""
    row = INSPECTION_DRAFTS.c
    with db.reading() as connection:
        query = sa.select(INSPECTION_DRAFTS).where(row.id == number, row.by == viewer.name)
        found = connection.execute(query).mappings().first()
        if found is None:
            raise NotAllowedError(f"There is no draft {number} of yours.", "It may have been sent or deleted.")
        return _draft(connection, found)


def draft_photograph(db: Database, viewer: Viewer, number: int) -> bytes:
    """The JPEG of a photograph in one of this person's drafts; NotAllowedError for any other."""
    photograph, row = DRAFT_PHOTOGRAPHS.c, INSPECTION_DRAFTS.c
    query = sa.select(photograph.content).join_from(DRAFT_PHOTOGRAPHS, INSPECTION_DRAFTS, row.id == photograph.draft_id)
    with db.reading() as connection:
        content = connection.execute(query.where(photograph.id == number, row.by == viewer.name)).scalar()
    if content is None:
        raise NotAllowedError(f"There is no photograph {number} in a draft of yours.", "It may have been sent.")
    return bytes(content)


def _draft(connection: Connection, row: RowMapping) -> Draft:
    photograph = DRAFT_PHOTOGRAPHS.c
    columns = (photograph.id, photograph.item_code, sa.func.length(photograph.content), photograph.taken_at)
    query = sa.select(*columns).where(photograph.draft_id == row["id"]).order_by(photograph.id)
    photographs = [
        DraftPhotograph(number, item, size, None if taken is None else from_micros(taken))
        for number, item, size, taken in connection.execute(query)
    ]
    entries = {item: Entry(**entry) for item, entry in json.loads(row["entries"]).items()}
    return Draft(
        row["id"], row["kind"], row["hall_code"], from_micros(row["inspected_at"]), entries, tuple(photographs),
        from_micros(row["updated_at"]),
    )  # fmt: skip


# --- what was sent ----------------------------------------------------------------------------------------------------


def submitted(db: Database, viewer: Viewer, *, limit: int = 20) -> list[Submitted]:
    """The sheets that this person sent, newest first."""
    row = INSPECTION_SHEETS.c
    columns = (row.inspection_no, row.kind, row.hall_code, row.inspected_at, row["at"])
    query = sa.select(*columns).where(row.by == viewer.name).order_by(row["at"].desc(), row.inspection_no.desc())
    with db.reading() as connection:
        return [
            Submitted(number, kind, hall, from_micros(inspected), from_micros(at))
            for number, kind, hall, inspected, at in connection.execute(query.limit(limit))
        ]


def photographs_of(db: Database, viewer: Viewer, number: str, item: str | None = None) -> list[int]:
    """Evidence numbers of a sheet's photographs, as far as the viewer sees the hall; shown blurred by their route."""
    piece, row = EVIDENCE.c, RECORD_TABLES["inspections"].c
    halls = sa.select(row.hall_code).where(row.inspection_no == number)
    query = sa.select(piece.id).where(piece.inspection_no == number).order_by(piece.id)
    if item is not None:
        query = query.where(piece.item_code == item)
    with db.reading() as connection:
        seen = {hall for (hall,) in connection.execute(halls)}
        if not viewer.sees_everything and not seen <= set(visible_tree(db, viewer).offices):
            return []
        return [identity for (identity,) in connection.execute(query)]

"""How far a period is on its way to be frozen (冻结进度): proposals, publication, corrections beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from checks.periods import usual_name
from dashboard.database import Database
from dashboard.database.models import FREEZE_EVENTS
from dashboard.freezing.stored import Snapshot, read_part, snapshot_of
from dashboard.instants import from_micros
from dashboard.people import Viewer
from dashboard.queries.office_changes import visible_offices
from dashboard.secrecy import seals, withhold


@dataclass(frozen=True, slots=True)
class FreezeEvent:
    """One event of a period. `examples` of the checklist are left out for who does not see the whole company."""

    action: str
    digest: str
    by: str
    at: datetime
    reason: str | None
    header: Mapping[str, Any]
    conditions: tuple[Mapping[str, Any], ...]


def freeze_events(db: Database, viewer: Viewer, period: str) -> list[FreezeEvent]:
    """Events of a period in their order."""
    row = FREEZE_EVENTS.c
    with db.reading() as connection:
        found = connection.execute(
            sa.select(FREEZE_EVENTS).where(row.period == usual_name(period)).order_by(row.id)
        ).all()
    return [
        FreezeEvent(
            event.action, event.digest, event.by, from_micros(event.at), event.reason, json.loads(event.header),
            tuple(_seen(one, viewer) for one in json.loads(event.checklist or "{}").get("conditions", ())),
        )
        for event in found
    ]  # fmt: skip


def restatements(db: Database, viewer: Viewer, period: str) -> list[tuple[FreezeEvent, Mapping[str, Any]]]:
    """Corrections proposed or approved beside a frozen period, each with what it says; rows of the viewer's only."""
    found = []
    for event in freeze_events(db, viewer, period):
        if event.action.startswith("restatement"):
            told = read_part(db, event.header["parts"]["restatement"][0]).document()
            if not viewer.sees_everything:
                told = _limited(told, viewer, snapshot_of(db, period))
            if seals(viewer):
                told = {**told, "why": [], "records": withhold(db, viewer, told["records"]),
                        "rows": [_told(db, viewer, row) for row in told["rows"]]}  # fmt: skip
            found.append((event, told))
    return found


def _told(db: Database, viewer: Viewer, row: Mapping[str, Any]) -> dict[str, Any]:
    lines = [{**line, "records": withhold(db, viewer, line["records"])} for line in row["indicators"]]
    return {**row, "indicators": lines}


def _limited(told: Mapping[str, Any], viewer: Viewer, snapshot: Snapshot | None) -> dict[str, Any]:
    """Rows and records of the viewer's offices; why figures changed names records of others."""
    if snapshot is None:
        return {**told, "why": [], "rows": [], "records": []}
    allowed = visible_offices(snapshot.tree, viewer, snapshot.period)
    rows = [row for row in told["rows"] if allowed is None or row["office"] in allowed]
    records = [one for one in told["records"] if viewer.offices.intersection(one["offices"])]
    return {**told, "why": [], "rows": rows, "records": records}


def _seen(condition: Mapping[str, Any], viewer: Viewer) -> Mapping[str, Any]:
    return condition if viewer.sees_everything and not seals(viewer) else {**condition, "examples": []}

"""What counts once a sample is settled (定案): rows of `reviews`, and of `findings` where only a person saw it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dashboard.database.models import FINDINGS, REVIEWS
from dashboard.evidence import chain
from dashboard.instants import to_micros
from dashboard.people import Viewer
from dashboard.reviewing.rounds import Broken, Judgement


@dataclass(frozen=True, slots=True)
class Sampled:
    """The sample that is decided about. `camera` is the first that was captured."""

    id: str
    hall: str
    camera: str
    planned_at: int
    cameras: tuple[str, ...]
    extra: bool = False
    """Asked for outside the draw: never drawn for a second look, never a known answer."""


def settle(
    connection: Connection, about: Sampled, stands: Judgement, settling: int, *, by: Viewer, at: datetime
) -> None:
    """Write what stands, in the name of the person who said it, as of the moment it was settled.

    `settling` is the judgement, of `by`, that settled it: taking that back takes these rows back.
    """
    common = {"sample_id": about.id, "by": stands.by, "at": to_micros(at), "judgement_id": settling}
    rows: list[dict[str, Any]] = []
    for broken in stands.verdict.items:
        finding = broken.finding or _own_finding(connection, about, broken, at)
        rows.append({
            "decision": "confirmed", "finding_id": finding, "item_code": broken.item, "reason": broken.note,
            "office_is_cause": broken.office_is_cause, "deliberate": broken.deliberate,
        })  # fmt: skip
    for rejected in stands.verdict.rejected:
        rows.append({"decision": "rejected", "finding_id": rejected.finding, "reason": rejected.reason})
    first = stands.verdict.items[0].item if stands.verdict.items else None
    rows.append({"decision": stands.verdict.decision, "item_code": first, "reason": stands.verdict.reason})
    for row in rows:
        chain.enter(connection, REVIEWS, {**common, **row}, by=by, at=at)


def unsettle(connection: Connection, about: Sampled, settling: int, *, by: Viewer, at: datetime) -> None:
    """Annul what a judgement brought to count: one more row for each."""
    review = REVIEWS.c
    query = sa.select(review.finding_id).where(review.judgement_id == settling).order_by(review.id)
    common = {"sample_id": about.id, "by": by.name, "at": to_micros(at), "judgement_id": settling}
    for row in connection.execute(query).all():
        values = {**common, "decision": "annulled", "finding_id": row.finding_id}
        chain.enter(connection, REVIEWS, values, by=by, at=at)


def _own_finding(connection: Connection, about: Sampled, broken: Broken, at: datetime) -> int:
    """What a person saw and no detector did: a finding too, with its source named."""
    statement = sa.insert(FINDINGS).values(
        sample_id=about.id,
        hall_code=about.hall,
        camera_code=broken.camera or about.camera,
        item_code=broken.item,
        observed_at=about.planned_at,
        starts=broken.second,
        duration_proven=True,
        source="person",
        detector=None,
        created_at=to_micros(at),
    )
    return int(connection.execute(statement.returning(FINDINGS.c.id)).scalar_one())

"""What a person decides about a sample and its candidates (复核): append-only, one transaction, one audit line.

The machine's row is never changed: a decision is a row beside it, and taking it back is one more row.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from checks.rulebook.model import Sheet
from dashboard.actions import audit
from dashboard.database import Database
from dashboard.database.models import FINDINGS, RECORD_TABLES, REVIEWS
from dashboard.errors import NotAllowedError, UsageError
from dashboard.instants import to_micros
from dashboard.nearest import nearest
from dashboard.people import Viewer, require_decider
from dashboard.queries.offices import visible_tree

DECISIONS = ("ok", "violation", "unsure")
REVIEWING_ROLES = ("inspector", "reviewer", "administrator")
REPEATED_RULE = "M03"
"""The doubling of a repeated item: a rule of the database, no item one can see and choose."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """The sample that is decided about."""

    id: str
    hall: str
    camera: str
    planned_at: int


def decide(
    db: Database,
    *,
    by: Viewer,
    sample: str,
    decision: str,
    sheet: Sheet,
    item_code: str | None = None,
    reason: str | None = None,
    findings: Sequence[Mapping[str, Any]] = (),
    at: datetime,
) -> None:
    """Judge a sample (`ok`, `violation`, `unsure`) and the candidates named in `findings`.

    `sheet` is the score sheet whose items may be chosen. Each of `findings` holds id, decision (`confirmed` with
    item_code, `rejected` with reason), office_is_cause and deliberate. A violation that no candidate shows needs
    `item_code`; it becomes a finding of this person. UsageError names what is missing or unknown; NotAllowedError for
    a role that does not review, or a hall out of sight.
    """
    _require_reviewer(by)
    if decision not in DECISIONS:
        raise UsageError(f"Unknown decision '{decision}';", f"one of {', '.join(DECISIONS)}.")
    confirmed = [found for found in findings if found.get("decision") == "confirmed"]
    if decision == "violation" and not confirmed and not item_code:
        raise UsageError("A violation needs an item of the score sheet.", "Choose the item that was broken.")
    with db.session() as connection:
        about = _sampled(db, connection, by, sample)
        for found in findings:
            _decide_finding(connection, about, found, sheet, by, at)
        if decision == "violation" and not confirmed:
            own = _own_finding(connection, about, _item(item_code, sheet), by, at)
            _write(connection, about, "confirmed", by, at, finding=own, item_code=item_code)
        _write(connection, about, decision, by, at, item_code=item_code, reason=reason)
        detail = json.dumps({"decision": decision, "findings": [dict(found) for found in findings]}, ensure_ascii=False)
        audit.record(connection, by, "review", sample, detail, at=at)


def undo(db: Database, *, by: Viewer, sample: str, at: datetime) -> None:
    """Take back what this person decided last about the sample and its candidates; nothing is deleted.

    UsageError if this person decided nothing about it, or somebody else has decided since.
    """
    _require_reviewer(by)
    review = REVIEWS.c
    with db.session() as connection:
        about = _sampled(db, connection, by, sample)
        query = sa.select(review.id, review.finding_id, review.by, review.decision, review["at"])
        rows = connection.execute(query.where(review.sample_id == sample).order_by(review.id)).all()
        if not rows or rows[-1].by != by.name or rows[-1].decision == "annulled":
            raise UsageError(f"There is nothing of yours to take back about sample '{sample}'.")
        for row in (row for row in rows if row.by == by.name and row.at == rows[-1].at):
            _write(connection, about, "annulled", by, at, finding=row.finding_id)
        audit.record(connection, by, "undo_review", sample, at=at)


def _require_reviewer(by: Viewer) -> None:
    require_decider(by, "decide about a sample")
    if by.role not in REVIEWING_ROLES:
        raise NotAllowedError(f"{by.name} ({by.role}) may not decide about samples.", "Inspectors and reviewers do.")


def _sampled(db: Database, connection: Connection, by: Viewer, sample: str) -> Sampled:
    table = RECORD_TABLES["samples"].c
    query = sa.select(table.sample_id, table.hall_code, table.camera_code, table.planned_at, table.outcome)
    rows = connection.execute(query.where(table.sample_id == sample).order_by(table.camera_code)).all()
    visible = by.sees_everything or (rows and rows[0].hall_code in visible_tree(db, by).offices)
    if not rows or not visible:
        raise NotAllowedError(f"There is no sample '{sample}', or it is outside what you may see.")
    seen = next((row for row in rows if row.outcome == "captured"), rows[0])
    return Sampled(seen.sample_id, seen.hall_code, seen.camera_code, seen.planned_at)


def _decide_finding(
    connection: Connection, about: Sampled, found: Mapping[str, Any], sheet: Sheet, by: Viewer, at: datetime
) -> None:
    finding, decision = found.get("id"), found.get("decision")
    query = sa.select(FINDINGS.c.id).where(FINDINGS.c.id == finding, FINDINGS.c.sample_id == about.id)
    if not isinstance(finding, int) or connection.execute(query).first() is None:
        raise UsageError(f"Sample '{about.id}' has no finding {finding!r}.", "Reload the page.")
    if decision == "confirmed":
        item_code, reason = _item(found.get("item_code"), sheet), None
    elif decision == "rejected":
        item_code, reason = None, str(found.get("reason") or "").strip()
        if not reason:
            raise UsageError(f"Finding {finding} is rejected without a reason.", "Say why it is none.")
    else:
        raise UsageError(f"Finding {finding}: unknown decision '{decision}';", "confirmed or rejected.")
    causes = {"office_is_cause": bool(found.get("office_is_cause")), "deliberate": bool(found.get("deliberate"))}
    _write(connection, about, decision, by, at, finding=finding, item_code=item_code, reason=reason, **causes)


def _own_finding(connection: Connection, about: Sampled, item_code: str, by: Viewer, at: datetime) -> int:
    """What a person saw and no detector did: a finding too, with its source named."""
    statement = sa.insert(FINDINGS).values(
        sample_id=about.id,
        hall_code=about.hall,
        camera_code=about.camera,
        item_code=item_code,
        observed_at=about.planned_at,
        duration_proven=True,
        source="person",
        detector=None,
        created_at=to_micros(at),
    )
    return int(connection.execute(statement.returning(FINDINGS.c.id)).scalar_one())


def _write(
    connection: Connection, about: Sampled, decision: str, by: Viewer, at: datetime, *, finding: int | None = None,
    **values: Any,
) -> None:  # fmt: skip
    row = {"finding_id": finding, "sample_id": about.id, "decision": decision, "by": by.name, "at": to_micros(at)}
    connection.execute(sa.insert(REVIEWS).values({**row, **values}))


def _item(code: Any, sheet: Sheet) -> str:
    """A code of the score sheet. UsageError names the nearest."""
    known = [item.code for item in sheet.items if item.code != REPEATED_RULE]
    if code in known:
        return str(code)
    guess = nearest(str(code), known)
    raise UsageError(f"There is no item '{code}' on the score sheet.", f"Did you mean '{guess}'?" if guess else "")

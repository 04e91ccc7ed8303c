"""Whether a verdict says what it must (判定要件): item, moment and note of each fail, a word on each candidate."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from checks.rulebook.model import Sheet
from dashboard.database.models import EVIDENCE, FINDINGS
from dashboard.errors import UsageError
from dashboard.instants import to_micros
from dashboard.nearest import nearest
from dashboard.reviewing.rounds import Broken, Verdict
from dashboard.reviewing.settling import Sampled
from dashboard.reviewing.standing import refuted

DECISIONS = ("ok", "violation", "unsure")
REPEATED_RULE = "M03"
"""The doubling of a repeated item: a rule of the database, no item one can see and choose."""
LONGEST_NOTE = 300


def require_whole(
    connection: Connection, about: Sampled, verdict: Verdict, sheet: Sheet, *, since: datetime | None = None
) -> None:
    """UsageError names the first thing that is missing, unknown or said twice.

    Candidates that came by `since` are answered already.
    """
    if verdict.decision not in DECISIONS:
        raise UsageError(f"Unknown decision '{verdict.decision}';", f"one of {', '.join(DECISIONS)}.")
    if verdict.decision == "violation" and not verdict.items:
        raise UsageError("A violation needs an item of the score sheet.", "Choose the item that was broken.")
    if verdict.decision != "violation" and verdict.items:
        raise UsageError("Only a violation names items of the score sheet.", "Reload the page.")
    clips = _cameras_with_clip(connection, about)
    for broken in verdict.items:
        _require_item(broken, sheet, about, clips)
    _require_each_once(verdict)
    known, open_ones = _candidates(connection, about, since)
    answered = [one.finding for one in verdict.items if one.finding is not None]
    answered += [one.finding for one in verdict.rejected]
    for finding in answered:
        if finding not in known:
            raise UsageError(f"Sample '{about.id}' has no finding {finding!r}.", "Reload the page.")
    for rejected in verdict.rejected:
        if not rejected.reason.strip():
            raise UsageError(f"Finding {rejected.finding} is rejected without a reason.", "Say why it is none.")
    left = sorted(open_ones - set(answered))
    if left and verdict.decision != "unsure":
        raise UsageError(f"Finding {left[0]} is neither confirmed nor rejected.", "Decide about each candidate.")


def _require_item(broken: Broken, sheet: Sheet, about: Sampled, clips: set[str]) -> None:
    require_known(broken.item, sheet)
    if not broken.note.strip():
        raise UsageError(f"Item {broken.item} has no note.", "Choose a clause, or write what is to be seen.")
    if len(broken.note) > LONGEST_NOTE:
        raise UsageError(f"The note of item {broken.item} is longer than {LONGEST_NOTE} characters.", "Shorten it.")
    if broken.camera is not None and broken.camera not in about.cameras:
        raise UsageError(f"Sample '{about.id}' has no camera '{broken.camera}'.", "Reload the page.")
    if broken.second is None and (broken.camera or about.camera) in clips:
        raise UsageError(f"Item {broken.item} has no moment.", "Stop the clip where it is to be seen.")
    if broken.second is not None and not 0 <= broken.second < 24 * 3600:
        raise UsageError(f"Second {broken.second} of item {broken.item} is outside the clip.", "Stop inside the clip.")


def require_known(code: str, sheet: Sheet) -> str:
    """A code of the score sheet that a person may choose. UsageError names the nearest."""
    known = [item.code for item in sheet.items if item.code != REPEATED_RULE]
    if code in known:
        return code
    guess = nearest(str(code), known)
    raise UsageError(f"There is no item '{code}' on the score sheet.", f"Did you mean '{guess}'?" if guess else "")


def _require_each_once(verdict: Verdict) -> None:
    own = [one.item for one in verdict.items if one.finding is None]
    twice = next((code for code in own if own.count(code) > 1), None)
    if twice:
        raise UsageError(f"Item {twice} is named twice.", "An item counts once per sample.")
    findings: list[Any] = [one.finding for one in verdict.items if one.finding is not None]
    findings += [one.finding for one in verdict.rejected]
    double = next((one for one in findings if findings.count(one) > 1), None)
    if double is not None:
        raise UsageError(f"Finding {double} is decided twice.", "Reload the page.")


def _cameras_with_clip(connection: Connection, about: Sampled) -> set[str]:
    rows = EVIDENCE.c
    query = sa.select(rows.camera_code).where(rows.sample_id == about.id, rows.kind == "clip")
    return {row.camera_code for row in connection.execute(query)}


def _candidates(
    connection: Connection, about: Sampled, since: datetime | None
) -> tuple[set[int], set[int]]:  # fmt: skip
    """What the machine flagged, and what of it must be answered; what a person found and took back is no candidate.

    One that was refuted while the person looked need not be answered, and may be.
    """
    finding = FINDINGS.c
    newer = sa.true() if since is None else finding.created_at > to_micros(since)
    query = sa.select(finding.id, refuted(finding.id).label("refuted"))
    rows = connection.execute(query.where(finding.sample_id == about.id, finding.source != "person", newer)).all()
    return {row.id for row in rows}, {row.id for row in rows if not row.refuted}

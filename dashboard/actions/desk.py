"""What comes next onto a reviewer's desk (派件): the oldest sample that waits, at times one with a known answer."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from checks.judge.samples import SlotDays
from dashboard.actions.review import claim, claim_gold
from dashboard.database import Database
from dashboard.people import Viewer
from dashboard.queries.review import Wanted, gold_queue, judged_so_far, on_desk
from dashboard.queries.samples import Row
from dashboard.reviewing.draw import Desk


def next_sample(
    db: Database,
    *,
    by: Viewer,
    desk: Desk,
    slots: SlotDays,
    waiting: Sequence[Row],
    wanted: Wanted,
    skipped: Collection[str] = (),
    at: datetime,
) -> str | None:
    """Claim the next sample of the queue `waiting` (already narrowed to `wanted`); None if nothing is left.

    What lies on the desk already comes first; what was put off (`skipped`) last.
    """
    held = [sample for sample in on_desk(db, by, as_of=at) if sample not in skipped]
    gold = [row for row in gold_queue(db, by, slots=slots, as_of=at) if wanted.fits(row)]
    known = {row["sample"] for row in (*waiting, *gold)}
    for sample in held:
        if sample in known and claim(db, by=by, sample=sample, desk=desk, at=at):
            return sample
    due = _gold_due(db, by, desk, [row["sample"] for row in gold if row["sample"] not in skipped])
    if due is not None and waiting and claim_gold(db, by=by, sample=due, desk=desk, at=at):
        return due
    free: list[str] = [row["sample"] for row in waiting if not row["claimed"]]
    later = [sample for sample in free if sample in skipped]
    for sample in [one for one in free if one not in skipped] + later:
        if claim(db, by=by, sample=sample, desk=desk, at=at):
            return sample
    return None


def coming(waiting: Sequence[Row], current: str, skipped: Collection[str]) -> str | None:
    """The sample that most likely follows, so that its clip can be fetched meanwhile."""
    free: list[str] = [row["sample"] for row in waiting if not row["claimed"] and row["sample"] != current]
    return next((sample for sample in free if sample not in skipped), None)


def _gold_due(db: Database, by: Viewer, desk: Desk, samples: Sequence[str]) -> str | None:
    """The sample with a known answer whose turn it is; among waiting ones only, or it would stand out."""
    if not samples or not desk.gold_is_due(by.name, judged_so_far(db, by)):
        return None
    return min(samples, key=lambda sample: desk.order(by.name, sample))

"""What happened to one sample (案卷): its timeline, its files, and its entries in the chain with their proof."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from checks.judge.samples import SlotDays
from dashboard.database import Database
from dashboard.database.models import (
    AUDIT,
    CHAIN,
    CHAIN_CONTENTS,
    CHAIN_HEADS,
    EVIDENCE,
    FINDINGS,
    LOOKS,
    PLAN_DAYS,
    RECORD_TABLES,
    REMOVALS,
    REVIEWS,
)
from dashboard.errors import UsageError
from dashboard.evidence.chain import Entry, subject_of
from dashboard.evidence.heads import Head, last_head, read_head
from dashboard.evidence.holds import require_sample
from dashboard.instants import LOCAL, iso_local
from dashboard.people import Viewer
from dashboard.reviewing.standing import blind_to

Row = dict[str, Any]
TOLD = ("seal_plan", "reveal_plan", "take_sample")
"""Lines of the audit trail that belong to a case; who looked at it, and who judged it unseen by others, does not."""

FLAGGED = ("id", "item_code", "camera_code", "starts", "ends", "confidence", "duration_proven", "source", "detector")


@dataclass(frozen=True, slots=True)
class Case:
    """A sample with everything that is handed over about it."""

    sample: str
    hall: str
    hall_name: str | None
    date: str
    slot: int | None
    timeline: tuple[Row, ...]
    """`at` (ISO, local), `what`, and what belongs to it; in time."""
    files: tuple[Row, ...]
    """id, kind, camera, path, sha256, bytes, second, taken_at, removed (rule or None)."""
    entries: tuple[Row, ...]
    """The entries of the chain about it, each with its place, key and content (None: erased)."""
    leaves: tuple[str, ...]
    """From the first of them to the signed head, or to the last of them."""
    head: Head | None
    """The first signed head that covers all of them, else the newest there is."""


def case_of(db: Database, viewer: Viewer, sample: str, *, slots: SlotDays, as_of: datetime) -> Case:
    """The case as the viewer may know it: without what people said while their own look may not be led by it.

    NotAllowedError if there is no such sample, or it is outside what the viewer may see; UsageError while its slot
    runs, for its moment is nobody's to know before (design §4.1 *Plan*).
    """
    with db.reading() as connection:
        hall = require_sample(db, connection, viewer, sample)
        table = RECORD_TABLES["samples"].c
        query = sa.select(table.camera_code, table.date, table.slot, table.planned_at, table.captured_at,
                          table.outcome, table.cause).where(table.sample_id == sample)  # fmt: skip
        looks = connection.execute(query.order_by(table.camera_code)).all()
        _require_over(sample, looks[0], slots, as_of)
        told = sample not in blind_to(connection, viewer.name, as_of)
        files = tuple(_files(connection, sample))
        entries = tuple(_entries(connection, sample, looks[0].date, files, told=told))
        head = _head_for(connection, entries)
        return Case(
            sample, hall, next((row["hall_name"] for row in files if row["hall_name"]), None), looks[0].date,
            looks[0].slot, tuple(_timeline(connection, sample, looks, told=told)), files, entries,
            tuple(_leaves(connection, entries, head)), head,
        )  # fmt: skip


def _require_over(sample: str, look: Any, slots: SlotDays, as_of: datetime) -> None:
    if look.slot is None or look.date is None:
        return  # asked for outside the draw: whoever asked named the moment
    day = date.fromisoformat(look.date)
    ends = next((slot.ends for slot in slots.on(day) if slot.number == look.slot), time.max)
    if as_of < datetime.combine(day, ends, LOCAL):
        raise UsageError(f"The slot of sample '{sample}' still runs.", "Its case can be seen once it has ended.")


def _files(connection: Connection, sample: str) -> Iterator[Row]:
    row = EVIDENCE.c
    query = sa.select(EVIDENCE, REMOVALS.c.rule).outerjoin(REMOVALS, REMOVALS.c.evidence_id == row.id)
    for one in connection.execute(query.where(row.sample_id == sample).order_by(row.id)).mappings():
        yield {
            "id": one["id"], "kind": one["kind"], "camera": one["camera_code"], "path": one["path"],
            "sha256": one["sha256"], "bytes": one["bytes"], "second": one["second"], "removed": one["rule"],
            "taken_at": iso_local(one["taken_at"]), "hall_name": one["hall_name"],
        }  # fmt: skip


def _timeline(connection: Connection, sample: str, looks: Sequence[Any], *, told: bool) -> Iterator[Row]:
    """Planned, captured, looked at, flagged, decided, removed: in time."""
    said = _said(connection, sample, told=told)
    steps = [*_drawn(connection, looks[0]), *_taken(connection, sample, looks, told=told), *said]
    ordered = sorted((step for step in steps if step[0] is not None), key=lambda step: step[0])
    for at, what, belonging in ordered:
        yield {"at": iso_local(at), "what": what, **belonging}


def _drawn(connection: Connection, look: Any) -> Iterator[tuple[int, str, Row]]:
    plan = connection.execute(sa.select(PLAN_DAYS).where(PLAN_DAYS.c.date == look.date)).mappings().first()
    if plan is not None:
        yield plan["sealed_at"], "plan sealed", {"commitment": plan["commitment"]}
        if plan["revealed_at"] is not None:
            yield plan["revealed_at"], "plan revealed", {"seed": plan["seed"]}
    yield look.planned_at, "planned moment", {}


def _taken(
    connection: Connection, sample: str, looks: Sequence[Any], *, told: bool
) -> Iterator[tuple[int, str, Row]]:  # fmt: skip
    for look in looks:
        seen = {"camera": look.camera_code, "outcome": look.outcome, "cause": look.cause}
        yield look.captured_at or look.planned_at, "captured" if look.captured_at else "not captured", seen
    for row in connection.execute(sa.select(LOOKS).where(LOOKS.c.sample_id == sample)).mappings():
        said = json.loads(row["result"])
        seen = {"camera": row["camera_code"], "detector": row["detector"], "problems": said["camera"]["problems"]}
        windows = [{"name": one["name"], "present_ratio": one.get("present_ratio")} for one in said["windows"]]
        yield row["looked_at"], "looked at by the detector", {**seen, "windows": windows}
    found = FINDINGS.c
    shown = sa.and_(found.sample_id == sample, sa.true() if told else found.source != "person")
    for row in connection.execute(sa.select(FINDINGS).where(shown).order_by(found.id)).mappings():
        names = (
            "id",
            "item_code",
            "camera_code",
            "starts",
            "ends",
            "confidence",
            "duration_proven",
            "source",
            "detector",
        )
        flagged = {**{name: row[name] for name in names}, "observed_at": iso_local(row["observed_at"])}
        yield row["created_at"], "flagged", flagged


def _said(connection: Connection, sample: str, *, told: bool) -> Iterator[tuple[int, str, Row]]:
    review, removed = REVIEWS.c, REMOVALS.c
    shown = sa.and_(review.sample_id == sample, sa.literal(told))
    for row in connection.execute(sa.select(REVIEWS).where(shown).order_by(review.id)).mappings():
        names = ("finding_id", "decision", "item_code", "reason", "office_is_cause", "deliberate", "by")
        yield row["at"], "decided", {name: row[name] for name in names}
    gone = sa.select(REMOVALS).join(EVIDENCE, EVIDENCE.c.id == removed.evidence_id)
    for row in connection.execute(gone.where(EVIDENCE.c.sample_id == sample)).mappings():
        yield row["at"], "removed by rule", {"evidence": row["evidence_id"], "rule": row["rule"]}


def _entries(connection: Connection, sample: str, day: str, files: Sequence[Row], *, told: bool) -> Iterator[Row]:
    shown = sa.and_(REVIEWS.c.sample_id == sample, sa.literal(told))
    reviews = connection.execute(sa.select(REVIEWS.c.id).where(shown)).scalars()
    about = sa.or_(AUDIT.c.subject == sample, AUDIT.c.subject.startswith(f"{sample} ", autoescape=True),
                   AUDIT.c.subject == day)  # fmt: skip
    lines = connection.execute(sa.select(AUDIT.c.id).where(AUDIT.c.action.in_(TOLD), about)).scalars()
    subjects = [subject_of(EVIDENCE, row["id"]) for row in files]
    subjects += [subject_of(REMOVALS, row["id"]) for row in files if row["removed"]]
    subjects += [subject_of(REVIEWS, number) for number in reviews]
    subjects += [subject_of(AUDIT, number) for number in lines]
    columns = (*CHAIN.c, CHAIN_CONTENTS.c.key, CHAIN_CONTENTS.c.content)
    query = sa.select(*columns).outerjoin(CHAIN_CONTENTS, CHAIN_CONTENTS.c.number == CHAIN.c.number)
    for row in connection.execute(query.where(CHAIN.c.subject.in_(subjects)).order_by(CHAIN.c.number)):
        placed = {"previous": row.previous, "hash": row.hash, "key": row.key, "content": row.content}
        yield {**asdict(Entry.of(row)), **placed}


def _head_for(connection: Connection, entries: Sequence[Row]) -> Head | None:
    covering = CHAIN_HEADS.c.count >= (entries[-1]["number"] if entries else 0)
    query = sa.select(CHAIN_HEADS.c.document).where(covering).order_by(CHAIN_HEADS.c.count, CHAIN_HEADS.c.id).limit(1)
    document = connection.execute(query).scalar()
    return read_head(document, "chain_heads") if document else last_head(connection)


def _leaves(connection: Connection, entries: Sequence[Row], head: Head | None) -> Iterator[str]:
    """They tell nothing of what was entered about other cases."""
    if not entries:
        return
    last = max(entries[-1]["number"], head.count if head else 0)
    query = sa.select(CHAIN).where(CHAIN.c.number.between(entries[0]["number"], last)).order_by(CHAIN.c.number)
    for row in connection.execution_options(yield_per=1000).execute(query):
        yield Entry.of(row).leaf

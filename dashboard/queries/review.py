"""What waits for a reviewer, and one sample as that reviewer may see it (复核队列).

Blind: whoever still has to judge a sample learns nothing of what others said of it, here and in whatever the browser
gets. Nothing tells a first look from a second, or from a sample whose answer is known.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from checks.judge.samples import SlotDays
from dashboard.database import Database
from dashboard.database.models import EVIDENCE, GOLD_SAMPLES, JUDGEMENTS, KEPT_CASES, LOOKS, RECORD_TABLES, REVIEWS
from dashboard.errors import NotAllowedError
from dashboard.instants import from_micros, to_micros
from dashboard.people import Viewer
from dashboard.queries.kept_cases import standing_cases
from dashboard.queries.samples import (
    Ends,
    Row,
    by_sample,
    camera_names,
    evidence_of,
    findings_of,
    head,
    look_of,
    outcome_of,
    visible_looks,
    why_text,
)
from dashboard.reviewing import claims
from dashboard.reviewing.own import own_offices
from dashboard.reviewing.rounds import Judgement, next_round, running, settled_at
from dashboard.reviewing.standing import blind_to, given_as_gold, judgements_of, settled, stands


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters of the queue; what is None or False does not narrow it."""

    halls: frozenset[str] | None = None
    date: str | None = None
    slot: int | None = None
    flagged: bool = False
    item: str | None = None
    not_checkable: bool = False

    def fits(self, row: Mapping[str, Any]) -> bool:
        return (
            (self.halls is None or row["hall"] in self.halls)
            and (self.date is None or row["date"] == self.date)
            and (self.slot is None or row["slot"] == self.slot)
            and (not self.flagged or bool(row["flagged"]))
            and (self.item is None or self.item in row["items"])
            and (not self.not_checkable or row["outcome"] == "not_checkable")
        )


def review_queue(
    db: Database, viewer: Viewer, *, slots: SlotDays, as_of: datetime, date: str | None = None
) -> list[Row]:
    """Samples that wait for this person's judgement and can be looked at, oldest first.

    Not those they have judged, nor those of their own office; one given to them with a known answer stands among them
    while it lies on their desk. Keys: sample, hall, date, slot, planned_at, outcome,
    cause, flagged (number of candidates), items (their codes), claimed (it lies on somebody else's desk), mine.
    """
    table = RECORD_TABLES["samples"].c
    seen = sa.select(LOOKS.c.sample_id)
    conditions = [
        table.sample_id.in_(seen), table.verdict.is_(None), table.planned_at <= to_micros(as_of),
        sa.or_(~settled(table.sample_id, as_of), table.sample_id.in_(given_as_gold(viewer.name, as_of))),
    ]  # fmt: skip
    conditions += [table.date == date] if date else []
    own = own_offices(db, viewer)
    with db.reading() as connection:
        looks = [look for look in visible_looks(db, connection, viewer, *conditions) if look["hall_code"] not in own]
        mine = _judged_by(connection, viewer, sorted({look["sample_id"] for look in looks}), as_of)
        rows = _rows(connection, [look for look in looks if look["sample_id"] not in mine], slots, as_of)
        lanes = (claims.LIVE, claims.gold_lane(viewer.name))
        held = {one.sample_id: one.by for one in claims.held(connection, at=as_of) if one.lane in lanes}
    for row in rows:
        holder = held.get(row["sample"])
        row |= {"claimed": holder not in (None, viewer.name), "mine": holder == viewer.name}
    return sorted(rows, key=lambda row: (row["date"], row["slot"] or 0, row["hall"]))


def gold_queue(db: Database, viewer: Viewer, *, slots: SlotDays, as_of: datetime) -> list[Row]:
    """Samples with a known answer that this person has neither judged nor marked, as rows of the queue.

    Not those kept to learn from: everybody can read there what they show.
    """
    gold, row, other = GOLD_SAMPLES.c, JUDGEMENTS.c, GOLD_SAMPLES.alias("other").c
    withdrawn = sa.select(other.withdraws).where(other.withdraws == gold.id).exists()
    marked = sa.select(gold.sample_id).where(gold.withdraws.is_(None), ~withdrawn, gold["at"] <= to_micros(as_of))
    marked_by_me = sa.select(gold.sample_id).where(gold.by == viewer.name)
    judged = sa.select(row.sample_id).where(row.by == viewer.name)
    decided = sa.select(REVIEWS.c.sample_id).where(REVIEWS.c.by == viewer.name, REVIEWS.c.sample_id.is_not(None))
    table, own = RECORD_TABLES["samples"].c, own_offices(db, viewer)
    kept = sa.select(KEPT_CASES.c.sample_id).where(standing_cases(as_of))
    known = (table.sample_id.not_in(query) for query in (marked_by_me, judged, decided, kept))
    conditions = [table.sample_id.in_(marked), table.sample_id.in_(sa.select(LOOKS.c.sample_id)), *known]
    with db.reading() as connection:
        looks = [look for look in visible_looks(db, connection, viewer, *conditions) if look["hall_code"] not in own]
        return _rows(connection, looks, slots, as_of)


def judged_so_far(db: Database, viewer: Viewer) -> int:
    """How many judgements of this person were ever stored: the place in their row at which the draw stands."""
    with db.reading() as connection:
        query = sa.select(sa.func.count()).select_from(JUDGEMENTS).where(JUDGEMENTS.c.by == viewer.name)
        return int(connection.execute(query).scalar_one())


def on_desk(db: Database, viewer: Viewer, *, as_of: datetime) -> list[str]:
    """Samples on this person's desk, what was claimed last first."""
    with db.reading() as connection:
        return [one.sample_id for one in claims.held(connection, at=as_of) if one.by == viewer.name]


def review_item(db: Database, viewer: Viewer, sample: str, *, slots: SlotDays, as_of: datetime) -> Row:
    """One sample: its looks with clip, frames and series, its candidates, and what this person may know of decisions.

    `state` is open (waits for this person), judged (by this person, not settled), settled, or elsewhere (waits, but
    not for this person). Decisions and what people found are told of settled samples only, to their own judges before
    that their own. NotAllowedError if there is none, or it is outside the viewer's offices.
    """
    table = RECORD_TABLES["samples"].c
    own = own_offices(db, viewer)
    with db.reading() as connection:
        looks = visible_looks(db, connection, viewer, table.sample_id == sample)
        if not looks:
            raise NotAllowedError(f"There is no sample '{sample}', or it is outside what you may see.")
        seen = {row.camera_code: json.loads(row.result) for row in _seen(connection, sample)}
        clips = {row.camera_code: row.id for row in evidence_of(connection, [sample], "clip")}
        frames = evidence_of(connection, [sample], "frame")
        found = findings_of(connection, [sample], as_of)[sample]
        every = judgements_of(connection, [sample], as_of).get(sample, [])
        names = camera_names(connection, [look["camera_code"] for look in looks])
        gold = _is_gold_for(connection, viewer, sample, as_of)
        state = "open" if gold else _state(connection, viewer, sample, every, looks[0]["hall_code"] in own, as_of)
        hidden = state == "settled" and sample in blind_to(connection, viewer.name, as_of)
        if hidden:
            state = "judged"  # it may still be taken back: until then only their own words
        decisions = _decisions(connection, sample, as_of) if state == "settled" else []
    told = state == "settled"
    given = running(every) or every
    since = None if gold or told or hidden else settled_at(every)
    return {
        **head(looks, Ends(slots, as_of)),
        **outcome_of(looks),
        "state": state,
        "looks": [
            look_of(look, seen.get(look["camera_code"]), clips, [one for one in frames if _of(one, look)], names)
            for look in looks
        ],
        "findings": [_finding(one, told) for one in found if told or _is_open(one, since)],
        "decisions": decisions,
        "judgements": [
            _said(one) for one in (every if told else given) if told or (state == "judged" and one.by == viewer.name)
        ],
    }


def last_own(db: Database, viewer: Viewer, *, as_of: datetime) -> Row | None:
    """This person's last judgement, to be told beside Undo: sample, hall, date, slot, decision, items, at."""
    row, table = JUDGEMENTS.c, RECORD_TABLES["samples"].c
    query = (
        sa.select(JUDGEMENTS, table.hall_code, table.date, table.slot)
        .join(RECORD_TABLES["samples"], table.sample_id == row.sample_id)
        .where(row.by == viewer.name, stands(as_of)).order_by(row.id.desc()).limit(1)
    )  # fmt: skip
    with db.reading() as connection:
        found = connection.execute(query).mappings().first()
    if found is None:
        return None
    items = sorted({one["item"] for one in json.loads(found["items"])})
    return {"sample": found["sample_id"], "hall": found["hall_code"], "date": found["date"], "slot": found["slot"],
            "decision": found["decision"], "items": items, "at": from_micros(found["at"])}  # fmt: skip


def judged_on(db: Database, viewer: Viewer, *, since: datetime, as_of: datetime) -> Row:
    """How many samples this person judged since a moment, and the median seconds each took."""
    row = JUDGEMENTS.c
    query = sa.select(row.seconds).where(row.by == viewer.name, row["at"] >= to_micros(since), stands(as_of))
    with db.reading() as connection:
        seconds = sorted(one.seconds for one in connection.execute(query) if one.seconds is not None)
    return {"judged": len(seconds), "median_seconds": seconds[len(seconds) // 2] if seconds else None}


# --- reading ---------------------------------------------------------------------------------------------------------


def _rows(
    connection: Connection, looks: Sequence[Any], slots: SlotDays, as_of: datetime
) -> list[Row]:  # fmt: skip
    """Samples that can be looked at: captured, or flagged for their very blindness."""
    found = findings_of(connection, sorted({look["sample_id"] for look in looks}), as_of)
    ends = Ends(slots, as_of)
    rows = []
    for sample, several in by_sample(looks).items():
        state = outcome_of(several)
        items = [one["item_code"] for one in found[sample] if one["source"] != "person"]
        if state["outcome"] == "captured" or items:
            flags = {"flagged": len(items), "items": sorted(set(items)), "claimed": False, "mine": False}
            rows.append({**head(several, ends), **state, **flags})
    return rows


def _state(
    connection: Connection, viewer: Viewer, sample: str, every: Sequence[Judgement], own: bool, as_of: datetime
) -> str:
    given = running(every)
    if connection.execute(sa.select(sa.literal(1)).where(settled(sample, as_of))).first() is not None:
        return "settled"
    if viewer.name in {one.by for one in given}:
        return "judged"
    return "open" if next_round(given) is not None and not own else "elsewhere"


def _is_gold_for(connection: Connection, viewer: Viewer, sample: str, as_of: datetime) -> bool:
    """Whether the sample lies on this person's desk as one with a known answer."""
    held = claims.held(connection, at=as_of)
    return any(one.sample_id == sample and one.lane == claims.gold_lane(viewer.name) for one in held)


def _judged_by(connection: Connection, viewer: Viewer, samples: Sequence[str], as_of: datetime) -> set[str]:
    """Those of the samples that this person has judged since they were settled last."""
    found = judgements_of(connection, samples, as_of)
    return {sample for sample, every in found.items() if viewer.name in {one.by for one in running(every)}}


def _is_open(finding: Mapping[str, Any], since: datetime | None) -> bool:
    """Whether a candidate still has to be judged: the machine's, and not there when the sample was settled last."""
    return finding["source"] != "person" and (since is None or finding["created_at"] > to_micros(since))


def _seen(connection: Connection, sample: str) -> Sequence[Any]:
    query = sa.select(LOOKS.c.camera_code, LOOKS.c.result).where(LOOKS.c.sample_id == sample)
    return connection.execute(query).all()


def _of(frame: Any, look: Any) -> bool:
    return bool(frame.camera_code == look["camera_code"])


def _decisions(connection: Connection, sample: str, as_of: datetime) -> list[Row]:
    review = REVIEWS.c
    query = (
        sa.select(
            review["at"], review.by, review.decision, review.item_code, review.reason, review.finding_id,
            review.office_is_cause, review.deliberate,
        )
        .where(review.sample_id == sample, review["at"] <= to_micros(as_of))
        .order_by(review.id)
    )  # fmt: skip
    return [{**row, "at": from_micros(row["at"])} for row in connection.execute(query).mappings()]


def _said(one: Judgement) -> Row:
    return {"round": one.round, "by": one.by, "at": one.at, "decision": one.verdict.decision,
            "items": one.verdict.codes, "reason": one.verdict.reason, "calls_for": one.calls_for}  # fmt: skip


def _finding(row: Mapping[str, Any], told: bool) -> Row:
    return {
        "id": row["id"],
        "camera": row["camera_code"],
        "item_code": row["item_code"],
        "start": row["starts"],
        "end": row["ends"],
        "confidence": row["confidence"],
        "duration_proven": row["duration_proven"],
        "source": row["source"],
        "why": why_text(row["item_code"], row["why"]),
        "decision": row["decision"] if told else None,
    }


def with_clip(db: Database, samples: Iterable[str]) -> dict[str, int]:
    """Sample → the evidence number of its first clip, to be fetched while another one is judged."""
    rows = EVIDENCE.c
    query = sa.select(rows.sample_id, rows.id).where(rows.kind == "clip", rows.sample_id.in_(list(samples)))
    with db.reading() as connection:
        found = connection.execute(query.order_by(rows.camera_code.desc(), rows.id.desc())).all()
    return {row.sample_id: row.id for row in found}

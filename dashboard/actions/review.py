"""What a person decides about a sample and its candidates (复核): append-only, one transaction, one audit line.

The machine's row is never changed: a judgement is a row beside it, and taking it back is one more row. Who may know of
it, and when it counts, is settled in `dashboard.reviewing`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from checks.rulebook.model import Sheet
from dashboard.actions import audit
from dashboard.actions.verdicts import require_whole
from dashboard.database import Database
from dashboard.database.models import JUDGEMENTS, RECORD_TABLES, REVIEWS
from dashboard.errors import NotAllowedError, UsageError
from dashboard.evidence import chain
from dashboard.instants import from_micros, to_micros
from dashboard.people import Viewer, same_person
from dashboard.queries.offices import visible_tree
from dashboard.reviewing import claims
from dashboard.reviewing.draw import Desk
from dashboard.reviewing.own import own_offices
from dashboard.reviewing.rounds import (
    BLIND_FOR,
    FIRST,
    GOLD,
    Judgement,
    Verdict,
    calls_for,
    next_round,
    running,
    settled_at,
    settled_by,
)
from dashboard.reviewing.settling import Sampled, settle, unsettle
from dashboard.reviewing.standing import is_settled, judgements_of, stands, stored
from dashboard.rights import require


def decide(
    db: Database, *, by: Viewer, sample: str, verdict: Verdict, sheet: Sheet, desk: Desk, at: datetime
) -> None:  # fmt: skip
    """Judge a sample, without anybody's help and once: `sheet` is the score sheet whose items may be chosen.

    What was judged counts at once where one look is enough, else when the next person has settled it. UsageError names
    what is missing, unknown, decided already, or on another desk; NotAllowedError for a role that does not review, a
    hall out of sight, or one's own.
    """
    require_reviewer(by)
    with db.session() as connection:
        about = sampled(db, connection, by, sample)
        lane = _lane(connection, by, sample)
        _require_claim(connection, sample, lane, by, desk, at)
        every = judgements_of(connection, [sample]).get(sample, [])
        given = running(every)
        round_ = GOLD if lane != claims.LIVE else _round_for(connection, by, sample, every)
        if round_ == GOLD:
            _require_unanswered(connection, by, sample)
        require_whole(connection, about, verdict, sheet, since=None if round_ == GOLD else settled_at(every))
        drawn = None if round_ == GOLD else not about.extra and desk.drawn(sample)
        asks = None if drawn is None else calls_for(verdict, given, drawn=drawn, grades=_grades(sheet))
        began = claims.claimed_at(connection, sample, lane, by.name)
        seconds = None if began is None else (to_micros(at) - began) / 1_000_000
        row = {"sample_id": sample, "round": round_, "calls_for": asks, "drawn": drawn, "seconds": seconds,
               **stored(verdict), "by": by.name, "at": to_micros(at)}  # fmt: skip
        made = chain.enter(connection, JUDGEMENTS, row, by=by, at=at)
        if round_ != GOLD and asks is None:
            mine = Judgement(made, round_, by.name, at, verdict, asks)
            settle(connection, about, settled_by([*given, mine]), made, by=by, at=at)
        claims.release(connection, sample, by.name)
        audit.record(connection, by, "review", sample, _told(verdict), at=at)


def undo(db: Database, *, by: Viewer, desk: Desk, at: datetime, sample: str | None = None) -> str:
    """Take back this person's last judgement; nothing is deleted, and the sample lies on their desk again.

    Returns the sample. UsageError if there is none, another one was asked for, somebody else has acted since, or what
    others said of it is told by now.
    """
    require_reviewer(by)
    with db.session() as connection:
        last = last_judgement(connection, by)
        if last is None or sample not in (None, last["sample_id"]):
            raise UsageError("There is nothing of yours to take back.")
        about = sampled(db, connection, by, last["sample_id"])
        lane = claims.gold_lane(by.name) if last["round"] == GOLD else claims.LIVE
        _require_claim(connection, about.id, lane, by, desk, at)
        given = judgements_of(connection, [about.id]).get(about.id, [])
        annulled = _was_annulled(connection, last["id"])
        if annulled or (last["round"] != GOLD and (not given or given[-1].id != last["id"])):
            raise UsageError(f"Somebody else has acted on sample '{about.id}' since.")
        if last["round"] != FIRST and at - from_micros(last["at"]) > BLIND_FOR:
            raise UsageError(
                f"Sample '{about.id}' was judged too long ago: you may know by now what others said of it."
            )
        values = {name: value for name, value in last.items() if name != "id"}
        taken = {**values, "withdraws": last["id"], "at": to_micros(at)}
        chain.enter(connection, JUDGEMENTS, taken, by=by, at=at)
        unsettle(connection, about, last["id"], by=by, at=at)
        audit.record(connection, by, "undo_review", about.id, at=at)
    return about.id


def claim(db: Database, *, by: Viewer, sample: str, desk: Desk, at: datetime) -> bool:
    """Put a waiting sample on this person's desk, or keep it there. False if it waits no more, or lies on another.

    NotAllowedError for a role that does not review, a hall out of sight, or one's own.
    """
    require_reviewer(by)
    with db.session() as connection:
        sampled(db, connection, by, sample)
        if any(one.sample_id == sample and one.by == by.name and one.lane != claims.LIVE
               for one in claims.held(connection, at=at)):  # fmt: skip
            return claims.take(connection, sample, claims.gold_lane(by.name), by.name, at=at, lasts=desk.claim)
        if not claims.take(connection, sample, claims.LIVE, by.name, at=at, lasts=desk.claim):
            return False
        given = running(judgements_of(connection, [sample]).get(sample, []))
        waits = next_round(given) is not None and not _judged_by(by, given)
        if not waits or is_settled(connection, sample):
            claims.release(connection, sample, by.name)
            return False
        claims.leave_gold(connection, sample, by.name)
        claims.release_others(connection, sample, by.name)
    return True


def claim_gold(db: Database, *, by: Viewer, sample: str, desk: Desk, at: datetime) -> bool:
    """Put a sample whose answer is known on this person's desk, as if it waited."""
    require_reviewer(by)
    with db.session() as connection:
        sampled(db, connection, by, sample)
        claims.release_others(connection, sample, by.name)
        return claims.take(connection, sample, claims.gold_lane(by.name), by.name, at=at, lasts=desk.claim)


def put_back(db: Database, *, by: Viewer, sample: str) -> None:
    """Leave a sample to the others."""
    require_reviewer(by)
    with db.session() as connection:
        claims.release(connection, sample, by.name)


def require_reviewer(by: Viewer) -> None:
    require(by, "decide about a sample")


def last_judgement(connection: Connection, by: Viewer) -> dict[str, Any] | None:
    """The row of this person's last judgement that stands."""
    row = JUDGEMENTS.c
    query = sa.select(JUDGEMENTS).where(row.by == by.name, stands()).order_by(row.id.desc()).limit(1)
    found = connection.execute(query).mappings().first()
    return None if found is None else dict(found)


def sampled(db: Database, connection: Connection, by: Viewer, sample: str) -> Sampled:
    """The sample, if its hall is in sight and is not the person's own."""
    table = RECORD_TABLES["samples"].c
    query = sa.select(table.sample_id, table.hall_code, table.camera_code, table.planned_at, table.outcome, table.slot)
    rows = connection.execute(query.where(table.sample_id == sample).order_by(table.camera_code)).all()
    visible = by.sees_everything or (rows and rows[0].hall_code in visible_tree(db, by).offices)
    if not rows or not visible:
        raise NotAllowedError(f"There is no sample '{sample}', or it is outside what you may see.")
    if rows[0].hall_code in own_offices(db, by):
        raise NotAllowedError(f"Hall {rows[0].hall_code} belongs to your own office.", "Nobody reviews their own.")
    seen = next((row for row in rows if row.outcome == "captured"), rows[0])
    return Sampled(seen.sample_id, seen.hall_code, seen.camera_code, seen.planned_at,
                   tuple(row.camera_code for row in rows), seen.slot is None)  # fmt: skip


def _grades(sheet: Sheet) -> dict[str, str]:
    return {item.code: item.grade for item in sheet.items}


def _lane(connection: Connection, by: Viewer, sample: str) -> str:
    """In which lane the sample lies on this person's desk; where it lies on none, it is asked for as a waiting one."""
    own = claims.gold_lane(by.name)
    mine = claims.claimed_at(connection, sample, own, by.name)
    return own if mine is not None else claims.LIVE


def _require_claim(connection: Connection, sample: str, lane: str, by: Viewer, desk: Desk, at: datetime) -> None:
    if not claims.take(connection, sample, lane, by.name, at=at, lasts=desk.claim):
        raise UsageError(
            f"Sample '{sample}' lies on another desk now: it was left alone for too long.", "Go on with the next one."
        )


def _round_for(connection: Connection, by: Viewer, sample: str, every: list[Judgement]) -> str:
    """The round in which this person judges. UsageError if it is decided, or they have judged it."""
    decided = is_settled(connection, sample)
    given = running(every)
    if _judged_by(by, every if decided else given):
        raise UsageError(f"You have judged sample '{sample}' already.", "Take it back first, if it was a mistake.")
    found = next_round(given)
    if decided or found is None:
        raise UsageError(f"Sample '{sample}' is decided already.", "Go on with the next one.")
    return found


def _judged_by(by: Viewer, given: Iterable[Judgement]) -> bool:
    """Whether one of these judgements counts as the person's own: their stand-ins are no second pair of eyes."""
    return any(same_person(by, one.by, to_micros(one.at)) for one in given)


def _was_annulled(connection: Connection, judgement: int) -> bool:
    """Whether an appeal or a case took away what a judgement brought to count: judging anew would undo that."""
    row = REVIEWS.c
    query = sa.select(row.id).where(row.judgement_id == judgement, row.decision == "annulled")
    return connection.execute(query.limit(1)).first() is not None


def _require_unanswered(connection: Connection, by: Viewer, sample: str) -> None:
    """A known answer is asked for once, also of who sends the same page twice."""
    row = JUDGEMENTS.c
    query = sa.select(row.id).where(row.sample_id == sample, row.by == by.name, row.round == GOLD, stands())
    if connection.execute(query.limit(1)).first() is not None:
        raise UsageError(f"You have judged sample '{sample}' already.", "Take it back first, if it was a mistake.")


def _told(verdict: Verdict) -> str:
    kept = stored(verdict)
    whole = {**kept, "items": json.loads(kept["items"]), "rejected": json.loads(kept["rejected"])}
    return json.dumps(whole, ensure_ascii=False)

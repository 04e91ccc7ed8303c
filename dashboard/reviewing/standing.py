"""Judgements that stand: read from the database, those taken back left out (复核结论)."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dashboard.database.models import FINDINGS, FOLLOW_UPS, JUDGEMENTS, REVIEW_CLAIMS, REVIEWS
from dashboard.instants import from_micros, to_micros
from dashboard.reviewing.claims import gold_lane
from dashboard.reviewing.rounds import BLIND_FOR, FIRST, GOLD, Broken, Judgement, Rejected, Verdict

PIECE = 500
"""A statement takes only so many parameters."""


def stands(at: datetime | None = None) -> sa.ColumnElement[bool]:
    """The condition on `judgements`: given by then, and not taken back by then."""
    row, other = JUDGEMENTS.c, JUDGEMENTS.alias("other").c
    by_then = sa.true() if at is None else other["at"] <= to_micros(at)
    withdrawn = sa.select(other.withdraws).where(other.withdraws == row.id, by_then).exists()
    given = sa.true() if at is None else row["at"] <= to_micros(at)
    return sa.and_(given, row.withdraws.is_(None), ~withdrawn)


def judgements_of(
    connection: Connection, samples: Sequence[str], at: datetime | None = None
) -> dict[str, list[Judgement]]:
    """Sample → the standing judgements of its rounds, in their order. Gold ones are in no round."""
    row = JUDGEMENTS.c
    found: defaultdict[str, list[Judgement]] = defaultdict(list)
    for start in range(0, len(samples), PIECE):
        inside = row.sample_id.in_(samples[start : start + PIECE])
        query = sa.select(JUDGEMENTS).where(inside, row.round != GOLD, stands(at)).order_by(row.id)
        for one in connection.execute(query).mappings():
            found[one["sample_id"]].append(judgement(one))
    return found


def judgement(row: Any) -> Judgement:
    """A stored row as it was meant."""
    verdict = Verdict(
        row["decision"],
        tuple(Broken(**one) for one in json.loads(row["items"])),
        tuple(Rejected(**one) for one in json.loads(row["rejected"])),
        row["reason"],
    )
    return Judgement(row["id"], row["round"], row["by"], from_micros(row["at"]), verdict, row["calls_for"])


def stored(verdict: Verdict) -> dict[str, Any]:
    """The columns of a verdict."""
    items, rejected = ([asdict(one) for one in several] for several in (verdict.items, verdict.rejected))
    return {
        "decision": verdict.decision,
        "items": json.dumps(items, ensure_ascii=False),
        "rejected": json.dumps(rejected, ensure_ascii=False),
        "reason": verdict.reason,
    }


def settled(sample_id: Any, at: datetime | None = None) -> sa.ColumnElement[bool]:
    """The condition that what was decided about the whole sample stands (`sample_id`: a column, or a value).

    A candidate that came after the decision opens the sample again: what is followed up, or looked at later, would be
    judged by nobody.
    """
    said, later = REVIEWS.alias("said").c, REVIEWS.alias("later").c
    by_then = [sa.true() if at is None else row["at"] <= to_micros(at) for row in (said, later)]
    since = sa.exists().where(
        later.sample_id == said.sample_id, later.finding_id.is_(None), later.id > said.id, by_then[1]
    )
    late = FINDINGS.alias("late").c
    newer = sa.exists().where(
        late.sample_id == said.sample_id, late.source != "person", late.created_at > said["at"],
        sa.true() if at is None else late.created_at <= to_micros(at), ~refuted(late.id),
    )  # fmt: skip
    return sa.exists().where(
        said.sample_id == sample_id, said.finding_id.is_(None), said.decision != "annulled", by_then[0], ~since, ~newer
    )


def refuted(finding_id: Any) -> sa.ColumnElement[bool]:
    """The condition that following a candidate refuted it: it is none any more."""
    row = FOLLOW_UPS.c
    return sa.exists().where(row.finding_id == finding_id, row.outcome == "refuted")


def given_as_gold(person: str, at: datetime) -> sa.Select[tuple[str]]:
    """Samples that lie on this person's desk because their answer is known: they must look as if they waited."""
    row = REVIEW_CLAIMS.c
    return sa.select(row.sample_id).where(row.lane == gold_lane(person), row.expires_at > to_micros(at))


def blind_to(connection: Connection, person: str, at: datetime) -> set[str]:
    """Samples of which this person is not told what others said, though they are settled.

    Those given out with a known answer, and looks that may still be taken back: who knew the others' words could say
    the same, and seem to have agreed.
    """
    row, since = JUDGEMENTS.c, to_micros(at - BLIND_FOR)
    mine = sa.select(row.sample_id).where(row.by == person, row.round != FIRST, row["at"] >= since, stands(at))
    return set(connection.execute(sa.union(given_as_gold(person, at), mine)).scalars())


def is_settled(connection: Connection, sample: str) -> bool:
    return connection.execute(sa.select(sa.literal(1)).where(settled(sample))).first() is not None

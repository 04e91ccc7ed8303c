"""What stands between a period and its publication (冻结检查表): every condition, met or not, in one list."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from checks.periods import Period
from checks.rulebook.model import LEVELS
from dashboard.database import Database
from dashboard.database.models import (
    EXCLUSION_DECISIONS,
    EXCLUSIONS,
    FINDINGS,
    JUDGEMENTS,
    QUARANTINE,
    RECORD_TABLES,
    REVIEWS,
)
from dashboard.freezing.canonical import Scoring
from dashboard.instants import to_micros
from dashboard.people import Viewer
from dashboard.queries.flags import open_flags
from dashboard.reviewing.rounds import GOLD
from dashboard.reviewing.standing import refuted, settled, stands

EXAMPLES = 5
WORDS = {
    "no_provisional": "No record judged by an assumed calendar",
    "no_marked_rows": "No marked row (stale source, too much unjudgeable)",
    "no_open_flags": "Sources complete: no open flag on a file or a day",
    "quarantine_empty": "Nothing in quarantine",
    "reviews_done": "Every finding of the period reviewed",
    "exclusions_decided": "Every exclusion filed for the period decided",
    "nothing_decided_late": "No review or exclusion decided after the as-of (it has no effect here)",
}
"""Condition → msgid."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: how much stands against it, a few examples, and whether a written reason is enough."""

    code: str
    open: int
    examples: tuple[str, ...] = ()
    reason_is_enough: bool = True

    @property
    def met(self) -> bool:
        return not self.open

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "examples": list(self.examples), "met": self.met}


def checklist(db: Database, viewer: Viewer, period: Period, scoring: Scoring, now: datetime) -> list[Condition]:
    """The conditions of publishing this scoring now; hard ones first."""
    provisional = scoring.document("counts")["provisional"]
    marked = [
        f"{row['name']} ({', '.join(row['marks'])})"
        for level in LEVELS
        for row in scoring.document(f"league/{level}")["rows"]
        if row["marks"]
    ]
    flags = open_flags(db, viewer, period=period)
    as_of = datetime.fromisoformat(scoring.made_by["as_of"])
    counted = _counted(db, period, to_micros(as_of), to_micros(now))
    return [
        _condition("no_provisional", [f"{record} {number}" for record, number in provisional], reason_is_enough=False),
        _condition("no_marked_rows", marked),
        _condition("no_open_flags", [f"{flag.kind} {flag.source}" for flag in flags]),
        *(Condition(code, open_ones) for code, open_ones in counted.items()),
    ]


def _condition(code: str, found: list[str], *, reason_is_enough: bool = True) -> Condition:
    return Condition(code, len(found), tuple(found[:EXAMPLES]), reason_is_enough)


def _counted(db: Database, period: Period, as_of: int, now: int) -> dict[str, int]:
    """Rows in quarantine have no day: all of them count. A review that was taken back is none.

    What only a person found in a sample is reviewed by being found; taken back, it is nothing.
    """
    finding, review, filing, decision = FINDINGS.c, REVIEWS.c, EXCLUSIONS.c, EXCLUSION_DECISIONS.c
    seen = sa.and_(finding.observed_at >= period.starts_at, finding.observed_at < period.ends_at)
    filed = sa.and_(filing.starts_at < period.ends_at, filing.ends_at > period.starts_at)
    latest = sa.select(sa.func.max(review.id)).where(review.finding_id.is_not(None)).group_by(review.finding_id)
    standing = sa.select(review.finding_id).where(review.id.in_(latest), review.decision != "annulled")
    reviewed_late = sa.select(review.finding_id).where(review.finding_id.is_not(None), review["at"] > as_of)
    decided = sa.select(decision.exclusion_id)
    decided_late = decided.where(decision["at"] > as_of, decision.decision.in_(("approved", "revoked")))
    candidate = sa.and_(sa.or_(finding.source != "person", finding.sample_id.is_(None)), ~refuted(finding.id))
    unsure = sa.and_(finding.sample_id.is_not(None), settled(finding.sample_id))  # nobody can be asked about it again
    count = sa.select(sa.func.count())
    questions = {
        "quarantine_empty": (count.where(QUARANTINE.c.state == "open"),),
        "reviews_done": (
            count.where(seen, finding.id.not_in(standing), candidate, ~unsure), _second_looks(period),
        ),
        "exclusions_decided": (count.where(filed, filing.lapses_at > now, filing.id.not_in(decided)),),
        "nothing_decided_late": (
            count.where(seen, finding.id.in_(reviewed_late)), count.where(filed, filing.id.in_(decided_late)),
        ),
    }  # fmt: skip
    with db.reading() as connection:
        return {code: sum(int(connection.execute(one).scalar_one()) for one in asked)
                for code, asked in questions.items()}  # fmt: skip


def _second_looks(period: Period) -> sa.Select[Any]:
    """Samples of the period that somebody has judged and another person still has to, and in which nothing is flagged.

    Flagged ones are open findings, and counted as such.
    """
    row, finding, look = JUDGEMENTS.c, FINDINGS.c, RECORD_TABLES["samples"].c
    flagged = sa.exists().where(finding.sample_id == row.sample_id, finding.source != "person")
    inside = sa.select(look.sample_id).where(look.planned_at >= period.starts_at, look.planned_at < period.ends_at)
    waiting = (stands(), row.round != GOLD, ~settled(row.sample_id), ~flagged, row.sample_id.in_(inside))
    return sa.select(sa.func.count(row.sample_id.distinct())).where(*waiting)

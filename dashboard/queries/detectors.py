"""How good the detectors are in production (检测质量): candidates, what people made of them, and what they missed.

Misses are violations that a person found in a sample in which the detector had proposed nothing of the kind: whoever
reviews sees candidates, so only samples without one tell what was overlooked.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from checks.agreement import Estimate, share
from checks.periods import Period
from collectors.video.plan import LOCAL
from collectors.video.rules import Detectors, shipped
from dashboard.database import Database
from dashboard.database.models import EXTRA_SAMPLES, FINDINGS, NOT_JUDGED, RECORD_TABLES, REVIEWS
from dashboard.instants import from_micros, to_micros
from dashboard.people import Viewer
from dashboard.queries.follow_ups import followed
from dashboard.rights import require

LOW_SHARE = 0.5
"""A detector of whose decided candidates fewer than this share are confirmed wastes the reviewers' time."""
FEWEST = 5
"""With fewer decided candidates nothing is said of a detector."""
SAMPLE_DECISIONS = ("ok", "violation")


@dataclass
class Month:
    """One sheet item in one month (`YYYY-MM`): counts of candidates, and of samples."""

    item: str
    month: str
    candidates: int = 0
    confirmed: int = 0
    rejected: int = 0
    refuted: int = 0
    """Withdrawn because the recording around them showed that it did not last."""
    missed: int = 0
    judged_without: int = 0
    """Samples that people judged and in which the detector had proposed nothing of this item."""
    unjudged: int = 0
    """Samples in which the detector gave no answer."""
    reasons: dict[str, int] = field(default_factory=dict)
    """Why it gave none: reason → samples."""

    @property
    def open(self) -> int:
        return self.candidates - self.confirmed - self.rejected

    @property
    def confirmed_share(self) -> Estimate | None:
        """Confirmed of those decided, with its interval; None before the first decision."""
        return share(self.confirmed, self.confirmed + self.rejected)

    @property
    def miss_share(self) -> Estimate | None:
        """Samples with a violation overlooked, of those judged without a candidate."""
        return share(self.missed, self.judged_without)

    @property
    def is_low(self) -> bool:
        """Whether its confirmed share is low, and not by a few decisions only."""
        estimate = self.confirmed_share
        return estimate is not None and self.confirmed + self.rejected >= FEWEST and estimate.value < LOW_SHARE


def detector_quality(
    db: Database, viewer: Viewer, *, period: Period, halls: Collection[str], as_of: datetime,
    detectors: Detectors | None = None,
) -> list[Month]:  # fmt: skip
    """A row per item that some rule proposes and month of the samples in the period, by item, then month.

    Months without samples have no row. NotAllowedError for roles that do not review.
    """
    require(viewer, "read the quality of detectors")
    items = (detectors or shipped()).items
    with db.reading() as connection:
        samples = _samples(connection, period, halls, as_of)
        findings = _findings(connection, samples, as_of)
        judged = _judged(connection, samples, as_of)
        silent = _silent(connection, samples)
    found = {(item, month): Month(item, month) for item in items for month in sorted(set(samples.values()))}
    for one in findings:
        if row := found.get((one["item_code"], samples[one["sample_id"]])):
            _count(row, one)
    proposed = {(one["sample_id"], one["item_code"]) for one in findings if one["source"] == "detector"}
    noticed = {(one["sample_id"], one["said"]) for one in findings if one["decision"] == "confirmed"}
    for sample in judged:
        for item in items:
            if (sample, item) not in proposed:
                row = found[item, samples[sample]]
                row.judged_without += 1
                row.missed += (sample, item) in noticed
    for sample, reasons in silent.items():
        for item, reason in reasons.items():
            if row := found.get((item, samples[sample])):
                row.unjudged += 1
                row.reasons[reason] = row.reasons.get(reason, 0) + 1
    return [found[key] for key in sorted(found)]


def _count(row: Month, finding: Mapping[str, Any]) -> None:
    if finding["source"] != "detector":
        return
    if finding["followed"] == "refuted" and finding["decision"] is None:
        row.refuted += 1
        return
    row.candidates += 1
    right = finding["said"] == finding["item_code"]  # a person may find another item in what was proposed
    row.confirmed += finding["decision"] == "confirmed" and right
    row.rejected += finding["decision"] == "rejected" or (finding["decision"] == "confirmed" and not right)


def _samples(connection: Connection, period: Period, halls: Collection[str], as_of: datetime) -> dict[str, str]:
    """Sample → month, of samples taken in the period whose camera gave something to look at."""
    row = RECORD_TABLES["samples"].c
    query = sa.select(row.sample_id, row.hall_code, row.planned_at).where(
        row.outcome.in_(("captured", "not_checkable")),
        row.planned_at >= period.starts_at,
        row.planned_at < min(period.ends_at, to_micros(as_of)),
        row.sample_id.not_in(sa.select(EXTRA_SAMPLES.c.sample_id)),  # looked at for a reason: no fair sample
    )
    return {
        one.sample_id: from_micros(one.planned_at).astimezone(LOCAL).strftime("%Y-%m")
        for one in connection.execute(query)
        if one.hall_code in halls
    }


def _findings(connection: Connection, samples: Mapping[str, str], as_of: datetime) -> list[dict[str, Any]]:
    """Findings of the samples with the latest decision about each, the item it names (`said`), and what following
    it showed."""
    row = FINDINGS.c
    query = sa.select(row.id, row.sample_id, row.item_code, row.source).where(row.created_at <= to_micros(as_of))
    found = [dict(one._mapping) for one in _pieces(connection, query, row.sample_id, list(samples))]
    identities = [one["id"] for one in found]
    review = REVIEWS.c
    decided = sa.select(review.finding_id, review.decision, review.item_code).where(review["at"] <= to_micros(as_of))
    rows = _pieces(connection, decided.order_by(review.id), review.finding_id, identities)
    decisions = {one.finding_id: (one.decision, one.item_code) for one in rows}
    ends = followed(connection, identities, as_of)
    return [
        {**one, "decision": _standing(decision), "said": said or one["item_code"], "followed": ends.get(one["id"])}
        for one in found
        for decision, said in [decisions.get(one["id"], (None, None))]
    ]


def _standing(decision: str | None) -> str | None:
    return None if decision == "annulled" else decision


def _judged(connection: Connection, samples: Mapping[str, str], as_of: datetime) -> set[str]:
    """Samples about which a person's decision stands."""
    review = REVIEWS.c
    query = sa.select(review.sample_id, review.decision).where(
        review.finding_id.is_(None), review["at"] <= to_micros(as_of)
    )
    latest: dict[str, str] = {}
    for one in _pieces(connection, query.order_by(review.id), review.sample_id, list(samples)):
        latest[one.sample_id] = one.decision
    return {sample for sample, decision in latest.items() if decision in SAMPLE_DECISIONS}


def _silent(connection: Connection, samples: Mapping[str, str]) -> dict[str, dict[str, str]]:
    row = NOT_JUDGED.c
    query = sa.select(row.sample_id, row["items"])
    pieces = _pieces(connection, query, row.sample_id, list(samples))
    return {sample: json.loads(reasons) for sample, reasons in pieces}


def _pieces(connection: Connection, query: sa.Select[Any], column: Any, wanted: Sequence[Any]) -> Iterable[Any]:
    """Rows whose column is one of many values: a statement takes only so many parameters."""
    for start in range(0, len(wanted), 500):
        yield from connection.execute(query.where(column.in_(wanted[start : start + 500]))).all()

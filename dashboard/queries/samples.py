"""Samples (抽查样本): the list of looks, and what the queries of review share with it.

Until its slot has ended a sample's moment is nobody's to know: `planned_at` is None till then (design §4.1 *Plan*).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from checks.judge.samples import SlotDays
from collectors.video.plan import LOCAL
from dashboard.database import Database
from dashboard.database.models import EVIDENCE, FINDINGS, JUDGEMENTS, RECORD_TABLES, REVIEWS
from dashboard.instants import from_micros, to_micros
from dashboard.people import Viewer
from dashboard.queries.follow_ups import followed
from dashboard.queries.offices import visible_tree
from dashboard.reviewing.standing import blind_to, given_as_gold, settled, stands
from dashboard.texts import t

Row = dict[str, Any]
OUTCOME_ORDER = ("captured", "not_checkable", "missed", "planned")
WHY_PROBLEM = {
    "black": "The picture is black.",
    "frozen": "The picture stands still although it moved before.",
    "blurred": "The picture is out of focus.",
    "occluded": "Something covers the lens.",
    "moved": "The camera looks elsewhere than before.",
    "no_signal": "The recorder shows no signal.",
}


def samples(
    db: Database,
    viewer: Viewer,
    *,
    slots: SlotDays,
    as_of: datetime,
    day: str | None = None,
    last: str | None = None,
    hall: str | None = None,
    outcome: str | None = None,
) -> list[Row]:
    """One row per look of a day (of `day` to `last`), newest first, in the keys of design §4.1 `samples`.

    `findings` are item codes.

    `reviewed`: what was decided stands, or this person has judged it; a sample that somebody else has judged and that
    waits for another person looks like any that waits, and so does one given to them with a known answer.
    """
    table = RECORD_TABLES["samples"].c
    conditions = [table.planned_at <= to_micros(as_of)]
    conditions += [table.date.between(day, last or day)] if day else []
    conditions += [table.hall_code == hall] if hall else []
    conditions += [table.outcome == outcome] if outcome else []
    with db.reading() as connection:
        looks = visible_looks(db, connection, viewer, *conditions)
        ids = sorted({look["sample_id"] for look in looks})
        clips = {(row.sample_id, row.camera_code): row.sha256 for row in evidence_of(connection, ids, "clip")}
        found = findings_of(connection, ids, as_of)
        mine = _judged_by(connection, viewer, ids, as_of)
        decided = _settled(connection, ids, as_of)
        decided -= set(connection.execute(given_as_gold(viewer.name, as_of)).scalars())
        blind = blind_to(connection, viewer.name, as_of)
    ends = Ends(slots, as_of)
    rows = [
        {
            "sample": look["sample_id"],
            "hall": look["hall_code"],
            "camera": look["camera_code"],
            "date": look["date"],
            "slot": look["slot"],
            "planned_at": ends.revealed(look),
            "captured_at": ends.revealed(look, "captured_at"),
            "outcome": look["outcome"],
            "cause": look["cause"],
            "clip_sha256": clips.get((look["sample_id"], look["camera_code"])),
            "findings": [
                one["item_code"]
                for one in found[look["sample_id"]]
                if one["camera_code"] == look["camera_code"]
                and (one["source"] != "person" or look["sample_id"] not in blind)
            ],
            "reviewed": look["sample_id"] in decided | mine or look["verdict"] is not None,
            "reviewed_by_me": look["sample_id"] in mine,
        }
        for look in looks
    ]
    return sorted(rows, key=lambda row: (row["date"], row["slot"] or 0, row["hall"], row["camera"]), reverse=True)


class Ends:
    """Whether a slot has ended at a moment."""

    def __init__(self, slots: SlotDays, as_of: datetime) -> None:
        self.slots = slots
        self.as_of = as_of

    def revealed(self, look: RowMapping, name: str = "planned_at") -> datetime | None:
        """The planned moment, or that of capturing; None until the slot has ended (unknown: until the day has)."""
        over = look["date"] is None or self.as_of >= self._end(date.fromisoformat(look["date"]), look["slot"])
        return self.moment(look, name) if over else None

    def _end(self, day: date, number: int | None) -> datetime:
        ends = next((slot.ends for slot in self.slots.on(day) if slot.number == number), time.max)
        return datetime.combine(day, ends, LOCAL)

    def moment(self, look: RowMapping, name: str) -> datetime | None:
        return None if look[name] is None else from_micros(look[name])


def why_text(item: str, why: str | None) -> str | None:
    """Why the machine flagged something, as a sentence in the reader's language."""
    if not why:
        return None
    said = json.loads(why)
    windows = t(", ").join(said.get("windows") or [])
    if said.get("problem"):
        return t(WHY_PROBLEM.get(said["problem"], said["problem"]))
    if item == "R01":
        return t("Nobody at any window ({windows}) for {seconds} s.", windows=windows, seconds=said["seconds"])
    if item != "R02" and said.get("title"):
        where = t(" ({windows})", windows=windows) if windows else ""
        return t("{what}{where}, for {seconds} s.", what=t(said["title"]), where=where, seconds=said["seconds"])
    return t("Nobody at window {windows} for {seconds} s.", windows=windows, seconds=said["seconds"])


# --- reading ---------------------------------------------------------------------------------------------------------


def visible_looks(
    db: Database, connection: Connection, viewer: Viewer, *conditions: sa.ColumnElement[bool]
) -> list[RowMapping]:
    """Looks of halls the viewer may see, by sample and camera."""
    table = RECORD_TABLES["samples"].c
    mine = [] if viewer.sees_everything else [table.hall_code.in_(sorted(visible_tree(db, viewer).offices))]
    query = sa.select(
        table.sample_id, table.hall_code, table.camera_code, table.date, table.slot, table.planned_at,
        table.captured_at, table.outcome, table.cause, table.verdict,
    ).where(*conditions, *mine)  # fmt: skip
    return list(connection.execute(query.order_by(table.sample_id, table.camera_code)).mappings())


def evidence_of(connection: Connection, samples: Sequence[str], kind: str) -> Sequence[Any]:
    """Clips or frames of samples, in the order of their seconds."""
    rows = EVIDENCE.c
    query = sa.select(rows.id, rows.sample_id, rows.camera_code, rows.sha256, rows.second).where(rows.kind == kind)
    return _in_pieces(connection, query.order_by(rows.second, rows.id), rows.sample_id, samples)


def findings_of(connection: Connection, samples: Sequence[str], as_of: datetime) -> defaultdict[str, list[Row]]:
    """Candidates per sample, each with the latest decision about it (None: open or taken back).

    One that following it refuted is none any more, unless somebody had decided before; one that it proved is proven.
    What a person found and took back is none: it would tell the next person what was thought of the sample.
    """
    finding, at = FINDINGS.c, to_micros(as_of)
    query = sa.select(FINDINGS).where(finding.created_at <= at).order_by(finding.observed_at, finding.id)
    rows = _in_pieces(connection, query, finding.sample_id, samples)
    latest: dict[int, str] = {}
    about = sa.select(REVIEWS.c.finding_id, REVIEWS.c.decision).where(
        REVIEWS.c.finding_id.is_not(None), REVIEWS.c["at"] <= at
    )
    for review in _in_pieces(connection, about.order_by(REVIEWS.c.id), REVIEWS.c.sample_id, samples):
        latest[review.finding_id] = review.decision
    ends = followed(connection, [row.id for row in rows if not row.duration_proven], as_of)
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        decision = latest.get(row.id)
        decision = None if decision == "annulled" else decision
        end = ends.get(row.id)
        if decision is not None or (row.source != "person" and end != "refuted"):
            proven = row.duration_proven or end == "proven"
            found[row.sample_id].append({**row._mapping, "decision": decision, "duration_proven": proven})
    return found


def _settled(connection: Connection, samples: Sequence[str], as_of: datetime) -> set[str]:
    """Samples about which what was decided stands."""
    review = REVIEWS.c
    query = sa.select(review.sample_id).where(settled(review.sample_id, as_of)).distinct()
    return {row.sample_id for row in _in_pieces(connection, query, review.sample_id, samples)}


def _judged_by(connection: Connection, viewer: Viewer, samples: Sequence[str], as_of: datetime) -> set[str]:
    row = JUDGEMENTS.c
    query = sa.select(row.sample_id).where(row.by == viewer.name, stands(as_of))
    return {one.sample_id for one in _in_pieces(connection, query, row.sample_id, samples)}


def camera_names(connection: Connection, codes: Iterable[str]) -> dict[str, str | None]:
    camera = RECORD_TABLES["cameras"].c
    query = sa.select(camera.code, camera.name).where(camera.code.in_(sorted(set(codes))))
    return {row.code: row.name for row in connection.execute(query)}


def _in_pieces(connection: Connection, query: sa.Select[Any], column: Any, wanted: Sequence[str]) -> list[Any]:
    """Rows whose column is one of many values: a statement takes only so many parameters."""
    found: list[Any] = []
    for start in range(0, len(wanted), 500):
        found += connection.execute(query.where(column.in_(wanted[start : start + 500]))).all()
    return found


# --- shapes ----------------------------------------------------------------------------------------------------------


def by_sample(looks: Iterable[RowMapping]) -> dict[str, list[RowMapping]]:
    grouped: dict[str, list[RowMapping]] = {}
    for look in looks:
        grouped.setdefault(look["sample_id"], []).append(look)
    return grouped


def head(looks: Sequence[RowMapping], ends: Ends) -> Row:
    first = looks[0]
    return {
        "sample": first["sample_id"],
        "hall": first["hall_code"],
        "date": first["date"],
        "slot": first["slot"],
        "planned_at": ends.revealed(first),
    }


def outcome_of(looks: Sequence[RowMapping]) -> Row:
    """The sample's outcome: captured if any look is, else not checkable if any is, else missed (design §2)."""
    best = min(looks, key=lambda look: OUTCOME_ORDER.index(look["outcome"]))
    return {"outcome": best["outcome"], "cause": best["cause"]}


def look_of(
    look: RowMapping,
    seen: Mapping[str, Any] | None,
    clips: Mapping[str, int],
    frames: Iterable[Any],
    names: Mapping[str, str | None],
) -> Row:
    """One camera of the sample; without a picture its series are empty."""
    document: Mapping[str, Any] = seen or {}
    return {
        "camera": look["camera_code"],
        "camera_name": names.get(look["camera_code"]),
        "outcome": look["outcome"],
        "cause": look["cause"],
        "detail": document.get("detail"),
        "clip": clips.get(look["camera_code"]),
        "seconds": document.get("seconds"),
        "detector": document.get("detector"),
        "people": document.get("people", {}).get("series", []),
        "windows": [{"name": row["name"], "present": row["present"]} for row in document.get("windows", [])],
        "waiting": (document.get("waiting") or {}).get("series", []),
        "motion": [[second, change] for second, change in enumerate(document.get("motion", []))],
        "frames": [{"evidence": frame.id, "second": frame.second} for frame in frames],
        "problems": document.get("camera", {}).get("problems", []),
        "not_judged": document.get("not_judged", []),
    }

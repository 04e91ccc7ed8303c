"""Was there a morning meeting? (晨会) The recording of the minutes before opening, looked at once after the first slot.

A sample shows a minute of opening hours; rules `before_opening` ask for what lies before. Samples of their slots say
"no recording from before opening" (table `not_judged`) until this job has looked, or has found that there is none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from collectors.base import CollectorError
from collectors.video.findings import Finding
from collectors.video.hall import View, judge_hall
from collectors.video.persons import PersonDetector, person_detector
from collectors.video.rules import Rule, shipped
from collectors.video.witnesses import NO_RECORDING, RECORDING_MISSING
from dashboard.database import Database
from dashboard.database.models import FINDINGS, NOT_JUDGED, RECORD_TABLES
from dashboard.instants import to_micros
from dashboard.people import Viewer
from dashboard.sampling.capture import means_of
from dashboard.sampling.days import Camera, cameras_of
from dashboard.sampling.followup import BRIDGE_RECORDED, LOOK_BACK, Tools, look_again, opening_of
from dashboard.sampling.storing import why
from dashboard.sampling.taking import evidence_folder
from dashboard.sampling.workplace import own_folder
from dashboard.settings import Settings

PIECE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class _Morning:
    """A sample in whose slot a rule asks for the minutes before opening."""

    row: int
    sample_id: str
    hall: str
    slot: int
    starts: datetime
    rule: Rule
    cameras: Sequence[Camera]
    unanswered: Mapping[str, str]


def look_at_mornings(
    db: Database, settings: Settings, now: datetime, viewer: Viewer, *, detector: PersonDetector | None = None
) -> list[Finding]:
    """Look at the mornings that nobody has looked at, one per hall and day; the candidates found."""
    del viewer  # nothing is decided here: a candidate is the machine's
    due = [one for rule in shipped().rules if rule.before_opening for one in _due(db, settings, rule, now)]
    eyes = detector or (person_detector(settings.video.person_model) if due else None)
    return [found for one in due if eyes for found in _look(db, settings, one, eyes, now)]


def _due(db: Database, settings: Settings, rule: Rule, now: datetime) -> list[_Morning]:
    """Samples that wait for it, of halls whose cameras all keep recordings."""
    sample = RECORD_TABLES["samples"].c
    query = (
        sa.select(NOT_JUDGED.c.id, NOT_JUDGED.c.sample_id, NOT_JUDGED.c["items"], sample.hall_code, sample.date,
                  sample.slot)
        .join(RECORD_TABLES["samples"], sample.sample_id == NOT_JUDGED.c.sample_id)
        .where(NOT_JUDGED.c["at"] >= to_micros(now - LOOK_BACK), sample.slot.in_(rule.slots)).distinct()
    )  # fmt: skip
    with db.reading() as connection:
        rows = connection.execute(query.order_by(NOT_JUDGED.c.id)).all()
    found = []
    for identity, sample_id, items, hall, day, slot in rows:
        unanswered = json.loads(items)
        cameras = cameras_of(db, settings, hall)
        if unanswered.get(rule.item) == NO_RECORDING and cameras and all(one.playback_url for one in cameras):
            starts = opening_of(db, hall, date.fromisoformat(day))[0] - timedelta(seconds=rule.before_opening)
            found.append(_Morning(identity, sample_id, hall, slot, starts, rule, cameras, unanswered))
    return found


def _look(db: Database, settings: Settings, one: _Morning, eyes: PersonDetector, now: datetime) -> list[Finding]:
    with own_folder(evidence_folder(settings)) as folder:
        try:
            views = _views(one, eyes, Tools(settings.home, means_of(settings), folder))
        except CollectorError:
            _answer(db, one, RECORDING_MISSING, [], eyes, now)
            return []
    found, silent = judge_hall(views, shipped(), slot=one.slot, morning=True)
    ours = [(code, finding) for code, finding in found if finding.title == one.rule.title]
    reason = next((said.reason for said in silent if said.code == one.rule.item), None)
    _answer(db, one, reason, ours, eyes, now)
    return [finding for _, finding in ours]


def _views(one: _Morning, eyes: PersonDetector, tools: Tools) -> dict[str, View]:
    """What each camera saw, in seconds from the beginning of that time. VideoError where it is missing."""
    views = {}
    for camera in one.cameras:
        view = View(camera.windows)
        for at in range(0, round(one.rule.before_opening), PIECE_SECONDS):
            seconds = min(PIECE_SECONDS, one.rule.before_opening - at)
            seen, begins, _ = look_again(camera, one.starts + timedelta(seconds=at), seconds, eyes, tools)
            document, start = seen.document(), (begins - one.starts).total_seconds()
            view = view.with_piece(document, start, BRIDGE_RECORDED) if at else View.of(view.windows, document, -start)
        views[camera.code] = view
    return views


def _answer(
    db: Database, one: _Morning, reason: str | None, found: Sequence[tuple[str, Finding]], eyes: PersonDetector,
    now: datetime,
) -> None:  # fmt: skip
    """The candidate if there is one; the item is no longer unanswered, or for another reason."""
    left = {item: said for item, said in one.unanswered.items() if item != one.rule.item}
    left |= {one.rule.item: reason} if reason else {}
    waits = sa.update(NOT_JUDGED).where(NOT_JUDGED.c.id == one.row, NOT_JUDGED.c["items"] == json.dumps(one.unanswered))
    with db.session() as connection:
        if connection.execute(waits.values(items=json.dumps(left))).rowcount != 1:
            return  # another run was faster
        for code, finding in found:
            connection.execute(
                sa.insert(FINDINGS).values(
                    sample_id=one.sample_id, hall_code=one.hall, camera_code=code, item_code=finding.code,
                    observed_at=to_micros(one.starts), confidence=finding.confidence, duration_proven=True,
                    source="detector", detector=eyes.name, why=why(finding), created_at=to_micros(now),
                )
            )  # fmt: skip

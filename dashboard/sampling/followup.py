"""Proving how long it lasted (时长核实): what was recorded before and after a candidate, or what the camera shows next.

A job of its own, after looks are concluded: a candidate of unproven duration is followed until its item's duration is
proven or refuted, and gets one row in `follow_ups`. Killed at any time it starts anew; a row is written once. What is
fetched is measured and thrown away; of what is proven two frames stay, where the condition was first and last seen.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from checks.judge.samples import CLOSES, OPENS, clock_time
from collectors.base import CollectorError
from collectors.video.decode import VideoError
from collectors.video.evidence import keep_frames
from collectors.video.findings import Evidence, common, holding
from collectors.video.following import Piece, Reach, Verdict, next_step
from collectors.video.hall import View, long_sight_of, watchers
from collectors.video.look import Look, look
from collectors.video.minutes import Means, stretch_of
from collectors.video.persons import PersonDetector, person_detector
from collectors.video.plan import CLIP_SECONDS, LOCAL
from collectors.video.presence import Span
from collectors.video.recordings import Template
from collectors.video.reference import reference_of
from collectors.video.rules import Rule, shipped
from dashboard.database import Database
from dashboard.database.models import EVIDENCE, FINDINGS, FOLLOW_UPS, LOOKS, RECORD_TABLES
from dashboard.evidence import chain
from dashboard.instants import from_micros, to_micros
from dashboard.people import Viewer
from dashboard.sampling.capture import means_of, source_of
from dashboard.sampling.days import Camera, cameras_of
from dashboard.sampling.taking import evidence_folder
from dashboard.sampling.workplace import own_folder
from dashboard.settings import Settings

EVERY_SECONDS = 2.0
FEWEST_KEYS = 5.0
"""Key frames further apart than this many seconds tell too little of who comes and goes: then all is decoded."""
BRIDGE_RECORDED, BRIDGE_LIVE = 2.0, 30.0
"""Seconds between two clips over which a condition seen on both sides counts as held. A live camera that is asked
again begins with a fresh key frame, some seconds late."""
SETTLE = timedelta(seconds=60)
LONGEST_STEP = timedelta(hours=1)
LOOK_BACK = timedelta(days=2)
AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Followed:
    """One candidate that was followed to its end. `held` in seconds from the sample's moment."""

    finding: int
    item: str
    hall: str
    outcome: str
    reason: str | None
    held: Span


@dataclass
class _Trail:
    """A candidate on its way: the hall's cameras, what each has said so far, and what was looked at."""

    finding: Mapping[str, Any]
    rule: Rule
    moment: datetime
    places: Sequence[str]
    anchor: Span
    cameras: Mapping[str, Camera]
    views: dict[str, View]
    reach: Reach
    pieces: list[tuple[str, Path, float]] = field(default_factory=list)
    """(camera, clip, second from the moment at which it begins)."""

    @property
    def live(self) -> bool:
        """Whether one of the cameras keeps no recording: it can only be watched from now on."""
        return any(not self.cameras[code].playback_url for code in self.watching)

    @property
    def watching(self) -> list[str]:
        return watchers(self.views, self.rule, shipped())


@dataclass(frozen=True, slots=True)
class Tools:
    """How pictures are had, and a folder that is gone afterwards."""

    home: Path
    means: Means
    work: Path


def follow_up_due(
    db: Database, settings: Settings, now: datetime, viewer: Viewer, *, detector: PersonDetector | None = None
) -> list[Followed]:
    """Follow the candidates whose surroundings can be seen by `now` (aware), a few at a time, oldest first.

    Raises MingchaError if the evidence folder cannot be written, ModelError for a bad detector.
    """
    rows = [trail for row in _open_findings(db, now) if (trail := _trail(db, settings, row)) and _is_ready(trail, now)]
    if not rows:
        return []
    eyes = detector or person_detector(settings.video.person_model)
    return [done for trail in rows[:AT_ONCE] if (done := _follow(db, settings, trail, eyes, now, viewer)) is not None]


def _open_findings(db: Database, now: datetime) -> list[Mapping[str, Any]]:
    """Candidates of the hall whose duration nobody has looked into."""
    camera_items = sorted(shipped().of_a_camera)
    query = sa.select(FINDINGS).where(
        FINDINGS.c.source == "detector",
        ~FINDINGS.c.duration_proven,
        FINDINGS.c.sample_id.is_not(None),
        FINDINGS.c.item_code.not_in(camera_items),
        FINDINGS.c.created_at >= to_micros(now - LOOK_BACK),
        ~sa.exists().where(FOLLOW_UPS.c.finding_id == FINDINGS.c.id),
    )
    with db.reading() as connection:
        return [dict(row) for row in connection.execute(query.order_by(FINDINGS.c.id)).mappings()]


def _trail(db: Database, settings: Settings, finding: Mapping[str, Any]) -> _Trail | None:
    """Everything about a candidate; None if the rule that proposed it is gone."""
    why = json.loads(finding["why"] or "{}")
    named = [one for one in shipped().rules if (one.item, one.title) == (finding["item_code"], why.get("title"))]
    if not named:
        return None
    cameras = {camera.code: camera for camera in cameras_of(db, settings, finding["hall_code"])}
    sample, look_row = RECORD_TABLES["samples"].c, LOOKS.c
    with db.reading() as connection:
        outcomes = {
            row.camera_code: row
            for row in connection.execute(
                sa.select(sample.camera_code, sample.outcome, sample.planned_at, sample.date).where(
                    sample.sample_id == finding["sample_id"]
                )
            )
        }
        results = {
            row.camera_code: json.loads(row.result)
            for row in connection.execute(
                sa.select(look_row.camera_code, look_row.result).where(look_row.sample_id == finding["sample_id"])
            )
        }
    views = {}
    for code, row in outcomes.items():
        seen = results.get(code) if row.outcome == "captured" else None
        if code in cameras:
            views[code] = View.of(cameras[code].windows, seen, float(seen["lead"]) if seen else 0.0)
    if finding["camera_code"] not in views:
        return None
    row = outcomes[finding["camera_code"]]
    moment, lead = from_micros(row.planned_at), views[finding["camera_code"]].lead
    opens, closes = opening_of(db, finding["hall_code"], date.fromisoformat(row.date))
    trail = _Trail(
        finding, named[0], moment, _places(why["windows"]), (finding["starts"] - lead, finding["ends"] - lead), cameras,
        views, Reach((opens - moment).total_seconds(), (closes - moment).total_seconds()),
    )  # fmt: skip
    if trail.live:
        trail.reach = Reach(0.0, trail.reach.latest)
    return trail


def _places(windows: Sequence[str]) -> Sequence[str]:
    return windows or [""]


def opening_of(db: Database, hall: str, day: date) -> tuple[datetime, datetime]:
    """When the hall opens and closes on the day (aware): the hours of its calendar, else 08:30 to 17:30."""
    table = RECORD_TABLES["hall_days"].c
    query = sa.select(table.opens, table.closes).where(table.hall_code == hall, table.date == day.isoformat())
    with db.reading() as connection:
        row = connection.execute(query).first()
    opens = clock_time(row.opens if row else None, OPENS)
    closes = clock_time(row.closes if row else None, CLOSES)
    return datetime.combine(day, opens, LOCAL), datetime.combine(day, closes, LOCAL)


def _is_ready(trail: _Trail, now: datetime) -> bool:
    """A live camera at once; recordings once all that may be needed after the candidate has been recorded."""
    if trail.live:
        return True
    longest = timedelta(seconds=CLIP_SECONDS + trail.rule.seconds) + SETTLE
    steps = [
        Template(url, code, Path()).step if "://" not in url else timedelta(0)
        for code in trail.watching
        if (url := trail.cameras[code].playback_url)
    ]
    return now >= trail.moment + longest + min(LONGEST_STEP, max(steps, default=timedelta(0)))


def _follow(
    db: Database, settings: Settings, trail: _Trail, eyes: PersonDetector, now: datetime, viewer: Viewer
) -> Followed | None:
    root = evidence_folder(settings)
    with own_folder(root) as folder:
        clips, stills = folder / "clips", folder / "stills"
        clips.mkdir()
        verdict, reason = _verdict(trail, eyes, Tools(settings.home, means_of(settings), clips))
        frames = _kept_frames(trail, verdict.held, stills) if verdict.outcome == "proven" else []
        stored = _store(db, trail, verdict, reason, frames, eyes.name, root, now, viewer)
    if not stored:
        return None
    one = trail.finding
    return Followed(one["id"], one["item_code"], one["hall_code"], verdict.outcome, reason, verdict.held)


def _verdict(trail: _Trail, eyes: PersonDetector, tools: Tools) -> tuple[Verdict, str | None]:
    """Fetch and look until it is decided; every piece is longer than nothing and inside the reach, so this ends."""
    reason = None
    while True:
        holds = holding(trail.rule, trail.places, long_sight_of(trail.views, shipped()))
        if isinstance(holds, str):
            return Verdict("not_possible", trail.anchor), holds
        looked = common([trail.views[code].looked for code in trail.watching])
        step = next_step(holds, looked, trail.anchor, trail.rule.seconds, trail.reach)
        if isinstance(step, Verdict):
            return step, reason if step.outcome == "not_possible" else None
        try:
            for code in trail.watching:
                _look_at(trail, code, step, eyes, tools)
        except CollectorError as error:  # nothing to be had on that side: what is known must do
            reason = error.reason if isinstance(error, VideoError) else str(error)
            before = step.end <= looked[0][0] + 1
            trail.reach = (
                Reach(looked[0][0], trail.reach.latest) if before else Reach(trail.reach.earliest, looked[-1][1])
            )


def _look_at(trail: _Trail, code: str, piece: Piece, eyes: PersonDetector, tools: Tools) -> None:
    """One camera's piece into its view. VideoError if it cannot be had."""
    camera = trail.cameras[code]
    starts, seconds = trail.moment + timedelta(seconds=piece.start), piece.end - piece.start
    seen, at, clip = look_again(camera, starts, seconds, eyes, tools)
    begins = (at - trail.moment).total_seconds()
    bridge = BRIDGE_RECORDED if camera.playback_url else BRIDGE_LIVE
    trail.views[code] = trail.views[code].with_piece(seen.document(), begins, bridge)
    trail.pieces.append((code, clip, begins))


def look_again(
    camera: Camera, starts: datetime, seconds: float, eyes: PersonDetector, tools: Tools
) -> tuple[Look, datetime, Path]:
    """Look at another stretch of a camera, by its key frames if they are close enough; when it begins, and its clip.

    VideoError as `stretch_of`.
    """
    clip = tools.work / f"{len(list(tools.work.iterdir()))}.mp4"
    got = stretch_of(source_of(camera, tools.home), starts, clip, tools.means, seconds=seconds, small=False)
    reference = reference_of(camera.reference) if camera.reference else None
    at_it = partial(look, clip, windows=camera.windows, detector=eyes, reference=reference, every=EVERY_SECONDS)
    seen = at_it(keys=True)
    return seen if seen.frames_analysed * FEWEST_KEYS >= seen.seconds else at_it(), got.begins, clip


def _kept_frames(trail: _Trail, held: Span, folder: Path) -> list[tuple[str, Evidence]]:
    """Frames of the pieces that show the condition near its beginning and near its end."""
    shown = [one for one in trail.pieces if one[0] == trail.finding["camera_code"]]
    kept = []
    for code, clip, begins in {id(one): one for one in (shown[:1] + shown[-1:])}.values():
        length = trail.views[code].looked[-1][1] - begins
        second = min(max(0.5, held[0] - begins + 0.5), max(0.0, min(held[1] - begins, length) - 0.5))
        for frames in keep_frames(clip, [(trail.rule.item, [round(second, 2)])], folder):
            kept += [(code, frame) for frame in frames]
    return kept


def _store(
    db: Database, trail: _Trail, verdict: Verdict, reason: str | None, frames: Sequence[tuple[str, Evidence]],
    detector: str, root: Path, now: datetime, viewer: Viewer,
) -> bool:  # fmt: skip
    """One row, once, and the frames into the folder of the candidate. False if another run was faster.

    A folder that is there already was left by a run killed at this point: its files are in no row, and go.
    """
    finding = trail.finding
    row = {
        "finding_id": finding["id"],
        "sample_id": finding["sample_id"],
        "outcome": verdict.outcome,
        "reason": reason,
        "held": round(verdict.held[1] - verdict.held[0], 1),
        "spans": json.dumps({code: [[round(a, 1), round(b, 1)] for a, b in trail.views[code].looked]
                             for code in trail.watching}),
        "detector": detector,
        "at": to_micros(now),
    }  # fmt: skip
    with db.session() as connection:
        there = sa.select(FOLLOW_UPS.c.id).where(FOLLOW_UPS.c.finding_id == finding["id"])
        if connection.execute(there).first():
            return False
        chain.enter(connection, FOLLOW_UPS, row, by=viewer, at=now)
        folder = root / "follow-ups" / f"{finding['id']}"
        shutil.rmtree(folder, ignore_errors=True)
        if frames:
            folder.parent.mkdir(exist_ok=True)
            Path(frames[0][1].path).parent.replace(folder)
        for code, frame in frames:
            path = folder / Path(frame.path).name
            entry = {
                "sample_id": finding["sample_id"], "finding_id": finding["id"], "camera_code": code, "kind": "frame",
                "path": str(path.relative_to(root)), "sha256": frame.sha256, "bytes": path.stat().st_size,
                "second": frame.second, "taken_at": to_micros(trail.moment), "created_at": to_micros(now),
                "detector": detector,
            }  # fmt: skip
            chain.enter(connection, EVIDENCE, entry, by=viewer, at=now, kind="frame")
    return True

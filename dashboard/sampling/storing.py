"""The outcome of a look into the database (样本入库): one transaction each, a kill leaves it done or not begun."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from collectors.records import SAMPLES
from collectors.video.findings import Finding, NotJudged
from collectors.video.hall import View, judge_hall
from collectors.video.rules import shipped
from dashboard.actions import audit
from dashboard.database import Database
from dashboard.database.models import BATCHES, EVIDENCE, FINDINGS, LOOKS, NOT_JUDGED, RECORD_TABLES
from dashboard.evidence import chain
from dashboard.instants import to_micros
from dashboard.intake.content import content_hash
from dashboard.people import Viewer
from dashboard.sampling import faults
from dashboard.sampling.capture import Outcome, Task
from dashboard.sampling.days import SOURCE, Due

FINAL = ("captured", "missed", "not_checkable")


def states(db: Database, day: date) -> dict[tuple[str, int, str], str]:
    """(hall, slot, camera) → outcome of the looks of a day, imported ones too."""
    sample = RECORD_TABLES["samples"].c
    query = sa.select(sample.hall_code, sample.slot, sample.camera_code, sample.outcome)
    with db.reading() as connection:
        rows = connection.execute(query.where(sample.date == day.isoformat())).all()
    return {(row.hall_code, row.slot, row.camera_code): row.outcome for row in rows}


def still_open(db: Database) -> Callable[[str, str], bool]:
    """Whether the look of a sample by a camera has no outcome yet, as of now."""
    sample = RECORD_TABLES["samples"].c
    with db.reading() as connection:
        query = sa.select(sample.sample_id, sample.camera_code).where(sample.outcome == "planned")
        planned = {(row.sample_id, row.camera_code) for row in connection.execute(query)}
    return lambda sample_id, camera: (sample_id, camera) in planned


def announce(
    db: Database, due: Due, day: date, moment: datetime, cameras: Sequence[str], *, by: Viewer, now: datetime
) -> None:
    """Rows for looks whose moment has come (never before): outcome `planned`. Those that exist already stay."""
    table = RECORD_TABLES["samples"]
    with db.session() as connection:
        sample_id = due.sample_id(day)
        there = sa.select(table.c.camera_code).where(table.c.sample_id == sample_id)
        missing = [code for code in cameras if code not in set(connection.execute(there).scalars())]
        if not missing:
            return
        batch = _batch(connection, len(missing), "new", by, now)
        for number, code in enumerate(missing, 1):
            values = {
                "sample_id": sample_id,
                "hall_code": due.hall,
                "camera_code": code,
                "date": day.isoformat(),
                "slot": due.number,
                "planned_at": to_micros(moment),
                "outcome": "planned",
            }
            connection.execute(sa.insert(table).values({**values, **_lineage(values, batch, number, now)}))


def conclude(db: Database, due: Due, outcome: Outcome, root: Path, *, by: Viewer, now: datetime) -> bool:
    """Store how a look ended, with its findings and evidence; the last look of a sample adds the hall's findings.

    False if somebody else had concluded it before: nothing is written then. `root` is the evidence folder.
    """
    table, task = RECORD_TABLES["samples"], outcome.task
    mine = sa.and_(table.c.sample_id == task.sample_id, table.c.camera_code == task.camera.code)
    with db.session() as connection:
        values = {
            "outcome": outcome.outcome,
            "cause": outcome.cause,
            "captured_at": to_micros(outcome.captured_at) if outcome.captured_at else None,
        }
        waiting = sa.update(table).where(mine, table.c.outcome == "planned")
        if connection.execute(waiting.values(values)).rowcount != 1:
            return False
        batch = _batch(connection, 1, "updated", by, now)
        row = dict(connection.execute(sa.select(table).where(mine)).mappings().one())
        connection.execute(sa.update(table).where(mine).values(_lineage(row, batch, 1, now)))
        desk = _Desk(connection, due, task, root, by, now)
        _settle(outcome)
        if outcome.look is not None:
            desk.keep_look(outcome)
        desk.conclude_hall()
        faults.note(connection, camera=task.camera.code, hall=due.hall, sample=task.sample_id, outcome=outcome.outcome,
                    cause=outcome.cause, at=task.moment)  # fmt: skip
        detail = " ".join(filter(None, (outcome.outcome, outcome.cause, outcome.detail)))
        audit.record(connection, by, "take_sample", f"{task.sample_id} {task.camera.code}", detail, at=now)
    return True


def _settle(outcome: Outcome) -> None:
    """The files of the attempt that counts become the sample's folder.

    One that is there already was left by a run killed at this point: its files are in no row, and go.
    """
    folder, clip = outcome.task.folder, outcome.clip
    shutil.rmtree(folder, ignore_errors=True)
    if outcome.look is None or clip is None:
        return
    for frame in {frame.path for finding in outcome.look.findings for frame in finding.evidence}:
        Path(frame).replace(clip.path.with_name(Path(frame).name))
    folder.parent.mkdir(parents=True, exist_ok=True)
    clip.path.parent.replace(folder)


@dataclass(frozen=True, slots=True)
class _Desk:
    """One transaction about one sample: where its looks, findings and evidence are entered."""

    connection: Connection
    due: Due
    task: Task
    root: Path
    by: Viewer
    now: datetime

    def keep_look(self, outcome: Outcome) -> None:
        """The look itself, its clip, and what it says of the camera; everything else is the hall's to say."""
        look, clip, code = outcome.look, outcome.clip, self.task.camera.code
        assert look is not None
        assert clip is not None
        folder = self.task.folder.relative_to(self.root)
        document = {**look.document(), "lead": round(clip.lead, 3), "detail": outcome.detail}
        for frame in (frame for finding in document["findings"] for frame in finding["evidence"]):
            frame["path"] = str(folder / Path(frame["path"]).name)
        self.connection.execute(
            sa.insert(LOOKS).values(
                sample_id=self.task.sample_id,
                camera_code=code,
                looked_at=to_micros(self.now),
                detector=look.detector,
                result=json.dumps(document, ensure_ascii=False),
            )
        )
        path, taken = str(folder / clip.path.name), outcome.captured_at
        self.keep_file(code, "clip", path, look.sha256, look.detector, offset=look.offset_seconds, server_at=taken)
        for finding, written in zip(look.findings, document["findings"], strict=True):
            if finding.code in shipped().of_a_camera:
                identity = self.keep_finding(code, finding, clip.lead, look.detector)
                self.keep_frames(code, written["evidence"], identity, look.detector)

    def conclude_hall(self) -> None:
        """Once every look of the sample is final: what they say together, with the frames kept."""
        outcomes = self._outcomes()
        if any(outcome not in FINAL for outcome in outcomes.values()):
            return
        looks = self._looks()
        seeing = {code: look for code, look in looks.items() if outcomes[code] == "captured"}
        views = {
            camera.code: View.of(camera.windows, seeing.get(camera.code), _lead(looks.get(camera.code)))
            for camera in self.due.cameras
            if camera.code in outcomes
        }
        found, silent = judge_hall(views, shipped(), slot=self.due.number)
        shown: dict[tuple[str, str], int] = {}
        for code, finding in found:
            identity = self.keep_finding(code, finding, _lead(looks[code]), looks[code]["detector"])
            shown.update({(camera, finding.code): identity for camera in (seeing if finding.code == "R01" else [code])})
        for code, document in seeing.items():
            frames = {frame["path"]: (frame, shown.get((code, one["code"]))) for one in reversed(document["findings"])
                      if one["code"] not in shipped().of_a_camera for frame in one["evidence"]}  # fmt: skip
            for frame, shows in frames.values():
                self.keep_frames(code, [frame], shows, document["detector"])
        self.keep_silence(silent)

    def keep_silence(self, silent: Sequence[NotJudged]) -> None:
        """The items on which this sample gives no answer, with the reason: none is not the same as nothing found."""
        if silent:
            self.connection.execute(
                sa.insert(NOT_JUDGED).values(
                    sample_id=self.task.sample_id,
                    hall_code=self.due.hall,
                    items=json.dumps({one.code: one.reason for one in silent}),
                    at=to_micros(self.now),
                )
            )

    def keep_finding(self, camera: str, finding: Finding, lead: float, detector: str) -> int:
        observed = self.task.moment + timedelta(seconds=max(0.0, finding.start - lead))
        statement = sa.insert(FINDINGS).values(
            sample_id=self.task.sample_id,
            hall_code=self.due.hall,
            camera_code=camera,
            item_code=finding.code,
            observed_at=to_micros(observed),
            starts=round(finding.start, 2),
            ends=round(finding.end, 2),
            confidence=finding.confidence,
            duration_proven=finding.duration_proven,
            source="detector",
            detector=detector,
            why=why(finding),
            created_at=to_micros(self.now),
        )
        return int(self.connection.execute(statement.returning(FINDINGS.c.id)).scalar_one())

    def keep_frames(self, camera: str, frames: Sequence[Mapping[str, Any]], finding: int | None, detector: str) -> None:
        for frame in frames:
            self.keep_file(camera, "frame", frame["path"], frame["sha256"], detector, frame["second"], finding)

    def keep_file(
        self, camera: str, kind: str, path: str, sha256: str, detector: str, second: float | None = None,
        finding: int | None = None, *, offset: float | None = None, server_at: datetime | None = None,
    ) -> None:  # fmt: skip
        """A row for a file below the evidence folder, and its entry in the chain. It never changes."""
        values = {
            "sample_id": self.task.sample_id,
            "finding_id": finding,
            "camera_code": camera,
            "kind": kind,
            "path": path,
            "sha256": sha256,
            "bytes": (self.root / path).stat().st_size,
            "second": second,
            "taken_at": to_micros(self.task.moment),
            "offset_seconds": offset,
            "picture_at": None if offset is None else to_micros(self.task.moment + timedelta(seconds=offset)),
            "server_at": to_micros(server_at) if server_at else None,
            "detector": detector,
            "hall_name": self.due.hall_name,
            "created_at": to_micros(self.now),
        }
        chain.enter(self.connection, EVIDENCE, values, by=self.by, at=self.now, kind=kind)

    def _outcomes(self) -> dict[str, str]:
        sample = RECORD_TABLES["samples"].c
        query = sa.select(sample.camera_code, sample.outcome).where(sample.sample_id == self.task.sample_id)
        return {row.camera_code: row.outcome for row in self.connection.execute(query)}

    def _looks(self) -> dict[str, dict[str, Any]]:
        query = sa.select(LOOKS.c.camera_code, LOOKS.c.result).where(LOOKS.c.sample_id == self.task.sample_id)
        return {row.camera_code: json.loads(row.result) for row in self.connection.execute(query)}


def _lead(document: Mapping[str, Any] | None) -> float:
    return float(document["lead"]) if document else 0.0


def why(finding: Finding) -> str:
    """The reason as JSON: pages and exports put it into words of the reader's language (`queries.samples`)."""
    return json.dumps(
        {
            "windows": list(finding.windows),
            "problem": finding.problem,
            "title": finding.title,
            "seconds": round(finding.end - finding.start, 1),
        },
        ensure_ascii=False,
    )


def _batch(connection: Connection, count: int, kind: str, by: Viewer, now: datetime) -> int:
    """A batch of our own making, so that judging sees what changed as it does for imports."""
    at = to_micros(now)
    values = {
        "source": SOURCE,
        "system": SOURCE,
        "record": SAMPLES.name,
        "state": "done",
        "read": count,
        kind: count,
        "started_at": at,
        "finished_at": at,
        "by": by.name,
    }
    return int(connection.execute(sa.insert(BATCHES).values(values).returning(BATCHES.c.id)).scalar_one())


def _lineage(row: dict[str, Any], batch: int, number: int, now: datetime) -> dict[str, Any]:
    frame = pl.DataFrame(
        [{name: row.get(name) for name in (*SAMPLES.names, "precision", "unreadable")}], infer_schema_length=None
    )
    digest = int(content_hash(SAMPLES, frame)[0])
    return {"version_at": to_micros(now), "content_hash": digest, "batch_id": batch, "row_no": number}

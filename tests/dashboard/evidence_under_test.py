"""A small installation with a chain of evidence: two files, audit lines, a review."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from dashboard.actions import audit
from dashboard.bootstrap import Application
from dashboard.database import Database
from dashboard.database.models import AUDIT, CHAIN, CHAIN_CONTENTS, EVIDENCE, REVIEWS
from dashboard.evidence import chain
from dashboard.evidence.heads import create_key
from dashboard.evidence.verifying import verify_evidence
from dashboard.people import Viewer, system_viewer
from dashboard.settings import EvidenceSettings, Settings, VideoSettings

NOW = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
INSPECTOR = Viewer("张检", "inspector", frozenset({"*"}))
CONTENTS = {"clip": b"a clip, as the camera sent it", "frame": b"a frame of it"}


class Store:
    """The application at a fixed time, with helpers that write and break things."""

    def __init__(self, db: Database, home: Path) -> None:
        self.now = NOW
        settings = Settings(
            home=home,
            video=VideoSettings(evidence_dir="evidence"),
            evidence=EvidenceSettings(key_file="evidence.key", heads_dir="heads"),
        )
        self.app = Application(settings, db, system_viewer(), lambda: self.now)
        self.db, self.home, self.settings = db, home, settings
        (home / "evidence").mkdir()
        create_key(home / "evidence.key")

    def note(self, action="look", subject=None, detail=None, *, by=INSPECTOR):
        with self.db.session() as connection:
            audit.record(connection, by, action, subject, detail, at=self.now)

    def file(self, kind="clip", *, sample="H001-2026-09-01-1", taken=None, name=None, content=None):
        content = CONTENTS[kind] if content is None else content
        name = name or f"{sample}-{kind}"
        (self.home / "evidence" / name).write_bytes(content)
        values = {
            "sample_id": sample, "camera_code": "H001-1", "kind": kind, "path": name, "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(), "taken_at": chain.to_micros(taken or self.now),
            "hall_name": "城关营业厅", "created_at": chain.to_micros(self.now),
        }  # fmt: skip
        with self.db.session() as connection:
            return chain.enter(connection, EVIDENCE, values, by=system_viewer(), at=self.now, kind=kind)

    def review(self, decision="confirmed", *, finding=1, sample="H001-2026-09-01-1"):
        row = {"finding_id": finding, "sample_id": sample, "decision": decision, "item_code": "R01",
               "by": INSPECTOR.name, "at": chain.to_micros(self.now)}  # fmt: skip
        with self.db.session() as connection:
            return chain.enter(connection, REVIEWS, row, by=INSPECTOR, at=self.now)

    def filled(self):
        """Two files, three audit lines and a review: seven entries with the one that began the chain."""
        self.note("import", "tickets")
        self.file("clip")
        self.file("frame")
        self.note("look", "evidence 1")
        self.review()
        self.note("export", "2026-Q3", '{"reason": "电话 13812345678"}')
        return self

    def later(self, **delta):
        self.now += timedelta(**delta)

    def verified(self, **options):
        return verify_evidence(self.db, self.settings, now=self.now, **options)

    def problems(self, **options):
        return [(one["kind"], one["what"]) for one in self.verified(**options).problems]

    def kinds(self, **options):
        return sorted({kind for kind, _ in self.problems(**options)})

    def break_in(self, *statements):
        """Change the database as its owner could: without the triggers that refuse it."""
        for table in (CHAIN, CHAIN_CONTENTS, AUDIT, REVIEWS, EVIDENCE):
            disarm(self.db, table.name)
        with self.db.session() as connection:
            for statement in statements:
                connection.execute(sa.text(statement) if isinstance(statement, str) else statement)

    def rows(self, query):
        with self.db.reading() as connection:
            return connection.execute(query).all()


def disarm(db: Database, table: str) -> None:
    with db.session() as connection:
        if db.dialect == "postgresql":
            connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            return
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?"
        for name in connection.exec_driver_sql(query, (table,)).scalars().all():
            connection.exec_driver_sql(f"DROP TRIGGER {name}")

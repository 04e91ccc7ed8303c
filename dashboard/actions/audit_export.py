"""The audit trail taken out (审计导出): csv or JSON, with the digest of its bytes in the trail itself."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from dashboard.actions import audit
from dashboard.database import Database
from dashboard.database.models import CHAIN_HEADS
from dashboard.people import Viewer
from dashboard.queries.audit import Line, Wanted, every_line

Kind = Literal["csv", "json"]
COLUMNS = ("id", "at", "actor", "acting_for", "os_user", "action", "subject", "detail", "entry")
_FORMULA = ("=", "+", "-", "@", "\t", "＝", "＋", "－", "＠")


@dataclass(frozen=True, slots=True)
class Exported:
    """A file of the trail. `sha256` of `content` stands in the line that tells of the export, and so in the chain,
    whose next head is signed."""

    content: bytes
    sha256: str
    lines: int


def export_trail(db: Database, *, by: Viewer, wanted: Wanted, kind: Kind, at: datetime) -> Exported:
    """The wanted lines as a file; the export is a line of the trail before the file leaves. NotAllowedError."""
    lines = every_line(db, by, wanted)
    content = _json(db, lines) if kind == "json" else _csv(lines)
    digest = hashlib.sha256(content).hexdigest()
    told = json.dumps({"kind": kind, "lines": len(lines), "sha256": digest})
    with db.session() as connection:
        audit.record(connection, by, "export_audit", "audit", told, at=at)
    return Exported(content, digest, len(lines))


def _json(db: Database, lines: list[Line]) -> bytes:
    query = sa.select(CHAIN_HEADS.c.document).order_by(CHAIN_HEADS.c.id.desc()).limit(1)
    with db.reading() as connection:
        head = connection.execute(query).scalar()
    document = {"head": json.loads(head) if head else None, "rows": [line.document() for line in lines]}
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def _csv(lines: list[Line]) -> bytes:
    """With a byte order mark, as spreadsheets want it; a cell that would be a formula is text."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for line in lines:
        told = line.document()
        writer.writerow([_cell(told[name]) for name in COLUMNS])
    return file.getvalue().encode("utf-8-sig")


def _cell(value: object) -> object:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text

"""Writing the quarter's documents (导出): every export is logged, a file is there whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from checks.hall_evaluation import Scheme
from dashboard.actions import audit
from dashboard.bootstrap import Application
from dashboard.errors import MingchaError
from dashboard.exports.halls import hall_workbook
from dashboard.exports.violations import ledger_workbook
from dashboard.exports.workbook import workbook_of
from dashboard.freezing.facts import documents_facts
from dashboard.judging.rules import rules_of
from dashboard.people import Viewer
from dashboard.queries.offices import visible_tree
from dashboard.queries.violations import stories
from dashboard.rights import require


@dataclass(frozen=True, slots=True)
class Written:
    """A document on disk."""

    path: Path
    sha256: str
    snapshot: str | None
    """Digest of the snapshot that it prints; None: the live data."""


def quarter_documents(
    app: Application, *, by: Viewer, period: str, as_of: datetime | None = None
) -> tuple[Mapping[str, bytes], str | None]:
    """File name → content of the period's documents, for what the person may see, and the snapshot they print.

    Logged as an export. Raises PeriodError, MingchaError when no edition was in force.
    """
    facts = documents_facts(app, by, period, as_of)
    documents = {f"mingcha-{period}.xlsx": workbook_of(facts, app, by)}
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in documents.items()}
    detail = json.dumps({"as_of": as_of.isoformat() if as_of else None, "files": digests}, ensure_ascii=False)
    with app.db.session() as connection:
        audit.record(connection, by, "export", period, detail, at=app.now())
    return documents, facts.frozen.digest if facts.frozen else None


def export_quarter(
    app: Application, *, by: Viewer, period: str, folder: Path, as_of: datetime | None = None
) -> list[Written]:
    """Write the period's documents into the folder, replacing older ones of the same name.

    Raises MingchaError naming the folder when it cannot be written.
    """
    _require_folder(folder)
    documents, snapshot = quarter_documents(app, by=by, period=period, as_of=as_of)
    return [_written(folder / name, content, snapshot) for name, content in documents.items()]


def hall_document(app: Application, *, by: Viewer, scheme: Scheme, document: Mapping[str, Any]) -> bytes:
    """The hall reports (`dashboard.queries.hall_reports`) as a workbook. Logged as an export."""
    content = hall_workbook(app, by, scheme, document)
    detail = json.dumps({"halls": hashlib.sha256(content).hexdigest(), "as_of": document["as_of"]})
    with app.db.session() as connection:
        audit.record(connection, by, "export", document["period"], detail, at=app.now())
    return content


def violation_ledger(app: Application, *, by: Viewer, numbers: Sequence[str], titles: Mapping[str, str]) -> bytes:
    """The cases of these numbers as a workbook, as far as the person may see them. Logged as an export."""
    require(by, "export violations")
    at, rules = app.now(), rules_of(app.settings, app.db)
    found = stories(app.db, by, numbers, rules=rules, as_of=at)
    content = ledger_workbook(app, by, found, titles, visible_tree(app.db, by), at)
    detail = json.dumps({"violations": hashlib.sha256(content).hexdigest(), "n": len(found)})
    with app.db.session() as connection:
        audit.record(connection, by, "export", "violations", detail, at=at)
    return content


def export_halls(app: Application, *, by: Viewer, scheme: Scheme, document: Mapping[str, Any], folder: Path) -> Written:
    """Write the hall reports into the folder. MingchaError names what cannot be written."""
    _require_folder(folder)
    content = hall_document(app, by=by, scheme=scheme, document=document)
    return _written(folder / f"mingcha-halls-{document['period']}.xlsx", content, None)


def _written(path: Path, content: bytes, snapshot: str | None) -> Written:
    try:
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        raise MingchaError(f"{path} cannot be written: {error.strerror}.", "Choose another --to.") from error
    return Written(path, hashlib.sha256(content).hexdigest(), snapshot)


def _require_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MingchaError(f"The folder {folder} cannot be made: {error.strerror}.", "Choose another --to.") from error

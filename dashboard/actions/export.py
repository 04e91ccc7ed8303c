"""Writing the quarter's documents (导出): every export is logged, a file is there whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dashboard.actions import audit
from dashboard.bootstrap import Application
from dashboard.errors import MingchaError
from dashboard.exports.workbook import workbook_of
from dashboard.freezing.facts import documents_facts
from dashboard.people import Viewer


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
    found = []
    documents, snapshot = quarter_documents(app, by=by, period=period, as_of=as_of)
    for name, content in documents.items():
        path = folder / name
        try:
            part = path.with_name(f".{name}.{os.getpid()}.part")
            part.write_bytes(content)
            part.replace(path)
        except OSError as error:
            raise MingchaError(f"{path} cannot be written: {error.strerror}.", "Choose another --to.") from error
        found.append(Written(path, hashlib.sha256(content).hexdigest(), snapshot))
    return found


def _require_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MingchaError(f"The folder {folder} cannot be made: {error.strerror}.", "Choose another --to.") from error

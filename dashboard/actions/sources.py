"""Save a mapping as a source (保存数据源): `sources.d/<name>.toml` beside mingcha.toml, validated, with one audit line.

mingcha.toml is the company's own file and is never written to. A source saved here reads files below `inbox` only:
what lies elsewhere on the machine is for its administrator to name, in mingcha.toml.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from collectors.mapping import SpreadsheetConfig, parse_config
from collectors.mapping_text import as_toml
from dashboard.actions import audit
from dashboard.database import Database
from dashboard.errors import MingchaError, UsageError
from dashboard.people import Viewer
from dashboard.rights import require
from dashboard.settings import SAVED_IN, SAVED_SOURCES, Settings, with_saved_sources

INBOX = "inbox"
_NAME = re.compile(r"\w[\w .-]{0,59}")
_FILE = re.compile(r"[^\x00-\x1f/\\:*?\"<>|]{1,120}")


def save_source(
    db: Database,
    settings: Settings,
    *,
    by: Viewer,
    raw: Mapping[str, Any],
    replace: bool = False,
    first_file: tuple[str, bytes] | None = None,
    at: datetime,
) -> Path:
    """Write the source `raw` (the keys of a `[[sources]]` table) and return its file; `replace` one saved before.

    `first_file` (name, content) is laid into the source's folder, so that the next round takes it in.
    Raises NotAllowedError, UsageError (name taken, path outside), CollectorError (what `parse_config` refuses).
    """
    require(by, "save sources")
    text = as_toml(raw)
    name = _usable_name(raw)
    config = parse_config(SpreadsheetConfig, raw, f"source '{name}'")
    inbox = _inside(settings, config.path or "")
    target = settings.home / SAVED_SOURCES / f"{name}.toml"
    _refuse_taken(settings, name, target, replace=replace)
    first = None if first_file is None else (inbox / _file_name(first_file[0]), first_file[1])
    with db.session() as connection:
        told = json.dumps({"sources": [dict(raw)]}, ensure_ascii=False)  # a line of the audit has no line breaks
        audit.record(connection, by, "save source", name, told, at=at)
        try:
            _write(target, text.encode())
            inbox.mkdir(parents=True, exist_ok=True)
            if first is not None:
                _lay(*first)
        except OSError as error:
            raise MingchaError(
                f"{target} could not be written: {error.strerror}.", "Check the rights and the space of the folder."
            ) from error
    return target


def _usable_name(raw: Mapping[str, Any]) -> str:
    name = str(raw.get("name", "")).strip()
    if not _NAME.fullmatch(name) or name != raw.get("name"):
        raise UsageError(
            f"'{name}' is no name for a source.", "Use letters, digits, blanks, dots and dashes, up to 60."
        )
    return name


def _inside(settings: Settings, path: str) -> Path:
    """The folder of the pattern: one below `inbox`, where nothing else of ours lies that a file could replace."""
    pattern = PurePosixPath(path)
    folder = settings.path(str(pattern.parent))
    strange = "://" in path or "\\" in path or ".." in pattern.parts or set("*?[").intersection(str(pattern.parent))
    below = len(pattern.parts) >= 3 and pattern.parts[0] == INBOX
    if strange or not below or not folder.is_relative_to(settings.home.resolve() / INBOX):
        raise UsageError(
            f"'{path}' is not in a folder below {INBOX}.",
            f"Use a path such as {INBOX}/95598/*; other places are named in mingcha.toml itself.",
        )
    return folder


def _refuse_taken(settings: Settings, name: str, target: Path, *, replace: bool) -> None:
    present = with_saved_sources(settings).sources
    if any(raw.get("name") == name and SAVED_IN not in raw for raw in present):
        raise UsageError(f"mingcha.toml has a source '{name}' already.", "Choose another name, or edit it there.")
    if target.exists() and not replace:
        raise UsageError(
            f"There is a source '{name}' already.", "Choose another name, or say that it is to be replaced."
        )


def _file_name(name: str) -> str:
    own = PurePosixPath(name.replace("\\", "/")).name
    if not _FILE.fullmatch(own) or own.startswith((".", "~$")):
        raise UsageError(f"'{own}' is no name for a file.", "Rename the file and drop it again.")
    return own


def _lay(path: Path, content: bytes) -> None:
    """A file that lies there already stays: it may have been taken in under its name."""
    if not path.exists():
        _write(path, content)


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all: a source that is half written would stop all others."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".saving-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o640)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise

"""A changed configuration is a line of the audit trail (配置变更): tables of `mingcha.toml`, and files beside it.

The tables are noted when web or worker start, for they are read then; the files by the worker each minute, for they are
read as they are. By digest: the trail tells that, when and where something changed, never what it says.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import sqlalchemy as sa

from checks.measures import OWN as MEASURES
from checks.warnings.catalogue import OWN as WARNINGS
from dashboard.actions import audit
from dashboard.bootstrap import Application
from dashboard.database.models import META
from dashboard.judging.rules import CALENDARS, RULEBOOKS
from dashboard.people import system_viewer
from dashboard.settings import CONFIG_FILE, Settings

KEY, FILES = "settings", "settings_files"
LOCK = 20261126
"""Number of PostgreSQL's advisory lock under which the digests are compared; SQLite has one writer anyway."""


def note_settings(app: Application) -> list[str]:
    """Record what changed since web or worker started last; the names of the changed tables. Nothing at first."""
    return _note(app, KEY, CONFIG_FILE, digests(app.settings))


def note_files(app: Application) -> list[str]:
    """Record which of the company's own rulebooks, calendars, warnings, measures and templates changed since; their
    names. At first those that are there are noted as they are."""
    return _note(app, FILES, "files beside it", files(app.settings))


def _note(app: Application, key: str, subject: str, now: Mapping[str, str]) -> list[str]:
    text = json.dumps(now, sort_keys=True)
    kept = sa.select(META.c.value).where(META.c.key == key)
    with app.db.reading() as connection:
        if connection.execute(kept).scalar() == text:
            return []
    with app.db.session() as connection:
        if app.db.dialect == "postgresql":  # web and worker start together
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
        row = connection.execute(kept).scalar()
        before: dict[str, str] = json.loads(row) if row else {}
        changed = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
        if row is None:
            connection.execute(sa.insert(META).values(key=key, value=text))
        elif changed:
            connection.execute(sa.update(META).where(META.c.key == key).values(value=text))
        if changed:
            told = {"changed": changed if row else [], "sha256": hashlib.sha256(text.encode()).hexdigest()}
            audit.record(connection, system_viewer(), "settings", subject, json.dumps(told), at=app.now())
    return changed if row else []


def digests(settings: Settings) -> dict[str, str]:
    """Table of the configuration → SHA-256 of what it says; the database's address without its passwords."""
    told = settings.model_dump(mode="json", exclude={"home", "database"})
    told["database"] = {"url": _without_password(settings.database.url)}
    return {
        name: hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
        for name, value in told.items()
    }


def _without_password(url: str) -> str:
    return sa.make_url(url).render_as_string(hide_password=True)


def files(settings: Settings) -> dict[str, str]:
    """File by which the company's rules or letters are its own, below its folder → SHA-256 of its bytes."""
    found = {}
    for path in sorted(_own(settings)):
        try:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError:  # gone, or not to be read just now: the next look tells
            continue
        found[path.name if not path.is_relative_to(settings.home) else str(path.relative_to(settings.home))] = digest
    return found


def _own(settings: Settings) -> Iterator[Path]:
    home = settings.home
    for folder in (RULEBOOKS, CALENDARS):
        yield from (path for path in (home / folder).rglob("*") if path.is_file())
    yield from (path for name in (WARNINGS, MEASURES) if (path := home / name).is_file())
    if settings.letters.folder:
        yield from settings.path(settings.letters.folder).glob("*.docx")

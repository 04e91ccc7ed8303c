"""A changed configuration is a line of the audit trail (配置变更): which tables of `mingcha.toml` are not as they were.

Noted when web or worker start, by digest: the trail tells that, when and where something changed, never what it says.
"""

from __future__ import annotations

import hashlib
import json

import sqlalchemy as sa

from dashboard.actions import audit
from dashboard.bootstrap import Application
from dashboard.database.models import META
from dashboard.people import system_viewer
from dashboard.settings import Settings

KEY = "settings"
LOCK = 20261126
"""Number of PostgreSQL's advisory lock under which the digests are compared; SQLite has one writer anyway."""


def note_settings(app: Application) -> list[str]:
    """Record what changed since web or worker started last; the names of the changed tables. Nothing at first."""
    now = digests(app.settings)
    with app.db.session() as connection:
        if app.db.dialect == "postgresql":  # web and worker start together
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
        row = connection.execute(sa.select(META.c.value).where(META.c.key == KEY)).scalar()
        before: dict[str, str] = json.loads(row) if row else {}
        changed = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
        if not changed:
            return []
        text = json.dumps(now, sort_keys=True)
        if row is None:
            connection.execute(sa.insert(META).values(key=KEY, value=text))
        else:
            connection.execute(sa.update(META).where(META.c.key == KEY).values(value=text))
        told = {"changed": changed if row else [], "sha256": hashlib.sha256(text.encode()).hexdigest()}
        audit.record(connection, system_viewer(), "settings", "mingcha.toml", json.dumps(told), at=app.now())
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

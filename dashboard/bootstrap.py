"""Wiring (装配): the only place that reads settings and makes database, clock and viewer.

Web, worker and commands call it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from dashboard import settings as settings_module
from dashboard.accounts.persons import has_accounts
from dashboard.accounts.tokens import token_viewer
from dashboard.database import Database
from dashboard.database.migrate import require_current
from dashboard.people import Viewer, viewer_named
from dashboard.settings import Settings


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Application:
    """What every entry point needs: settings, database, clock, and who is asking."""

    settings: Settings
    db: Database
    viewer: Viewer
    now: Callable[[], datetime] = field(default=_utc_now)


def as_system(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment without a person: servers and their like run as `system` whoever starts them (design §4.1)."""
    env = os.environ if environment is None else environment
    return {name: value for name, value in env.items() if name not in ("MINGCHA_USER", "MINGCHA_TOKEN")}


def open_application(
    *,
    user: str | None = None,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    need_tables: bool = True,
) -> Application:
    """Settings and database of the folder (default: the current one), seen by `user` or MINGCHA_USER, else `system`.

    Where the database has accounts the person's token must be in MINGCHA_TOKEN; else `[people]` is believed.
    Raises MingchaError for a bad configuration, NotAllowedError without the token, DatabaseUnusableError for a missing,
    unreachable or newer database.
    """
    env = os.environ if environment is None else environment
    settings = settings_module.load(env, directory)
    database = Database(
        _absolute(settings),
        busy_seconds=settings.database.busy_seconds,
        migration_url=settings.database.migration_url,
    )
    if need_tables:
        require_current(database)
    name = user or env.get("MINGCHA_USER")
    if name and need_tables and has_accounts(database):
        return Application(settings, database, token_viewer(database, name, env.get("MINGCHA_TOKEN"), at=_utc_now()))
    return Application(settings, database, viewer_named(settings, name))


def _absolute(settings: Settings) -> str:
    """A relative SQLite path is meant from the folder of mingcha.toml, wherever the process was started."""
    url = settings.database.url
    prefix = "sqlite:///"
    if not url.startswith(prefix) or url.startswith(prefix + "/"):
        return url
    return f"{prefix}{settings.path(url.removeprefix(prefix))}"

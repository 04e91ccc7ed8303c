"""What the pages stand on (装配): the one application of this process, shared by all sessions."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock

from dashboard.accounts import has_accounts
from dashboard.actions.configuring import note_settings
from dashboard.bootstrap import Application, as_system, open_application
from dashboard.database import Database
from dashboard.errors import MingchaError
from dashboard.judging.present import bring_up_to_date
from dashboard.judging.rules import rules_of
from dashboard.people import Viewer
from dashboard.queries.freshness import Freshness, freshness
from dashboard.queries.jobs import ProcessState, process_state
from dashboard.queries.staleness import Silent, silent_sources
from dashboard.settings import Settings

_home: Path | None = None
_application: Application | None = None
_looked_at = -10.0
_lock = Lock()
_proved: Database | None = None
"""The database of which it was seen that it has accounts."""

LOOK_EVERY_SECONDS = 10.0
FRESH_SECONDS = 1.0
WATCH_SECONDS = 5.0
_fresh: tuple[float, Freshness] | None = None
_watched: tuple[float, Watched] | None = None


@dataclass(frozen=True, slots=True)
class Watched:
    """What should be doing something and may not: sources past their expected silence, and the worker."""

    silent: tuple[Silent, ...]
    worker: ProcessState


def use(settings: Settings) -> None:
    """Remember the folder of the settings, and forget an application opened for another one."""
    use_folder(settings.home)


def use_folder(home: Path) -> None:
    """The same by the folder alone."""
    global _home, _application, _fresh, _watched
    with _lock:
        _home, _application, _fresh, _watched = home, None, None, None


def application() -> Application:
    """The application of this process. Raises what `open_application` raises; the next call tries again."""
    global _application
    with _lock:
        if _application is None:
            _application = open_application(directory=_home, environment=as_system())
        return _application


def proved(app: Application) -> bool:
    """Whether people prove who they are. Where they once did, nobody is believed any more while this process runs.

    A backup from before the first account, brought back under a running server, would open it to everybody:
    MingchaError then, until a new start makes an administrator.
    """
    global _proved
    if has_accounts(app.db):
        _proved = app.db
        return True
    if _proved is app.db:
        raise MingchaError("The accounts are gone from the database.", "Start the web server anew.")
    return False


def keep_judged(app: Application, viewer: Viewer, now: datetime) -> None:
    """Where no worker lives, pages bring the roll-ups up to date themselves, every ten seconds at most."""
    global _looked_at
    with _lock:
        due = time.monotonic() - _looked_at >= LOOK_EVERY_SECONDS
        if due:
            _looked_at = time.monotonic()
    if due and process_state(app.db, viewer, "worker", as_of=now).state not in ("leading", "waiting"):
        bring_up_to_date(app.db, rules_of(app.settings, app.db), now)
        stale()


def fresh(app: Application, viewer: Viewer) -> Freshness:
    """How fresh everything is, asked at most once a second by the whole process."""
    global _fresh
    now = time.monotonic()
    with _lock:
        if _fresh is not None and now - _fresh[0] < FRESH_SECONDS:
            return _fresh[1]
    found = freshness(app.db, viewer)
    with _lock:
        _fresh = (now, found)
    return found


def watched(app: Application, viewer: Viewer, now: datetime) -> Watched:
    """Silent sources and the worker's state, asked every few seconds by the whole process."""
    global _watched
    at = time.monotonic()
    with _lock:
        if _watched is not None and at - _watched[0] < WATCH_SECONDS:
            return _watched[1]
    silent = tuple(silent_sources(app.db, viewer, rules_of(app.settings, app.db), as_of=now))
    found = Watched(silent, process_state(app.db, viewer, "worker", as_of=now))
    with _lock:
        _watched = (at, found)
    return found


def stale() -> None:
    """Something was just decided here: ask again at once."""
    global _fresh, _watched
    with _lock:
        _fresh = _watched = None


def forget() -> None:
    """Close the database, for tests that use one after the other."""
    global _application, _looked_at, _fresh, _watched
    with _lock:
        if _application is not None:
            _application.db.engine.dispose()
        _application, _fresh, _watched = None, None, None
        _looked_at = -LOOK_EVERY_SECONDS


def warm_up() -> None:
    """Import and open before the first visitor what the first page needs; a broken database is the page's to tell."""
    import altair  # noqa: F401 - one second, paid before the first visitor

    try:
        note_settings(application())
    except MingchaError:
        return

"""What the pages stand on (装配): the one application of this process, shared by all sessions."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from dashboard.bootstrap import Application, open_application
from dashboard.errors import MingchaError
from dashboard.settings import Settings

_home: Path | None = None
_application: Application | None = None
_lock = Lock()


def use(settings: Settings) -> None:
    """Remember the folder of the settings, and forget an application opened for another one."""
    global _home, _application
    with _lock:
        _home, _application = settings.home, None


def application() -> Application:
    """The application of this process. Raises what `open_application` raises; the next call tries again."""
    global _application
    with _lock:
        if _application is None:
            _application = open_application(directory=_home, user=None)
        return _application


def forget() -> None:
    """Close the database, for tests that use one after the other."""
    global _application
    with _lock:
        if _application is not None:
            _application.db.engine.dispose()
        _application = None


def warm_up() -> None:
    """Import and open before the first visitor what the first page needs; a broken database is the page's to tell."""
    import altair  # noqa: F401 - one second, paid before the first visitor

    try:
        application()
    except MingchaError:
        return

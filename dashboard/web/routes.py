"""Addresses beside Streamlit's own (路由): clips and frames, by pass, with range requests, never whole in memory.

Who reviews gets the original, everybody else a copy of their own in which all but the staff is blurred.
"""

from __future__ import annotations

import logging
import threading
import time
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from dashboard.actions import audit
from dashboard.blurring import NotBlurredError, blurred_copy, original_of
from dashboard.bootstrap import Application
from dashboard.errors import MingchaError, NotAllowedError
from dashboard.evidence.parcels import parcel
from dashboard.people import Viewer, viewer_named
from dashboard.queries.evidence import Piece, piece
from dashboard.rights import may, require
from dashboard.web import passes, wiring
from dashboard.web.ranges import FilePart
from dashboard.web.signed_in import who

TYPES = {".mp4": "video/mp4", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}
HEADERS = {
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Disposition": "inline",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}
LOOK_SECONDS = passes.LIFETIME
"""A player fetches one clip in many ranges, in any order: within this time they are one look of a person at an item."""
_looks: dict[tuple[str, str, int, bool, float | None], float] = {}
_looks_lock = threading.Lock()

logger = logging.getLogger(__name__)


async def evidence(request: Request) -> Response:
    """A clip or frame: 200, 206 or 416 with a valid pass; 404 in every other case (nothing tells which).

    503 if the copy for this person cannot be made: the original is never sent instead.
    """
    return await run_in_threadpool(_evidence, request)


def _evidence(request: Request) -> Response:
    word = passes.read(request.path_params["ticket"])
    if word is None:
        return _no_such_evidence()
    try:
        app = wiring.application()
        viewer = _looker(app, request, word)
        if word.parcel is not None:
            return _parcel(app, request, viewer, word.parcel)
        found = piece(app.db, viewer, word.evidence)
        clear = word.original and may(viewer, "decide about a sample")
        original = original_of(app.settings, found)
        if request.method != "HEAD":
            _note_look(app, viewer, found, word, clear=clear)
        path = (
            original if clear else blurred_copy(app.db, app.settings, viewer, found, at=app.now(), second=word.second)
        )
    except NotBlurredError as error:
        logger.error("%s", error)
        return PlainTextResponse("This cannot be blurred and is not shown.", 503, headers=HEADERS)
    except MingchaError as error:
        logger.warning("Evidence %s refused to %s: %s", word.evidence, word.person, error)
        return _no_such_evidence()
    etag = f'"{found.sha256 if clear else path.stem}"'
    media_type = TYPES.get(path.suffix.lower(), "application/octet-stream")
    return FilePart(path, request.headers, etag=etag, media_type=media_type, headers=HEADERS)


def _parcel(app: Application, request: Request, viewer: Viewer, name: str) -> Response:
    """A package, for the person who had it made: that line of the audit trail is written already."""
    require(viewer, "hand over evidence")
    path = parcel(app.settings, name)
    saved = f"attachment; filename=\"case.zip\"; filename*=UTF-8''{quote(path.name)}"
    headers = {**HEADERS, "Content-Disposition": saved}
    return FilePart(path, request.headers, etag=f'"{name}"', media_type="application/zip", headers=headers)


def _looker(app: Application, request: Request, word: passes.Pass) -> Viewer:
    """Who looks: the person signed in, if the pass was made for this very sign-in; without accounts, whom it names."""
    if not wiring.proved(app):
        return viewer_named(app.settings, word.person)
    found = who(app, request.cookies)
    if found is None or found.session.must_change or (found.session.id, found.viewer.name) != (
        word.session, word.person
    ):  # fmt: skip
        raise NotAllowedError("The pass was made for another sign-in.")
    return found.viewer


def _note_look(app: Application, viewer: Viewer, found: Piece, word: passes.Pass, *, clear: bool) -> None:
    """One line of the audit trail per person and item: written before the first byte leaves, or none leaves."""
    look = (str(app.db.url), viewer.name, found.id, clear, word.second)
    with _looks_lock:
        now = time.monotonic()
        for old in [one for one, at in _looks.items() if now - at >= LOOK_SECONDS]:
            del _looks[old]
        if look in _looks:
            return
        detail = f"{found.sha256} {'original' if clear else 'blurred'}"
        with app.db.session() as connection:
            audit.record(connection, viewer, "look at evidence", f"evidence {found.id}", detail, at=app.now())
        _looks[look] = now


def _no_such_evidence() -> Response:
    return PlainTextResponse("No such evidence, or the pass is over: reload the page.", 404, headers=HEADERS)

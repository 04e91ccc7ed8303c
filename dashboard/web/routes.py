"""Addresses beside Streamlit's own (路由): clips and frames, by pass, with range requests, never whole in memory."""

from __future__ import annotations

import logging

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from dashboard.actions import audit
from dashboard.bootstrap import Application
from dashboard.errors import MingchaError
from dashboard.people import viewer_named
from dashboard.queries.evidence import Piece, piece
from dashboard.web import passes, wiring

TYPES = {".mp4": "video/mp4", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}
HEADERS = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff", "Content-Disposition": "inline"}

logger = logging.getLogger(__name__)


async def evidence(request: Request) -> Response:
    """A clip or frame: 200 or 206 with a valid pass, 404 in every other case (nothing tells which)."""
    return await run_in_threadpool(_evidence, request)


def _evidence(request: Request) -> Response:
    word = passes.read(request.path_params["ticket"])
    if word is None:
        return _no_such_evidence()
    try:
        app = wiring.application()
        found = piece(app.db, viewer_named(app.settings, word.person), word.evidence)
    except MingchaError as error:
        logger.warning("Evidence %s refused to %s: %s", word.evidence, word.person, error)
        return _no_such_evidence()
    return _file(app, found, word, request)


def _file(app: Application, found: Piece, word: passes.Pass, request: Request) -> Response:
    folder = app.settings.path(app.settings.video.evidence_dir)
    path = (folder / found.path).resolve()
    if not path.is_relative_to(folder) or not path.is_file():
        logger.error("Evidence %s is missing: %s", found.id, found.path)
        return _no_such_evidence()
    if _begins(request):
        viewer = viewer_named(app.settings, word.person)
        with app.db.session() as connection:
            audit.record(connection, viewer, "look at evidence", f"evidence {found.id}", found.sha256, at=app.now())
    return FileResponse(path, media_type=TYPES.get(path.suffix.lower(), "application/octet-stream"), headers=HEADERS)


def _begins(request: Request) -> bool:
    """A player asks for one clip in many ranges: only the request for its beginning is a look."""
    wanted = request.headers.get("range", "bytes=0-").replace(" ", "")
    return request.method == "GET" and wanted.startswith("bytes=0-")


def _no_such_evidence() -> Response:
    return PlainTextResponse("No such evidence, or the pass is over: reload the page.", 404, headers=HEADERS)

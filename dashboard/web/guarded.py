"""Streamlit's own addresses that hand out or take in what is ours (下载与上传): for who is signed in.

Streamlit asks nobody who they are there: a download opens to whoever has its address, and a file is kept in memory for
everybody who has any page open, the one that asks to sign in too.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.errors import MingchaError
from dashboard.web import wiring
from dashboard.web.signed_in import who

GUARDED = ("/media/", "/_stcore/upload_file/", "/_stcore/metrics")

logger = logging.getLogger(__name__)


class SignedInOnly:
    """Answers 404 at these addresses to who is not signed in (pure ASGI: nothing else is touched)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        guarded = scope["type"] == "http" and scope["path"].startswith(GUARDED)
        if not guarded or await run_in_threadpool(_may_enter, Request(scope).cookies):
            await self.app(scope, receive, send)
            return
        await PlainTextResponse("Not found", 404, headers={"Cache-Control": "no-store"})(scope, receive, send)


def _may_enter(cookies: Mapping[str, str]) -> bool:
    try:
        app = wiring.application()
        if not wiring.proved(app):
            return True
        found = who(app, cookies)
    except MingchaError as error:
        logger.warning("Nobody could be let in: %s", error)
        return False
    return found is not None and not found.session.must_change

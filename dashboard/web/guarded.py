"""What Streamlit's own addresses do not ask (自带地址): who is signed in, and whose page opens the line to a page.

A download opens to whoever has its address, and a file is kept in memory for everybody who has any page open, the one
that asks to sign in too. A websocket is let in by the name of its page's host alone, whatever the port: our cookie
comes along from there. And a foreign name makes the server ask the internet for its own address while every page waits.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

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


class OwnPagesOnly:
    """Refuses a websocket opened by a page of another address; programs, which say no Origin, are no browsers."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self.app, self.scheme = app, "https" if https else "http"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            headers = Headers(scope=scope)
            if headers.get("origin") not in (None, f"{self.scheme}://{headers.get('host', '')}"):
                await WebSocketClose(code=1008)(scope, receive, send)
                return
        await self.app(scope, receive, send)


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

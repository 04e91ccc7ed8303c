"""The door of the company's provider (统一身份认证入口): `/enter/oidc`, and what becomes of Streamlit's cookie.

Streamlit would keep the provider's claims for thirty days in a cookie that no administrator can end, and the tokens
beside them. Here its answer to the callback is changed on its way: the tokens never reach the browser, the claims stay
two minutes and go to `/enter` alone, where they are turned into a sign-in of ours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.auth_util import get_cookie_with_chunks
from streamlit.user_info import generate_login_redirect_url
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value

from dashboard.accounts.oidc import CALLBACK, begin, cookie_secret
from dashboard.error_texts import said
from dashboard.errors import NotAllowedError
from dashboard.settings import Settings
from dashboard.texts import t
from dashboard.web.entrance import Visit, answering, end_old, safe_next
from dashboard.web.entrance_pages import with_problem

DOOR = "/enter/oidc"
COOKIE = "_streamlit_user"
NEXT = "mingcha_next"
TOKENS = "_streamlit_user_tokens"
BEGIN = "/auth/login"
SECONDS = 120


def provider_address() -> str:
    """Streamlit's own address that leads on to the provider; good for two minutes."""
    return str(generate_login_redirect_url("default"))


def claims_in(settings: Settings, cookies: Mapping[str, str]) -> dict[str, Any] | None:
    """The provider's claims that the callback has just left in the browser; None without, or with a forged cookie."""
    key = cookie_secret(settings)

    def one(name: str) -> bytes | None:
        value = cookies.get(name)
        return None if value is None else decode_signed_value(key, name, value.encode("latin-1", "replace"))

    found = get_cookie_with_chunks(one, COOKIE)
    try:
        claims = json.loads(found) if found else None
    except ValueError:
        return None
    return claims if isinstance(claims, dict) else None


def spent(cookies: Mapping[str, str]) -> list[str]:
    """The names of the cookies of this way in that the browser sent: they are taken back with the answer."""
    return [name for name in cookies if name.startswith(COOKIE) or name == NEXT]


def routes() -> list[Route]:
    return [Route(DOOR, answering(_from_provider, _from_provider), methods=["GET"])]


def _from_provider(visit: Visit) -> Response:
    """On to the provider; on the way back, from its claims to a sign-in of ours."""
    settings, cookies = visit.app.settings, visit.request.cookies
    if settings.access.oidc is None:
        return visit.go("/enter")
    claims = claims_in(settings, cookies)
    if claims is None:
        answer = visit.go(provider_address())
        answer.set_cookie(NEXT, quote(visit.next, safe=""), SECONDS, path="/enter", httponly=True, samesite="lax",
                          secure=settings.web.https)  # fmt: skip
        return answer
    onward = safe_next(unquote(cookies.get(NEXT, "")))
    try:
        secret = begin(visit.app.db, settings.access.oidc, claims, agent=visit.agent, at=visit.app.now())
    except NotAllowedError as error:
        answer = visit.page(with_problem(said(error), visit.sign_in_form()), t("Sign in"), 403)
    else:
        end_old(visit, "replaced")
        answer = visit.keep(visit.go(onward), secret)
    for name in spent(cookies):
        answer.delete_cookie(name, path="/enter", secure=settings.web.https, httponly=True, samesite="lax")
    return answer


class OwnCallback:
    """Changes what Streamlit answers to the provider's callback (pure ASGI: nothing else is touched)."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self.app, self.https = app, https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._change(message) if scope["path"] == CALLBACK else _lead_back(message)
            await send(message)

        own = scope["type"] == "http" and scope["path"] in (CALLBACK, BEGIN)
        await self.app(scope, receive, answer if own else send)

    def _change(self, message: Message) -> None:
        headers = MutableHeaders(raw=message["headers"])
        cookies = headers.getlist("set-cookie")
        del headers["set-cookie"]
        for cookie in cookies:
            name = cookie.split("=", 1)[0]
            if re.fullmatch(rf"{TOKENS}(_\d+)?", name):
                continue
            headers.append("set-cookie", self._short(cookie) if name.startswith(COOKIE) else cookie)
        headers["cache-control"] = "no-store"
        if headers.get("location") == "/":
            headers["location"] = DOOR if any(c.startswith(f"{COOKIE}=") and "Max-Age=0" not in c for c in cookies) \
                else "/enter?refused=1"  # fmt: skip

    def _short(self, cookie: str) -> str:
        """Two minutes, for `/enter` only, over https only where there is https."""
        kept = [part for part in cookie.split("; ") if not re.match(r"(?i)(path|max-age|expires|secure)\b", part)]
        life = "Max-Age=0" if "Max-Age=0" in cookie else f"Max-Age={SECONDS}"
        return "; ".join([*kept, "Path=/enter", life, *(["Secure"] if self.https else [])])


def _lead_back(message: Message) -> None:
    """A provider that cannot be reached leads back to the entrance, which says so, instead of to two bare words."""
    if message["status"] == 400:
        message["status"] = 303
        MutableHeaders(raw=message["headers"])["location"] = "/enter?refused=1"

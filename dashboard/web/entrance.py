"""The entrance (登录): addresses beside Streamlit's own at which one signs in and out; they work without JavaScript.

A cookie is set here and nowhere else, always a fresh one. A form is heard only from our own page (Origin).
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from dashboard.accounts import entering, sessions
from dashboard.accounts.sessions import SignedIn
from dashboard.bootstrap import Application
from dashboard.error_texts import said
from dashboard.errors import MingchaError, NotAllowedError
from dashboard.texts import LANGUAGES, set_language, t
from dashboard.web import entrance_pages as pages
from dashboard.web import wiring
from dashboard.web.signed_in import cookie_name, secrets_in, who

MOST_BYTES = 8_192
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with no-referrer a browser sends `Origin: null` and no form would be heard
    "Cross-Origin-Opener-Policy": "same-origin",
}
AT_ONCE = asyncio.Semaphore(4)
"""Forms that are heard at the same time: passwords take theirs, and a flood of them must hold up nothing else."""
Form = dict[str, str]

logger = logging.getLogger(__name__)


def routes() -> list[Route]:
    return [
        Route("/enter", answering(_shown, _entered), methods=["GET", "POST"]),
        Route("/enter/password", answering(_password_shown, _password_chosen), methods=["GET", "POST"]),
        Route("/leave", answering(None, _left), methods=["POST"]),
    ]


class Visit:
    """One request: what was asked, and in which language to answer."""

    def __init__(self, request: Request, form: Form) -> None:
        self.request, self.form = request, form
        self.app: Application = wiring.application()
        asked = form.get("lang") or request.query_params.get("lang") or ""
        self.lang = asked if asked in LANGUAGES else self.app.settings.web.language
        set_language(self.lang)
        self.next = safe_next(form.get("next") or request.query_params.get("next") or "")
        self.agent = request.headers.get("user-agent", "")

    def here(self) -> SignedIn | None:
        return who(self.app, self.request.cookies)

    def page(self, body: str, title: str, status: int = 200) -> Response:
        nonce = secrets.token_urlsafe(16)
        policy = (f"default-src 'none'; img-src data:; style-src 'nonce-{nonce}'; form-action 'self'; "
                  "frame-ancestors 'none'; base-uri 'none'")  # fmt: skip
        asked = {name: value for name, value in self.request.query_params.items() if name != "lang"}
        html = pages.document(title, body, self.lang, nonce, self.app.settings.company.name,
                              f"{self.request.url.path}?{urlencode(asked)}")  # fmt: skip
        return HTMLResponse(html, status, headers={**HEADERS, "Content-Security-Policy": policy})

    def sign_in_form(self, name: str = "") -> str:
        return pages.sign_in_form(name, self.next, provider=self.app.settings.access.oidc is not None)

    def go(self, address: str) -> Response:
        return RedirectResponse(address, 303, headers=HEADERS)

    def keep(self, answer: Response, secret: str) -> Response:
        """Give the browser its secret: no script reads it, no other site sends it, it goes with the browser."""
        settings = self.app.settings
        answer.set_cookie(cookie_name(settings), secret, path="/", httponly=True, samesite="lax",
                          secure=settings.web.https)  # fmt: skip
        return answer


Answer = Callable[[Visit], Response]


def answering(shown: Answer | None, heard: Answer) -> Callable[[Request], object]:
    async def answer(request: Request) -> Response:
        if request.method != "POST":
            return await run_in_threadpool(_told, shown or heard, request, {})
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > MOST_BYTES:
                return Response("Too much.", 413, headers=HEADERS)
        if not same_origin(request, https=wiring.application().settings.web.https):
            return Response("This form did not come from our own page.", 403, headers=HEADERS)
        try:
            form = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=12))
        except ValueError:
            return Response("This is no form.", 400, headers=HEADERS)
        async with AT_ONCE:
            return await run_in_threadpool(_told, heard, request, form)

    return answer


def _told(answer: Answer, request: Request, form: Form) -> Response:
    """The answer; where the database cannot be asked, a page that says so."""
    try:
        visit = Visit(request, form)
        if not wiring.proved(visit.app):
            return visit.go("/")
        return answer(visit)
    except MingchaError as error:
        logger.warning("The entrance could not answer: %s", error)
        return Response(said(error), 503, headers=HEADERS, media_type="text/plain")


def same_origin(request: Request, *, https: bool) -> bool:
    """Whether the form was sent by a page of ours: browsers say from where they post, and scripts cannot forge it."""
    origin = request.headers.get("origin")
    if origin is None:
        return request.headers.get("sec-fetch-site") == "same-origin"
    return origin == f"{'https' if https else 'http'}://{request.headers.get('host', '')}"


def safe_next(address: str) -> str:
    """A path of ours to go on to; `/` for anything that could lead elsewhere."""
    try:
        parts = urlsplit(address) if address.isprintable() and "\\" not in address else urlsplit("/")
    except ValueError:  # `//[`: an address that was not finished
        return "/"
    if parts.scheme or parts.netloc or not parts.path.startswith("/") or address.startswith("//"):
        return "/"
    inner = parts.path.startswith(("/enter", "/leave", "/evidence", "/_stcore"))
    return "/" if inner else quote(parts.path) + (f"?{parts.query}" if parts.query else "")


# --- signing in -------------------------------------------------------------------------------------------------------


def _shown(visit: Visit) -> Response:
    """The form, or the button of a one-time link: looking at a link does not use it up."""
    found = visit.here()
    code = visit.request.query_params.get("code", "")
    if found is not None and not code:
        return visit.go(_onward(visit, found.session.must_change))
    body = pages.code_form(code, visit.next) if code else visit.sign_in_form()
    asked = visit.request.query_params
    told = t("You are signed out.") if asked.get("left") else ""
    told = t("The sign-in with the company account was not completed.") if asked.get("refused") else told
    return visit.page(pages.with_notice(told, body), t("Sign in"))


def _entered(visit: Visit) -> Response:
    app, form = visit.app, visit.form
    name, code = form.get("name", ""), form.get("code", "").strip()
    try:
        if code:
            entered = entering.use_code(app.db, code=code, agent=visit.agent, at=app.now())
        else:
            entered = entering.sign_in(app.db, app.settings.access, name=name, password=form.get("password", ""),
                                       agent=visit.agent, at=app.now())  # fmt: skip
    except NotAllowedError as error:
        body = pages.with_problem(said(error), visit.sign_in_form(name))
        return visit.page(body, t("Sign in"), 403)
    end_old(visit, "replaced")
    return visit.keep(visit.go(_onward(visit, entered.must_change)), entered.secret)


def _onward(visit: Visit, must_change: bool) -> str:
    if must_change:
        return f"/enter/password?lang={visit.lang}&next={quote(visit.next, safe='')}"
    return visit.next


def end_old(visit: Visit, why: str) -> SignedIn | None:
    """End the sign-in that the browser brought along."""
    found = visit.here()
    if found is not None:
        sessions.end(visit.app.db, found.session.id, why, at=visit.app.now(), by=found.viewer)
    return found


# --- a new password ---------------------------------------------------------------------------------------------------


def _password_shown(visit: Visit) -> Response:
    found = visit.here()
    if found is None:
        return visit.go(f"/enter?lang={visit.lang}")
    return visit.page(_password_form(visit, found), t("New password"))


def _password_form(visit: Visit, found: SignedIn) -> str:
    access = visit.app.settings.access
    return pages.password_form(found.session.name, visit.next, access.least_length, old=not found.session.must_change)


def _password_chosen(visit: Visit) -> Response:
    app, form, found = visit.app, visit.form, visit.here()
    if found is None:
        return visit.go(f"/enter?lang={visit.lang}")
    problem = "" if form.get("new") == form.get("again") else t("The two new passwords are not the same.")
    if not problem:
        try:
            old, new = form.get("old", ""), form.get("new", "")
            secret = entering.change_password(app.db, app.settings.access, session=found.session, old=old, new=new,
                                              at=app.now())  # fmt: skip
            return visit.keep(visit.go(visit.next), secret)
        except MingchaError as error:
            problem = said(error)
    return visit.page(pages.with_problem(problem, _password_form(visit, found)), t("New password"), 400)


# --- leaving ----------------------------------------------------------------------------------------------------------


def _left(visit: Visit) -> Response:
    """End the sign-in, in every tab."""
    end_old(visit, "left")
    answer = visit.go(f"/enter?lang={visit.lang}&left=1")
    if secrets_in(visit.app.settings, visit.request.cookies):
        answer.delete_cookie(cookie_name(visit.app.settings), path="/", secure=visit.app.settings.web.https,
                             httponly=True, samesite="lax")  # fmt: skip
    return answer

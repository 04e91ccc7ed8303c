"""The web server (网页服务): Streamlit's App with our settings, routes and lifespan.

Streamlit reads no `streamlit_config.toml` by itself; `serve` parses it and hands the options over.
"""

from __future__ import annotations

import gc
import logging
import socket
import tomllib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.accounts import has_accounts
from dashboard.accounts.oidc import streamlit_secrets
from dashboard.bootstrap import as_system, open_application
from dashboard.errors import MingchaError
from dashboard.settings import Settings
from dashboard.texts import t
from dashboard.web import entrance, oidc, wiring
from dashboard.web.components.blocks import show, state
from dashboard.web.guarded import OwnPagesOnly, SignedInOnly
from dashboard.web.places import top
from dashboard.web.routes import evidence

CONFIG_FILE = "streamlit_config.toml"
LOCAL_ADDRESSES = ("127.0.0.1", "localhost")
APP = Path(__file__).parents[1] / "app.py"

logger = logging.getLogger(__name__)


def serve(settings: Settings, port: int | None = None) -> None:
    """Run the web server until it is stopped, on the configured address and the given (or configured) port.

    A request under another host name is refused (DNS rebinding): Streamlit asks for it at the websocket only.

    Raises MingchaError for another address or name than this machine's own until accounts exist, and for a port in use.
    """
    port = settings.web.port if port is None else port
    require_proof(settings)
    require_free(port, settings.web.address)
    wiring.use(settings)
    options = {**streamlit_options(top(CONFIG_FILE)), **_names(settings), "server.port": port}
    hosts = options["server.allowedHosts"] = [*options["server.allowedHosts"], *settings.web.hosts]
    middleware = [
        Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False),
        Middleware(SecurityHeaders, https=settings.web.https),
        Middleware(OwnPagesOnly, https=settings.web.https),
        Middleware(SignedInOnly),
        Middleware(oidc.OwnCallback, https=settings.web.https),
    ]
    st.App(
        APP, routes=routes(), lifespan=lifespan, middleware=middleware, on_script_error=log_script_error,
        secrets=streamlit_secrets(settings, port),
    ).run(config=options)  # fmt: skip


def _names(settings: Settings) -> dict[str, Any]:
    """Where the server listens and under which names browsers come: the websocket asks for both."""
    web = settings.web
    origins = [f"{'https' if web.https else 'http'}://{host}" for host in web.hosts]
    named = {"server.corsAllowedOrigins": origins} if origins else {}
    address = web.address if web.address not in LOCAL_ADDRESSES else "127.0.0.1"
    return {**named, "server.address": address, "browser.serverAddress": next(iter(web.hosts), "127.0.0.1")}


def routes() -> list[BaseRoute]:
    """What the server answers beside Streamlit's own addresses."""
    return [Route("/evidence/{ticket}", evidence, methods=["GET", "HEAD"]), *entrance.routes(), *oidc.routes()]


def require_proof(settings: Settings) -> None:
    """`require_local` by what the database of the settings says."""
    asked = settings.web.address not in LOCAL_ADDRESSES or bool(settings.web.hosts)
    require_local(settings.web.address, settings.web.hosts, accounts=asked and accounts_exist(settings))


def accounts_exist(settings: Settings) -> bool:
    """Whether the company's database has accounts; one that cannot be opened has none to prove."""
    try:
        application = open_application(environment=as_system(), directory=settings.home)
        found = has_accounts(application.db)
    except MingchaError:
        return False
    application.db.engine.dispose()
    return found


class SecurityHeaders:
    """What every answer tells the browser: nobody frames us, nothing is guessed, no address is passed on."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self.app = app
        self.headers = {
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "SAMEORIGIN",
            "Referrer-Policy": "same-origin",
            "Content-Security-Policy": "frame-ancestors 'self'; base-uri 'self'; object-src 'none'; form-action 'self'",
            **({"Strict-Transport-Security": "max-age=31536000"} if https else {}),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, sending if scope["type"] == "http" else send)


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Warm up before the first visitor, then keep what is loaded out of every later garbage collection."""
    wiring.warm_up()
    gc.collect()
    gc.freeze()
    yield


def log_script_error(error: Exception) -> bool:
    """The traceback goes to the log; the page says so in our words and shows nothing of it."""
    logger.error("A page failed: %s", error, exc_info=error)
    show(
        state("failed", t("This page failed."), t("The details are in the log of the web server. Nothing was changed."))
    )
    return True


def require_local(address: str, hosts: Sequence[str] = (), *, accounts: bool = False) -> None:
    """Until accounts exist nobody proves who they are, so nobody from another machine may look.

    With accounts another address needs the names under which it is asked for.
    """
    if not accounts and address not in LOCAL_ADDRESSES:
        raise MingchaError(
            f"[web] address = '{address}' is refused: until accounts exist the web server binds 127.0.0.1 only.",
            'Set address = "127.0.0.1" in mingcha.toml, or leave it out.',
        )
    if not accounts and hosts:
        raise MingchaError(
            f"[web] hosts = {list(hosts)} is refused: until accounts exist nobody comes from another machine.",
            "Leave it out, start mingcha web once, and sign in.",
        )
    if address not in LOCAL_ADDRESSES and not hosts:
        raise MingchaError(
            f"[web] address = '{address}' needs hosts: the names under which browsers ask for this server.",
            'Example: hosts = ["mingcha.example.cn"]',
        )


def require_free(port: int, address: str = "127.0.0.1") -> None:
    """Refuse a port that another program holds, before anything is started. Port 0 has no owner to ask."""
    if not 0 < port < 65536:
        raise MingchaError(f"[web] port = {port} is no port.", "Use a number from 1024 to 65535.")
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise MingchaError(
                f"Port {port} on {address} cannot be used: {error.strerror}.",
                "Stop the program that holds it, or choose another: mingcha web --port N.",
            ) from error


def streamlit_options(path: Path) -> dict[str, Any]:
    """The file's options with dotted names, as `App.run(config=…)` takes them. MingchaError if it is not TOML."""
    try:
        return _flattened(tomllib.loads(path.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise MingchaError(f"{path} is not valid TOML: {error}.", "Correct the file.") from error


def _flattened(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    options: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            options.update(_flattened(value, f"{prefix}{key}."))
        else:
            options[f"{prefix}{key}"] = value
    return options

"""The web server (网页服务): Streamlit's App with our settings, routes and lifespan.

Streamlit reads no `streamlit_config.toml` by itself; `serve` parses it and hands the options over.
"""

from __future__ import annotations

import gc
import logging
import socket
import tomllib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import BaseRoute, Route

from dashboard.errors import MingchaError
from dashboard.settings import Settings
from dashboard.texts import t
from dashboard.web import wiring
from dashboard.web.components.blocks import show, state
from dashboard.web.places import top
from dashboard.web.routes import evidence

CONFIG_FILE = "streamlit_config.toml"
LOCAL_ADDRESSES = ("127.0.0.1", "localhost")
APP = Path(__file__).parents[1] / "app.py"

logger = logging.getLogger(__name__)


def serve(settings: Settings, port: int | None = None) -> None:
    """Run the web server until it is stopped, on 127.0.0.1 and the given (or configured) port.

    A request under another host name is refused (DNS rebinding): Streamlit asks for it at the websocket only.

    Raises MingchaError for any other address (until accounts exist) and for a port in use.
    """
    port = settings.web.port if port is None else port
    require_local(settings.web.address)
    require_free(port)
    wiring.use(settings)
    options = streamlit_options(top(CONFIG_FILE))
    own_hosts = Middleware(TrustedHostMiddleware, allowed_hosts=options["server.allowedHosts"], www_redirect=False)
    st.App(APP, routes=routes(), lifespan=lifespan, middleware=[own_hosts], on_script_error=log_script_error).run(
        config={**options, "server.address": "127.0.0.1", "server.port": port, "browser.serverAddress": "127.0.0.1"}
    )


def routes() -> list[BaseRoute]:
    """What the server answers beside Streamlit's own addresses."""
    return [Route("/evidence/{ticket}", evidence, methods=["GET", "HEAD"])]


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


def require_local(address: str) -> None:
    """Until accounts exist nobody proves who they are, so nobody from another machine may look."""
    if address not in LOCAL_ADDRESSES:
        raise MingchaError(
            f"[web] address = '{address}' is refused: until accounts exist the web server binds 127.0.0.1 only.",
            'Set address = "127.0.0.1" in mingcha.toml, or leave it out.',
        )


def require_free(port: int) -> None:
    """Refuse a port that another program holds, before anything is started. Port 0 has no owner to ask."""
    if not 0 < port < 65536:
        raise MingchaError(f"[web] port = {port} is no port.", "Use a number from 1024 to 65535.")
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise MingchaError(
                f"Port {port} on 127.0.0.1 cannot be used: {error.strerror}.",
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

"""The ways to people (通知渠道): Apprise addresses with their secrets filled in, and the one call that sends.

Neither log nor database nor page ever holds an address with its secrets: errors name the channel.
"""

from __future__ import annotations

import contextvars
import json
import logging
import os
import re
import warnings
from collections.abc import Mapping
from email.utils import make_msgid
from importlib import import_module
from typing import Any
from urllib.parse import quote

from collectors.redact import redact, remember
from dashboard.errors import MingchaError

_SECRET = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
CONTACT = "{contact}"
_LEADS_AWAY = re.compile(r"(^|[/\\])\.{1,2}($|[/\\])")
"""People write their own contact: `../x` in it would call another path of the endpoint than the administrator named."""
_SEVERAL = re.compile(r"[,;，；、]|@\S*\s+\S*@")
_LONGEST_ERROR = 300
_APART = 16
"""Bytes that a service may put between title and body."""
_ROBOTS = ("wecombot", "dingtalk", "feishu")
"""Chat robots that answer HTTP 200 to what they refuse, and say so in the body."""
_refused: contextvars.ContextVar[list[str] | None] = contextvars.ContextVar("mingcha_refused", default=None)
_message_id: contextvars.ContextVar[str | None] = contextvars.ContextVar("mingcha_message_id", default=None)


class ChannelError(MingchaError):
    """A channel that cannot be used, or that did not take a message; never quotes its address."""


class NoContactError(ChannelError):
    """One person cannot be reached through it; everybody else can."""


def is_shared(address: str) -> bool:
    """Whether everybody who has this channel reads the same messages, as in a group chat with a robot."""
    return CONTACT not in address


def filled(name: str, address: str, contact: str | None, environment: Mapping[str, str] | None = None) -> str:
    """The address with secrets and contact in it. ChannelError names what is missing, never a value."""
    known = os.environ if environment is None else environment

    def secret(found: re.Match[str]) -> str:
        value = known.get(found[1])
        if not value:
            raise ChannelError(f"Channel {name} names ${{{found[1]}}}, which is not in the worker's environment.")
        return quote(remember(value), safe="")

    whole = _SECRET.sub(secret, address)
    if CONTACT in whole and (not contact or _LEADS_AWAY.search(contact)):
        raise NoContactError(f"Channel {name} needs a contact, and this person has none.", "See [notices.people].")
    if CONTACT in whole and contact and _SEVERAL.search(contact):
        raise NoContactError(f"Channel {name} needs one address, and this person's contact holds several.",
                             "Name a distribution list of the mail server.")  # fmt: skip
    return whole.replace(CONTACT, quote(contact or "", safe="@+"))


def room(name: str, address: str) -> int:
    """Bytes that title and body of one message may have together; Apprise knows it of each service."""
    return int(_server(name, address).body_maxlen) - _APART


def send(name: str, address: str, *, title: str, body: str, message: str) -> None:
    """Send one message through a filled address; returns once the channel said yes, else ChannelError.

    `message` stays the same when the same message is sent again: as Message-ID of mail and as Idempotency-Key of HTTP.
    """
    server = _server(name, address)
    headers = getattr(server, "headers", None)
    if isinstance(headers, dict):
        headers["Idempotency-Key"] = message
    heard = _Heard()
    log = logging.getLogger("apprise")
    log.addHandler(heard)
    token = _message_id.set(f"<{message}@mingcha>")
    refusals: list[str] = []
    listening = _refused.set(refusals)
    try:
        taken = server.notify(body=body, title=title, body_format="text")
    except Exception as error:  # noqa: BLE001 - one person's odd address must not end the run for everybody
        raise ChannelError(f"Channel {name} did not take the message: {type(error).__name__}") from None
    finally:
        _message_id.reset(token)
        _refused.reset(listening)
        log.removeHandler(heard)
    if not taken or refusals:
        why = next(iter(refusals), "") or heard.last or "no reason given"
        raise ChannelError(f"Channel {name} did not take the message: {why}")


def _server(name: str, address: str) -> Any:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "'imghdr' is deprecated", DeprecationWarning)  # of its PGP, which we lack
        import apprise  # a quarter of a second that pages and most commands need not pay

        mail: Any = import_module("apprise.plugins.email.base")
    if mail.make_msgid is not _made_id:
        mail.make_msgid = _made_id  # it has no option for it; without one every try is another message
    for robot in _ROBOTS:
        plugin: Any = import_module(f"apprise.plugins.{robot}")
        if not isinstance(plugin.requests, _Listening):
            plugin.requests = _Listening(plugin.requests)  # it looks at the status alone
    asset = apprise.AppriseAsset(app_id="Mingcha", app_desc="明察", app_url="", async_mode=False)
    server = apprise.Apprise.instantiate(address, asset=asset, suppress_exceptions=True)
    if server is None:
        raise ChannelError(f"Channel {name} is no address that Apprise knows.", "See [notices.channels].")
    if len(server) > 1:  # the refusal of one would bring it to all the others again, with every try
        raise ChannelError(f"Channel {name} names {len(server)} receivers.", "Name one, or a distribution list.")
    return server


def _made_id(idstring: str | None = None, domain: str | None = None) -> str:
    return _message_id.get() or make_msgid(idstring, domain)


class _Listening:
    """`requests` as a chat robot's plugin uses it; what the body of an answer refuses is heard by `send`."""

    def __init__(self, requests: Any) -> None:
        self._requests = requests

    def __getattr__(self, name: str) -> Any:
        return getattr(self._requests, name)

    def post(self, *given: Any, **options: Any) -> Any:
        answer = self._requests.post(*given, **options)
        refusals, said = _refused.get(), _refusal(answer.content)
        if refusals is not None and said is not None:
            refusals.append(said)
        return answer


def _refusal(body: bytes) -> str | None:
    """Code and words of a refusal: `errcode` of WeCom and DingTalk, `code` of Feishu is not 0; None: it was taken."""
    try:
        said = json.loads(body)
    except ValueError:
        return None  # some other server in between; its status tells
    if not isinstance(said, dict):
        return None
    code = said.get("errcode", said.get("code", 0))
    words = said.get("errmsg") or said.get("msg") or ""
    return None if code in (0, "0", None) else redact(f"{code} {words}".strip())[:_LONGEST_ERROR]


class _Heard(logging.Handler):
    """Keeps the last warning: Apprise says in its log alone why a message was not taken."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.last = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.last = redact(record.getMessage())[:_LONGEST_ERROR]

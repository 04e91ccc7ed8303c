"""How a web service is told who asks (鉴权): a header, a user and password, or OAuth2 client credentials."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from pydantic import BaseModel, ConfigDict, model_validator

from collectors.base import CollectorError
from collectors.redact import remember
from collectors.surroundings import Surroundings
from collectors.web import Client, Credentials

_EARLY = 30.0
"""Seconds before its end at which a token is renewed."""
_UNSTATED = 300.0
"""Life of a token whose server does not say."""


class HttpAuth(BaseModel):
    """Keys of `auth` for the http kind; secrets from the environment (`…_env`) or a file (`…_file`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    header: str = "Authorization"
    """Header that carries `value`."""
    prefix: str = ""
    """Written before the value: `"Bearer "`."""
    value_env: str | None = None
    value_file: str | None = None

    user: str | None = None
    password_env: str | None = None
    password_file: str | None = None

    token_url: str | None = None
    client_id: str | None = None
    client_secret_env: str | None = None
    client_secret_file: str | None = None
    scope: str | None = None
    secret_in_body: bool = False
    """Some token endpoints want client_id and client_secret in the form, not in a header."""

    @model_validator(mode="after")
    def _one_way(self) -> HttpAuth:
        ways = [self.value_env or self.value_file, self.user, self.token_url]
        if sum(map(bool, ways)) > 1:
            raise ValueError("give one of value_env, user or token_url: they are three ways to say who asks")
        if self.user and not (self.password_env or self.password_file):
            raise ValueError("auth.user needs auth.password_env or auth.password_file")
        if self.token_url and not (self.client_id and (self.client_secret_env or self.client_secret_file)):
            raise ValueError("auth.token_url needs auth.client_id and auth.client_secret_env or client_secret_file")
        return self


@dataclass(frozen=True)
class FixedHeader:
    """The same header with every request."""

    name: str
    value: str = field(repr=False)

    def headers(self, client: Client) -> Mapping[str, str]:
        return {self.name: self.value}

    def refused(self) -> bool:
        return False


@dataclass
class ClientToken:
    """OAuth2 client credentials (RFC 6749 §4.4): a token is asked for, kept while it lives, and renewed after a 401."""

    url: str
    client_id: str
    secret: str = field(repr=False)
    scope: str | None = None
    secret_in_body: bool = False
    _token: str = field(default="", init=False, repr=False)
    _ends: float = field(default=0.0, init=False)

    def headers(self, client: Client) -> Mapping[str, str]:
        if not self._token or client.clock() >= self._ends:
            self._renew(client)
        return {"Authorization": f"Bearer {self._token}"}

    def refused(self) -> bool:
        known, self._token = self._token, ""
        return bool(known)

    def _renew(self, client: Client) -> None:
        form = {"grant_type": "client_credentials"} | ({"scope": self.scope} if self.scope else {})
        headers = {}
        if self.secret_in_body:
            form |= {"client_id": self.client_id, "client_secret": self.secret}
        else:
            headers = {"Authorization": _basic(quote(self.client_id, safe=""), quote(self.secret, safe=""))}
        answer = client.post_form(self.url, urlencode(form).encode(), headers)
        self._token, life = _token_of(client.source, self.url, answer.body)
        self._ends = client.clock() + max(0.0, life - _EARLY)


def credentials_of(auth: HttpAuth, source: str, surroundings: Surroundings) -> Credentials | None:
    """The credentials that the configuration names; None when it names none. Raises CollectorError."""
    if auth.token_url and auth.client_id:
        secret = surroundings.secret(source, "client_secret", env=auth.client_secret_env, file=auth.client_secret_file)
        return ClientToken(auth.token_url, auth.client_id, secret or "", auth.scope, auth.secret_in_body)
    if auth.user:
        password = surroundings.secret(source, "password", env=auth.password_env, file=auth.password_file)
        return FixedHeader("Authorization", remember(_basic(auth.user, password or "")))
    value = surroundings.secret(source, "value", env=auth.value_env, file=auth.value_file)
    return FixedHeader(auth.header, auth.prefix + value) if value else None


def _basic(user: str, password: str) -> str:
    return "Basic " + remember(base64.b64encode(f"{user}:{password}".encode()).decode())


def _token_of(source: str, url: str, body: bytes) -> tuple[str, float]:
    """Token and its life in seconds from an endpoint's answer."""
    try:
        answer = json.loads(body)
        token, life = remember(str(answer["access_token"])), float(answer.get("expires_in") or _UNSTATED)
    except (ValueError, TypeError, KeyError) as error:
        raise CollectorError(
            f"Source '{source}': {url} gave no access_token. Check auth.token_url, client_id and scope.", permanent=True
        ) from error
    return token, life

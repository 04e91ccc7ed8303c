"""Signing in by the company's own provider (统一身份认证, OpenID Connect): what Streamlit is told, who a subject is.

Streamlit and Authlib do the dance (state, nonce, PKCE, signature). What the provider claims counts only to find an
account by (issuer, subject), once per id token: role and offices come from our tables, and the sign-in that is begun is
one of ours, with its own limits (docs/decisions/0025).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.exc import IntegrityError

from dashboard.accounts import sessions
from dashboard.accounts.entering import ENTRANCE
from dashboard.accounts.secret_words import digest, new_secret
from dashboard.actions import audit
from dashboard.database import Database
from dashboard.database.models import ACCOUNT_CODES, ACCOUNTS
from dashboard.errors import MingchaError, NotAllowedError
from dashboard.instants import to_micros
from dashboard.settings import OidcSettings, Settings

LEAST_SECRET = 32
"""Characters of the secret that signs cookies."""
CLOCKS_APART = timedelta(minutes=2)
"""By so much the provider's clock may differ from ours."""
WELL_KNOWN = "/.well-known/openid-configuration"
CALLBACK = "/oauth2callback"


@dataclass(frozen=True, slots=True)
class Subject:
    """Somebody as the provider knows them, from one id token, of which `token` is the digest."""

    issuer: str
    subject: str
    expires_at: datetime
    token: str


def streamlit_secrets(settings: Settings, port: int) -> dict[str, Any]:
    """What `st.App(secrets=…)` takes, so that no secret stands in a file of Streamlit's; empty without a provider.

    Only `openid` is asked for: no name, address or group of the person reaches us. MingchaError names the secret that
    is missing.
    """
    asked = settings.access.oidc
    if asked is None:
        return {}
    client = _given(asked.secret, settings, asked.secret_file)
    if not client:
        raise MingchaError(
            "[access.oidc] has no client secret.", "Set MINGCHA_OIDC_SECRET, or name a file: secret_file."
        )
    auth = {
        "redirect_uri": (asked.address.rstrip("/") or f"http://127.0.0.1:{port}") + CALLBACK,
        "cookie_secret": cookie_secret(settings),
        "client_id": asked.client_id,
        "client_secret": client,
        "server_metadata_url": asked.metadata_url or asked.issuer.rstrip("/") + WELL_KNOWN,
        "client_kwargs": {"scope": "openid", "prompt": asked.prompt},
    }
    return {"auth": auth}


def cookie_secret(settings: Settings) -> str:
    """What signs Streamlit's cookie: given by the environment or a file, else new with every start of the server."""
    asked = settings.access.oidc
    given = asked and _given(asked.cookie_secret, settings, asked.cookie_secret_file)
    if given and len(given) < LEAST_SECRET:
        raise MingchaError(
            f"The secret of the cookies has {len(given)} characters, too few.", f"Use at least {LEAST_SECRET}."
        )
    return given or _of_this_start()


@cache
def _of_this_start() -> str:
    return secrets.token_hex(32)


def _given(told: SecretStr | None, settings: Settings, file: str | None) -> str | None:
    if told is not None or not file:
        return told.get_secret_value() if told is not None else None
    path: Path = settings.path(file)
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise MingchaError(f"{path} cannot be read.", "It holds a secret of [access.oidc], in one line.") from error


def begin(db: Database, asked: OidcSettings, claims: Mapping[str, Any], *, agent: str, at: datetime) -> str:
    """A sign-in of ours for who signed in at the provider, once per id token; the secret for the browser's cookie.

    NotAllowedError for claims that are not ours (`subject_of`), a token that ran out or was used before, and a subject
    without an account or with one that is not active: what was refused is noted in the audit.
    """
    try:
        found = subject_of(asked, claims)
        if found.expires_at + CLOCKS_APART <= at:
            raise NotAllowedError("This sign-in was not used in time.", "Sign in again.")
        return _begun(db, found, agent, at)
    except NotAllowedError as error:
        with db.session() as connection:
            whose = digest(str(claims.get("sub")))[:16]  # a subject may be a name or an address
            audit.record(connection, ENTRANCE, "sign_in_failed", "oidc", f"subject {whose}: {error.message}", at=at)
        raise


def subject_of(asked: OidcSettings, claims: Mapping[str, Any]) -> Subject:
    """The subject of claims whose signature was checked. NotAllowedError for another issuer or application.

    Authlib compares the issuer with what the provider's own document says: here both are pinned to what the company
    configured, whatever document the provider's address gives one day.
    """
    issuer, subject, expires, audience = (claims.get(name) for name in ("iss", "sub", "exp", "aud"))
    if issuer != asked.issuer:
        raise NotAllowedError("This sign-in comes from another provider than the configured one.")
    if asked.client_id not in ([audience] if isinstance(audience, str) else audience or []):
        raise NotAllowedError("This sign-in was made for another application.")
    if not isinstance(subject, str) or not subject.strip() or isinstance(expires, bool) or not isinstance(expires, int):
        raise NotAllowedError("This sign-in does not say whose it is, or until when it may be used.")
    token = json.dumps([issuer, subject, *(claims.get(name) for name in ("iat", "exp", "nonce", "jti"))])
    return Subject(issuer, subject, datetime.fromtimestamp(expires, UTC), digest(token))


def _begun(db: Database, found: Subject, agent: str, at: datetime) -> str:
    row, secret, now = ACCOUNTS.c, new_secret(), to_micros(at)
    try:
        with db.session() as connection:
            which = sa.select(row.id).where(row.issuer == found.issuer, row.subject == found.subject, row.active)
            account = connection.execute(which.with_for_update()).scalar()
            if account is None:
                raise NotAllowedError("There is no account for you here.", "Ask an administrator for one.")
            used = {"account_id": account, "digest": found.token, "by": "oidc", "at": now, "over_at": now,
                    "expires_at": to_micros(found.expires_at)}  # fmt: skip
            connection.execute(sa.insert(ACCOUNT_CODES).values(used))  # a token opens the door once, like a code
            sessions.begin(connection, account, secret, "oidc", agent, at=at)
    except IntegrityError as error:
        raise NotAllowedError("This sign-in was used before.", "Sign in again.") from error
    return secret

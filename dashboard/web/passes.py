"""Passes to evidence (存证凭条): a signed, short-lived word in the URL, so that no path can be guessed or kept.

A pass names the person it was made for, and the sign-in: it opens nothing for another one, or after it has ended. It
opens the blurred copy, unless it was made for the review page. The key is made when the process starts and is never
stored: a restart ends every pass.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from contextvars import ContextVar
from dataclasses import dataclass

LIFETIME = 15 * 60
"""Seconds: longer than one looks at one sample, shorter than a link is worth passing on."""
ORIGINAL, PARCEL = "original", "parcel "
_KEY = secrets.token_bytes(32)
_session: ContextVar[int] = ContextVar("mingcha_session", default=0)


@dataclass(frozen=True, slots=True)
class Pass:
    """One person may look at one piece of evidence until a time (epoch seconds)."""

    evidence: int
    person: str
    until: int
    original: bool = False
    """As it was taken: made by the review page only, and honoured for roles that review."""
    second: float | None = None
    """One picture of a clip, in seconds from its beginning; always blurred."""
    session: int = 0
    """The sign-in for which it was made; 0 where nobody signs in."""
    parcel: str | None = None
    """A package that was made for this person, in place of a piece of evidence."""


def tie_to(session: int) -> None:
    """Passes issued in this run are for this sign-in."""
    _session.set(session)


def issue(
    evidence: int, person: str, now: float | None = None, *, original: bool = False, second: float | None = None
) -> str:
    """The word that opens `/evidence/<word>`. It changes every five minutes only: a rerun keeps the same address."""
    until = int((time.time() if now is None else now) // 300 * 300) + LIFETIME
    what = ORIGINAL if original else "" if second is None else f"{second:.2f}"
    return _signed(f"{evidence}|{until}|{what}|{_session.get()}|{person}")


def issue_parcel(name: str, person: str) -> str:
    """The word that fetches a package."""
    until = int(time.time() // 300 * 300) + LIFETIME
    return _signed(f"0|{until}|{PARCEL}{name}|{_session.get()}|{person}")


def read(word: str, now: float | None = None) -> Pass | None:
    """What the word allows; None if it is forged, damaged or over."""
    body, _, signature = word.partition(".")
    try:
        raw, given = _decoded(body), _decoded(signature)
    except ValueError:
        return None
    if not hmac.compare_digest(_signature(raw), given):
        return None
    evidence, until, what, session, person = raw.decode().split("|", 4)
    parcel = what.removeprefix(PARCEL) if what.startswith(PARCEL) else None
    second = float(what) if parcel is None and what not in ("", ORIGINAL) else None
    found = Pass(int(evidence), person, int(until), what == ORIGINAL, second, int(session), parcel)
    return found if (time.time() if now is None else now) < found.until else None


def _signed(text: str) -> str:
    body = text.encode()
    return f"{_coded(body)}.{_coded(_signature(body))}"


def _signature(body: bytes) -> bytes:
    return hmac.new(_KEY, body, hashlib.sha256).digest()


def _coded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)

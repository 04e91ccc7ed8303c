"""Passwords, codes, cookies and tokens (口令与令牌): made here, and stored as digests only.

What we draw ourselves has 256 bits, so that one SHA-256 is enough; a password needs argon2id (RFC 9106).
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from dashboard.errors import UsageError

LONGEST = 128
"""Characters of a password, so that nobody makes us chew on a megabyte."""
AT_ONCE = threading.Semaphore(2)
"""Each hash takes 19 MB and a core for some hundredths of a second."""
COMMON = ("password", "passw0rd", "qwerty", "123456", "111111", "000000", "abc123", "admin", "mingcha", "iloveyou")


@cache
def _hasher() -> PasswordHasher:
    """The second set of parameters that OWASP names for argon2id: 19 MiB, two passes, one lane."""
    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


@cache
def _nobody() -> str:
    """The hash of a password that nobody knows: compared where there is none, so that both take the same time."""
    return _hasher().hash(secrets.token_urlsafe(24))


def new_secret() -> str:
    """256 random bits as 43 characters for a cookie, a code or a token."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What the database keeps of a secret of ours."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def hashed(password: str) -> str:
    with AT_ONCE:
        return _hasher().hash(_bytes(password))


def matches(kept: str | None, password: str) -> bool:
    """Whether the password is the one of the hash; takes as long where there is no hash."""
    if len(password) > LONGEST:
        password = ""
    with AT_ONCE:
        nobodys = _nobody()  # made by the first who comes, whoever it is
        try:
            return _hasher().verify(kept or nobodys, _bytes(password)) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


def worn_out(kept: str) -> bool:
    """Whether the hash was made with other parameters than those of today."""
    return _hasher().check_needs_rehash(kept)


def _one_form(password: str) -> str:
    """The same characters however the keyboard composed them (NFKC)."""
    return unicodedata.normalize("NFKC", password)


def _bytes(password: str) -> bytes:
    """What is hashed; a terminal may send bytes that are no text."""
    return _one_form(password).encode("utf-8", "surrogatepass")


def require_good(password: str, name: str, least: int) -> None:
    """Refuse what is short, holds the name, or is what everybody tries first (NIST SP 800-63B). UsageError says why."""
    plain = _one_form(password).casefold()
    if len(plain) < least:
        raise UsageError(
            f"The password is too short: it needs {least} characters.", "A short sentence is easy to keep."
        )
    if len(plain) > LONGEST:
        raise UsageError(f"The password is too long: {LONGEST} characters are the most.")
    if name.casefold() in plain:
        raise UsageError("The password must not hold your name.")
    rest = plain
    for word in COMMON:
        rest = rest.replace(word, "")
    if len(set(plain)) < 5 or len(rest) < least - 6 or plain in _RUNS:
        raise UsageError("The password is one that everybody tries first.", "A short sentence is easy to keep.")


_RUNS = frozenset("01234567890123456789"[start:][:length] for start in range(10) for length in range(8, 20)) | {
    "qwertyuiop[]", "abcdefghijkl", "1qaz2wsx3edc", "1q2w3e4r5t6y",
}  # fmt: skip

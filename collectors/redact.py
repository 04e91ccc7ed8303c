"""Passwords out of messages (脱敏): for every text that could have seen an address, a header or a configuration.

Two ways together: forms in which secrets are written (user:password@, `token=`, `Authorization:`), and the exact
secrets that this process has read, wherever and however encoded they turn up.
"""

from __future__ import annotations

import base64
import logging
import re
import threading
from urllib.parse import quote, quote_plus

HIDDEN = "***"
_SHORTEST = 4
"""A shorter secret would blot out ordinary words; the forms below still hide it where it is written as one."""

# Up to the last @ of the word: a password may itself hold @ / ? # written plainly. Hiding too much is no harm.
_USERINFO = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^\s'\"<>]*@", re.IGNORECASE)
_KEYS = (
    r"pass(?:word|wd|phrase)?|pwd|[a-z_-]*secret(?:[_-]?(?:access[_-]?)?key)?|[a-z_-]*token|api[_-]?key|apikey|"
    r"access[_-]?key(?:[_-]?id)?|signature|x-amz-(?:signature|credential|security-token)|auth|sig|key"
)
_QUERY = re.compile(rf"(?P<key>[?&;](?:user(?:name)?|{_KEYS})=)[^&;\s'\"<>]*", re.IGNORECASE)
_PAIR = re.compile(
    r"(?P<key>(?<![\w-])['\"]?(?:pass(?:word|wd|phrase)|pwd|client[_-]?secret|secret[_-]?(?:access[_-]?)?key|secret|"
    r"(?:access|refresh|id|auth|security)[_-]?token|api[_-]?key)['\"]?\s*[=:]\s*)"
    r"(?:\"[^\"]*\"|'[^']*'|[^\s,;&'\"<>)}\]]+)",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"(?P<key>['\"]?(?:(?:proxy-)?authorization|(?:set-)?cookie|x-api-key|x-auth-token)['\"]?\s*[:=]\s*).*",
    re.IGNORECASE,
)

_MOST = 2_000
"""Forms kept, the least recently read dropped first: tokens are renewed for months."""
_lock = threading.Lock()
_remembered: dict[str, None] = {}


def remember(secret: str) -> str:
    """Note a secret that was read, so that it is hidden wherever it turns up; gives it back."""
    if len(secret) >= _SHORTEST:
        coded = base64.b64encode(secret.encode()).decode()
        with _lock:
            for form in (secret, quote(secret, safe=""), quote_plus(secret), coded, repr(secret)[1:-1]):
                _remembered.pop(form, None)
                _remembered[form] = None
            while len(_remembered) > _MOST:
                del _remembered[next(iter(_remembered))]
    return secret


def redact(text: str) -> str:
    """The text without the secrets of addresses, query strings, headers and settings, and without remembered ones."""
    with _lock:
        known = sorted(_remembered, key=len, reverse=True)  # a secret may be part of a longer one
    for secret in known:
        text = text.replace(secret, HIDDEN)
    text = _USERINFO.sub(rf"\g<scheme>{HIDDEN}@", text)
    text = _QUERY.sub(rf"\g<key>{HIDDEN}", text)
    text = _HEADER.sub(rf"\g<key>{HIDDEN}", text)
    return _PAIR.sub(rf"\g<key>{HIDDEN}", text)


class RedactingFormatter(logging.Formatter):
    """Another formatter's output, redacted last: arguments, tracebacks and other libraries' records included."""

    def __init__(self, inner: logging.Formatter | None = None) -> None:
        super().__init__()
        self.inner = inner or logging.Formatter()

    def format(self, record: logging.LogRecord) -> str:
        return redact(self.inner.format(record))


def protect_logging(logger: logging.Logger | None = None) -> None:
    """Put a RedactingFormatter around every handler of `logger` (default: the root logger)."""
    for handler in (logger or logging.getLogger()).handlers:
        if not isinstance(handler.formatter, RedactingFormatter):
            handler.setFormatter(RedactingFormatter(handler.formatter))

"""Passwords out of messages (脱敏): for every text that could have seen an address, a header or a configuration.

Two ways together: forms in which secrets are written (user:password@, `token=`, `Authorization:`), and the exact
secrets that this process has read, wherever and however encoded they turn up.
"""

from __future__ import annotations

import base64
import logging
import re
import sys
import threading
import traceback
import unicodedata
from collections.abc import Callable
from types import TracebackType
from typing import Any
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

_APART = r"[-. ·()–—]{0,2}"
_CALLED = re.compile(
    rf"(?<![\w])(?:[+(]{{0,2}}(?:00)?86{_APART})?"
    rf"(?:\(?1[3-9]\d(?:{_APART}\d){{8}}|\(?0(?:10|2\d|[3-9]\d\d){_APART}[2-9]\d\d(?:{_APART}\d){{4,5}})(?![\w])",
    re.ASCII,
)
_CARD = re.compile(r"(?<![\w])\d{6}[- ]?\d{8}[- ]?\d{3}[\dXx](?![\w])", re.ASCII)
_NO_PERSON = re.compile(r"(?:19|20)\d\d[-.]\d{1,2}[-.]\d{1,2}|(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")
"""A day or a machine's address: digits and signs as in a telephone, and nobody's."""
_WIDE = str.maketrans("０１２３４５６７８９＋－（）　", "0123456789+-() ")
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


def without_people(text: str, mask: Callable[[str], str], card: str = HIDDEN) -> str:
    """The text with what `mask` makes of each telephone, and `card` for each identity card; wide digits made plain.

    Bounded by words' ends: digests, moments in microseconds and long numbers of records are left as they are. A message
    that names the value seen must not carry a customer into a log.
    """
    plain = _CARD.sub(card, text.translate(_WIDE))
    return _CALLED.sub(lambda at: at[0] if _NO_PERSON.search(at[0]) else mask(at[0]), plain)


def _one_line(text: str) -> str:
    """No text that was brought or typed can begin a line of the log, move a terminal's cursor, or ring somebody up."""
    plain = "".join(_escaped(letter) for letter in text)
    return without_people(plain, lambda _: HIDDEN)


def _escaped(letter: str) -> str:
    if letter == "\t" or unicodedata.category(letter) not in ("Cc", "Cf", "Zl", "Zp"):
        return letter
    return letter.encode("unicode_escape").decode()


class RedactedRecord(logging.LogRecord):
    """A log record whose message and traceback are redacted, whichever handler of whichever library writes it."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        if self.exc_info:
            self.exc_text = redact("".join(traceback.format_exception(*self.exc_info)).rstrip("\n"))

    def getMessage(self) -> str:  # noqa: N802 - the name that logging calls
        return _one_line(redact(super().getMessage()))


def protect_process() -> None:
    """From now on nothing that this process logs, and no traceback it prints, shows a secret."""
    logging.setLogRecordFactory(RedactedRecord)
    sys.excepthook = _print_redacted
    threading.excepthook = _print_redacted_of_thread


def _print_redacted(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    sys.stderr.write(redact("".join(traceback.format_exception(kind, error, trace))))


def _print_redacted_of_thread(hook: threading.ExceptHookArgs) -> None:
    if hook.exc_type is not SystemExit and hook.exc_value is not None:
        _print_redacted(hook.exc_type, hook.exc_value, hook.exc_traceback)

"""The audit trail (审计): who did what to which thing, written in the same transaction as the deed."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime

from dashboard.database.last import Transaction
from dashboard.database.models import AUDIT
from dashboard.evidence import chain
from dashboard.instants import to_micros
from dashboard.people import Viewer, operating_system_user
from dashboard.privacy import masked

_UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn"})
"""Control characters (CR, LF, ESC …), direction marks, line separators: whoever reads a log must not be misled."""
_CALLED = re.compile(r"(?<![\w])(?:\+?86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2}(?![\w])", re.ASCII)
_CARD = re.compile(r"(?<![\w])\d{17}[\dXx](?![\w])", re.ASCII)
"""Bounded by words' ends: digests and moments in microseconds are left as they are."""


def record(
    transaction: Transaction,
    viewer: Viewer,
    action: str,
    subject: str | None = None,
    detail: str | None = None,
    *,
    at: datetime,
) -> None:
    """One line of the audit trail in the caller's transaction: no deed without its line, no line without its deed.

    `transaction` is the connection of `Database.session()` or the tables of `intake.tables.alone()`. `action` is a verb
    (`confirm`, `export`, `backup` …), `subject` what it was done to, `detail` free text or JSON, `at` an aware time.
    The operating system's user is noted beside `system` (design §4.1). The line is entered in the chain of evidence.
    Whatever a person typed: no line of it can pass for two, and telephones and identity cards are masked.
    """
    values = {
        "at": to_micros(at),
        "actor": harmless(viewer.name),
        "os_user": operating_system_user() if viewer.is_system else None,
        "action": harmless(action),
        "subject": harmless(subject) or None if subject else None,
        "detail": harmless(detail) or None if detail else None,
    }
    chain.enter(transaction, AUDIT, values, by=viewer, at=at)


def harmless(text: str) -> str:
    """The text on one line, without control or direction characters, telephones and identity cards masked."""
    plain = "".join(" " if unicodedata.category(letter) in _UNSEEN else letter for letter in text)
    return _CALLED.sub(lambda found: masked("phone", found.group()) or "", _CARD.sub("****", plain)).strip()

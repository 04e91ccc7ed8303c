"""The audit trail (审计): who did what to which thing, written in the same transaction as the deed."""

from __future__ import annotations

from datetime import datetime

from dashboard.database.last import Transaction
from dashboard.database.models import AUDIT
from dashboard.evidence import chain
from dashboard.instants import to_micros
from dashboard.people import Viewer, operating_system_user
from dashboard.privacy import harmless, named


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
    The operating system's user is noted beside `system` (design §4.1), beside a stand-in in whose stead. The line is
    entered in the chain of evidence.
    Whatever a person typed: no line of it can pass for two, and what tells a person is masked (`privacy.harmless`).
    """
    values = {
        "at": to_micros(at),
        "actor": named(viewer.name),
        "os_user": operating_system_user() if viewer.is_system else None,
        "action": harmless(action),
        "subject": harmless(subject) or None if subject else None,
        "detail": harmless(detail) or None if detail else None,
    }
    if viewer.acting_for is not None:
        values["acting_for"] = named(viewer.acting_for)
    chain.enter(transaction, AUDIT, values, by=viewer, at=at)

"""Waits after wrong passwords (锁定): counted by the name that was given, whether anybody has it or not.

So a wait tells nothing of who has an account. An attempt is counted before its password is compared and forgotten
when it was right: a hundred attempts at once count as a hundred.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from dashboard.accounts.secret_words import digest
from dashboard.database.models import SIGN_IN_FAILURES
from dashboard.instants import to_micros
from dashboard.settings import AccessSettings

FORGOTTEN_AFTER = 24 * 3600 * 1_000_000
"""Microseconds after the last wrong password at which a name begins anew."""
SHOWN = 12


@dataclass(frozen=True, slots=True)
class Attempt:
    """`wait`: seconds until the next attempt is heard; 0: this one is. `locks`: if it is wrong, a wait begins."""

    wait: int
    locks: bool = False


def wait_after(failures: int, access: AccessSettings) -> float:
    """Seconds to wait after so many wrong passwords in a row: none, then the first wait, doubled each time."""
    over = failures - access.failures
    return 0.0 if over < 0 else min(access.first_wait_seconds * 2.0 ** min(over, 40), access.longest_wait_seconds)


def count_attempt(connection: Connection, access: AccessSettings, name: str, at: datetime) -> Attempt:
    """Count an attempt as if it were wrong, unless the name has to wait."""
    now, key, row = to_micros(at), _key(name), SIGN_IN_FAILURES.c
    connection.execute(sa.delete(SIGN_IN_FAILURES).where(row.last_at <= now - FORGOTTEN_AFTER))
    kept = _held(connection, key, now)
    if kept.locked_until is not None and now < kept.locked_until:
        return Attempt(max(1, -(-(kept.locked_until - now) // 1_000_000)))
    failures = kept.failures + 1
    wait = wait_after(failures, access)
    changed = {"failures": failures, "last_at": now, "locked_until": now + int(wait * 1e6) if wait else None}
    connection.execute(sa.update(SIGN_IN_FAILURES).where(row.name_digest == key).values(changed))
    return Attempt(0, wait > 0)


def forget(connection: Connection, name: str) -> None:
    """The password was right, or a code was used: the name begins anew."""
    connection.execute(sa.delete(SIGN_IN_FAILURES).where(SIGN_IN_FAILURES.c.name_digest == _key(name)))


def shortened(name: str) -> str:
    """A given name as it may stand in the audit: people type passwords into the wrong field, and worse."""
    plain = "".join(letter if letter.isprintable() else "�" for letter in name)
    return plain if len(plain) <= SHOWN else f"{plain[: SHOWN // 2]}…"


def _held(connection: Connection, key: str, now: int) -> Any:
    """The name's row, there and locked in one step: between two, a right password elsewhere would take it away."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    made = insert(SIGN_IN_FAILURES).values(name_digest=key, failures=0, last_at=now)
    row = SIGN_IN_FAILURES.c.name_digest
    kept = made.on_conflict_do_update(index_elements=[row], set_={"name_digest": key}).returning(SIGN_IN_FAILURES)
    return connection.execute(kept).one()


def _key(name: str) -> str:
    return digest(unicodedata.normalize("NFKC", name).strip().casefold())

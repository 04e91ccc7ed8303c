"""One hash chain of every artifact and decision (存证链): what is entered can be found changed, moved or gone.

An entry says number, kind, subject, digest, by, at. `digest` is HMAC-SHA256 of the content's canonical JSON under a
random key of the entry's own: it tells nothing of the content, and content and key may be erased while it holds.
`leaf` = SHA-256 of the canonical JSON of those six; `hash` = SHA-256 of previous hash and leaf (both as hex text). So
the leaves after an entry prove its place to a third party and tell nothing of the others.

Entries are written at the very end of the caller's transaction (`dashboard.database.last`): the lock that puts them
in a row is the last one taken, so nobody can wait for it while holding what its owner waits for.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa

from dashboard.database.last import Transaction, Writer, before_commit
from dashboard.database.models import CHAIN, CHAIN_CONTENTS
from dashboard.freezing.canonical import canonical, digest_of
from dashboard.instants import to_micros

START = "0" * 64
LOCK = 20261122
"""Number of PostgreSQL's advisory lock under which entries are added; SQLite has one writer anyway."""


class Person(Protocol):
    """Whoever acts: only the name is kept."""

    @property
    def name(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry without its place in the row; `at` in microseconds since 1970 UTC."""

    number: int
    kind: str
    subject: str
    digest: str
    by: str
    at: int

    @property
    def leaf(self) -> str:
        return digest_of(canonical(asdict(self)))

    def hash_after(self, previous: str) -> str:
        return linked(previous, self.leaf)

    @classmethod
    def of(cls, row: Any) -> Entry:
        return cls(row.number, row.kind, row.subject, row.digest, row.by, row.at)


def linked(previous: str, leaf: str) -> str:
    """The hash of an entry of this leaf that follows one of the hash `previous`."""
    return digest_of((previous + leaf).encode())


def keyed(key: str, content: str) -> str:
    """Digest of a content (canonical JSON text) under its key (hex)."""
    return hmac.new(bytes.fromhex(key), content.encode(), hashlib.sha256).hexdigest()


def append(
    transaction: Transaction, kind: str, subject: str, content: Mapping[str, Any], *, by: Person, at: datetime
) -> None:
    """Enter something at the end of the caller's transaction: no deed without its entry, no entry without its deed.

    `transaction` is the connection of `Database.session()` or the tables of `intake.tables.alone()`; TypeError for any
    other. `kind` and `subject` are readable for ever and must hold nobody's personal data; `content` (JSON) may.
    `at` is an aware time.
    """
    text = canonical(content).decode()  # as it is now, whatever the caller does with the mapping afterwards
    waiting = before_commit(transaction, _write)
    waiting.append((kind, subject, text, by.name, to_micros(at)))


def key_of(table: sa.Table) -> sa.Column[Any]:
    """The one column by which entries name the rows of a table."""
    (column,) = table.primary_key.columns
    return column


def subject_of(table: sa.Table, identity: int) -> str:
    """How an entry names a row: `audit 17`."""
    return f"{table.name} {identity}"


def enter(
    transaction: Any, table: sa.Table, values: Mapping[str, Any], *, by: Person, at: datetime, kind: str = ""
) -> int:
    """Insert a row whose columns `values` will never change, and its entry; returns the row's primary key.

    `kind` is the table's name unless said. `mingcha verify` compares the row with its entry from then on.
    """
    identity = int(transaction.scalar(sa.insert(table).values(values).returning(key_of(table))))
    append(transaction, kind or table.name, subject_of(table, identity), values, by=by, at=at)
    return identity


def _write(writer: Writer, waiting: list[Any]) -> None:
    """Add the entries that wait, one after the other, under the lock."""
    writer.wait_for(LOCK)
    number = int(writer.scalar(sa.select(sa.func.max(CHAIN.c.number))) or 0)
    previous = writer.scalar(sa.select(CHAIN.c.hash).where(CHAIN.c.number == number)) or START
    rows, contents = [], []
    for kind, subject, content, by, at in waiting:
        number, key = number + 1, secrets.token_hex(32)
        entry = Entry(number, kind, subject, keyed(key, content), by, at)
        last, previous = previous, entry.hash_after(previous)
        rows.append({**asdict(entry), "previous": last, "hash": previous})
        contents.append({"number": number, "key": key, "content": content})
    writer.add(CHAIN, rows)
    writer.add(CHAIN_CONTENTS, contents)

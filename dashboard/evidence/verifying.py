"""Whether everything is as it was entered (核验): links, contents, rows, files, signed heads. Each fault is named.

Every function yields problems `{kind, what}`; docs/evidence.md lists the kinds.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dashboard.database import Database
from dashboard.database.models import (
    AUDIT,
    CHAIN,
    CHAIN_CONTENTS,
    CHAIN_HEADS,
    DISPUTE_PROOFS,
    DISPUTES,
    EVIDENCE,
    METADATA,
    REMOVALS,
)
from dashboard.disputing.proofs import path_of
from dashboard.evidence.beginning import ALWAYS
from dashboard.evidence.chain import START, Entry, key_of, keyed
from dashboard.evidence.heads import Head, HeadError, end_of, known_keys, read_head, read_head_file
from dashboard.instants import LOCAL
from dashboard.settings import Settings

Problem = dict[str, str]
_Subjects = defaultdict[str, list[tuple[int, dict[str, Any], bool]]]
"""Table → key of a row, what an entry tells of it, whether that is all the row says."""
AT_ONCE, ROWS_AT_ONCE = 500, 5000
LONGEST_KEY = 19
"""Digits that a key of 64 bits never has."""
UNKNOWN_TOLD = 20
CLOCKS_APART = timedelta(minutes=5)
"""A head may be this much ahead of our clock; more is a head from the future."""


@dataclass(slots=True)
class Found:
    """What a verification saw. `notes` are true and no fault: removed by rule, erased, another key."""

    count: int = 0
    hash: str = START
    since: int = 0
    checked: int = 0
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)

    def tell(self, kind: str, what: str) -> None:
        self.problems.append({"kind": kind, "what": what})


def verify_evidence(
    db: Database, settings: Settings, *, now: datetime, heads: Mapping[str, Head] | None = None,
    since: int | tuple[int, str] = 0,
) -> Found:  # fmt: skip
    """Check chain, rows, files and heads; with `since` only entries after that number and what they are about.

    Where the hash of that entry is given too, it must still be the same.
    `heads` (name → head) are checked beside those in the database and in the auditor's folder.
    """
    since, known_hash = since if isinstance(since, tuple) else (since, None)
    found = Found(since=since)
    with db.reading() as connection:
        erased = _erased(connection)
        _walk(connection, found, erased, known_hash)
        _unentered(connection, found)
        _twice(connection, found)
        found.problems += _against_heads(connection, settings, found, heads or {}, now)
        files, proofs = connection.execute(_files(since)).all(), connection.execute(_proofs(since)).all()
        known = known_keys(connection)
    _check_files(db, files, settings, found)
    _check_proofs(proofs, erased.proofs, settings, found)
    found.notes += _no_head_laid_down(settings, known)
    found.notes += [
        {"kind": "key", "what": f"entry {number}: heads are signed by {key} from here on"}
        for number, key in sorted(known.items())
    ]
    return found


@dataclass(slots=True)
class _Erased:
    """Entries of audit lines whose content, audit lines of which the free text, proofs whose file was erased by rule.

    Nothing else is ever erased: an entry that says so of a review or a clip erases nothing.
    """

    entries: set[int] = field(default_factory=set)
    lines: set[int] = field(default_factory=set)
    proofs: set[int] = field(default_factory=set)


def _erased(connection: Connection) -> _Erased:
    said = _Erased()
    query = sa.select(CHAIN_CONTENTS.c.key, CHAIN_CONTENTS.c.content, CHAIN.c.digest)
    joined = query.join(CHAIN, CHAIN_CONTENTS.c.number == CHAIN.c.number).where(CHAIN.c.kind == "erased")
    for row in connection.execute(joined):
        if _content_holds(row):
            told = _mapping(row.content)
            said.entries.update(told.get("entries", ()))
            said.lines.update(told.get("rows", {}).get(AUDIT.name, ()))
            said.proofs.update(told.get("rows", {}).get(DISPUTE_PROOFS.name, ()))
    return said


def _mapping(content: str) -> dict[str, Any]:
    """A content as JSON; empty for one that is no mapping, which nobody of ours writes."""
    try:
        told = json.loads(content)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _walk(connection: Connection, found: Found, erased: _Erased, known_hash: str | None) -> None:
    """Follow the chain, and compare the rows that it enters some thousands at a time."""
    subjects: _Subjects = defaultdict(list)
    if found.since:
        found.count, found.hash = found.since, _start(connection, found, known_hash)
    columns = (*CHAIN.c, CHAIN_CONTENTS.c.key, CHAIN_CONTENTS.c.content)
    query = sa.select(*columns).outerjoin(CHAIN_CONTENTS, CHAIN_CONTENTS.c.number == CHAIN.c.number)
    query = query.where(CHAIN.c.number > found.since).order_by(CHAIN.c.number)
    erasures = seen = 0
    for row in connection.execution_options(yield_per=AT_ONCE).execute(query):
        found.checked, seen = found.checked + 1, seen + 1
        _link(row, found)
        if row.content is None and row.number in erased.entries and row.subject.startswith(f"{AUDIT.name} "):
            erasures += 1
            _remember(row, subjects, erased)
        elif row.content is None:
            found.tell("content_missing", f"entry {row.number} ({row.subject}): its content is gone, nothing says why")
        elif not _content_holds(row):
            found.tell("content_changed", f"entry {row.number} ({row.subject}): its content is not what was entered")
        else:
            _remember(row, subjects, erased)
        if seen % ROWS_AT_ONCE == 0:
            _rows(connection, subjects, found)
            subjects.clear()
    _rows(connection, subjects, found)
    if erasures:
        found.notes.append({"kind": "erased", "what": f"{erasures} contents were erased by rule; their entries hold"})


def _start(connection: Connection, found: Found, known_hash: str | None) -> str:
    """The hash of the entry after which the verification begins; a chain that ends before it lost its end."""
    start = connection.execute(sa.select(CHAIN.c.hash).where(CHAIN.c.number == found.since)).scalar()
    if start is None:
        last, _ = end_of(connection)
        found.tell("truncated", f"entry {found.since} was verified and is gone; the chain ends at {last}")
    elif known_hash not in (None, start):
        found.tell(
            "chain_entry", f"entry {found.since} is not the one that was verified; it or one before it was changed"
        )
    return start or START


def _link(row: Any, found: Found) -> None:
    """The entry follows the one before it, and says what it said."""
    named = f"entry {row.number} ({row.kind}, {row.subject})"
    if not all(isinstance(value, int) for value in (row.number, row.at)):  # SQLite keeps a text in any column
        found.tell("chain_entry", f"{named} is not what was entered")
        return
    entry = Entry.of(row)
    if row.number != found.count + 1:
        gone = f"{found.count + 1}" if row.number == found.count + 2 else f"{found.count + 1} to {row.number - 1}"
        found.tell("chain_gap", f"entry {gone} is gone; the next is {named}")
    elif row.previous != found.hash:
        found.tell("chain_order", f"{named} does not follow the entry before it: one of the two was put in its place")
    if entry.hash_after(row.previous) != row.hash:
        found.tell("chain_entry", f"{named} is not what was entered")
    found.count, found.hash = row.number, row.hash


def _content_holds(row: Any) -> bool:
    try:
        return keyed(row.key, row.content) == str(row.digest)
    except ValueError:  # the key is no hex any more
        return False


def _remember(row: Any, subjects: _Subjects, erased: _Erased) -> None:
    about = _row_named(row.subject)
    if about is None:
        return
    table, identity = about
    if table == AUDIT.name and identity in erased.lines:  # the entry itself still tells who and when
        told = {"actor": row.by, "at": row.at} if row.kind == AUDIT.name else {}
        subjects[table].append((identity, {"detail": None, **told}, False))
    elif row.content is not None:
        strict = METADATA.tables[table] in ALWAYS  # no column of these is filled later
        subjects[table].append((identity, _mapping(row.content), strict))


def _row_named(subject: str) -> tuple[str, int] | None:
    """Table and key of the row that an entry is about; None if it is about something else."""
    name, _, identity = subject.partition(" ")
    table = METADATA.tables.get(name)
    if table is None or len(table.primary_key.columns) != 1:
        return None
    return (name, int(identity)) if identity.isdecimal() and len(identity) < LONGEST_KEY else None


def _rows(connection: Connection, subjects: _Subjects, found: Found) -> None:
    """The rows that were entered are there and say what they said."""
    for name, entered in subjects.items():
        table = METADATA.tables[name]
        key = key_of(table)
        wanted = sorted(entered, key=lambda one: one[0])  # a row that is entered twice is compared with both
        for start in range(0, len(wanted), AT_ONCE):
            part = wanted[start : start + AT_ONCE]
            query = sa.select(table).where(key.between(part[0][0], part[-1][0]))
            rows = {row[key.name]: dict(row) for row in connection.execute(query).mappings()}
            found.checked += len(part)
            for identity, told, strict in part:
                if identity not in rows:
                    found.tell("row_missing", f"{name} {identity} was entered and is gone")
                elif not _same(table, rows[identity], told, strict):
                    found.tell("row_changed", f"{name} {identity} is not what was entered")


def _same(table: sa.Table, row: Mapping[str, Any], told: Mapping[str, Any], strict: bool) -> bool:
    """Whether the row says what its entry tells; if `strict`, nothing more."""
    names = {name for name, value in row.items() if value is not None} - {key_of(table).name} if strict else set()
    return all(row.get(name) == told.get(name) for name in names | told.keys())


def _unentered(connection: Connection, found: Found) -> None:
    """Rows that came into a table without an entry."""
    for table in ALWAYS:
        key = key_of(table)
        subject = sa.literal(f"{table.name} ") + sa.cast(key, sa.Text)
        entry = sa.exists().where(CHAIN.c.subject == subject)
        for identity in connection.execute(sa.select(key).where(~entry).order_by(key)).scalars():
            found.tell("row_unchained", f"{table.name} {identity} was never entered")


def _twice(connection: Connection, found: Found) -> None:
    """Rows with a second entry: it would let a changed row, or another one in its place, look as it was entered."""
    last = sa.func.max(CHAIN.c.number)
    query = sa.select(CHAIN.c.subject, last).group_by(CHAIN.c.subject).having(sa.func.count() > 1, last > found.since)
    for subject, number in connection.execute(query.order_by(last)):
        if _row_named(subject) is not None:
            found.tell("entered_twice", f"{subject} was entered before entry {number}: a row is entered once")


def _files(since: int) -> Any:
    columns = (EVIDENCE.c.id, EVIDENCE.c.path, EVIDENCE.c.sha256, REMOVALS.c.rule)
    query = sa.select(*columns).outerjoin(REMOVALS, REMOVALS.c.evidence_id == EVIDENCE.c.id).order_by(EVIDENCE.c.id)
    if not since:
        return query
    subject = sa.literal("evidence ") + sa.cast(EVIDENCE.c.id, sa.Text)
    return query.where(sa.exists().where(CHAIN.c.subject == subject, CHAIN.c.number > since))


def _check_files(db: Database, files: Sequence[Any], settings: Settings, found: Found) -> None:
    root = settings.path(settings.video.evidence_dir)
    removed = 0
    for row in files:
        path = root / row.path
        there = path.is_file()
        found.checked += 1
        if row.rule is not None:
            removed += 1
            if there:
                found.tell("not_removed", f"{row.path} should be gone by the rule '{row.rule}' and is there")
        elif not there:
            if _removed_meanwhile(db, row.id):
                removed += 1
            else:
                found.tell("missing_file", row.path)
        elif sha256_of(path) != row.sha256:
            found.tell("changed_file", row.path)
    if not found.since:
        found.notes += _unknown({row.path for row in files}, root)
    if removed:
        found.notes.append(
            {"kind": "removed_by_rule", "what": f"{removed} files are gone by rule, each with its entry"}
        )


def _proofs(since: int) -> sa.Select[Any]:
    proof = DISPUTE_PROOFS.c
    query = sa.select(proof.id, proof.sha256, DISPUTES.c.number).join(DISPUTES, DISPUTES.c.id == proof.dispute_id)
    subject = sa.literal(f"{DISPUTE_PROOFS.name} ") + sa.cast(proof.id, sa.Text)
    entered = sa.exists().where(CHAIN.c.subject == subject, CHAIN.c.number > since)
    return query.where(entered if since else sa.true()).order_by(proof.id)


def _check_proofs(rows: Sequence[Any], erased: Collection[int], settings: Settings, found: Found) -> None:
    """Files that prove disputes; one that proves two goes with the later of them."""
    wanted = {row.sha256 for row in rows if row.id not in erased}
    for row in rows:
        path, what = path_of(settings, row.sha256), f"proof {row.id} of {row.number}"
        found.checked += 1
        if row.sha256 not in wanted:
            if not found.since and path.is_file():
                found.tell("not_removed", f"{what} should be gone by the rule 'ledgers' and is there")
        elif row.id not in erased and not path.is_file():
            found.tell("missing_file", what)
        elif row.id not in erased and sha256_of(path) != row.sha256:
            found.tell("changed_file", what)


def _removed_meanwhile(db: Database, evidence: int) -> bool:
    """To hash all files takes hours; by the rule some may have gone since their rows were read."""
    with db.reading() as connection:
        query = sa.select(REMOVALS.c.rule).where(REMOVALS.c.evidence_id == evidence)
        return connection.execute(query).first() is not None


def _unknown(known: set[str], root: Path) -> list[Problem]:
    """Files that nobody entered; one may be that of a look which is being stored right now, so it is no problem yet."""
    there = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    named = sorted(str(path) for path in there if str(path) not in known and not path.parts[0].startswith("."))
    return [{"kind": "unknown_file", "what": name} for name in named[:UNKNOWN_TOLD]]


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def laid_down(settings: Settings) -> Iterator[Path]:
    """The heads in the auditor's folder, oldest first."""
    if settings.evidence.heads_dir:
        yield from sorted(settings.path(settings.evidence.heads_dir).glob("head-*.json"))


def _no_head_laid_down(settings: Settings, known: Mapping[int, str]) -> Iterator[Problem]:
    """Told where heads are signed and none lies in the auditor's folder: it was emptied, or is another one since."""
    if known and settings.evidence.heads_dir and next(laid_down(settings), None) is None:
        folder = settings.path(settings.evidence.heads_dir)
        yield {"kind": "no_head", "what": f"{folder} holds no head: nothing outside the database proves where it ends"}


def _against_heads(
    connection: Connection, settings: Settings, found: Found, given: Mapping[str, Head], now: datetime
) -> Iterator[Problem]:
    heads = dict(given)
    for path in laid_down(settings):
        try:
            heads.setdefault(path.name, read_head_file(path))
        except HeadError as error:
            yield {"kind": "head_unreadable", "what": error.message}
    for row in connection.execute(sa.select(CHAIN_HEADS).order_by(CHAIN_HEADS.c.id)):
        try:
            heads[f"stored head {row.id}"] = read_head(row.document, f"stored head {row.id}")
        except HeadError as error:
            yield {"kind": "head_unreadable", "what": error.message}
    keys = set(known_keys(connection).values())
    count, _ = end_of(connection)
    for name, head in heads.items():
        found.checked += 1
        yield from _against(connection, name, head, count, keys, now)


def _against(
    connection: Connection, name: str, head: Head, count: int, keys: set[str], now: datetime
) -> Iterator[Problem]:
    """What a head says that the chain does not."""
    of = f"{name} of {head.at.astimezone(LOCAL):%Y-%m-%d %H:%M}"
    if not head.signed:
        yield {"kind": "head_signature", "what": f"{of}: the signature is not one of its key over what it says"}
        return
    if head.public_key not in keys:
        yield {"kind": "head_key", "what": f"{of} is signed by {head.public_key}, a key that the chain does not know"}
    if head.at > now + CLOCKS_APART:
        yield {
            "kind": "head_future",
            "what": f"{of} is later than this machine's clock ({now.astimezone(LOCAL):%Y-%m-%d %H:%M})",
        }
    if head.count > count:
        yield {"kind": "truncated", "what": f"{of} counts {head.count} entries, the chain ends at {count}"}
        return
    there = connection.execute(sa.select(CHAIN.c.hash).where(CHAIN.c.number == head.count)).scalar()
    if there != head.hash:
        what = f"{of}: entry {head.count} is not the one that was signed; it or one before it was changed"
        yield {"kind": "head_mismatch", "what": what}

"""Events of freezing, each chained to the one before (冻结记录链), and the proof that nothing was changed since."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from dashboard.database import Database
from dashboard.database.guards import missing_guards
from dashboard.database.models import FREEZE_EVENTS, FROZEN_PARTS
from dashboard.freezing.canonical import Part, canonical, digest_of
from dashboard.instants import to_micros
from dashboard.people import Viewer

TOLD = ("period", "action", "digest", "base", "header", "checklist", "reason", "by", "at")
START = "0" * 64
PROPOSED_AS = {"published": "proposed", "restatement_approved": "restatement_proposed"}
"""What is decided → the proposal that comes before it, by another person."""


def lock(connection: Connection) -> None:
    """Events are chained one after the other; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"LOCK TABLE {FREEZE_EVENTS.name} IN SHARE ROW EXCLUSIVE MODE")


def append(
    connection: Connection,
    *,
    by: Viewer,
    at: datetime,
    period: str,
    action: str,
    digest: str,
    header: Mapping[str, Any],
    checklist: Mapping[str, Any] | None = None,
    base: str | None = None,
    reason: str | None = None,
) -> None:
    """Add an event at the end of the chain, in the caller's transaction, which must hold `lock`."""
    last = connection.execute(sa.select(FREEZE_EVENTS.c.chain).order_by(FREEZE_EVENTS.c.id.desc()).limit(1)).scalar()
    told = {
        "period": period, "action": action, "digest": digest, "base": base, "header": canonical(header).decode(),
        "checklist": canonical(checklist or {}).decode(), "reason": (reason or "").strip() or None, "by": by.name,
        "at": to_micros(at),
    }  # fmt: skip
    connection.execute(sa.insert(FREEZE_EVENTS).values(**told, chain=_link(last or START, told)))


def keep(connection: Connection, parts: Mapping[str, Part]) -> None:
    """Store parts; one that is there is left."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    for part in {part.sha256: part for part in parts.values()}.values():
        values = {"sha256": part.sha256, "bytes": part.size, "content": part.packed}
        connection.execute(dialect.insert(FROZEN_PARTS).values(**values).on_conflict_do_nothing())


def _link(last: str, told: Mapping[str, Any]) -> str:
    return digest_of(last.encode() + canonical({name: told[name] for name in TOLD}))


def verify_chain(db: Database) -> tuple[int, list[dict[str, str]]]:
    """How many events and parts were looked at, and what is not as it was written or not by two people."""
    with db.reading() as connection:
        events = connection.execute(sa.select(FREEZE_EVENTS).order_by(FREEZE_EVENTS.c.id)).mappings().all()
        parts = dict(_parts(connection))
        unguarded = missing_guards(connection)
    problems = [_problem("trigger", f"trigger {name} is missing or changed: run mingcha init") for name in unguarded]
    problems += [*_broken_links(events), *(problem for problem in parts.values() if problem is not None)]
    problems += [problem for event in events for problem in _missing(event, parts)]
    problems += _decided_alone(events)
    return len(events) + len(parts), problems


def head_of(db: Database) -> tuple[int, str]:
    """How many events there are and the link of the last one: noted elsewhere, it tells whether the end was cut off."""
    row = FREEZE_EVENTS.c
    with db.reading() as connection:
        count = connection.execute(sa.select(sa.func.count()).select_from(FREEZE_EVENTS)).scalar_one()
        last = connection.execute(sa.select(row.chain).order_by(row.id.desc()).limit(1)).scalar()
    return int(count), last or START


def _parts(connection: Connection) -> Iterator[tuple[str, dict[str, str] | None]]:
    for row in connection.execution_options(yield_per=20).execute(sa.select(FROZEN_PARTS)):
        whole = Part(row.sha256, row.bytes, bytes(row.content)).whole
        yield row.sha256, None if whole else _problem("frozen_part", f"part {row.sha256} is not what was frozen")


def _broken_links(events: Any) -> Iterator[dict[str, str]]:
    last = START
    for event in events:
        if _link(last, event) != event["chain"]:
            what = f"{event['period']}: event {event['id']} ({event['action']}) does not follow the one before it"
            yield _problem("frozen_event", what)
        last = event["chain"]


def _decided_alone(events: Any) -> Iterator[dict[str, str]]:
    """A period is published once; whatever is decided was proposed before, by somebody else."""
    published: set[str] = set()
    proposed: dict[tuple[str, str, str], set[str]] = {}
    for event in events:
        period, action, told = event["period"], event["action"], f"{event['period']}: {event['digest'][:12]}"
        if action in PROPOSED_AS.values():
            proposed.setdefault((action, period, event["digest"]), set()).add(event["by"])
            continue
        before = proposed.get((PROPOSED_AS.get(action, ""), period, event["digest"]), set())
        if not before:
            yield _problem("frozen_event", f"{told} was {action} without a proposal before it")
        elif before == {event["by"]}:
            yield _problem("frozen_event", f"{told} was {action} by {event['by']}, who proposed it")
        if action == "published" and period in published:
            yield _problem("frozen_event", f"{period} was published more than once")
        published |= {period} if action == "published" else set()


def _missing(event: Any, parts: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The header must be the one of the digest, and each of its parts be there."""
    header = json.loads(event["header"])
    if digest_of(canonical(header)) != event["digest"]:
        yield _problem("snapshot", f"{event['period']}: the header of {event['digest'][:12]} is not the frozen one")
    for name, (sha256, _) in header["parts"].items():
        if sha256 not in parts:
            yield _problem("snapshot", f"{event['period']}: part {name} of {event['digest'][:12]} is missing")


def _problem(kind: str, what: str) -> dict[str, str]:
    return {"kind": kind, "what": what}

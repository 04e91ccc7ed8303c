"""Everything that `mingcha verify` looks at (全面核验), and the note that it was looked at."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from dashboard.bootstrap import Application
from dashboard.database.models import CHAIN, VERIFICATIONS
from dashboard.errors import UsageError
from dashboard.evidence.chain import START
from dashboard.evidence.heads import Head, read_head_file
from dashboard.evidence.verifying import Found, Problem, verify_evidence
from dashboard.freezing.chain import head_of, verify_chain
from dashboard.instants import from_micros, to_micros
from dashboard.sampling.verifying import verify_plans


@dataclass(frozen=True, slots=True)
class Verified:
    """A verification that was made: when, by whom, how far, and what it found."""

    at: datetime
    by: str
    since: int
    count: int
    checked: int
    ok: bool
    problems: tuple[Problem, ...]


def verify_everything(
    app: Application, *, head: Path | None = None, public_key: str | None = None, only_since: bool = False
) -> dict[str, Any]:
    """The `verify` document of design §4.1, and a note of it in the database.

    Checks plans, frozen periods, the chain, rows, files and heads; beside the known heads the one of the file `head`.
    With `public_key` (noted elsewhere) a head signed by another is a problem; with `only_since` entries before the head
    of the file, and what they are about, are not looked at again. HeadError for a file that is no head, UsageError for
    options that do not fit.
    """
    heads = {str(head): read_head_file(head)} if head is not None else {}
    if only_since and not heads:
        raise UsageError("--since-head needs the head to begin at.", "Add --head FILE.")
    if public_key is not None and not heads:
        raise UsageError("--public-key needs the head that it must have signed.", "Add --head FILE.")
    now = app.now()
    since = min(one.count for one in heads.values()) if only_since else 0
    document = verify_plans(app.db, app.settings, now=now)
    checked, frozen = verify_chain(app.db)
    found = verify_evidence(app.db, app.settings, now=now, heads=heads, since=_within(app, since))
    document["checked"] += checked + found.checked
    document["problems"] += [*frozen, *found.problems, *_of_another_key(heads, public_key)]
    document["notes"] += found.notes
    document["ok"] = not document["problems"]
    events, link = head_of(app.db)
    document["chain"] = {"events": events, "head": link}
    document["evidence"] = {"entries": found.count, "hash": found.hash, "since": found.since}
    note(app, found, document["problems"], document["checked"])
    return document


def _within(app: Application, since: int) -> int:
    """A head that counts more than there is cannot be begun at: then everything is looked at."""
    with app.db.reading() as connection:
        count = connection.execute(sa.select(sa.func.max(CHAIN.c.number))).scalar() or 0
    return since if since <= count else 0


def _of_another_key(heads: dict[str, Head], public_key: str | None) -> list[Problem]:
    if public_key is None:
        return []
    return [
        {"kind": "head_key", "what": f"{name} is signed by {head.public_key}, not by the key given"}
        for name, head in heads.items()
        if head.public_key != public_key.strip().lower()
    ]


def note(app: Application, found: Found, problems: list[Problem], checked: int) -> None:
    """Remember that it was verified: pages and `doctor` tell when, and what was found."""
    row = {
        "at": to_micros(app.now()), "by": app.viewer.name, "from_number": found.since, "count": found.count,
        "hash": found.hash, "checked": checked, "ok": not problems,
        "problems": json.dumps(problems[:MOST_KEPT], ensure_ascii=False),
    }  # fmt: skip
    with app.db.session() as connection:
        connection.execute(sa.insert(VERIFICATIONS).values(row))


def last_verification(app: Application, *, good: bool = False) -> Verified | None:
    """The newest one; with `good` the newest that found nothing."""
    query = sa.select(VERIFICATIONS).order_by(VERIFICATIONS.c.id.desc()).limit(1)
    with app.db.reading() as connection:
        row = connection.execute(query.where(VERIFICATIONS.c.ok) if good else query).mappings().first()
    if row is None:
        return None
    problems = tuple(json.loads(row["problems"]))
    at = from_micros(row["at"])
    return Verified(at, row["by"], row["from_number"], row["count"], row["checked"], row["ok"], problems)


def verified_up_to(app: Application) -> tuple[int, str]:
    """Number and hash of the entry up to which everything was verified and found whole; (0, START) before any.

    A verification that began later than the ones before it ended leaves a gap that it says nothing of.
    """
    row = VERIFICATIONS.c
    query = sa.select(row.from_number, row.count, row.hash).where(row.ok).order_by(row.id)
    count, link = 0, START
    with app.db.reading() as connection:
        for began, ended, there in connection.execute(query):
            if began <= count <= ended:
                count, link = ended, there
    return count, link


MOST_KEPT = 200
"""Problems that are kept of one verification; `mingcha verify` itself lists all."""

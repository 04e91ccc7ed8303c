"""Offices that change (单位变更): one action for every change, one to take it back; nothing is overwritten.

A change is a batch without a file: judging, lineage and history know it as they know an import. What it replaced stays
in the history of the offices, and taking it back is another batch (docs/decisions/0009).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from checks.office_history import (
    Change,
    History,
    Merge,
    OfficeChangeError,
    Rename,
    require_sound,
    values_of,
)
from checks.offices import BEGINNING, ONE_DAY
from dashboard.actions import audit
from dashboard.actions.aliases import added
from dashboard.database import Database
from dashboard.database.models import BATCHES, CONFIRMATIONS, HISTORY_TABLES, OFFICE_ALIASES, RECORD_TABLES
from dashboard.errors import UsageError
from dashboard.instants import to_micros
from dashboard.intake.by_hand import STATE, close_batch, open_batch, write
from dashboard.intake.tables import Tables, alone
from dashboard.people import Viewer
from dashboard.queries.office_history import TAKEN_BACK, Preview, after_change, digest, preview, read_history, written
from dashboard.rights import require

OFFICES, HISTORY = RECORD_TABLES["offices"], HISTORY_TABLES["offices"]
CHANGE_OFFICES = "change offices"


@dataclass(frozen=True)
class Done:
    """What was written: the batch, how many versions, and names that could not be kept because others have them."""

    batch: int
    versions: int
    refused_names: list[str] = field(default_factory=list)


def preview_change(db: Database, *, by: Viewer, change: Change) -> Preview:
    """What the change would do. UsageError when it cannot be made, NotAllowedError for who does not keep offices."""
    require(by, CHANGE_OFFICES)
    try:
        return preview(db, by, change)
    except OfficeChangeError as error:
        raise refusal(error) from error


def change_offices(
    db: Database,
    *,
    by: Viewer,
    change: Change,
    why: str,
    at: dt.datetime,
    seen: str | None = None,
    keep_names: bool = True,
) -> Done:
    """Make the change from its day on.

    `seen` is the digest of the preview that the person confirmed. With `keep_names` a renamed or merged office is
    understood under both names on either side of the day, for exports go on using the old one, or tell old records
    under the new one. UsageError when the change cannot be made, has no reason, or is not what was seen.
    """
    require(by, CHANGE_OFFICES)
    if not why.strip():
        raise UsageError("A change of offices needs a reason.", "Name the document or the decision.")
    with alone(db) as tables:
        before = read_history(db, tables.connection)
        try:
            after = after_change(before, change)
        except OfficeChangeError as error:
            raise refusal(error) from error
        if seen is not None and seen != digest(before, after):
            raise UsageError("The offices have changed since the preview.", "Look at the preview again.")
        pairs = written(before, after)
        _require_free_codes(tables, [new.code for old, new in pairs if old is None])
        told = {"kind": change.kind, **_plain(dataclasses.asdict(change))}
        batch = open_batch(tables, "offices", by=by, at=at, details={"change": told, "why": why.strip()})
        write(tables, "offices", batch, [_plain(values_of(new)) for _, new in pairs], at)
        kept = _keep_names(tables, by, change, before, at) if keep_names else _Kept()
        details = {"change": told, "why": why.strip(), "aliases": kept.ids,
                   "written": [[new.code, new.valid_from.isoformat()] for _, new in pairs]}  # fmt: skip
        close_batch(tables, batch, details, new=sum(old is None for old, _ in pairs), read=len(pairs))
        audit.record(tables, by, "change_offices", change.subject, _json(details), at=at)
    return Done(batch, len(pairs), kept.refused)


def take_back(db: Database, *, by: Viewer, batch: int, why: str, at: dt.datetime) -> Done:
    """Put the versions that a change replaced back as they were, and take away those that it added.

    The change and its taking back both stay in the history. UsageError when a later change builds on it.
    """
    require(by, CHANGE_OFFICES)
    if not why.strip():
        raise UsageError("A change of offices needs a reason.", "Name the document or the decision.")
    with alone(db) as tables:
        details = _details(tables, batch)
        _require_untouched(tables, batch, details)
        before = read_history(db, tables.connection)
        day = details["change"]["day"]
        told = {"kind": TAKEN_BACK, "day": day, "of": batch}
        new = open_batch(tables, "offices", by=by, at=at, details={"change": told, "why": why.strip()})
        restored = _restore(tables, batch, new)
        after = read_history(db, tables.connection)
        try:
            require_sound(before, after, dt.date.fromisoformat(day))
        except OfficeChangeError as error:
            raise refusal(error) from error
        _withdraw_names(tables, by, details["aliases"], at)
        told_now = {"change": told, "why": why.strip(), "aliases": [], "written": []}
        close_batch(tables, new, told_now, new=0, read=restored)
        audit.record(tables, by, "take_back_change_of_offices", str(batch), _json(told_now), at=at)
    return Done(new, restored)


def refusal(error: OfficeChangeError) -> UsageError:
    """The reason of a refused change as an error of the application."""
    return UsageError(str(error))


# --- writing ----------------------------------------------------------------------------------------------------------


def _require_free_codes(tables: Tables, codes: Sequence[str]) -> None:
    """A new office must not have the code of one that follows a foreign rulebook."""
    query = sa.select(OFFICES.c.code).where(OFFICES.c.rulebook.is_not(None), OFFICES.c.code.in_(codes))
    taken = tables.scalar(query)
    if taken is not None:
        raise UsageError(str(OfficeChangeError("part_known", part=taken)))


# --- names ------------------------------------------------------------------------------------------------------------


@dataclass
class _Kept:
    ids: list[int] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def _keep_names(tables: Tables, by: Viewer, change: Change, before: History, at: dt.datetime) -> _Kept:
    """The old name after the day, the new one before it; of merged offices their names and codes after it."""
    since = (change.day, None)
    wanted: list[tuple[str, str, tuple[dt.date | None, dt.date | None]]] = []
    if isinstance(change, Rename):
        wanted.append((change.code, _name_on(before, change.code, change.day), since))
        if change.day > BEGINNING:
            wanted.append((change.code, change.name, (None, change.day - ONE_DAY)))
    if isinstance(change, Merge):
        for code in change.codes:
            if code != change.into:
                wanted += [(change.into, _name_on(before, code, change.day), since), (change.into, code, since)]
    kept = _Kept()
    for code, name, days in wanted:
        try:
            kept.ids.append(added(tables, by, code, name, days, at))
        except UsageError:  # another office has that name then: rows that use it wait in quarantine
            kept.refused.append(name)
    return kept


def _name_on(history: History, code: str, day: dt.date) -> str:
    return next(version.name for version in reversed(history[code]) if version.valid_on(day))


def _withdraw_names(tables: Tables, by: Viewer, ids: Sequence[int], at: dt.datetime) -> None:
    if ids:
        held = sa.and_(OFFICE_ALIASES.c.id.in_(ids), OFFICE_ALIASES.c.withdrawn_at.is_(None))
        tables.run(sa.update(OFFICE_ALIASES).where(held).values(withdrawn_by=by.name, withdrawn_at=to_micros(at)))


# --- taking back ------------------------------------------------------------------------------------------------------


def _details(tables: Tables, batch: int) -> dict[str, Any]:
    by_hand = (BATCHES.c.id == batch, BATCHES.c.state == STATE, BATCHES.c.record == "offices")
    text = tables.scalar(sa.select(BATCHES.c.details).where(*by_hand))
    if text is None:
        raise UsageError(f"Batch {batch} is no change of offices made by hand.", "See: mingcha offices --changes")
    details: dict[str, Any] = json.loads(text)
    if details["change"]["kind"] == TAKEN_BACK:
        raise UsageError("What was taken back cannot be taken back again.", "Make the change once more.")
    return details


def _require_untouched(tables: Tables, batch: int, details: dict[str, Any]) -> None:
    mine = tables.frame(sa.select(OFFICES.c.code, OFFICES.c.valid_from).where(OFFICES.c.batch_id == batch))
    stand = set(mine.rows())
    gone = [code for code, valid_from in details["written"] if (code, valid_from) not in stand]
    if gone:
        codes = ", ".join(dict.fromkeys(gone))
        raise UsageError(f"A later change of {codes} builds on this one, or it was taken back already.",
                         "Take the later one back first.")  # fmt: skip


def _restore(tables: Tables, batch: int, new: int) -> int:
    """Every version written by `batch` goes to the history; what it replaced comes back with its own lineage."""
    names = [column.name for column in HISTORY.columns if column.name in OFFICES.columns and column.name != "id"]
    replaced = sa.and_(HISTORY.c.ended_by_batch == batch, HISTORY.c.fate == "replaced")
    came_back = sa.select(HISTORY.c.record_id).where(replaced)
    mine = OFFICES.c.batch_id == batch
    n = int(tables.scalar(sa.select(sa.func.count()).select_from(OFFICES).where(mine)))
    fate = sa.case((OFFICES.c.id.in_(came_back), "replaced"), else_="withdrawn")
    ended = sa.select(OFFICES.c.id, fate, sa.literal(new, sa.BigInteger), *(OFFICES.c[name] for name in names))
    fresh = tables.frame(sa.select(OFFICES.c.id).where(mine, OFFICES.c.id.not_in(came_back)))["id"].to_list()
    target = ["record_id", "fate", "ended_by_batch", *names]
    tables.run(HISTORY.insert().from_select(target, ended.where(mine)))
    if fresh:
        tables.run(sa.delete(CONFIRMATIONS).where(CONFIRMATIONS.c.record == "offices",
                                                  CONFIRMATIONS.c.record_id.in_(fresh)))  # fmt: skip
        tables.run(sa.delete(OFFICES).where(OFFICES.c.id.in_(fresh)))
    tables.run(
        sa.update(OFFICES)
        .values({name: HISTORY.c[name] for name in names})
        .where(HISTORY.c.record_id == OFFICES.c.id, replaced)
    )
    return n


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Days as text, for the database and for JSON."""
    return {name: value.isoformat() if isinstance(value, dt.date) else value for name, value in values.items()}


def _json(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False, sort_keys=True)

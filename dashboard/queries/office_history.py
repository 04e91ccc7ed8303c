"""Offices over time (单位沿革): every version, the tree of a day, what was changed by hand by whom, and its effect."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from checks.office_effects import Effect, OfficeChange, changes_between, effects, story_of
from checks.office_history import (
    RANKS,
    Change,
    History,
    Version,
    all_of,
    history_of,
    require_sound,
    touched,
    tree_of_history,
    trimmed,
)
from checks.offices import BEGINNING, Tree
from collectors.records import RECORDS
from dashboard.database import Database
from dashboard.database.models import BATCHES, OFFICE_ALIASES, RECORD_TABLES, ROLLUPS
from dashboard.instants import LOCAL, from_micros
from dashboard.intake.by_hand import STATE
from dashboard.people import Viewer
from dashboard.queries.offices import visible_tree

TAKEN_BACK = "take_back"


@dataclass(frozen=True, slots=True)
class Deed:
    """One change made by hand: who, when, why, and the change as it was asked for."""

    batch: int
    at: dt.datetime
    by: str
    why: str
    kind: str
    """A kind of `checks.office_history.CHANGES`, or `take_back`."""
    day: dt.date
    asked: Mapping[str, Any]
    """The fields of the change; of a `take_back` the batch taken back (`of`)."""
    taken_back: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change would do."""

    change: Change
    effects: Sequence[Effect]
    written: Sequence[tuple[Version | None, Version]]
    """Versions that would be written: what they replace, and what they say."""
    records: Mapping[str, int]
    """Judged records from the day on, by the office that they name."""
    digest: str
    """Pins what was shown: a confirmed change is refused when the offices have changed since."""


def read_history(db: Database, connection: Any = None) -> History:
    """Every version of the company's own offices."""
    table, record = RECORD_TABLES["offices"].c, RECORDS["offices"]
    frame = db.frame(sa.select(*(table[name] for name in record.names)).where(table.rulebook.is_(None)), connection)
    return history_of(_version(row) for row in frame.iter_rows(named=True))


def _version(row: Mapping[str, Any]) -> Version:
    valid_to = row["valid_to"]
    days = {
        "valid_from": dt.date.fromisoformat(row["valid_from"]),
        "valid_to": dt.date.fromisoformat(valid_to) if valid_to else None,
    }
    return Version(**{**row, **days, "name": row["name"] or row["code"]})


def after_change(history: History, change: Change) -> History:
    """The history with the change. OfficeChangeError when it does not bear it, or the result would be unsound."""
    orderly = {code: trimmed(versions) for code, versions in history.items()}
    changed = change.applied(orderly)
    after = {**history, **{code: changed[code] for code in touched(orderly, changed)}}
    require_sound(history, after, change.day)
    return after


def preview(db: Database, viewer: Viewer, change: Change) -> Preview:
    """What the change would do, without doing it. OfficeChangeError as when it is made; all offices are looked at."""
    history = read_history(db)
    after = after_change(history, change)
    found = effects(tree_of_history(history), tree_of_history(after), change.day)
    return Preview(
        change,
        _seen(db, viewer, found),
        written(history, after),
        _records_since(db, change.day),
        digest(history, after),
    )


def written(before: History, after: History) -> list[tuple[Version | None, Version]]:
    """Versions of `after` that are not in `before`, each with the one whose place it takes."""
    known = {(one.code, one.valid_from): one for one in all_of(before)}
    pairs = ((known.get((one.code, one.valid_from)), one) for one in all_of(after))
    return [(old, new) for old, new in pairs if old != new]


def digest(before: History, after: History) -> str:
    """Of everything that the change reads and writes."""
    codes = touched(before, after)
    told = repr([(before.get(code), after.get(code)) for code in codes])
    return hashlib.sha256(told.encode()).hexdigest()


def _seen(db: Database, viewer: Viewer, found: list[Effect]) -> list[Effect]:
    if viewer.sees_everything:
        return found
    codes = visible_tree(db, viewer).offices
    return [effect for effect in found if effect.code in codes]


def _records_since(db: Database, day: dt.date) -> dict[str, int]:
    row = ROLLUPS.c
    n = sa.func.sum(row.numerator)
    query = sa.select(row.office_code, n).where(row.indicator == "n", row.day >= day.isoformat())
    with db.reading() as connection:
        return {code: int(count) for code, count in connection.execute(query.group_by(row.office_code))}


# --- what there is ----------------------------------------------------------------------------------------------------


def whole_tree(db: Database) -> Tree:
    """All versions of the company's own offices as the tree that judging reads."""
    return tree_of_history(read_history(db))


def visible_history(db: Database, viewer: Viewer) -> History:
    """Every version of the offices that the viewer may see."""
    history = read_history(db)
    if viewer.sees_everything:
        return history
    codes = visible_tree(db, viewer).offices
    return {code: versions for code, versions in history.items() if code in codes}


def offices_on(history: History, day: dt.date) -> list[Version]:
    """The versions valid on the day, each below the one above it, in order of codes."""
    valid = {one.code: one for one in all_of(history) if one.valid_on(day)}
    below: dict[str | None, list[Version]] = {}
    for version in sorted(valid.values(), key=lambda one: (RANKS.get(one.level, 9), one.code)):
        below.setdefault(version.parent_code if version.parent_code in valid else None, []).append(version)
    ordered: list[Version] = []
    waiting = list(reversed(below.get(None, [])))
    while waiting:
        version = waiting.pop()
        if version in ordered:
            continue
        ordered.append(version)
        waiting += reversed(below.get(version.code, []))
    return ordered


def depths(ordered: Iterable[Version]) -> dict[str, int]:
    """How deep each office of `offices_on` lies below its root."""
    found: dict[str, int] = {}
    for version in ordered:
        found[version.code] = found.get(version.parent_code or "", -1) + 1
    return found


def changes(db: Database, viewer: Viewer, *, first: dt.date, last: dt.date) -> list[OfficeChange]:
    """What changed on these days, of what the viewer may see, oldest first."""
    return _visible_changes(db, viewer, changes_between(whole_tree(db), first, last))


def changes_told(db: Database, viewer: Viewer, *, first: dt.date, last: dt.date) -> tuple[list[OfficeChange], Tree]:
    """The same with the tree that knows the names they are told by."""
    tree = whole_tree(db)
    return _visible_changes(db, viewer, changes_between(tree, first, last)), tree


def office_story(db: Database, viewer: Viewer, code: str) -> list[OfficeChange]:
    """Everything that happened to one office."""
    return _visible_changes(db, viewer, story_of(whole_tree(db), code))


def _visible_changes(db: Database, viewer: Viewer, found: list[OfficeChange]) -> list[OfficeChange]:
    if viewer.sees_everything:
        return found
    codes = frozenset(visible_tree(db, viewer).offices)
    return [change for change in found if change.concerns & codes]


def deeds(db: Database, viewer: Viewer, *, limit: int = 50) -> list[Deed]:
    """Changes made by hand, newest first; only for who sees the whole company."""
    if not viewer.sees_everything:
        return []
    query = sa.select(BATCHES.c.id, BATCHES.c.started_at, BATCHES.c.by, BATCHES.c.details)
    query = query.where(BATCHES.c.state == STATE, BATCHES.c.record == "offices").order_by(BATCHES.c.id.desc())
    with db.reading() as connection:
        rows = connection.execute(query).all()
    told = [(row, json.loads(row.details)) for row in rows]
    gone = {details["change"]["of"] for _, details in told if details["change"]["kind"] == TAKEN_BACK}
    return [_deed(row, details, row.id in gone) for row, details in told[:limit]]


def _deed(row: Any, details: Mapping[str, Any], taken_back: bool) -> Deed:
    asked = {name: value for name, value in details["change"].items() if name not in ("kind", "day")}
    change = details["change"]
    return Deed(
        row.id, from_micros(row.started_at), row.by, details["why"], change["kind"],
        dt.date.fromisoformat(change["day"]), asked, taken_back,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Alias:
    """A name that a person said to mean an office."""

    id: int
    code: str
    name: str
    valid_from: dt.date
    valid_to: dt.date | None
    by: str
    at: dt.datetime


def aliases(db: Database, viewer: Viewer, *, code: str | None = None) -> list[Alias]:
    """Aliases that hold, of the offices that the viewer may see."""
    row = OFFICE_ALIASES.c
    query = sa.select(row.id, row.office_code, row.name, row.valid_from, row.valid_to, row.by, row["at"])
    query = query.where(row.withdrawn_at.is_(None)).order_by(row.office_code, row.valid_from, row.id)
    if code is not None:
        query = query.where(row.office_code == code)
    codes = None if viewer.sees_everything else visible_tree(db, viewer).offices
    with db.reading() as connection:
        found = connection.execute(query).all()
    return [
        Alias(one[0], one[1], one[2], dt.date.fromisoformat(one[3]),
              dt.date.fromisoformat(one[4]) if one[4] else None, one[5], from_micros(one[6]))
        for one in found if codes is None or one[1] in codes
    ]  # fmt: skip


def today(now: dt.datetime) -> dt.date:
    """The local day."""
    return now.astimezone(LOCAL).date()


# --- as commands print it ---------------------------------------------------------------------------------------------


def version_document(version: Version) -> dict[str, Any]:
    """One version with its days as text; the first version of an office that was always there begins with null."""
    values = {name: getattr(version, name) for name in RECORDS["offices"].names}
    begins = None if version.valid_from == BEGINNING else version.valid_from.isoformat()
    return {**values, "valid_from": begins, "valid_to": version.valid_to and version.valid_to.isoformat()}


def preview_document(found: Preview) -> dict[str, Any]:
    """What a change would do, as JSON."""
    return {
        "day": found.change.day.isoformat(),
        "kind": found.change.kind,
        "rows": [
            {
                "office": effect.code, "name": effect.name, "level": effect.level, "begins": effect.begins,
                "ends": effect.ends, "old_name": effect.old_name, "gained": list(effect.gained),
                "lost": list(effect.lost),
                "changed": {name: {"before": before, "after": after} for name, before, after in effect.changed},
                "records_gained": sum(found.records.get(code, 0) for code in effect.gained),
                "records_lost": sum(found.records.get(code, 0) for code in effect.lost),
            }
            for effect in found.effects
        ],
        "versions": [version_document(new) for _, new in found.written],
        "digest": found.digest,
    }  # fmt: skip

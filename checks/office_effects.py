"""What a change of offices does to the league (变更影响), and what has changed between two days (单位变更), from trees.

Changes are read from the versions themselves, so that those of a file and those made by hand are told alike.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from checks.office_history import RANKS
from checks.offices import BEGINNING, END, ONE_DAY, Office, Tree

ATTRIBUTES = ("area", "peer_group", "customers")


@dataclass(frozen=True, slots=True)
class Effect:
    """What becomes of one row of the league from the day on."""

    code: str
    name: str
    level: str
    begins: bool
    ends: bool
    old_name: str | None
    """The name before, where it is another."""
    gained: tuple[str, ...]
    """Offices that count for it now and did not before; itself never."""
    lost: tuple[str, ...]
    changed: tuple[tuple[str, object, object], ...]
    """(attribute, before, after) of area, peer group, customers."""


def effects(before: Tree, after: Tree, day: dt.date) -> list[Effect]:
    """Rows that a change touches on its day, from the top down."""
    was, is_now = _summed(before, day), _summed(after, day)
    found = []
    for code in sorted({*before.versions, *after.versions}):
        old, new = _valid(before, code, day), _valid(after, code, day)
        gained = is_now.get(code, set()) - was.get(code, set()) - {code} if new else set()
        lost = was.get(code, set()) - is_now.get(code, set()) - {code} if old else set()
        renamed = old.name if old and new and old.name != new.name else None
        changed = _attributes(old, new)
        if gained or lost or renamed or changed or (old is None) != (new is None):
            office = new or old or before.versions[code][-1]
            found.append(Effect(
                code, office.name, office.level, begins=old is None, ends=new is None, old_name=renamed,
                gained=tuple(sorted(gained)), lost=tuple(sorted(lost)), changed=changed,
            ))  # fmt: skip
    return sorted(found, key=lambda effect: (RANKS.get(effect.level, 9), effect.code))


def _valid(tree: Tree, code: str, day: dt.date) -> Office | None:
    office = tree.on(code, day)
    return office if office is not None and office.valid_on(day) else None


def _summed(tree: Tree, day: dt.date) -> dict[str, set[str]]:
    """Office → itself and everything that counts for it on the day."""
    found: dict[str, set[str]] = {}
    for code in tree.versions:
        for above in tree.path(code, day):
            found.setdefault(above, set()).add(code)
    return found


def _attributes(old: Office | None, new: Office | None) -> tuple[tuple[str, object, object], ...]:
    if old is None or new is None:
        return ()
    pairs = ((name, getattr(old, name), getattr(new, name)) for name in ATTRIBUTES)
    return tuple(pair for pair in pairs if pair[1] != pair[2])


@dataclass(frozen=True, slots=True)
class OfficeChange:
    """Something that happened to an office on `day` (the first day on which it holds)."""

    day: dt.date
    kind: str
    """opened | renamed | moved | merged | split | closed | adjusted"""
    code: str
    name: str
    level: str
    before: tuple[str, ...] = ()
    """The name before; the office above before; for `adjusted` what was adjusted."""
    after: tuple[str, ...] = ()
    """The name since; the office above since; who it was merged into or split into."""

    @property
    def concerns(self) -> frozenset[str]:
        """Codes of the offices whose figures it changes."""
        others = () if self.kind in ("renamed", "adjusted") else (*self.before, *self.after)
        return frozenset((self.code, *others))


def changes_between(tree: Tree, first: dt.date, last: dt.date) -> list[OfficeChange]:
    """What changed on the days `first` to `last`, both included, in order of days; `tree` holds all versions."""
    found = [change for versions in tree.versions.values() for change in _story(versions)]
    inside = [change for change in found if first <= change.day <= last]
    return sorted(_without_consequences(inside), key=lambda change: (change.day, change.code, change.kind))


def story_of(tree: Tree, code: str) -> list[OfficeChange]:
    """Everything that happened to one office, and what it took in."""
    taken_in = [
        change for other, versions in tree.versions.items() if other != code
        for change in _story(versions) if change.kind in ("merged", "split") and code in change.after
    ]  # fmt: skip
    own = list(_story(tree.versions.get(code, ())))
    return sorted([*own, *taken_in], key=lambda change: (change.day, change.code))


def _story(versions: tuple[Office, ...]) -> Iterator[OfficeChange]:
    if not versions:
        return
    first = versions[0]
    if first.valid_from > BEGINNING:
        yield OfficeChange(first.valid_from, "opened", first.code, first.name, first.level, (), _some(first.parent))
    for old, new in pairwise(versions):
        yield from _between(old, new)
    last = versions[-1]
    if last.valid_to < END:
        kind = {0: "closed", 1: "merged"}.get(len(last.successors), "split")
        yield OfficeChange(last.valid_to + ONE_DAY, kind, last.code, last.name, last.level, (), last.successors)


def _between(old: Office, new: Office) -> Iterator[OfficeChange]:
    day, code, level = new.valid_from, new.code, new.level
    if old.name != new.name:
        yield OfficeChange(day, "renamed", code, new.name, level, (old.name,), (new.name,))
    if old.parent != new.parent:
        yield OfficeChange(day, "moved", code, new.name, level, _some(old.parent), _some(new.parent))
    adjusted = tuple(name for name, _, _ in _attributes(old, new))
    if adjusted:
        yield OfficeChange(day, "adjusted", code, new.name, level, adjusted)


def _some(code: str | None) -> tuple[str, ...]:
    return () if code is None else (code,)


def _without_consequences(changes: Iterable[OfficeChange]) -> list[OfficeChange]:
    """Without what a merger or a split brings along: halls that follow, parts that begin, customers that add up."""
    known = list(changes)
    ends = {(change.day, change.code): change.after for change in known if change.kind in ("merged", "split")}
    heirs = {(day, heir) for (day, _), after in ends.items() for heir in after}
    kept = []
    for change in known:
        follows = change.kind == "moved" and any(
            (change.day, above) in ends and set(change.after) <= set(ends[change.day, above]) for above in change.before
        )
        made = change.kind in ("opened", "adjusted") and (change.day, change.code) in heirs
        if not follows and not made:
            kept.append(change)
    return kept

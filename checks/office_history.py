"""The versions of offices and what may be done to them (单位沿革): rename, move, merge, split, close, open, adjust.

A change is a value that turns a history into the next one. It holds from a day on: the version valid on that day ends
the day before and a new one begins. Nothing here reads or writes; whoever stores the result asks `require_sound` first.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import pairwise
from typing import Any, ClassVar

from checks.errors import RuleError
from checks.offices import BEGINNING, END, ONE_DAY, Office, Tree, successors_of

LEVEL_NAMES = ("company", "county", "station", "hall")
RANKS = {level: rank for rank, level in enumerate(LEVEL_NAMES)}
"""Levels from the top; an office never stands below one of a lower level."""
ADJUSTABLE = ("area", "peer_group", "customers")
MESSAGES = {
    "unknown": "There is no office '{code}'.",
    "known": "There is an office '{code}' already ({name}); choose another code.",
    "not_begun": "{code} {name} begins on {begins}: nothing of it can change on {day}.",
    "ended": "{code} {name} has ended on {ended}: nothing of it can change on {day}.",
    "gap": "{code} {name} was not valid on {day}.",
    "nothing_changes": "Nothing would change: {code} {name} is so on {day} already.",
    "no_name": "An office needs a name.",
    "no_code": "An office needs a code.",
    "begins_then": "{code} {name} begins on {day} itself and cannot end before; take its beginning back instead.",
    "later_version": "{code} {name} has a later version from {begins}; take that back first.",
    "unknown_parent": "There is no office '{parent}' that {code} could stand below.",
    "parent_not_valid": "{parent} {name} is not valid on {day}: {code} cannot stand below it then.",
    "parent_too_low": "{code} is a {level} and cannot stand below {parent}, a {parent_level}.",
    "under_it": "{children} would stand below {code}, which is not valid on {day}; move or close them first.",
    "circle": "The offices would be in a circle: {codes}.",
    "overlap": "Two versions of {code} hold on the same day ({first} and {second}); correct the offices file first.",
    "two_needed": "{code} cannot be merged into itself; name the offices that it takes in.",
    "level_differs": "{code} is a {level} and {into} a {other}: only offices of one level can be merged.",
    "parts_needed": "A split needs at least two parts.",
    "part_known": "There is an office '{part}' already; a part needs a code of its own.",
    "child_homeless": "Say which part {child} {name} goes to: {code} ends.",
    "no_part": "'{part}' is none of the parts ({parts}).",
    "no_child": "{child} does not stand below {code} on {day}.",
    "bad_customers": "The number of customers cannot be {value}.",
    "bad_area": "Area '{value}' is none of urban, rural, remote.",
    "bad_level": "Level '{value}' is none of company, county, station, hall.",
}  # fmt: skip
"""Why a change is refused: code → sentence, translated where it is shown."""


class OfficeChangeError(RuleError):
    """A change that the history does not bear; `MESSAGES[why]` filled with `values` says why."""

    def __init__(self, why: str, /, **values: object) -> None:
        super().__init__(MESSAGES[why].format(**values))
        self.why, self.values = why, values


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an office as it is stored. `valid_from` and `valid_to` are included; None: open."""

    code: str
    name: str
    level: str
    parent_code: str | None = None
    area: str | None = None
    peer_group: str | None = None
    customers: int | None = None
    aliases: str | None = None
    valid_from: dt.date = BEGINNING
    valid_to: dt.date | None = None
    successor_code: str | None = None

    @property
    def ends(self) -> dt.date:
        return self.valid_to or END

    def valid_on(self, day: dt.date) -> bool:
        return self.valid_from <= day <= self.ends


Versions = tuple[Version, ...]
History = Mapping[str, Versions]
"""Versions by code, each code's in order of their first day."""


def history_of(versions: Iterable[Version]) -> History:
    """The versions by code, in order."""
    found: dict[str, list[Version]] = {}
    for version in sorted(versions, key=lambda one: (one.code, one.valid_from)):
        found.setdefault(version.code, []).append(version)
    return {code: tuple(ordered) for code, ordered in found.items()}


def all_of(history: History) -> list[Version]:
    return [version for versions in history.values() for version in versions]


def tree_of_history(history: History) -> Tree:
    """The same as a tree that judging reads."""
    return Tree({code: tuple(_office(version) for version in versions) for code, versions in history.items()})


def _office(version: Version) -> Office:
    return Office(
        code=version.code, name=version.name, parent=version.parent_code, level=version.level, area=version.area,
        peer_group=version.peer_group, customers=version.customers, valid_from=version.valid_from,
        valid_to=version.ends, successors=successors_of(version.successor_code),
    )  # fmt: skip


def values_of(version: Version) -> dict[str, Any]:
    """The columns of a version."""
    return {one.name: getattr(version, one.name) for one in fields(version)}


# --- the changes ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happens to offices from `day` on."""

    kind: ClassVar[str] = ""
    day: dt.date

    @property
    def subject(self) -> str:
        """The code of the office that it is about."""
        raise NotImplementedError

    def applied(self, history: History) -> History:
        """The history after it. OfficeChangeError when it does not bear it."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Rename(Change):
    """更名"""

    kind: ClassVar[str] = "rename"
    code: str
    name: str

    @property
    def subject(self) -> str:
        return self.code

    def applied(self, history: History) -> History:
        _require_name(self.name)
        return _changed(history, self.code, self.day, name=self.name)


@dataclass(frozen=True, slots=True)
class Move(Change):
    """划转: another office above it."""

    kind: ClassVar[str] = "move"
    code: str
    parent: str

    @property
    def subject(self) -> str:
        return self.code

    def applied(self, history: History) -> History:
        return _changed(history, self.code, self.day, parent_code=self.parent)


@dataclass(frozen=True, slots=True)
class Adjust(Change):
    """Area, peer group or customers (城乡类别、对标组、客户数); what `values` does not name stays."""

    kind: ClassVar[str] = "adjust"
    code: str
    values: Mapping[str, Any]

    @property
    def subject(self) -> str:
        return self.code

    def applied(self, history: History) -> History:
        values = {name: value for name, value in self.values.items() if name in ADJUSTABLE}
        _require_values(values.get("area"), values.get("customers"))
        return _changed(history, self.code, self.day, **values)


@dataclass(frozen=True, slots=True)
class Close(Change):
    """撤销: `day` is the first day without it."""

    kind: ClassVar[str] = "close"
    code: str

    @property
    def subject(self) -> str:
        return self.code

    def applied(self, history: History) -> History:
        return _ended(history, self.code, self.day, None)


@dataclass(frozen=True, slots=True)
class Open(Change):
    """新设"""

    kind: ClassVar[str] = "open"
    code: str
    name: str
    level: str
    parent: str | None = None
    area: str | None = None
    peer_group: str | None = None
    customers: int | None = None

    @property
    def subject(self) -> str:
        return self.code

    def applied(self, history: History) -> History:
        if not self.code.strip():
            raise OfficeChangeError("no_code")
        if self.level not in RANKS:
            raise OfficeChangeError("bad_level", value=self.level)
        _require_name(self.name)
        _require_values(self.area, self.customers)
        _require_free(history, self.code)
        made = Version(self.code, self.name, self.level, self.parent, self.area, self.peer_group, self.customers,
                       valid_from=self.day)  # fmt: skip
        return _with(history, made)


@dataclass(frozen=True, slots=True)
class Merge(Change):
    """合并: `codes` go into `into`, what stands below them with them; `into` may be one of them, or a new office.

    Its customers become the sum of all, unless `customers` says otherwise; `name` gives it another name.
    """

    kind: ClassVar[str] = "merge"
    codes: tuple[str, ...]
    into: str
    name: str | None = None
    customers: int | None = None

    @property
    def subject(self) -> str:
        return self.into

    def applied(self, history: History) -> History:
        going = [code for code in dict.fromkeys(self.codes) if code != self.into]
        if not going or (self.into not in history and len(going) < 2):
            raise OfficeChangeError("two_needed", code=self.into)
        _require_values(None, self.customers)
        merged = [_valid(history, code, self.day) for code in going]
        history = self._successor(history, merged)
        for version in merged:
            history = _ended(history, version.code, self.day, self.into)
        return _children_moved(history, dict.fromkeys(going, self.into), self.day)

    def _successor(self, history: History, merged: Sequence[Version]) -> History:
        """With the office that goes on, its name and its customers."""
        first = merged[0]
        if self.into not in history:
            return _opened_beside(first, self.day, self.into, self.name or "", self._customers(merged)).applied(history)
        stays = _valid(history, self.into, self.day)
        for version in merged:
            if version.level != stays.level:
                raise OfficeChangeError(
                    "level_differs", code=version.code, level=version.level, into=self.into, other=stays.level
                )
        return _going_on(history, stays, self.day, self.name, self._customers([stays, *merged]))

    def _customers(self, versions: Sequence[Version]) -> int | None:
        known = [version.customers for version in versions if version.customers]
        return self.customers if self.customers is not None else sum(known) if known else None


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a split. Without `customers` a new part has no number of its own, the old one keeps its."""

    code: str
    name: str
    customers: int | None = None


@dataclass(frozen=True, slots=True)
class Split(Change):
    """拆分: an office becomes `parts`. If its own code is among them it goes on, else it ends.

    `children` says to which part each office below it goes; those not named stay with an office that goes on.
    """

    kind: ClassVar[str] = "split"
    code: str
    parts: tuple[Part, ...]
    children: Mapping[str, str] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        return self.code

    def applied(self, history: History) -> History:
        old = _valid(history, self.code, self.day)
        codes = [part.code for part in self.parts]
        if len(set(codes)) < 2:
            raise OfficeChangeError("parts_needed")
        children = self._children(history, codes)
        for part in self.parts:
            history = self._part(history, old, part)
        if self.code not in codes:
            history = _ended(history, self.code, self.day, ";".join(codes))
        for child, part_code in children.items():
            history = _changed(history, child, self.day, parent_code=part_code)
        return history

    def _part(self, history: History, old: Version, part: Part) -> History:
        if part.code == old.code:
            return _going_on(
                history, old, self.day, part.name, old.customers if part.customers is None else part.customers
            )
        if part.code in history:
            raise OfficeChangeError("part_known", part=part.code)
        return _opened_beside(old, self.day, part.code, part.name, part.customers).applied(history)

    def _children(self, history: History, codes: Sequence[str]) -> dict[str, str]:
        below = {version.code: version for version in all_of(history)
                 if version.parent_code == self.code and version.valid_on(self.day)}  # fmt: skip
        for child, part in self.children.items():
            if child not in below:
                raise OfficeChangeError("no_child", child=child, code=self.code, day=self.day)
            if part not in codes:
                raise OfficeChangeError("no_part", part=part, parts=", ".join(codes))
        homeless = [one for code, one in sorted(below.items()) if code not in self.children]
        if homeless and self.code not in codes:
            raise OfficeChangeError("child_homeless", child=homeless[0].code, name=homeless[0].name, code=self.code)
        return {child: part for child, part in self.children.items() if part != self.code}


CHANGES: dict[str, type[Change]] = {
    kind.kind: kind for kind in (Rename, Move, Merge, Split, Close, Open, Adjust)
}  # fmt: skip


# --- how versions change ----------------------------------------------------------------------------------------------


def _valid(history: History, code: str, day: dt.date) -> Version:
    """The version valid on the day, or why there is none."""
    versions = history.get(code)
    if not versions:
        raise OfficeChangeError("unknown", code=code)
    found = [version for version in versions if version.valid_on(day)]
    if found:
        return found[-1]
    first, last = versions[0], versions[-1]
    if day < first.valid_from:
        raise OfficeChangeError("not_begun", code=code, name=first.name, begins=first.valid_from, day=day)
    if day > last.ends:
        raise OfficeChangeError("ended", code=code, name=last.name, ended=last.ends, day=day)
    raise OfficeChangeError("gap", code=code, name=first.name, day=day)


def _opened_beside(like: Version, day: dt.date, code: str, name: str, customers: int | None) -> Open:
    """A new office where another one stands: level, parent, area and peer group are its."""
    return Open(day, code, name, like.level, like.parent_code, like.area, like.peer_group, customers)


def _going_on(history: History, old: Version, day: dt.date, name: str | None, customers: int | None) -> History:
    """An office that goes on after a merger or a split, under its own name unless it gets another one."""
    if (name or old.name, customers) == (old.name, old.customers):
        return history
    return _changed(history, old.code, day, name=name or old.name, customers=customers)


def _changed(history: History, code: str, day: dt.date, **values: Any) -> History:
    """The version valid on the day has these values from it on, until its own end."""
    old = _valid(history, code, day)
    new = replace(old, **values)
    if new == old:
        raise OfficeChangeError("nothing_changes", code=code, name=old.name, day=day)
    if old.valid_from == day:
        return _with(history, new)
    # the ending part keeps no successor: the office goes on
    return _with(history, replace(old, valid_to=day - ONE_DAY, successor_code=None), replace(new, valid_from=day))


def _ended(history: History, code: str, day: dt.date, successor: str | None) -> History:
    old = _valid(history, code, day)
    if old.valid_from == day:
        raise OfficeChangeError("begins_then", code=code, name=old.name, day=day)
    later = next((one for one in history[code] if one.valid_from > day), None)
    if later is not None:
        raise OfficeChangeError("later_version", code=code, name=old.name, begins=later.valid_from)
    return _with(history, replace(old, valid_to=day - ONE_DAY, successor_code=successor))


def _children_moved(history: History, to: Mapping[str, str], day: dt.date) -> History:
    """Whatever stands below one of the codes on or after the day stands below another from then on."""
    for version in all_of(history):
        if version.parent_code is not None and version.parent_code in to and version.ends >= day:
            parent = to[version.parent_code]
            history = _changed(history, version.code, max(day, version.valid_from), parent_code=parent)
    return history


def _with(history: History, *versions: Version) -> History:
    """The history with these versions, each in place of the one of its code and first day."""
    kept = {(one.code, one.valid_from): one for one in all_of(history)}
    return history_of({**kept, **{(one.code, one.valid_from): one for one in versions}}.values())


# --- is the result sound? ---------------------------------------------------------------------------------------------


def trimmed(versions: Versions) -> Versions:
    """The same days with no two versions on one: an older version ends where the next begins.

    A file often writes no `valid_to`, or that of the next version's first day; the later version wins then, so that
    nothing changes. Where an older version would come back after the next has ended, they stay as they are.
    """
    ordered = list(versions)
    for place, (older, newer) in enumerate(pairwise(versions)):
        if older.ends < newer.valid_from:
            continue
        if older.ends > newer.ends or older.valid_from == newer.valid_from:
            return versions
        ordered[place] = replace(older, valid_to=newer.valid_from - ONE_DAY)
    return tuple(ordered)


def touched(before: History, after: History) -> list[str]:
    """Codes of which some version differs, was added or taken away."""
    return sorted(code for code in {*before, *after} if before.get(code) != after.get(code))


def require_sound(before: History, after: History, day: dt.date) -> None:
    """OfficeChangeError for overlaps, unknown or ended parents, and circles that the change would make."""
    codes = touched(before, after)
    for code in codes:
        for older, newer in pairwise(after.get(code, ())):
            if older.ends >= newer.valid_from:
                raise OfficeChangeError("overlap", code=code, first=older.valid_from, second=newer.valid_from)
    known = {(one.code, one.valid_from): one for one in all_of(before)}
    for version in all_of(after):
        if version.ends < day or version.parent_code is None:
            continue
        fresh = known.get((version.code, version.valid_from)) != version
        if fresh or version.parent_code in codes:
            _require_parent(before, after, version, max(day, version.valid_from), fresh=fresh)
    _require_no_circle(after, day)


def _require_parent(before: History, after: History, version: Version, start: dt.date, *, fresh: bool) -> None:
    parent = str(version.parent_code)
    above = next((one for one in after.get(parent, ()) if one.valid_on(start)), None)
    was_there = any(one.valid_on(start) for one in before.get(parent, ()))
    stayed = any(one.parent_code == parent and one.valid_on(start) for one in before.get(version.code, ()))
    if above is not None:
        if fresh and not stayed and RANKS.get(above.level, 0) > RANKS.get(version.level, 9):
            raise OfficeChangeError("parent_too_low", code=version.code, level=version.level, parent=parent,
                                    parent_level=above.level)  # fmt: skip
        return
    if stayed and not was_there:
        return  # an imported pointer to nowhere that this change does not touch
    if stayed:
        children = sorted(one.code for one in all_of(after) if one.parent_code == parent and one.valid_on(start))
        raise OfficeChangeError("under_it", children=", ".join(children), code=parent, day=start)
    if parent not in after:
        raise OfficeChangeError("unknown_parent", code=version.code, parent=parent)
    raise OfficeChangeError(
        "parent_not_valid", code=version.code, parent=parent, name=after[parent][-1].name, day=start
    )


def _require_no_circle(history: History, day: dt.date) -> None:
    starts = {day, *(one.valid_from for one in all_of(history) if one.valid_from >= day)}
    for start in sorted(starts):
        parents = {one.code: one.parent_code for one in all_of(history) if one.parent_code and one.valid_on(start)}
        found = circle(parents)
        if found:
            raise OfficeChangeError("circle", codes=" → ".join(found))


def circle(parents: Mapping[str, str]) -> list[str]:
    """Codes of a circle, the first one repeated at the end; empty when there is none."""
    settled: set[str] = set()
    for start in parents:
        path: list[str] = []
        code = start
        while code in parents and code not in settled:
            if code in path:
                return [*path[path.index(code) :], code]
            path.append(code)
            code = parents[code]
        settled.update(path)
    return []


def _require_free(history: History, code: str) -> None:
    """A code is never used twice: what was counted for it would be counted for both."""
    if code in history:
        raise OfficeChangeError("known", code=code, name=history[code][-1].name)


def _require_name(name: str) -> None:
    if not name.strip():
        raise OfficeChangeError("no_name")


def _require_values(area: str | None, customers: int | None) -> None:
    if area not in (None, "urban", "rural", "remote"):
        raise OfficeChangeError("bad_area", value=area)
    if customers is not None and customers < 0:
        raise OfficeChangeError("bad_customers", value=customers)

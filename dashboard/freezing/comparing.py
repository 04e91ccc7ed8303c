"""The difference of two scorings of one period (两次评分的差异): who moved, by which indicators, by which records.

Exact: an office's change of score is the sum of its indicators' changes to the cent, for both scorings lose exactly
100.00 − score (design §3.4). A change without a changed record comes from rules, weights or missing indicators.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from checks.clock import EPOCH
from checks.offices import Tree
from checks.rulebook.model import LEVELS
from dashboard.freezing.canonical import Scoring
from dashboard.freezing.differences import what_changed
from dashboard.freezing.stored import Snapshot, tree_in

STANDING = ("score", "rank", "grade", "n", "red_line")


@dataclass(frozen=True)
class Side:
    """One of the two scorings."""

    header: Mapping[str, Any]
    part: Callable[[str], Any]

    def has(self, name: str) -> bool:
        return name in self.header["parts"]

    def optional(self, name: str) -> Any:
        return self.part(name) if self.has(name) else None


def side_of(found: Scoring | Snapshot) -> Side:
    return Side(found.header, found.document if isinstance(found, Scoring) else found.part)


def compare(old: Side, new: Side) -> dict[str, Any]:
    """Offices whose standing or figures differ, level by level, with the records behind; and what made the change."""
    moved = _changed_records(old, new)
    trees = [tree_in(side.part("offices")) for side in (old, new)]
    rows = [row for level in LEVELS for row in _rows(level, old, new, moved, trees)]
    return {
        "period": new.header["period"],
        "before": {name: old.header[name] for name in ("as_of", "rulebook", "calendar", "program")},
        "after": {name: new.header[name] for name in ("as_of", "rulebook", "calendar", "program")},
        "why": what_changed(old.header, new.header, old.part, new.part),
        "records": [_record(one, trees) for one in moved],
        "rows": rows,
    }


def _record(one: Mapping[str, Any], trees: list[Tree]) -> dict[str, Any]:
    """With `offices`: those that it counted for, before or after."""
    above = {office for side, place, day in one["places"] for office in trees[side].path(place, day)}
    return {**{name: value for name, value in one.items() if name != "places"}, "offices": sorted(above)}


def _rows(level: str, old: Side, new: Side, moved: list[dict[str, Any]], trees: list[Tree]) -> Iterator[dict[str, Any]]:
    sides = [{row["office"]: row for row in side.part(f"league/{level}")["rows"]} for side in (old, new)]
    for code in sorted({*sides[0], *sides[1]}):
        before, after = (side.get(code) for side in sides)
        standing = {name: [row and row[name] for row in (before, after)] for name in STANDING}
        indicators = list(_indicators(code, old, new, moved, trees))
        if not indicators and all(pair[0] == pair[1] for pair in standing.values()):
            continue
        known = after or before or {}
        yield {"level": level, "office": code, "name": known.get("name"), **standing,
               "change": _minus(standing["score"][1], standing["score"][0]), "indicators": indicators}  # fmt: skip


def _indicators(
    office: str, old: Side, new: Side, moved: list[dict[str, Any]], trees: list[Tree]
) -> Iterator[dict[str, Any]]:
    """Indicators whose figure or loss differs: `change` in score points, and the records that changed below."""
    told = [side.optional(f"explain/{office}") or {"indicators": []} for side in (old, new)]
    lines = [{line["code"]: line for line in one["indicators"]} for one in told]
    here = [one for one in moved if any(office in trees[side].path(place, day) for side, place, day in one["places"])]
    for code in dict.fromkeys([*lines[0], *lines[1]]):
        before, after = (side.get(code) for side in lines)
        figures = {name: [line and line[name] for line in (before, after)]
                   for name in ("numerator", "denominator", "value", "points", "score_lost")}  # fmt: skip
        records = [{"record": one["record"], "number": one["number"], **one["indicators"][code]}
                   for one in here if code in one["indicators"]] or _events(before, after)  # fmt: skip
        if not records and all(pair[0] == pair[1] for pair in figures.values()):
            continue
        lost = [line["score_lost"] or 0 if line else 0 for line in (before, after)]
        yield {"code": code, **figures, "change": _minus(lost[0], lost[1]), "records": records}


def _events(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """What lost points of an indicator that has no judged records (hall events, measures), where only one side has
    it."""
    sides = [{(one["record"], one["number"], one["actual"]): one for one in (line or {"records": []})["records"]}
             for line in (before, after)]  # fmt: skip
    return [
        {"record": key[0], "number": key[1], "before": sides[0].get(key, {}).get("reason"),
         "after": sides[1].get(key, {}).get("reason")}
        for key in sorted({*sides[0], *sides[1]}, key=str) if (key in sides[0]) != (key in sides[1])
    ]  # fmt: skip


def _changed_records(old: Side, new: Side) -> list[dict[str, Any]]:
    """Judged records of which a reason, a deadline or a time differs, or that only one scoring has."""
    found = []
    names = {name for side in (old, new) for name in side.header["parts"] if name.startswith("records/")}
    for name in sorted(names):
        if old.header["parts"].get(name) == new.header["parts"].get(name):
            continue
        sides = [_by_number(side.optional(name)) for side in (old, new)]
        for key in sorted({*sides[0], *sides[1]}):
            before, after = sides[0].get(key), sides[1].get(key)
            codes = {code for side in (before, after) if side for code in side["told"]}
            changed = {code: pair for code in sorted(codes) if (pair := _pair(code, before, after)) is not None}
            if changed:
                places = [(side, one["office"], one["day"]) for side, one in enumerate((before, after)) if one]
                found.append({"record": name.removeprefix("records/"), "number": key[1], "system": key[0],
                              "indicators": changed, "places": places})  # fmt: skip
    return found


def _pair(code: str, before: Any, after: Any) -> dict[str, Any] | None:
    told = [side["told"].get(code) if side else None for side in (before, after)]
    return None if told[0] == told[1] else {"before": told[0] and told[0][0], "after": told[1] and told[1][0]}


def _by_number(part: Any) -> dict[tuple[str, str], dict[str, Any]]:
    """(system, number) → office, day, and per indicator that concerns the record its reason and times."""
    if part is None:
        return {}
    found = {}
    for place, number in enumerate(part["number"]):
        told = {}
        for code in part["codes"]:
            reason = part["reasons"][str(part["verdicts"][code][place])]
            if reason != "not_applicable":
                times = [part[name][code][place] for name in ("deadline", "actual") if code in part[name]]
                told[code] = (reason, *times)
        day = EPOCH + dt.timedelta(days=part["day"][place])
        found[part["system"][place], number] = {"office": part["office"][place], "day": day, "told": told}
    return found


def _minus(one: float | None, other: float | None) -> float | None:
    """An exact difference of two figures with two decimals."""
    if one is None or other is None:
        return None
    return float(round(Fraction(str(one)) - Fraction(str(other)), 2))

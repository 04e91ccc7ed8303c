"""What differs between two scorings in what made them (差异来源): rules, program, offices, records, decisions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

PINNED = ("rulebook", "calendar", "slots", "program", "judges", "as_of")
EXAMPLES = 20


def what_changed(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    old: Callable[[str], Any],
    new: Callable[[str], Any],
) -> list[dict[str, Any]]:
    """From two headers: `{"what", "count", "examples"}` per thing that made the scoring and is not the same.

    `old` and `new` give a part by its name. Derived parts (leagues, explanations) follow from the others; they are
    named only where nothing of what made them is in the snapshot.
    """
    found: list[dict[str, Any]] = [
        {"what": name, "count": 1, "examples": [f"{before.get(name)} → {after.get(name)}"]}
        for name in PINNED
        if before.get(name) != after.get(name)
    ]
    for name in sorted({*before["parts"], *after["parts"]}):
        if name.startswith("inputs/") and before["parts"].get(name) != after["parts"].get(name):
            numbers = _changed_rows(old(name), new(name))
            if numbers:
                found.append({"what": name.removeprefix("inputs/"), "count": len(numbers),
                              "examples": numbers[:EXAMPLES]})  # fmt: skip
    if before["parts"].get("decisions") != after["parts"].get("decisions"):
        found.append({"what": "decisions", "count": 1, "examples": []})
    return found or _derived(before["parts"], after["parts"])


def _derived(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Parts that differ although everything they were made of, as far as it is kept, is the same.

    A correction has no facts of documents.
    """
    names = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    names = [name for name in names if name != "facts" or (name in before and name in after)]
    return [{"what": "derived", "count": len(names), "examples": names[:EXAMPLES]}] if names else []


def _changed_rows(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Keys of which the version differs, or which only one of both has."""
    versions = [{" ".join(str(part) for part in row[:-1]): row[-1] for row in side["rows"]} for side in (old, new)]
    keys = sorted({*versions[0], *versions[1]})
    return [key for key in keys if versions[0].get(key) != versions[1].get(key)]


def told(found: list[dict[str, Any]]) -> str:
    """The differences in one line."""
    return "; ".join(
        f"{one['what']}: {one['count']} ({', '.join(one['examples'][:3])}{'…' if one['count'] > 3 else ''})"
        if one["examples"] else one["what"]
        for one in found
    )  # fmt: skip

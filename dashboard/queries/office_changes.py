"""What a comparison over a change of offices must say (变更说明), and by which tree figures are read (统计口径)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from checks.office_effects import OfficeChange, changes_between
from checks.offices import Tree
from checks.periods import Period
from dashboard.errors import UsageError
from dashboard.instants import LOCAL
from dashboard.nearest import nearest
from dashboard.people import Viewer, system_viewer
from dashboard.texts import t

TREES = ("day", "today")
"""A record counts for the office above it on its own day, or on the as-of's day (the successors of ended ones)."""
SENTENCES = {
    "opened": "From {day} there is {office}.",
    "renamed": "From {day} {before} is called {after}.",
    "moved": "From {day} {office} stands below {after}; before: {before}.",
    "merged": "From {day} {office} is part of {after}.",
    "split": "From {day} {office} is divided into {after}.",
    "closed": "From {day} {office} is closed.",
    "adjusted": "From {day} {office} has another {before}.",
}
ADJUSTED = {"area": "area class", "peer_group": "peer group", "customers": "number of customers"}


def day_of_tree(tree: str, as_of: dt.datetime) -> dt.date | None:
    """The one day whose tree is meant, None for each record's own. UsageError for another word."""
    if tree not in TREES:
        guess = nearest(tree, TREES)
        raise UsageError(f"There is no tree '{tree}'.", f"Did you mean '{guess}'?" if guess else "Use day or today.")
    return as_of.astimezone(LOCAL).date() if tree == "today" else None


def changes_in(tree: Tree, viewer: Viewer, period: Period, one_day: dt.date | None) -> list[OfficeChange]:
    """What changed inside the period; read by one day's tree, everything between the period's beginning and it."""
    last = max(period.last_day, one_day) if one_day is not None else period.last_day
    return changes_seen(tree, viewer, period.start + dt.timedelta(days=1), last)


def changes_below(
    tree: Tree, shown: Tree, period: Period, one_day: dt.date | None, office: str, inside: frozenset[str] | None
) -> list[dict[str, Any]]:
    """What changed in the office or below it, as it is printed; `inside` was below it on some day of the period."""
    below = shown.below({office}, period.last_day) | (inside or frozenset())
    seen = changes_in(tree, system_viewer(), period, one_day)
    return [change_document(change, tree) for change in seen if change.concerns & below]


def visible_offices(tree: Tree, viewer: Viewer, period: Period) -> frozenset[str] | None:
    """The viewer's offices and everything below them on the period's last day; None: every office.

    An own office that was merged away before that day is still the viewer's.
    """
    if viewer.sees_everything:
        return None
    return tree.below(viewer.offices, period.last_day) | viewer.offices


def changes_seen(tree: Tree, viewer: Viewer, first: dt.date, last: dt.date) -> list[OfficeChange]:
    """What changed on these days, of what the viewer may see; `tree` holds every version."""
    found = changes_between(tree, first, last)
    if viewer.sees_everything:
        return found
    return [change for change in found if change.concerns & tree.below(viewer.offices, change.day)]


def sentence(change: OfficeChange, tree: Tree) -> str:
    """The change in words, in the chosen language."""
    before, after = list(change.before), list(change.after)
    if change.kind == "adjusted":
        before = [t(ADJUSTED[name]) for name in change.before]
    elif change.kind != "renamed":
        before, after = _named(change.before, tree, change.day), _named(change.after, tree, change.day)
    told = {"before": _listed(before), "after": _listed(after)}
    return t(SENTENCES[change.kind]).format(day=change.day.isoformat(), office=change.name, **told)


def _named(codes: Iterable[str], tree: Tree, day: dt.date) -> list[str]:
    offices = ((code, tree.on(code, day)) for code in codes)
    return [office.name if office else code for code, office in offices]


def _listed(words: Sequence[str]) -> str:
    return t(", ").join(words) or "—"


def change_document(change: OfficeChange, tree: Tree) -> dict[str, Any]:
    """A change as commands print it."""
    return {
        "day": change.day.isoformat(), "kind": change.kind, "office": change.code, "name": change.name,
        "level": change.level, "before": list(change.before), "after": list(change.after),
        "text": sentence(change, tree),
    }  # fmt: skip

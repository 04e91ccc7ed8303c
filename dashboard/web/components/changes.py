"""A comparison over a change of offices says so (变更说明): what changed, and the choice of the tree it is read by."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import timedelta

from checks.periods import parse_period
from dashboard.queries.office_changes import sentence
from dashboard.queries.office_history import changes_told
from dashboard.queries.quarter import neighbours
from dashboard.texts import t
from dashboard.web import cached
from dashboard.web.components.blocks import go, says, tabs
from dashboard.web.markup import Safe, tag
from dashboard.web.state import Here, tree_read

TREES = {"day": "of its day", "today": "by today's tree"}
MOST = 6
"""Changes told one by one; the others are on the page of the offices."""


def note(page: Here, link: Callable[..., str], offices: Collection[str] | None = None) -> Safe:
    """What changed between the period a year before, the oldest compared with, and the end of the strip's period.

    Of these `offices`, or of all. Nothing where nothing changed and nothing else is read than the day's tree.
    """
    told = cached.kept(page, "office changes", tuple(sorted(offices or ())), make=lambda: _told(page, offices))
    if not told and tree_read() == "day":
        return Safe("")
    readings = [(t(name), link(tree=None if key == "day" else key), tree_read() == key) for key, name in TREES.items()]
    rest = None
    if len(told) > MOST:
        rest = tag("li", go(page.link("offices"), t("and {n} more lines", n=len(told) - MOST)))
    said = t("By today's tree: every record counts where it would count today.") if tree_read() == "today" else \
        t("Compare both sides of a change by today's tree.")  # fmt: skip
    changed = (tag("b", t("Offices changed inside what is compared:")),
               tag("ul", [tag("li", line) for line in told[:MOST]], rest)) if told else None  # fmt: skip
    return tag("div", changed, tabs(readings, t("Tree of offices")), says(said), class_="changes")


def _told(page: Here, offices: Collection[str] | None) -> list[str]:
    period = parse_period(page.strip.period)
    _, year = neighbours(period)
    first = year.start + timedelta(days=1)
    found, tree = changes_told(page.app.db, page.viewer, first=first, last=period.last_day)
    return [sentence(one, tree) for one in reversed(found) if offices is None or one.concerns & frozenset(offices)]

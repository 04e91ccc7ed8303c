"""Nobody reviews their own office (回避)."""

from __future__ import annotations

from dataclasses import replace

from dashboard.database import Database
from dashboard.people import EVERYTHING, Viewer
from dashboard.queries.offices import visible_tree


def own_offices(db: Database, viewer: Viewer) -> frozenset[str]:
    """The office where the person works and everything below it; nothing where none is named.

    Who acts for another person stays away from the offices of both.
    """
    if not viewer.workplaces:
        return frozenset()
    tree = visible_tree(db, replace(viewer, offices=EVERYTHING))
    return frozenset[str]().union(*(tree.below(office) for office in viewer.workplaces))

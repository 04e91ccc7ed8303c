"""Nobody reviews their own office (回避)."""

from __future__ import annotations

from dataclasses import replace

from dashboard.database import Database
from dashboard.people import EVERYTHING, Viewer
from dashboard.queries.offices import visible_tree


def own_offices(db: Database, viewer: Viewer) -> frozenset[str]:
    """The office where the person works and everything below it; nothing where none is named."""
    if viewer.works_at is None:
        return frozenset()
    return visible_tree(db, replace(viewer, offices=EVERYTHING)).below(viewer.works_at)

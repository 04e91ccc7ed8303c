"""Scores finished elsewhere (历史得分): imported for comparison with periods whose records are gone, never counted."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from checks.periods import Period
from dashboard.database.models import RECORD_TABLES
from dashboard.judging.reading import Reader
from dashboard.people import Viewer

IMPORTED = "imported"


def finished_scores(source: Reader, viewer: Viewer, period: Period) -> dict[str, dict[str, Any]]:
    """Office → `score`, `rank`, `ranked` and the values of `indicators` for exactly this period, as far as seen."""
    table = RECORD_TABLES["scores"]
    seen = None if viewer.sees_everything else source.tree.below(viewer.offices, period.last_day)
    codes = [name for name in table.c.keys() if len(name) == 2 and name[1].isdigit()]  # noqa: SIM118 - a collection
    return {
        row["office_code"]: {
            "score": float(row["score"]), "rank": row["rank"], "ranked": row["rank"] is not None, "source": IMPORTED,
            "indicators": {
                code.upper(): {"value": None if row[code] is None else float(row[code])} for code in codes
            },
        }
        for row in source.frame(sa.select(table).where(table.c.period == period.name)).iter_rows(named=True)
        if seen is None or row["office_code"] in seen
    }  # fmt: skip

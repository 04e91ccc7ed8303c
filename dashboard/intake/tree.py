"""No circle in the tree of offices (单位树, design §3.1): refused at import, on whatever day it would hold."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from checks.office_history import circle
from collectors.base import CollectorError
from dashboard.database import Database
from dashboard.database.models import RECORD_TABLES
from dashboard.intake.names import END


def refuse_cycles(db: Database, connection: Any, record: str) -> None:
    """After offices were stored: CollectorError naming the circle, which undoes the transaction."""
    if record != "offices":
        return
    columns = RECORD_TABLES["offices"].c
    names = ("code", "parent_code", "valid_from", "valid_to")
    rows = db.frame(sa.select(*(columns[name] for name in names)), connection).rows(named=True)
    for day in sorted({row["valid_from"] for row in rows}):
        parents = {
            row["code"]: row["parent_code"]
            for row in rows
            if row["parent_code"] and row["valid_from"] <= day <= (row["valid_to"] or END)
        }
        found = circle(parents)
        if found:
            raise CollectorError(
                f"The offices are in a circle: {' → '.join(found)}. Correct parent_code of one of them.",
                permanent=True,
            )

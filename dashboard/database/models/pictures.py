"""Pictures of the league (排名快照): who stood where each hour, kept for some days, so that a change can be told."""

from __future__ import annotations

import sqlalchemy as sa

from dashboard.database.models.base import METADATA, number, text

LEAGUE_PICTURES = sa.Table(
    "league_pictures",
    METADATA,
    sa.Column("taken_at", sa.BigInteger, primary_key=True, autoincrement=False),
    text("office_code", null=False, primary_key=True),
    text("period", null=False),
    text("level", null=False),
    number("score"),  # hundredths; NULL: nothing judged, or withheld
    number("rank"),  # NULL: not ranked
    sqlite_with_rowid=False,
)
"""Never an answer of its own: a league is always counted anew."""

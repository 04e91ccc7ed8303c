"""Known causes of a change over time (已知原因): where a control chart starts anew. Rows are only added."""

from __future__ import annotations

import sqlalchemy as sa

from dashboard.database.models.base import METADATA, identity, instant, number, text

KNOWN_CAUSES = sa.Table(
    "known_causes",
    METADATA,
    identity(),
    text("office_code", null=False),  # and everything below it
    text("indicator", null=False),
    text("day", null=False),
    text("cause", null=False),
    number("withdraws"),  # the note that this row takes back; its other columns repeat that note
    text("by", null=False),
    instant("at", null=False),
    sa.UniqueConstraint("withdraws"),
)

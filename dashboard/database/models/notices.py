"""Notices of holidays that a person loaded (节假日通知): rows are added; a correction is a later row of its year."""

from __future__ import annotations

import sqlalchemy as sa

from dashboard.database.models.base import METADATA, identity, instant, number, text

CALENDAR_NOTICES = sa.Table(
    "calendar_notices",
    METADATA,
    identity(),
    text("calendar", null=False),
    number("year", null=False),
    text("document", null=False),
    text("issued", null=False),  # day of the notice
    text("days", null=False),  # JSON list of {"date", "working", "name"}, in order
    text("digest", null=False),  # SHA-256 of calendar, document, issued and days
    text("by", null=False),
    instant("at", null=False),
    sa.UniqueConstraint("calendar", "digest"),
)

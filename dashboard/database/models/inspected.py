"""Sheets filled in by people (现场检查、互查、暗访) and facts seen in several ways.

The rows that count are those of the record table `inspections`; here stand the drafts before, and who wrote them.
"""

from __future__ import annotations

import sqlalchemy as sa

from dashboard.database.models.base import METADATA, identity, instant, number, text

INSPECTION_DRAFTS = sa.Table(
    "inspection_drafts",
    METADATA,
    identity(),
    text("kind", null=False),  # on_site | mutual | undercover
    text("hall_code", null=False),
    instant("inspected_at", null=False),
    text("entries", null=False),  # JSON: item code → {"result", "count", "note"}
    text("by", null=False),
    instant("created_at", null=False),
    instant("updated_at", null=False),
    sa.Index("ix_inspection_drafts_by", "by"),
)

DRAFT_PHOTOGRAPHS = sa.Table(
    "draft_photographs",
    METADATA,
    identity(),
    number("draft_id", null=False),
    text("item_code", null=False),
    text("sha256", null=False),
    sa.Column("content", sa.LargeBinary, nullable=False),  # a file of the evidence folder only once submitted
    instant("taken_at"),  # what the camera wrote into the picture; its place is never kept
    instant("added_at", null=False),
    sa.UniqueConstraint("draft_id", "item_code", "sha256"),
)

INSPECTION_SHEETS = sa.Table(
    "inspection_sheets",
    METADATA,
    text("inspection_no", null=False, primary_key=True),
    text("kind", null=False),
    text("hall_code", null=False),
    instant("inspected_at", null=False),
    text("not_looked", null=False),  # JSON list of items that nobody looked at
    number("batch_id", null=False),
    text("by", null=False),  # an undercover inspector's name stands here only, never in the record
    instant("at", null=False),
    sqlite_with_rowid=False,
)

FACT_JOINS = sa.Table(
    "fact_joins",
    METADATA,
    identity(),
    text("fact", null=False),  # what the group is called; its latest row says what holds
    text("action", null=False),  # joined | separated
    text("hall_code", null=False),
    text("day", null=False),
    instant("observed_at", null=False),  # of the earliest member
    text("members", null=False),  # JSON list of references to findings, inspection rows and complaints
    text("reason", null=False),
    number("batch_id", null=False),
    text("by", null=False),
    instant("at", null=False),
    sa.Index("ix_fact_joins_hall", "hall_code", "day"),
    sa.Index("ix_fact_joins_batch_id", "batch_id"),
)

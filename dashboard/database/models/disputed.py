"""Disputes of records (数据异议): what an office says is wrong, its proof, and what another person decided."""

from __future__ import annotations

import sqlalchemy as sa

from dashboard.database.models.base import METADATA, identity, instant, number, text

DISPUTES = sa.Table(
    "disputes",
    METADATA,
    identity(),
    text("number", null=False),  # D-2026-000012
    text("record", null=False),  # record type
    number("record_id", null=False),
    text("record_number", null=False),
    text("office_code", null=False),  # of the record when it was filed
    text("wish", null=False),  # exclusion | correction
    text("reason", null=False),
    text("wanted"),  # JSON: column → value that would be right
    instant("due", null=False),
    text("by", null=False),
    instant("at", null=False),
    sa.UniqueConstraint("number"),
    sa.Index("ix_disputes_record", "record", "record_id"),
)

DISPUTE_PROOFS = sa.Table(
    "dispute_proofs",
    METADATA,
    identity(),
    number("dispute_id", null=False),
    text("name", null=False),  # as it was called where it came from
    text("kind", null=False),  # pdf | png | jpeg | xlsx | docx
    text("sha256", null=False),
    number("bytes", null=False),
    text("by", null=False),
    instant("at", null=False),
    sa.Index("ix_dispute_proofs_dispute", "dispute_id"),
)

DISPUTE_DECISIONS = sa.Table(
    "dispute_decisions",
    METADATA,
    identity(),
    number("dispute_id", null=False),
    text("outcome", null=False),  # excluded | corrected | refused | withdrawn
    text("reason", null=False),
    text("detail"),  # JSON: number of the exclusion, or batch and columns of the corrected version
    text("by", null=False),
    instant("at", null=False),
    sa.UniqueConstraint("dispute_id"),
)

"""What people decided about periods and records (剔除与冻结): rows are added; the database refuses any change."""

from __future__ import annotations

import sqlalchemy as sa

from dashboard.database.models.accounts import ACCOUNTS_APPEND_ONLY
from dashboard.database.models.base import METADATA, identity, instant, number, text
from dashboard.database.models.causes import KNOWN_CAUSES
from dashboard.database.models.chained import CHAIN, CHAIN_HEADS, LEGAL_HOLD_LIFTS, LEGAL_HOLDS, REMOVALS, VERIFICATIONS
from dashboard.database.models.control import BATCH_FLAG_EVENTS, BATCH_FLAGS
from dashboard.database.models.disputed import DISPUTE_DECISIONS, DISPUTE_PROOFS, DISPUTES
from dashboard.database.models.forms import BOX_OPENINGS, BOX_SIGNATURES, FORM_SHEETS, HANDOUTS
from dashboard.database.models.inspected import FACT_JOINS, INSPECTION_SHEETS
from dashboard.database.models.letters import LETTER_CASES, LETTERS
from dashboard.database.models.notices import CALENDAR_NOTICES
from dashboard.database.models.review import GOLD_SAMPLES, JUDGEMENTS, KEPT_CASES
from dashboard.database.models.video import EXTRA_SAMPLES, FOLLOW_UPS, SLOT_TABLES
from dashboard.database.models.violations import VIOLATION_EVENTS, VIOLATION_SOURCES
from dashboard.database.models.warning import WARNING_EVENTS

EXCLUSIONS = sa.Table(
    "exclusions",
    METADATA,
    identity(),
    text("offices", null=False),  # JSON list of codes; each stands for itself and everything below it
    text("area"),  # urban | rural | remote; NULL: any
    text("records", null=False),  # JSON list of record types
    text("numbers"),  # JSON list of record numbers; NULL: every record
    text("system"),  # whose numbers they are; NULL where none are named
    instant("starts_at", null=False),
    instant("ends_at", null=False),  # half-open, like a period
    text("reason", null=False),
    text("document", null=False),
    text("note"),
    instant("lapses_at", null=False),  # not approved by then, the filing is void
    text("by", null=False),
    instant("at", null=False),
)

EXCLUSION_DECISIONS = sa.Table(
    "exclusion_decisions",
    METADATA,
    identity(),
    number("exclusion_id", null=False),
    text("decision", null=False),  # approved | rejected | revoked
    text("note"),
    text("by", null=False),
    instant("at", null=False),
    sa.UniqueConstraint("exclusion_id", "decision"),
)

FROZEN_PARTS = sa.Table(
    "frozen_parts",
    METADATA,
    text("sha256", null=False, primary_key=True),  # of the unpacked bytes: equal parts are stored once
    number("bytes", null=False),
    sa.Column("content", sa.LargeBinary, nullable=False),  # zlib
)

FREEZE_EVENTS = sa.Table(
    "freeze_events",
    METADATA,
    identity(),
    text("period", null=False),
    text("action", null=False),  # proposed | published | restatement_proposed | restatement_approved
    text("digest", null=False),  # of the snapshot; of a restatement's document
    text("base"),  # the snapshot that a restatement stands beside
    text("header", null=False),  # JSON; of a snapshot the names and digests of its parts
    text("checklist"),  # JSON; what the person saw when deciding
    text("reason"),
    text("by", null=False),
    instant("at", null=False),
    text("chain", null=False),  # SHA-256 over the row before and this one
    sa.Index("ix_freeze_events_period", "period", "action"),
    sa.Index(
        "ux_freeze_events_published",
        "period",
        unique=True,
        sqlite_where=sa.text("action = 'published'"),
        postgresql_where=sa.text("action = 'published'"),
    ),
)

APPEND_ONLY = (
    EXCLUSIONS, EXCLUSION_DECISIONS, FROZEN_PARTS, FREEZE_EVENTS, BATCH_FLAGS, BATCH_FLAG_EVENTS, CALENDAR_NOTICES,
    KNOWN_CAUSES, SLOT_TABLES, EXTRA_SAMPLES, FACT_JOINS, FOLLOW_UPS,
    JUDGEMENTS, GOLD_SAMPLES, KEPT_CASES, INSPECTION_SHEETS, CHAIN, CHAIN_HEADS, VERIFICATIONS, REMOVALS,
    LEGAL_HOLDS, LEGAL_HOLD_LIFTS, WARNING_EVENTS,
    DISPUTES, DISPUTE_PROOFS, DISPUTE_DECISIONS,
    VIOLATION_EVENTS, VIOLATION_SOURCES,
    *ACCOUNTS_APPEND_ONLY,
    HANDOUTS, BOX_OPENINGS, BOX_SIGNATURES, FORM_SHEETS, LETTERS, LETTER_CASES,
)  # fmt: skip
"""Tables in which the database itself refuses UPDATE and DELETE (`dashboard.database.guards`)."""

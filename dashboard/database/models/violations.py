"""Violations and everything that happened to them (违规台账): the events are the truth, the row beside them a cache."""

from __future__ import annotations

import sqlalchemy as sa

from dashboard.database.models.base import METADATA, flag, identity, instant, number, text

VIOLATIONS = sa.Table(
    "violations",
    METADATA,
    identity(),
    text("number", null=False),  # V-2026-000123
    text("office_code", null=False),  # hall or office
    text("item_code"),  # of the score sheet; NULL until somebody confirms which
    text("severity", null=False),  # A | B | C | D
    text(
        "kind", null=False
    ),  # of the first source: review | inspection | designated | record | complaint | report | hand
    flag("restricted", null=False),  # inspectors alone
    instant("observed_at", null=False),
    instant("opened_at", null=False),
    instant("confirmed_at"),
    instant("told_at"),  # when it was sent down: from then on the judged office knows a restricted case too
    text("fact"),  # what people called the fact that its sources show
    text("recurrence_of"),  # number of the earlier case of this office and item
    text("state", null=False),
    text("sides", null=False),  # JSON list
    instant("since", null=False),  # in this state
    instant("ended_at"),
    number("last_seq", null=False),
    sa.UniqueConstraint("number"),
    sa.Index("ix_violations_office", "office_code", "item_code", "observed_at"),
    sa.Index("ix_violations_state", "state"),
)

VIOLATION_EVENTS = sa.Table(
    "violation_events",
    METADATA,
    identity(),
    number("violation_id", null=False),
    number("seq", null=False),  # of two at once one wins
    text("deed", null=False),
    text("what", null=False),  # JSON: what the deed brought along
    text("by", null=False),
    instant("at", null=False),
    sa.UniqueConstraint("violation_id", "seq"),
    sa.Index("ix_violation_events_at", "at"),
)

VIOLATION_SOURCES = sa.Table(
    "violation_sources",
    METADATA,
    identity(),
    number("violation_id", null=False),
    text("action", null=False),  # added | removed
    text("kind", null=False),
    text("record", null=False),  # findings | inspections | tickets | repairs | applications | evaluations | months
    text("reference", null=False),  # the row's number, or its id where it has none; the same wherever it is told
    number("record_id"),
    text("sample_id"),
    text("day"),  # of what was seen
    number("slot"),
    instant("at", null=False),
    sa.Index("ix_violation_sources_violation", "violation_id"),
    sa.Index("ix_violation_sources_reference", "record", "reference"),
    sa.Index("ix_violation_sources_sample", "sample_id"),
)

"""Letters that were made about violations (公文): each with its number, what was written in it, and its digest."""

from __future__ import annotations

import sqlalchemy as sa

from dashboard.database.models.base import METADATA, identity, instant, number, text

LETTERS = sa.Table(
    "letters",
    METADATA,
    identity(),
    text("number", null=False),  # L-2026-000012
    text("kind", null=False),  # notice | supervision | circular | discipline
    text("cases", null=False),  # JSON list of violation numbers
    text("template_sha256"),  # of the company's own template; NULL: the project's
    text("sha256", null=False),  # of the Word file as it was handed over
    number("bytes", null=False),
    text("by", null=False),
    instant("at", null=False),
    sa.UniqueConstraint("number"),
)

LETTER_CASES = sa.Table(
    "letter_cases",
    METADATA,
    identity(),
    number("letter_id", null=False),
    text("violation_number", null=False),
    sa.UniqueConstraint("letter_id", "violation_number"),
    sa.Index("ix_letter_cases_violation", "violation_number"),
)

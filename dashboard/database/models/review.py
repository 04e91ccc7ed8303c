"""Who judged which sample, who has it on the desk, what is known to be right, and what is kept to learn from (复核).

A judgement is what one person said without knowing what others said. What of it counts is a row of `reviews`: written
at once where one look is enough, else when a second or third person has settled it.
"""

from __future__ import annotations

import sqlalchemy as sa

from dashboard.database.models.base import METADATA, flag, identity, instant, number, text

JUDGEMENTS = sa.Table(
    "judgements",
    METADATA,
    identity(),
    text("sample_id", null=False),
    text("round", null=False),  # 1 | 2 | 3 | gold
    text("decision", null=False),  # ok | violation | unsure
    text("items", null=False),  # JSON list of {item, camera, second, note, finding, office_is_cause, deliberate}
    text("rejected", null=False),  # JSON list of {finding, reason}
    text("reason"),
    text("calls_for"),  # drawn | grave | unsure | disagreement: another person must look; NULL: settled by this one
    flag("drawn"),  # whether chance gives the sample a second look, whatever else does; NULL in the round gold
    sa.Column("seconds", sa.Double),  # from the claim to the decision
    number("withdraws"),  # the judgement that this row takes back; its other columns repeat that judgement
    text("by", null=False),
    instant("at", null=False),
    sa.UniqueConstraint("withdraws"),
    sa.Index("ix_judgements_sample", "sample_id"),
    sa.Index("ix_judgements_person", "by", "at"),
)

REVIEW_CLAIMS = sa.Table(
    "review_claims",
    METADATA,
    text("sample_id", null=False, primary_key=True),
    text("lane", null=False, primary_key=True),  # live; of a gold sample gold:<person>, for each judges it alone
    text("by", null=False),
    instant("claimed_at", null=False),
    instant("expires_at", null=False),
    sa.Index("ix_review_claims_person", "by"),
)

GOLD_SAMPLES = sa.Table(
    "gold_samples",
    METADATA,
    identity(),
    text("sample_id", null=False),
    text("decision", null=False),  # ok | violation
    text("items", null=False),  # JSON list of item codes
    text("note"),
    number("withdraws"),
    text("by", null=False),
    instant("at", null=False),
    sa.UniqueConstraint("withdraws"),
    sa.Index("ix_gold_samples_sample", "sample_id"),
)

KEPT_CASES = sa.Table(
    "kept_cases",
    METADATA,
    identity(),
    text("sample_id", null=False),
    text("kind", null=False),  # highlight | typical
    text("item_code"),  # NULL only for a highlight that no item names
    text("camera_code"),
    sa.Column("second", sa.Double),
    text("note", null=False),
    number("withdraws"),
    text("by", null=False),
    instant("at", null=False),
    sa.UniqueConstraint("withdraws"),
    sa.Index("ix_kept_cases_sample", "sample_id"),
)

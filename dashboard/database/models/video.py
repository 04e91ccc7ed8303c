"""Plan, looks, findings, reviews, evidence (抽查与存证).

What a machine saw and what a person decided are two tables.
"""

from __future__ import annotations

import sqlalchemy as sa

from dashboard.database.models.base import METADATA, flag, identity, instant, number, text

PLAN_DAYS = sa.Table(
    "plan_days",
    METADATA,
    text("date", null=False, primary_key=True),
    text("commitment", null=False),
    instant("sealed_at", null=False),
    text("seed"),  # hex, only after the last slot has ended
    instant("revealed_at"),
)

SLOT_TABLES = sa.Table(
    "slot_tables",
    METADATA,
    identity(),
    text("valid_from", null=False),  # local day from which it holds
    text("slots", null=False),  # JSON, as [video.slots]: number → "08:30-09:10"
    text("configured", null=False),  # what [video.slots] said when this was written
    text("by", null=False),
    instant("at", null=False),
)

EXTRA_SAMPLES = sa.Table(
    "extra_samples",
    METADATA,
    identity(),
    text("sample_id", null=False),
    text("hall_code", null=False),
    instant("moment", null=False),  # the minute that is asked for; it begins here
    text("reason", null=False),
    text("document"),  # number of the ticket or paper that gave cause
    text("by", null=False),
    instant("at", null=False),
    sa.UniqueConstraint("sample_id"),
)

LOOKS = sa.Table(
    "looks",
    METADATA,
    identity(),
    text("sample_id", null=False),
    text("camera_code", null=False),
    instant("looked_at", null=False),
    text("detector", null=False),
    text("result", null=False),  # JSON of design §4.1 `look`
    sa.UniqueConstraint("sample_id", "camera_code"),
)

FINDINGS = sa.Table(
    "findings",
    METADATA,
    identity(),
    text("sample_id"),
    text("hall_code", null=False),
    text("camera_code"),
    text("item_code", null=False),
    instant("observed_at", null=False),
    sa.Column("starts", sa.Double),  # seconds from the first frame
    sa.Column("ends", sa.Double),
    sa.Column("confidence", sa.Double),
    flag("duration_proven", null=False),
    text("source", null=False),  # detector | inspection | person
    text("detector"),
    text("why"),
    instant("created_at", null=False),
    sa.Index("ix_findings_hall", "hall_code", "observed_at"),
    sa.Index("ix_findings_sample", "sample_id"),
)

FOLLOW_UPS = sa.Table(
    "follow_ups",
    METADATA,
    identity(),
    number("finding_id", null=False),
    text("sample_id", null=False),
    text("outcome", null=False),  # proven | refuted | not_possible
    text("reason"),  # why it was not possible
    sa.Column("held", sa.Double, nullable=False),  # seconds for which the condition was seen to hold without a break
    text("spans", null=False),  # JSON: what was looked at, by camera, in seconds from the sample's moment
    text("detector"),
    instant("at", null=False),
    sa.UniqueConstraint("finding_id"),
)

NOT_JUDGED = sa.Table(
    "not_judged",
    METADATA,
    identity(),
    text("sample_id", null=False),
    text("hall_code", null=False),
    text("items", null=False),  # JSON: item code → why the hall's looks give no answer on it
    instant("at", null=False),
    sa.UniqueConstraint("sample_id"),
)

REVIEWS = sa.Table(
    "reviews",
    METADATA,
    identity(),
    number("finding_id"),  # NULL: a verdict about the whole sample
    text("sample_id"),
    text("decision", null=False),  # confirmed | rejected | ok | violation | unsure | annulled
    text("item_code"),
    text("reason"),
    flag("office_is_cause"),
    flag("deliberate"),
    text("by", null=False),
    instant("at", null=False),
    number("judgement_id"),  # the judgement that settled it; NULL: decided before judgements were kept
    sa.Index("ix_reviews_finding", "finding_id"),
    sa.Index("ix_reviews_sample", "sample_id"),
)

EVIDENCE = sa.Table(
    "evidence",
    METADATA,
    identity(),
    text("sample_id"),
    number("finding_id"),
    text("camera_code"),
    text("kind", null=False),  # clip | frame | photograph
    text("path", null=False),  # below the evidence folder
    text("sha256", null=False),
    number("bytes", null=False),
    sa.Column("second", sa.Double),
    instant("taken_at"),
    sa.Column("offset_seconds", sa.Double),  # of a clip: its picture clock less the server's (live) or the recorder's
    text("hall_name"),
    instant("picture_at"),  # what the clock in the picture said, where it could be read
    instant("server_at"),  # our clock at that moment
    text("detector"),
    instant("created_at", null=False),
    text("inspection_no"),  # a photograph of a sheet
    text("item_code"),
    text("violation_number"),  # a photograph of what was put right
    sa.Index("ix_evidence_sample", "sample_id"),
    sa.Index("ix_evidence_inspection_no", "inspection_no"),
    sa.Index("ix_evidence_violation", "violation_number"),
)

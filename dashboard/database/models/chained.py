"""The hash chain of artifacts and decisions (存证链), its signed heads, what was removed by rule, and legal holds.

The chain holds no content: only a keyed digest of it. Content and key stand apart and may be erased; the links hold.
"""

from __future__ import annotations

import sqlalchemy as sa

from dashboard.database.models.base import METADATA, flag, identity, instant, number, text

CHAIN = sa.Table(
    "chain",
    METADATA,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),  # 1, 2, 3 … without gaps
    text("kind", null=False),  # begun | adopted | audit | clip | frame | photograph | review | removed | erased | …
    text("subject", null=False),  # what it is about, by number or code, never by a person's data: `audit 17`
    text("digest", null=False),  # HMAC-SHA256 of the canonical content, keyed by the entry's own random key
    text("previous", null=False),
    text("hash", null=False),  # see dashboard.evidence.chain
    text("by", null=False),
    instant("at", null=False),
    sa.Index("ix_chain_subject", "subject"),
    sa.Index("ix_chain_kind", "kind"),
)

CHAIN_CONTENTS = sa.Table(
    "chain_contents",
    METADATA,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    text("key", null=False),  # hex; dropped together with the content at erasure
    text("content", null=False),  # canonical JSON
)

CHAIN_HEADS = sa.Table(
    "chain_heads",
    METADATA,
    identity(),
    number("count", null=False),
    text("hash", null=False),
    instant("at", null=False),
    text("public_key", null=False),
    text("document", null=False),  # the signed JSON, as it is written to the auditor's folder
    sa.Index("ix_chain_heads_count", "count"),
)

VERIFICATIONS = sa.Table(
    "verifications",
    METADATA,
    identity(),
    instant("at", null=False),
    text("by", null=False),
    number("from_number", null=False),  # entries and files before it were not looked at again
    number("count", null=False),
    text("hash", null=False),
    number("checked", null=False),
    flag("ok", null=False),
    text("problems", null=False),  # JSON [{kind, what}]
)

REMOVALS = sa.Table(
    "removals",
    METADATA,
    sa.Column("evidence_id", sa.BigInteger, primary_key=True, autoincrement=False),
    text("rule", null=False),  # candidates | confirmed
    instant("at", null=False),
)

LEGAL_HOLDS = sa.Table(
    "legal_holds",
    METADATA,
    identity(),
    text("scope", null=False),  # sample | office (with all below it) | everything
    text("subject"),  # the sample or the office; NULL for everything
    text("reason", null=False),
    text("by", null=False),
    instant("at", null=False),
)

LEGAL_HOLD_LIFTS = sa.Table(
    "legal_hold_lifts",
    METADATA,
    sa.Column("hold_id", sa.BigInteger, primary_key=True, autoincrement=False),
    text("reason", null=False),
    text("by", null=False),
    instant("at", null=False),
)

"""Designated-supplier forms (三指定评价表), the boxes they come out of, and how many cards were handed out.

What a customer wrote lies in two places: the answers, which count, and who wrote them, sealed and apart.
"""

from __future__ import annotations

import sqlalchemy as sa

from dashboard.database.models.base import METADATA, Id, flag, identity, instant, number, text

HANDOUTS = sa.Table(
    "handouts",
    METADATA,
    identity(),
    text("what", null=False),  # form | notice_card | answer_card
    text("office_code", null=False),
    text("month", null=False),  # YYYY-MM
    text("class"),  # of connection; empty: all
    number("issued", null=False),
    number("returned"),  # of answer cards; forms are counted where they are entered
    text("by", null=False),
    instant("at", null=False),
    sa.Index("ix_handouts_month", "month", "office_code"),
)
"""The latest row of (what, office, month, class) holds; the earlier ones tell what was said before."""

BOX_OPENINGS = sa.Table(
    "box_openings",
    METADATA,
    identity(),
    text("box", null=False),
    text("office_code", null=False),
    instant("opened_at", null=False),
    number("found", null=False),
    text("by", null=False),
    instant("at", null=False),
    sa.Index("ix_box_openings_office", "office_code", "opened_at"),
)

BOX_SIGNATURES = sa.Table(
    "box_signatures",
    METADATA,
    identity(),
    number("opening_id", null=False),
    flag("proved", null=False),  # signed in, and not only named
    text("by", null=False),
    instant("at", null=False),
    sa.UniqueConstraint("opening_id", "by"),
)
"""Each inspector who opened the box says so alone: an opening holds from the second of them on."""

FORM_DRAFTS = sa.Table(
    "form_drafts",
    METADATA,
    identity(),
    number("opening_id", null=False),
    text("sealed", null=False),  # what was typed so far, the customer with it
    text("by", null=False),
    instant("created_at", null=False),
    instant("updated_at", null=False),
    sa.Index("ix_form_drafts_by", "by"),
)

FORM_SHEETS = sa.Table(
    "form_sheets",
    METADATA,
    identity(),
    text("evaluation_no", null=False),
    number("opening_id", null=False),
    text("office_code", null=False),
    text("answers", null=False),  # JSON: step → {"design", "construction", "supply", "attitude"}
    flag("extra_fee"),
    number("promised_days"),
    number("actual_days"),
    flag("suspicion", null=False),
    number("batch_id", null=False),
    text("by", null=False),
    instant("at", null=False),
    sa.UniqueConstraint("evaluation_no"),
    sa.Index("ix_form_sheets_opening", "opening_id"),
)

FORM_IDENTITIES = sa.Table(
    "form_identities",
    METADATA,
    sa.Column("sheet_id", Id, primary_key=True, autoincrement=False),
    text("sealed", null=False),  # application, customer and the customer's own words; may be erased, the answers stay
)

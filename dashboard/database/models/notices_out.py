"""What people are told (通知发件箱): what is to be told, and what became of it for each person."""

from __future__ import annotations

import sqlalchemy as sa

from dashboard.database.models.base import METADATA, flag, identity, instant, number, text

NOTICES = sa.Table(
    "notices",
    METADATA,
    identity(),
    text("key", null=False),  # what is told once: `warning 17 department`
    text("recipient", null=False),  # a person's name, or `role@office`
    text("role"),  # whoever has it is told, where `recipient` is no name
    text("seat"),  # the office for which the role must be held; NULL: anywhere
    text("office"),  # where the thing lies; NULL: at no office, only who sees the whole company is told
    text("roles"),  # JSON list: only who has one of these roles when it is sent; NULL: any
    text("topic", null=False),
    text("words", null=False),  # English msgid with {fields}
    text("values", null=False),  # JSON
    text("link", null=False),  # page and its parameters: `violation?number=V-2026-000123`
    flag("urgent", null=False),
    instant("at", null=False),
    instant("addressed_at"),  # since when the people stand in notice_deliveries
    number("people"),  # how many that were; some of them told already under the same key
    sa.UniqueConstraint("key", "recipient"),
    sa.Index(
        "ix_notices_unaddressed", "id",
        sqlite_where=sa.text("addressed_at IS NULL"), postgresql_where=sa.text("addressed_at IS NULL"),
    ),
)  # fmt: skip

NOTICE_DELIVERIES = sa.Table(
    "notice_deliveries",
    METADATA,
    identity(),
    number("notice_id", null=False),
    text("key", null=False),  # of the notice: whoever is named twice is told once
    text("person", null=False),
    text("state", null=False),  # waiting | sending | sent | given_up | withheld | page_only
    text("why"),  # code of why it was given up or withheld
    flag("urgent", null=False),
    instant("at", null=False),  # entered
    instant("due", null=False),  # not before
    number("tries", null=False),
    instant("failing_since"),
    text("error"),  # what the channel said last, without secrets
    text("channel"),
    text("mailbox"),  # channel, and the person where it is one's own
    text("message"),  # identity of the message that carries it; the same for all of a digest
    instant("claimed_until"),
    instant("sent_at"),
    instant("read_at"),
    sa.UniqueConstraint("key", "person"),
    sa.Index("ix_notice_deliveries_person", "person", "at"),
    sa.Index("ix_notice_deliveries_sent", "mailbox", "sent_at"),
    sa.Index(
        "ix_notice_deliveries_open", "due",
        sqlite_where=sa.text("state IN ('waiting', 'sending')"),
        postgresql_where=sa.text("state IN ('waiting', 'sending')"),
    ),
)  # fmt: skip

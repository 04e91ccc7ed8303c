"""Early warnings and what people did about them (投诉早期预警)."""

from __future__ import annotations

import sqlalchemy as sa

from dashboard.database.models.base import METADATA, flag, identity, instant, number, text

WARNINGS = sa.Table(
    "warnings",
    METADATA,
    identity(),
    text("record", null=False),
    number("record_id", null=False),
    text("number", null=False),
    text("office_code"),
    text("rule", null=False),
    instant("since", null=False),  # from when on it holds; may lie ahead
    instant("due"),  # the deadline it is about
    instant("entered_at", null=False),
    instant("closed_at"),
    text("closed_why"),  # moot | closed
    text("saw"),  # what the rule saw when it was entered: a number, a word of the rule; never a text of the record
    text("moot_because"),  # of a moot one: done | excluded | old | moved | stepped | ended | rule
    sa.Index("ix_warnings_record", "record", "record_id"),
    sa.Index(
        "ix_warnings_open", "since",
        sqlite_where=sa.text("closed_at IS NULL"), postgresql_where=sa.text("closed_at IS NULL"),
    ),
)  # fmt: skip

WARNING_EVENTS = sa.Table(
    "warning_events",
    METADATA,
    identity(),
    number("warning_id", null=False),
    text("deed", null=False),  # acknowledged | handed_on | acted | closed
    text("to_office"),
    text("note"),
    flag("satisfied"),  # of a closing: what the customer said
    text("by", null=False),
    instant("at", null=False),
    sa.Index("ix_warning_events_warning", "warning_id"),
)

"""Batches (批次) and quarantine (隔离区): what came in, and what could not."""

from __future__ import annotations

import sqlalchemy as sa

from dashboard.database.models.base import METADATA, identity, instant, number, text

BATCHES = sa.Table(
    "batches",
    METADATA,
    identity(),
    text("source", null=False),
    text("system"),
    text("record", null=False),
    text("file"),
    text("sheet"),
    text("sha256"),
    number("bytes"),
    text("mapping_digest"),
    text("state", null=False),  # running | done | failed
    text("error"),
    number("read", null=False, server_default="0"),
    number("new", null=False, server_default="0"),
    number("updated", null=False, server_default="0"),
    number("unchanged", null=False, server_default="0"),
    number("older", null=False, server_default="0"),
    number("quarantined", null=False, server_default="0"),
    number("skipped", null=False, server_default="0"),
    instant("exported_at"),
    instant("started_at", null=False),
    instant("finished_at"),
    text("by", null=False),
    text("details"),  # JSON: header row, columns read from which headers, skipped lines by kind, reasons, messages
    sa.Index("ix_batches_source", "source", "started_at"),
    sa.Index("ix_batches_sha256", "sha256"),
)

QUARANTINE = sa.Table(
    "quarantine",
    METADATA,
    identity(),
    number("batch_id", null=False),
    text("record", null=False),
    number("row_no", null=False),
    text("number"),
    text("office_named"),
    text("reason", null=False),
    text("column_name"),
    text("value"),
    text("raw", null=False),  # JSON: header → text exactly as read
    text("state", null=False, server_default="open"),  # open | replayed | dismissed
    instant("since", null=False),
    sa.Index("ix_quarantine_batch", "batch_id"),
    sa.Index("ix_quarantine_open", "state", "record", "reason"),
)

CONFIRMATIONS = sa.Table(
    "confirmations",
    METADATA,
    text("record", null=False, primary_key=True),
    number("record_id", null=False, primary_key=True, autoincrement=False),
    instant("version_at", null=False),  # a later export said the stored version again
    sqlite_with_rowid=False,
)

SOURCE_STATES = sa.Table(
    "source_states",
    METADATA,
    text("source", null=False, primary_key=True),
    text("key", null=False, primary_key=True),  # asked_at, watermark, file:<name> … as the kind of source likes
    text("value"),
)

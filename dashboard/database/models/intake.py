"""Batches (批次) and quarantine (隔离区): what came in, what could not, and what became of it."""

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
    text("state", null=False),  # running | done | failed | by_hand (a person changed offices: no file, no source)
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
    number("replay_of"),  # the batch whose quarantined rows this one stored after all; empty for a file
    sa.Index("ix_batches_source", "source", "started_at"),
    sa.Index("ix_batches_sha256", "sha256"),
)

MAPPINGS = sa.Table(
    "mappings",
    METADATA,
    text("digest", null=False, primary_key=True),
    text("config", null=False),  # JSON: how a source was read, without where from; quarantined rows are read so again
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
    text("context"),  # JSON: what the row's text does not say of its cells: a flaw, lost digits, text of a merged cell
    number("fingerprint", null=False),  # of record, system and text: the same row again joins this one
    number("times", null=False),  # how often it has been read
    number("last_batch_id", null=False),  # the newest export that says it, and in which row
    number("last_row_no", null=False),
    text("corrections"),  # JSON: column → text that a person put in its place
    number("replay_batch_id"),  # the batch that stored it after all
    sa.Index("ix_quarantine_batch", "batch_id"),
    sa.Index("ix_quarantine_last_batch", "last_batch_id"),
    sa.Index("ix_quarantine_open", "state", "record", "reason"),
    sa.Index("ix_quarantine_fingerprint", "fingerprint"),
)

QUARANTINE_SIGHTINGS = sa.Table(
    "quarantine_sightings",
    METADATA,
    number("batch_id", null=False, primary_key=True, autoincrement=False),
    number("row_no", null=False, primary_key=True, autoincrement=False),
    number("quarantine_id", null=False),  # the row that had been read before
    sa.Index("ix_quarantine_sightings_row", "quarantine_id"),
    sqlite_with_rowid=False,
)

QUARANTINE_EVENTS = sa.Table(
    "quarantine_events",
    METADATA,
    identity(),
    number("quarantine_id", null=False),
    instant("at", null=False),
    text("by", null=False),
    text("action", null=False),  # corrected | office_named | refused | replayed | dismissed | reopened
    text("detail"),  # JSON
    sa.Index("ix_quarantine_events_row", "quarantine_id"),
)

OFFICE_ALIASES = sa.Table(
    "office_aliases",
    METADATA,
    identity(),
    text("office_code", null=False),
    text("name", null=False),  # as a source writes it
    text("valid_from", null=False),
    text("valid_to"),
    text("by", null=False),
    instant("at", null=False),
    text("withdrawn_by"),
    instant("withdrawn_at"),
    sa.Index("ix_office_aliases_office", "office_code"),
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

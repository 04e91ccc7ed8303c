"""What looks wrong with the data that came (数据核查): flags on batches and days, and what a person said of each.

A flag is never changed: that it was closed, opened again or settled by later data is an event of its own.
"""

from __future__ import annotations

import sqlalchemy as sa

from dashboard.database.models.base import METADATA, flag, identity, instant, number, text

BATCH_FLAGS = sa.Table(
    "batch_flags",
    METADATA,
    identity(),
    number("batch_id", null=False),  # the batch that showed it; for a day the newest of its system then
    text("source", null=False),
    text("system"),
    text("record", null=False),
    text("series", null=False),  # of measures the indicator, else *
    text("office_code"),  # empty: the source as a whole
    text("kind", null=False),  # see dashboard.intake.flags
    text("day_from", null=False),  # local days (of measures: months) that it concerns
    text("day_to", null=False),
    text("stated"),  # the number that should be there, as text
    text("found"),  # the number that is
    text("detail", null=False),  # JSON: line and column of the total, limits of the day, days that are missing
    instant("raised_at", null=False),
    sa.Index("ix_batch_flags_batch", "batch_id"),
    sa.Index("ix_batch_flags_system", "system", "record", "day_to"),
    sa.Index("ix_batch_flags_days", "day_from", "day_to"),
)

BATCH_FLAG_EVENTS = sa.Table(
    "batch_flag_events",
    METADATA,
    identity(),
    number("flag_id", null=False),
    text("action", null=False),  # closed | reopened (by a person, with why) | cleared (later data settled it)
    text("why"),
    text("by", null=False),
    instant("at", null=False),
    sa.Index("ix_batch_flag_events_flag", "flag_id"),
)

DAY_COUNTS = sa.Table(
    "day_counts",
    METADATA,
    text("system", null=False, primary_key=True),
    text("record", null=False, primary_key=True),
    text("series", null=False, primary_key=True),
    text("office_code", null=False, primary_key=True),
    text("day", null=False, primary_key=True),  # local to the source; of measures the month
    number("n", null=False),  # current versions; 0 where they have all moved elsewhere
    flag("pending", null=False),  # changed since it was last compared with the usual
    sa.Index("ix_day_counts_pending", "system", "record", sqlite_where=sa.text("pending"),
             postgresql_where=sa.text("pending")),
    sqlite_with_rowid=False,
)  # fmt: skip

"""What judgement writes (评判结果): a verdict row per record, sums per office and day, hall-months, open clocks."""

from __future__ import annotations

import sqlalchemy as sa

from dashboard.database.models.base import METADATA, flag, instant, number, text

VERDICTS = sa.Table(
    "verdicts",
    METADATA,
    text("record", null=False, primary_key=True),
    number("record_id", null=False, primary_key=True, autoincrement=False),
    text("office_code", null=False),
    text("day", null=False),
    text("states", null=False),  # one letter per indicator of the record type: O L P X U C N -
    text("marks"),  # one letter per indicator: p provisional, m to the minute, b both, -
    text("exclusion"),
    number("ratio"),  # R3: the record's share of the numerator, in units of the rulebook's scale
    flag("losing", null=False),  # an explanation has to name it: loses points, excluded, unjudgeable, provisional
    sa.Index(
        "ix_verdicts_losing", "office_code", "day", sqlite_where=sa.text("losing"), postgresql_where=sa.text("losing")
    ),
    sqlite_with_rowid=False,
)

ROLLUPS = sa.Table(
    "rollups",
    METADATA,
    text("office_code", null=False, primary_key=True),
    text("day", null=False, primary_key=True),
    text("indicator", null=False, primary_key=True),
    *(
        number(name, null=False, server_default="0")
        for name in ("numerator", "denominator", "pending", "unjudgeable", "excluded", "provisional", "to_the_minute")
    ),
    sa.Index("ix_rollups_day", "day"),
    sqlite_with_rowid=False,
)

HALL_MONTHS = sa.Table(
    "hall_months",
    METADATA,
    text("hall_code", null=False, primary_key=True),
    text("month", null=False, primary_key=True),
    number("deductions", null=False),
    number("checkable", null=False),
    sqlite_with_rowid=False,
)

OPEN_CLOCKS = sa.Table(
    "open_clocks",
    METADATA,
    text("record", null=False, primary_key=True),
    number("record_id", null=False, primary_key=True, autoincrement=False),
    instant("next_at", null=False),
    sa.Index("ix_open_clocks_next_at", "next_at"),
    sqlite_with_rowid=False,
)

JUDGED_THROUGH = sa.Table(
    "judged_through",
    METADATA,
    text("part", null=False, primary_key=True),  # a record type, or `rules`
    number("batch_id"),
    instant("as_of"),
    text("digest"),
)

"""What judgement writes (评判结果): a verdict row per record, sums per office and day, hall-months, open clocks."""

from __future__ import annotations

import sqlalchemy as sa

from dashboard.database.models.base import METADATA, Id, flag, instant, number, text

JUDGED = ("tickets", "repairs", "applications", "evaluations")
"""Kinds of records that get a verdict each."""


def _verdict_table(record: str) -> sa.Table:
    """A table per kind: appending a million rows by their number takes half the time of one table for all kinds."""
    return sa.Table(
        f"{record}_verdicts",
        METADATA,
        sa.Column("record_id", Id, primary_key=True, autoincrement=False),
        text("office_code", null=False),
        text("day", null=False),
        text("states", null=False),  # one letter per indicator of the record type: O L P X U C N -
        text("marks"),  # one letter per indicator: p provisional, m to the minute, b both, -
        number("ratio"),  # R3: the record's share of the numerator, in units of the rulebook's scale
        flag("losing", null=False),  # an explanation has to name it: loses points, excluded, unjudgeable, provisional
        sa.Index(
            f"ix_{record}_verdicts_losing", "office_code", "day",
            sqlite_where=sa.text("losing"), postgresql_where=sa.text("losing"),
        ),
    )  # fmt: skip


VERDICTS: dict[str, sa.Table] = {record: _verdict_table(record) for record in JUDGED}

sa.Index(  # the single ratios of a period are read to resample them: without the rows themselves, and only those
    "ix_repairs_verdicts_ratio", *(VERDICTS["repairs"].c[name] for name in ("day", "office_code", "ratio")),
    sqlite_where=sa.text("ratio IS NOT NULL"), postgresql_where=sa.text("ratio IS NOT NULL"),
)  # fmt: skip


def _rollup_table(name: str, span: str) -> sa.Table:
    """Sums per span, office and indicator; the span first, for a league reads one stretch of time of all offices."""
    return sa.Table(
        name,
        METADATA,
        text(span, null=False, primary_key=True),
        text("office_code", null=False, primary_key=True),
        text("indicator", null=False, primary_key=True),
        *(
            number(column, null=False, server_default="0")
            for column in
            ("numerator", "denominator", "pending", "unjudgeable", "excluded", "provisional", "to_the_minute")
        ),
        sqlite_with_rowid=False,
    )  # fmt: skip


ROLLUPS = _rollup_table("rollups", "day")
ROLLUP_MONTHS = _rollup_table("rollup_months", "month")
"""The same summed per calendar month: a quarter is three rows instead of ninety-two."""

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

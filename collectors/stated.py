"""What a source says of its own completeness (自述合计): stated totals of a planned sheet, and signs of a cut."""

from __future__ import annotations

from collectors.canonical import Plan
from collectors.tables.totals import ADDITIVE, SERIES, Columns, Control, controls

ROW_LIMITS = (65_536, 1_048_576)
"""Rows that a sheet of .xls and of .xlsx can have, its header among them."""
ROUND_SIZES = frozenset(
    size * 10**power for size in (1, 2, 3, 5, 6) for power in (3, 4, 5, 6) if size * 10**power <= 1_000_000
) | {65_000}
"""Where exporting systems like to stop; a real count is seldom so round."""


def stated_totals(plan: Plan, rows: int) -> list[Control]:
    """The totals that a sheet states beside what was read. `rows`: data rows; the sheet must have been read."""
    return controls(plan.table, columns_of(plan), rows)


def columns_of(plan: Plan) -> Columns:
    """Where in the sheet stands what totals are about."""
    record = plan.record.name
    first = {name: indexes[0] for name, indexes in plan.columns.items() if indexes}
    mapped = frozenset(index for indexes in plan.columns.values() for index in indexes)
    return Columns(
        number=plan.number if plan.record.number not in SERIES.get(record, ()) else None,
        office=plan.office,
        additive=frozenset(first[name] for name in ADDITIVE.get(record, ()) if name in first),
        mapped=mapped | {index for index, _ in plan.minutes.values()},
        series=tuple(first[name] for name in SERIES.get(record, ()) if name in first),
    )


def at_row_limit(last_row: int, rows: int) -> int | None:
    """The limit at which a sheet ends: its last data row, or its data rows with or without a header, are that many."""
    return next((limit for limit in ROW_LIMITS if last_row == limit or rows in (limit, limit - 1)), None)

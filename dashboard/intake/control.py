"""A file beside what it says of itself (合计核对): its stated totals, and whether it looks cut off or partial.

Nothing is refused for it, with one exception: a file that holds a header and no row, and does not say that there were
none, is empty (a file fault, design §4.1). `0`, missing and not computed are three states.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from collectors.base import Arrival, CollectorError
from collectors.canonical import Plan
from collectors.mapping import SourceConfig
from collectors.stated import ROUND_SIZES, at_row_limit, stated_totals
from collectors.tables.totals import Control, pages_missing
from dashboard.database.models import BATCH_FLAGS, BATCHES, RECORD_TABLES
from dashboard.instants import LOCAL, from_micros, to_micros
from dashboard.intake.flags import (
    COUNT_DIFFERS,
    PAGE_OF_MANY,
    ROUND_COUNT,
    ROW_LIMIT,
    TOTAL_DIFFERS,
    Flag,
    plain_number,
    raise_flags,
)
from dashboard.intake.report import BatchReport
from dashboard.intake.tables import Tables

MOST_FLAGS = 20
"""Of one sheet. When every subtotal differs, it is the reading of them that is wrong, and one look tells."""
MOST_CONTROLS = 500
"""Kept with a batch; those that differ first."""


def controls_of(plan: Plan, rows: int) -> list[dict[str, Any]]:
    """The stated totals of a sheet as they are kept with its batch."""
    order = {"differs": 0, "not_computed": 1, "matches": 2}
    told = sorted(stated_totals(plan, rows), key=lambda one: order[one.state])
    return [_as_json(one) for one in told[:MOST_CONTROLS]]


def _as_json(control: Control) -> dict[str, Any]:
    found, gap = control.found, control.gap
    return {
        "what": control.what,
        "where": control.where,
        "row": control.row,
        "label": control.label,
        "column": control.column,
        "covers": control.covers,
        "stated": plain_number(control.stated),
        "found": None if found is None else plain_number(found),
        "gap": None if gap is None else plain_number(gap),
        "state": control.state,
    }


def check_whole_file(
    tables: Tables, config: SourceConfig, arrival: Arrival, made: Sequence[Plan], reports: Sequence[BatchReport]
) -> None:
    """Raise the flags of a file that has been read. CollectorError (a file fault) when there is nothing in it."""
    whole = sum(report.read for report in reports)
    stated = [one for report in reports for one in report.controls if one["what"] == "rows"]
    if not whole and config.kind == "spreadsheet" and not any(one["stated"] == "0" for one in stated):
        raise CollectorError(
            f"{arrival.name} is empty: it has a header and no row. Export it again; an export of a time in which "
            "nothing happened may say so (共 0 条) and is taken.",
            permanent=True,
        )
    for plan, report in zip(made, reports, strict=True):
        report.flags = list(_flags(config, plan, report, str(whole)))[:MOST_FLAGS]
    raised = [(report, flag) for report in reports for flag in report.flags]
    if raised and not _raised_before(tables, arrival, config):
        spans = {report.batch_id: _span(tables, config.record, report) for report, _ in raised}
        system, at = config.system_name, to_micros(arrival.arrived_at)
        flags = [
            Flag(batch_id=report.batch_id or 0, source=config.name, system=system, record=config.record,
                 day_from=spans[report.batch_id][0], day_to=spans[report.batch_id][1], **flag)
            for report, flag in raised
        ]  # fmt: skip
        raise_flags(tables, flags, at)


def _raised_before(tables: Tables, arrival: Arrival, config: SourceConfig) -> bool:
    """The same content of the same source raised its flags when it first came."""
    same = sa.select(BATCH_FLAGS.c.id).select_from(BATCH_FLAGS.join(BATCHES, BATCHES.c.id == BATCH_FLAGS.c.batch_id))
    mine = (BATCHES.c.source == config.name, BATCHES.c.record == config.record, BATCHES.c.sha256 == arrival.sha256)
    return tables.scalar(same.where(*mine)) is not None


def _flags(config: SourceConfig, plan: Plan, report: BatchReport, whole: str) -> Iterator[dict[str, Any]]:
    """What a flag says besides where it belongs. A count in words may be that of the whole workbook."""
    counted = False
    for one in report.controls:
        about_rows = one["what"] == "rows"
        explained = one["state"] == "matches" or (about_rows and one["where"] != "total" and one["stated"] == whole)
        counted |= about_rows and explained
        if one["state"] == "differs" and not explained:
            detail = {name: one[name] for name in ("where", "row", "label", "column", "covers", "gap")}
            kind = COUNT_DIFFERS if about_rows else TOTAL_DIFFERS
            yield {"kind": kind, "stated": one["stated"], "found": one["found"], "detail": _on_sheet(plan, detail)}
    pages = pages_missing(plan.table)
    if pages is not None:
        present, of = map(str, pages)
        yield {"kind": PAGE_OF_MANY, "stated": of, "found": present, "detail": _on_sheet(plan, {})}
    limit = at_row_limit(plan.table.last_row, report.read)
    if limit is not None:
        yield {"kind": ROW_LIMIT, "stated": str(limit), "found": str(report.read), "detail": _on_sheet(plan, {})}
    elif report.read in ROUND_SIZES and config.kind == "spreadsheet" and not counted:
        yield {"kind": ROUND_COUNT, "stated": None, "found": str(report.read), "detail": _on_sheet(plan, {})}


def _on_sheet(plan: Plan, detail: dict[str, Any]) -> dict[str, Any]:
    return {**detail, "sheet": plan.table.sheet} if plan.table.sheet else detail


def _span(tables: Tables, record: str, report: BatchReport) -> tuple[str, str]:
    """First and last local day of what the batch stored; of one that stored nothing the day of its version."""
    table, batch = RECORD_TABLES[record], report.batch_id
    name = next((name for name in ("accepted_at", "at", "planned_at", "date", "period") if name in table.c), None)
    version = sa.select(BATCHES.c.exported_at.label("first"), BATCHES.c.exported_at.label("last"))
    found = None
    if name is not None:
        column = table.c[name]
        query = sa.select(sa.func.min(column).label("first"), sa.func.max(column).label("last"))
        found = tables.frame(query.where(table.c.batch_id == batch)).row(0)
    first, last = found if found and found[0] is not None else tables.frame(version.where(BATCHES.c.id == batch)).row(0)
    return _day(first), _day(last)


def _day(value: int | str) -> str:
    if isinstance(value, str):
        return value
    day: date = from_micros(value).astimezone(LOCAL).date()
    return day.isoformat()

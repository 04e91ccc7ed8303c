"""`mingcha flags`: what looks wrong with what came, and closing it with a reason."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from dashboard.bootstrap import open_application
from dashboard.cli.data import AsOption, FormatOption
from dashboard.cli.output import Format, emit
from dashboard.errors import UsageError
from dashboard.flag_words import sentence

COLUMNS = ("number", "source", "record", "office", "reason", "from", "to", "state", "what")


def register(app: typer.Typer) -> None:
    app.command()(flags)


def flags(
    source: Annotated[str | None, typer.Option(help="Only flags of this source.")] = None,
    record: Annotated[str | None, typer.Option(help="Only flags on this record.")] = None,
    period: Annotated[str | None, typer.Option(help="Only flags on days of this period, e.g. 2026-Q3.")] = None,
    state: Annotated[str, typer.Option(help="open, closed (by a person), cleared (by later data) or all.")] = "open",
    close: Annotated[int | None, typer.Option(help="Close this flag; needs --why.")] = None,
    reopen: Annotated[int | None, typer.Option(help="Open this closed flag again; needs --why.")] = None,
    why: Annotated[str, typer.Option(help="The written reason for --close and --reopen.")] = "",
    output: FormatOption = Format.table,
    as_: AsOption = None,
) -> None:
    """Stated totals that do not agree, cut-off files, missing days, unusual volumes; or close one."""
    from checks.periods import parse_period
    from dashboard.actions.flags import close_flag, reopen_flag
    from dashboard.queries import flags as queries

    if state != "all" and state not in queries.STATES:
        raise UsageError(f"There is no state '{state}'.", f"Known are {', '.join(queries.STATES)} and all.")
    if close is not None and reopen is not None:
        raise UsageError("--close and --reopen are two deeds;", "Do one after the other.")
    application = open_application(user=as_)
    for number, deed in ((close, close_flag), (reopen, reopen_flag)):
        if number is not None:
            deed(application.db, by=application.viewer, flag_id=number, why=why, at=application.now())
    done = close if close is not None else reopen
    found = queries.flags(
        application.db,
        application.viewer,
        source=source,
        record=record,
        period=parse_period(period) if period else None,
        flag_id=done,
        state=None if done is not None else next((one for one in queries.STATES if one == state), None),
    )
    emit({"rows": [as_json(row) for row in found]}, output, COLUMNS)


def as_json(row: Any) -> dict[str, Any]:
    """One flag in the shape that lists have (design §4.1), and what is its own."""
    return {
        "number": row.id,
        "office": row.office,
        "state": row.state,
        "since": row.raised_at,
        "due": None,
        "reason": row.kind,
        "source": row.source,
        "record": row.record,
        "series": row.series,
        "from": row.day_from,
        "to": row.day_to,
        "stated": row.stated,
        "found": row.found,
        "detail": dict(row.detail),
        "batch": row.batch_id,
        "file": row.file,
        "what": sentence(row.kind, row.stated, row.found, row.detail, row.day_from, language="en"),
    }

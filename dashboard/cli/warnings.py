"""`mingcha warnings`: open records that are about to breach or are handled badly, and what was done about them."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from dashboard.cli.data import AsOption, FormatOption
from dashboard.cli.output import Format, emit

COLUMNS = ("warning", "number", "office", "reason", "level", "state", "since", "due")


def register(app: typer.Typer) -> None:
    app.command("warnings")(warnings)


def warnings(
    closed: Annotated[bool, typer.Option("--closed", help="Those that ended, newest first.")] = False,
    acknowledge: Annotated[int | None, typer.Option(help="Say that this warning was read.")] = None,
    act: Annotated[int | None, typer.Option(help="Note what was done about this warning; needs --note.")] = None,
    hand_on: Annotated[int | None, typer.Option(help="Hand this warning on; needs --to OFFICE.")] = None,
    close: Annotated[int | None, typer.Option(help="Close it; needs --note and what the customer said.")] = None,
    to: Annotated[str | None, typer.Option(help="Office that a warning is handed on to.")] = None,
    note: Annotated[str, typer.Option(help="What was done.")] = "",
    satisfied: Annotated[
        bool | None, typer.Option("--satisfied/--not-satisfied", help="What the customer said.")
    ] = None,
    output: FormatOption = Format.table,
    as_: AsOption = None,
) -> None:
    """Early warnings, by what breaches first; or deal with one."""
    from dashboard.actions.warnings import deal_with
    from dashboard.bootstrap import open_application
    from dashboard.errors import UsageError
    from dashboard.judging.rules import rules_of
    from dashboard.queries import warnings as queries
    from dashboard.warning.keeping import keep_warnings

    asked = {"acknowledged": acknowledge, "acted": act, "handed_on": hand_on, "closed": close}
    deeds = [(deed, number) for deed, number in asked.items() if number is not None]
    if len(deeds) > 1:
        raise UsageError("These are several deeds;", "Do one after the other.")
    application = open_application(user=as_)
    now = application.now()
    keep_warnings(application.db, rules_of(application.settings, application.db), now)
    for deed, number in deeds:
        deal_with(application.db, by=application.viewer, warning=number, deed=deed, note=note, to_office=to,
                  satisfied=satisfied, at=now)  # fmt: skip
    found = queries.warnings(application.db, application.viewer, as_of=now, closed=closed)
    emit({"rows": [as_json(one) for one in found]}, output, COLUMNS)


def as_json(one: Any) -> dict[str, Any]:
    """One warning in the shape that lists have (design §4.1), and what is its own."""
    return {
        "number": one.number, "office": one.office, "state": one.state, "since": one.since, "due": one.due,
        "reason": one.rule.code, "reason_text": one.rule.title_en, "warning": one.id, "record": one.record,
        "level": one.level, "saw": one.saw, "closed_at": one.closed_at, "because": one.because,
        "deeds": [{"deed": deed.deed, "to": deed.to_office, "note": deed.note, "satisfied": deed.satisfied,
                   "by": deed.by, "at": deed.at} for deed in one.deeds],
    }  # fmt: skip

"""`mingcha audit` and `mingcha unmask`: who did what, and one personal field with a reason."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from dashboard.cli.data import AsOption, FormatOption
from dashboard.cli.output import Format, emit, say

KINDS: dict[str, Literal["csv", "json"]] = {".csv": "csv", ".json": "json"}
COLUMNS = ("id", "at", "actor", "action", "subject", "detail", "entry")


def register(app: typer.Typer) -> None:
    app.command("audit")(audit)
    app.command("unmask")(unmask)


def audit(
    person: Annotated[str | None, typer.Option(help="Only what this person did.")] = None,
    verb: Annotated[str | None, typer.Option(help="Only this deed: export, unmask, confirm …")] = None,
    thing: Annotated[str | None, typer.Option(help="Only things whose name holds these words.")] = None,
    first: Annotated[str | None, typer.Option("--from", help="First day.")] = None,
    last: Annotated[str | None, typer.Option("--until", help="Last day.")] = None,
    before: Annotated[int | None, typer.Option(help="Lines older than this id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many lines, newest first.")] = 200,
    to: Annotated[Path | None, typer.Option(help="Write all wanted lines to this .csv or .json; logged.")] = None,
    output: FormatOption = Format.table,
    as_: AsOption = None,
) -> None:
    """The audit trail, newest first; with --to a file of it, whose SHA-256 becomes a line of the trail."""
    from dashboard.actions.audit_export import export_trail
    from dashboard.bootstrap import open_application
    from dashboard.errors import UsageError
    from dashboard.queries.audit import Wanted, trail

    application = open_application(user=as_)
    wanted = Wanted(person, verb, thing, _day(first), _day(last))
    if to is None:
        found = trail(application.db, application.viewer, wanted, before=before, limit=limit)
        emit(_document(found), output, COLUMNS)
        return
    kind = KINDS.get(to.suffix.lower())
    if kind is None:
        raise UsageError(f"'{to}' is neither .csv nor .json.", "Name the file so.")
    made = export_trail(application.db, by=application.viewer, wanted=wanted, kind=kind, at=application.now())
    _write(to, made.content)
    say(f"{made.lines} lines, SHA-256 {made.sha256}")
    emit({"rows": [{"path": str(to), "sha256": made.sha256, "lines": made.lines}]}, output, ("path", "sha256", "lines"))


def _document(found: Any) -> dict[str, Any]:
    return {
        "entries": found.entries,
        "head": found.head and {"count": found.head.count, "hash": found.head.hash, "at": found.head.at},
        "detects_only": found.detects_only,
        "older": found.older,
        "rows": [line.document() for line in found.lines],
    }


def _write(path: Path, content: bytes) -> None:
    from dashboard.errors import MingchaError

    try:
        path.write_bytes(content)
        path.chmod(0o600)
    except OSError as error:
        raise MingchaError(f"{path} cannot be written: {error.strerror}.", "Choose another --to.") from error


def _id(text: str) -> int:
    from dashboard.errors import UsageError

    if not text.isascii() or not text.isdigit():
        raise UsageError(f"'{text}' is no id of a quarantined row.", "See mingcha quarantine --format json.")
    return int(text)


def _day(text: str | None) -> date | None:
    from dashboard.errors import UsageError

    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise UsageError(f"'{text}' is no day.", "Example: 2026-10-01") from error


def unmask(
    record: Annotated[str, typer.Argument(help="tickets, repairs, applications …, or quarantine.")],
    number: Annotated[str, typer.Argument(help="The record's number; the id of a quarantined row.")],
    field: Annotated[str, typer.Argument(help="phone, customer_no, content …; the header of a quarantined cell.")],
    reason: Annotated[str, typer.Option(help="What the value is needed for; it is logged.")] = "",
    output: FormatOption = Format.table,
    as_: AsOption = None,
) -> None:
    """One personal field of one record, with a reason. Needs a named person: `system` sees masks like everybody."""
    from dashboard.actions import unmasking
    from dashboard.bootstrap import open_application
    from dashboard.judging.rules import rules_of
    from dashboard.queries.record import record as find

    application = open_application(user=as_)
    db, viewer, now = application.db, application.viewer, application.now()
    if record == "quarantine":
        cell = unmasking.unmask_cell(db, by=viewer, quarantine_id=_id(number), header=field, reason=reason, at=now)
        emit({"rows": [{"record": record, "number": number, field: cell.value}]}, output)
        return
    found = find(db, viewer, rules_of(application.settings, db), record=record, number=number, as_of=now)
    made = unmasking.unmask(db, by=viewer, record=record, row_id=found.id, field=field, reason=reason, at=now)
    emit({"rows": [{"record": record, "number": number, field: made.value}]}, output)

"""`mingcha freeze | export`: closing a quarter by two people, and its documents (design §4.1)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dashboard.actions import freezing as actions
from dashboard.actions.export import export_quarter
from dashboard.bootstrap import open_application
from dashboard.cli.output import Format, emit, parse_time, say
from dashboard.errors import UsageError
from dashboard.texts import t

Output = Annotated[Format, typer.Option("--format", help="table, json or csv.")]
Person = Annotated[str | None, typer.Option("--as", help="Who asks (a name under [people]).")]


def register(app: typer.Typer) -> None:
    app.command("freeze")(freeze)
    app.command("export")(export)


def freeze(
    period: Annotated[str, typer.Argument(help="2026-Q3, 2026-09, 2026-W38 or 2026-09-01..2026-09-15.")],
    propose: Annotated[bool, typer.Option("--propose", help="Score the period as it will be frozen.")] = False,
    publish: Annotated[str | None, typer.Option("--publish", help="Digest of the proposal to freeze.")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why, where the checklist is not met.")] = None,
    person: Person = None,
    output: Output = Format.table,
) -> None:
    """Close a period: one person proposes, another publishes the digest."""
    if propose == (publish is not None):
        raise UsageError("Say --propose or --publish DIGEST, one of the two.")
    application = open_application(user=person)
    if publish is None:
        done = actions.propose(application, by=application.viewer, period=period, reason=reason)
    else:
        done = actions.publish(application, by=application.viewer, period=period, digest=publish, reason=reason)
    emit(done, output, ("code", "met", "open", "examples"), rows="checklist")
    if output is Format.table:
        say(t("{period} {state}: {digest}", period=done["period"], state=done["state"], digest=done["digest"]))
        say(t("{parts} parts, {packed} bytes packed.", parts=done["parts"], packed=done["packed_bytes"]))


def export(
    period: Annotated[str, typer.Argument(help="2026-Q3, 2026-09, 2026-W38 or 2026-09-01..2026-09-15.")],
    to: Annotated[Path, typer.Option("--to", help="Folder for the documents; made if missing.")],
    as_of: Annotated[str | None, typer.Option("--as-of", help="The moment taken as now.")] = None,
    person: Annotated[str | None, typer.Option("--as", help="Who asks (a name under [people]).")] = None,
    output: Annotated[Format, typer.Option("--format", help="table, json or csv.")] = Format.table,
) -> None:
    """Write the documents of a period: the workbook with overview, tickets, repairs, halls, ledger, definitions."""
    application = open_application(user=person)
    moment = parse_time(as_of)
    written = export_quarter(application, by=application.viewer, period=period, folder=to, as_of=moment)
    files = [{"path": str(file.path), "sha256": file.sha256} for file in written]
    emit({"files": files}, output, {"path": t("File"), "sha256": "SHA-256"}, rows="files")

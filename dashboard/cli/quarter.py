"""`mingcha export`: the quarter's documents (design §4.1)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dashboard.actions.export import export_quarter
from dashboard.bootstrap import open_application
from dashboard.cli.output import Format, emit, parse_time
from dashboard.texts import t


def register(app: typer.Typer) -> None:
    app.command("export")(export)


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

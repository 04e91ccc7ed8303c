"""`mingcha letter`: letters about violations as Word files, and the templates that they are made from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dashboard.cli.data import AsOption, FormatOption
from dashboard.cli.output import Format, emit, say


def register(app: typer.Typer) -> None:
    app.command("letter")(letter)


def letter(
    kind: Annotated[str, typer.Argument(help="notice, supervision, circular, discipline; or templates.")],
    numbers: Annotated[list[str] | None, typer.Argument(help="The case; a circular takes several.")] = None,
    to: Annotated[Path, typer.Option(help="Folder to write to.")] = Path(),
    output: FormatOption = Format.table,
    as_: AsOption = None,
) -> None:
    """Write a letter about a case; `mingcha letter templates --to DIR` writes the templates, to be changed in Word."""
    from dashboard.actions.letters import put_templates, write_to
    from dashboard.bootstrap import open_application

    if kind == "templates":
        for path in put_templates(to):
            say(f"{path} is written.")
        return
    application = open_application(user=as_)
    path, made = write_to(to, application, by=application.viewer, kind=kind, numbers=numbers or [])
    emit({"rows": [{"number": made.number, "path": str(path), "sha256": made.sha256}]}, output,
         ("number", "path", "sha256"))  # fmt: skip

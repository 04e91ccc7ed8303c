"""`mingcha verify`: whether plans, frozen periods and evidence are as they were entered (design §4.1)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dashboard.cli.output import Format, emit, say
from dashboard.texts import t

Output = Annotated[Format, typer.Option("--format", help="table, json or csv.")]
Person = Annotated[str | None, typer.Option("--as", help="Who asks (a name under [people]); default system.")]


def register(app: typer.Typer) -> None:
    app.command("verify")(verify)


def verify(
    head: Annotated[Path | None, typer.Option(help="A signed head from the auditor's folder.")] = None,
    public_key: Annotated[str | None, typer.Option(help="The key that must have signed it, 64 hex digits.")] = None,
    since_head: Annotated[bool, typer.Option("--since-head", help="Only what was entered after --head.")] = False,
    output: Output = Format.table,
    person: Person = None,
) -> None:
    """Check plan commitments, frozen periods, the chain of evidence, its files and its signed heads."""
    from dashboard.bootstrap import open_application
    from dashboard.evidence.complete import verify_everything

    application = open_application(user=person)
    document = verify_everything(application, head=head, public_key=public_key, only_since=since_head)
    if output is Format.table:
        say(t("{n} checked, {problems} problems.", n=document["checked"], problems=len(document["problems"])))
        frozen, chain = document["chain"], document["evidence"]
        say(t("Decisions on frozen periods: {n}, chain ends with {head}.", n=frozen["events"], head=frozen["head"]))
        say(t("Evidence: {n} entries, chain ends with {head}.", n=chain["entries"], head=chain["hash"]))
        for note in document["notes"]:
            say(f"{note['kind']}: {note['what']}")
        emit({"rows": document["problems"]}, output, ("kind", "what"))
    else:
        emit(document, output, rows="problems")
    if not document["ok"]:
        raise typer.Exit(1)

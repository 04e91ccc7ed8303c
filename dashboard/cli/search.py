"""`mingcha search`: find something by a number, its beginning, an office's name or a word, within one's rights."""

from __future__ import annotations

from typing import Annotated

import typer

from dashboard.cli.data import AsOption, FormatOption
from dashboard.cli.output import Format, emit

COLUMNS = ("kind", "number", "office", "day", "why", "text")


def register(app: typer.Typer) -> None:
    app.command("search")(search)


def search(
    words: Annotated[str, typer.Argument(help="A number, its beginning, a name or a word.")],
    person: Annotated[
        bool, typer.Option("--person", help="They are a whole telephone or customer number; this is logged.")
    ] = False,
    output: FormatOption = Format.table,
    as_: AsOption = None,
) -> None:
    """Tickets, repairs, applications, cases, offices, disputes: what of them you may see; free text is masked."""
    from dashboard.bootstrap import open_application
    from dashboard.queries import search as queries

    application = open_application(user=as_)
    found = queries.search(application.db, application.viewer, words, as_of=application.now(), person=person)
    rows = [{name: getattr(hit, name) for name in COLUMNS} for hit in found.hits]
    emit({"rows": rows, "counts": dict(found.counts), "not_searched": list(found.not_searched)}, output, COLUMNS)

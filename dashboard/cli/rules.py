"""`mingcha calendar`: the holiday notices of the calendar by which deadlines are counted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from checks.notices import read_notice
from dashboard.actions.calendar import load_notice
from dashboard.bootstrap import open_application
from dashboard.cli.output import Format, emit, iso, say
from dashboard.errors import MingchaError
from dashboard.judging.rules import rules_of
from dashboard.queries.calendar import loaded_notices, preview
from dashboard.texts import t

Person = Annotated[str | None, typer.Option("--as", help="Who asks (a name under [people]); default system.")]
Output = Annotated[Format, typer.Option("--format", help="table, json or csv.")]


def register(app: typer.Typer) -> None:
    calendar = typer.Typer(no_args_is_help=True, help="The calendar by which deadlines are counted.")
    calendar.command("import")(load)
    calendar.command("show")(listed)
    app.add_typer(calendar, name="calendar")


def load(
    file: Annotated[Path, typer.Argument(help="TOML or csv: date, working, name; document and issued.")],
    only_look: Annotated[bool, typer.Option("--preview", help="Say what would change, and store nothing.")] = False,
    person: Person = None,
    output: Output = Format.table,
) -> None:
    """Load a holiday notice; what rested on its year is judged again, and counted."""
    application = open_application(user=person)
    rules, now = rules_of(application.settings, application.db), application.now()
    try:
        content = file.read_bytes()
    except OSError as error:
        raise MingchaError(f"{file} could not be read: {error.strerror}.", "Name a TOML or csv file.") from error
    notice = read_notice(content, file.name, rules.calendar)
    found = preview(application.db, application.viewer, rules, notice, as_of=now)
    done = {"year": notice.year, "document": notice.document, "issued": notice.issued.isoformat(),
            "looked_at": found.looked_at, "moved": found.moved, "otherwise": found.otherwise, "firm": found.firm,
            "judged": 0, "digest": rules.calendar_digest}  # fmt: skip
    if not only_look:
        outcome = load_notice(application.db, rules, by=application.viewer, notice=notice, at=now)
        judged_by = rules_of(application.settings, application.db)
        done |= {"judged": outcome.judged, "digest": judged_by.calendar_digest}
    emit({"rows": [done]} if output is not Format.json else done, output,
         {"year": t("Year"), "looked_at": t("records looked at"), "moved": t("deadlines move"),
          "otherwise": t("verdicts change"), "firm": t("become firm"), "judged": t("judged again")})  # fmt: skip
    if only_look:
        say(t("Only looked at: nothing was stored."))


def listed(person: Person = None, output: Output = Format.table) -> None:
    """The published years, and which notices people loaded."""
    application = open_application(user=person)
    rules = rules_of(application.settings, application.db)
    loaded = {row.year: row for row in loaded_notices(application.db, application.viewer, rules.calendar.name)[::-1]}
    rows = []
    for year, (document, issued) in sorted(rules.calendar.documents.items()):
        row = loaded.get(year)
        rows.append({"year": year, "document": document, "issued": issued.isoformat() if issued else None,
                     "by": row.by if row else None, "loaded_at": iso(row.at) if row else None})  # fmt: skip
    found = {"calendar": rules.calendar.name, "digest": rules.calendar_digest, "rows": rows}
    headings = {"year": t("Year"), "document": t("Notice"), "issued": t("Day of the notice"), "by": t("By")}
    emit(found, output, headings)

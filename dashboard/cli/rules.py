"""`mingcha calendar`, `mingcha what-if`: the days by which deadlines are counted; rules that are only tried out."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer

from checks.notices import read_notice
from checks.sandbox import Change
from dashboard.actions.calendar import load_notice
from dashboard.bootstrap import open_application
from dashboard.cli.output import Format, emit, iso, parse_time, say
from dashboard.errors import MingchaError, UsageError
from dashboard.judging.present import bring_up_to_date
from dashboard.judging.rules import rules_of
from dashboard.queries.calendar import loaded_notices, preview
from dashboard.queries.what_if import what_if
from dashboard.texts import t

Person = Annotated[str | None, typer.Option("--as", help="Who asks (a name under [people]); default system.")]
Output = Annotated[Format, typer.Option("--format", help="table, json or csv.")]


def register(app: typer.Typer) -> None:
    calendar = typer.Typer(no_args_is_help=True, help="The calendar by which deadlines are counted.")
    calendar.command("import")(load)
    calendar.command("show")(listed)
    app.add_typer(calendar, name="calendar")
    app.command("what-if")(try_out)


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


def try_out(
    period: Annotated[str, typer.Option(help="2026-Q3, 2026-09, 2026-W38 or 2026-09-01..2026-09-15.")],
    level: Annotated[str, typer.Option(help="hall, station, county or company.")] = "station",
    weight: Annotated[list[str] | None, typer.Option(help="R1=15; may be given several times.")] = None,
    floor: Annotated[list[str] | None, typer.Option(help="R1=0.80")] = None,
    target: Annotated[list[str] | None, typer.Option(help="R1=0.98")] = None,
    limit: Annotated[list[str] | None, typer.Option(help="arrival.promise.urban=60, in the limit's own unit")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="The moment taken as now.")] = None,
    person: Person = None,
    output: Output = Format.table,
) -> None:
    """Try other weights, floors, targets or limits: who would move, and why. Nothing is stored; it is no result."""
    application = open_application(user=person)
    rules, now = rules_of(application.settings, application.db), application.now()
    change = Change(
        weights=_numbers("--weight", weight), floors=_numbers("--floor", floor), targets=_numbers("--target", target),
        limits={code: int(value) for code, value in _numbers("--limit", limit).items()},
    )  # fmt: skip
    bring_up_to_date(application.db, rules, now)
    found = what_if(
        application.db, application.viewer, rules, change, period=period, level=level, now=now, as_of=parse_time(as_of)
    )
    say(t("Nothing here is a result: it is not stored, frozen or exported."))
    emit(found.to_json(), output, {
        "tried_rank": t("Tried rank"), "office": t("Code"), "name": t("Office"), "rank": t("Real rank"),
        "score": t("Score"), "tried_score": t("Tried score"), "weights_low": "2.5 %", "weights_high": "97.5 %",
    })  # fmt: skip


def _numbers(option: str, given: list[str] | None) -> dict[str, Fraction]:
    """`CODE=NUMBER` pairs. UsageError names what is neither."""
    found = {}
    for text in given or []:
        code, _, number = text.partition("=")
        try:
            found[code.strip()] = Fraction(number.strip())
        except (ValueError, ZeroDivisionError) as error:
            raise UsageError(f"{option} '{text}' is no CODE=NUMBER.", f"Example: {option} R1=15") from error
    return found

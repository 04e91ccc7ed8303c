"""`mingcha halls`: monthly evaluation, quarterly contest, provincial report and violation rates of the halls."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from dashboard.actions.export import export_halls
from dashboard.bootstrap import open_application
from dashboard.cli.output import Format, emit, parse_time, say
from dashboard.judging.rules import rules_of
from dashboard.queries.hall_reports import company_scheme, hall_reports
from dashboard.texts import t


class Which(StrEnum):
    """The tables of the report."""

    months = "months"
    contest = "contest"
    province = "province"
    rates = "rates"


EVALUATED = {"period": "Period", "rank": "Rank", "name": "Hall", "station": "Station", "score": "Score",
             "available_weight": "Available weight"}  # fmt: skip
COLUMNS = {
    Which.months: EVALUATED,
    Which.contest: EVALUATED,
    Which.province: {"name": "Office", "halls": "Number of halls", "watchable": "Halls that can be watched",
                     "visited": "Halls visited", "violations": "Violations (number)"},
    Which.rates: {"name": "Office", "violations": "Samples with a violation", "decided": "Samples decided",
                  "waiting": "Samples not decided yet", "value": "Violation rate", "low": "Low (95 %)",
                  "high": "High (95 %)"},
}  # fmt: skip


def register(app: typer.Typer) -> None:
    app.command("halls")(halls)


def halls(
    period: Annotated[str, typer.Argument(help="2026-Q3, 2026-09, 2026-W38 or 2026-09-01..2026-09-15.")],
    table: Annotated[Which, typer.Option("--table", help="Which table to print; JSON holds all.")] = Which.months,
    to: Annotated[Path | None, typer.Option("--to", help="Also write the workbook into this folder.")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="The moment taken as now.")] = None,
    person: Annotated[str | None, typer.Option("--as", help="Who asks (a name under [people]).")] = None,
    output: Annotated[Format, typer.Option("--format", help="table, json or csv.")] = Format.table,
) -> None:
    """Hall reports: monthly evaluation, quarterly contest, the provincial report, violation rates."""
    app = open_application(user=person)
    scheme = company_scheme(app.settings)
    document = hall_reports(app.db, app.viewer, rules_of(app.settings, app.db), scheme, period=period, now=app.now(),
                            as_of=parse_time(as_of))  # fmt: skip
    if to is not None:
        written = export_halls(app, by=app.viewer, scheme=scheme, document=document, folder=to)
        document["file"] = {"path": str(written.path), "sha256": written.sha256}
        say(t("{path} written.", path=written.path))
    headings = {key: t(text) for key, text in COLUMNS[table].items()}
    if table in (Which.months, Which.contest):
        headings |= {f"parts.{part.part}": part.part for part in getattr(scheme, _PARTS[table])}
    emit(document if output is Format.json else {"rows": _rows(document, table)}, output, headings)


_PARTS = {Which.months: "month", Which.contest: "quarter"}


def _rows(document: dict[str, Any], table: Which) -> list[dict[str, Any]]:
    if table is Which.months:
        return [{"period": one["month"], **row} for one in document["months"] for row in one["rows"]]
    if table is Which.contest:
        return [{"period": document["quarter"], **row} for row in document["contest"]["rows"]]
    key = {Which.province: "province", Which.rates: "violation_rates"}[table]
    return list(document[key]["rows"])

"""The quarter's workbook (季度评价表): sheets 01 to 08 of domain.md §10.

A column whose data a later version brings is there and says —. Everything that made the numbers is printed: period,
as-of, rulebook and edition, n, what was left out.
"""

from __future__ import annotations

from datetime import datetime

from dashboard.bootstrap import Application
from dashboard.exports import annexes, lines, standings
from dashboard.exports.heading import Heading
from dashboard.exports.spreadsheet import workbook_bytes
from dashboard.freezing.facts import documents_facts
from dashboard.instants import LOCAL
from dashboard.people import Viewer
from dashboard.queries.quarter import Quarter

SHEETS = (
    standings.overview,
    standings.tickets,
    standings.repairs,
    standings.halls,
    lines.connections,
    lines.others,
    annexes.ledger,
    annexes.definitions,
)
"""One function per sheet; one more sheet is one more of them."""


def quarter_workbook(app: Application, viewer: Viewer, period: str, as_of: datetime | None = None) -> bytes:
    """The workbook as bytes, for what the viewer may see, in the current language; without `as_of` the present, of a
    frozen period its snapshot.

    Raises PeriodError, MingchaError when no edition was in force.
    """
    return workbook_of(documents_facts(app, viewer, period, as_of), app, viewer)


def workbook_of(facts: Quarter, app: Application, viewer: Viewer) -> bytes:
    """The workbook that prints these facts."""
    heading = Heading(facts, app, viewer)
    tables = [make(facts, heading) for make in SHEETS]
    footer = f"{app.settings.company.name}  {heading.demo}"
    return workbook_bytes(tables, title=heading.title, created=facts.as_of.astimezone(LOCAL), footer=footer.strip())

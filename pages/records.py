"""Records 记录: the records behind a figure, judged ones and those without a verdict of their own."""

from typing import Any

from dashboard.intake.registry import known_measures
from dashboard.queries.plain_records import PLAIN, plain_records
from dashboard.texts import t
from dashboard.web import cached, periods
from dashboard.web.components.ask import ask, beside
from dashboard.web.components.blocks import heading, says, show, state, tabs
from dashboard.web.state import filter_number, filter_value, here
from dashboard.web.views import lines as lines_view
from dashboard.web.views import names
from dashboard.web.views import records as view

page = here()
kinds = ("tickets", "repairs", "applications", "evaluations", "samples", *PLAIN)
record = filter_value("record", kinds) or "repairs"
measures = known_measures(page.app.settings)
codes = page.rules.rulebook.order(record) or tuple(i.code for i in page.edition.of_record(record))
if record in PLAIN:
    codes = tuple(measures.by_code) if record == "measures" else ()
indicator = filter_value("indicator", codes)
verdict = filter_value("verdict", tuple(view.VERDICTS))
number = filter_number("page", 1)


def link(where: str = "records", /, **changes: object) -> str:
    """An address with this page's filters where it stays here."""
    kept = {"record": record, "indicator": indicator, "verdict": verdict} if where == "records" else {}
    return page.link(where, **{**kept, **changes})


def judged() -> tuple[Any, int]:
    """A page of records with verdicts, and how many there are."""
    found = cached.records(page, record=record, indicator=indicator, verdict=verdict,
                           limit=view.PAGE, offset=(number - 1) * view.PAGE)  # fmt: skip
    return view.listing(found["rows"], indicator, page.tree, page.now, link), found["total"]


def plain() -> tuple[Any, int]:
    """A page of inspections or measures, and how many there are."""
    rows, total = plain_records(
        page.app.db, page.viewer, page.tree, record=record, period=page.period,
        office=page.strip.office, indicator=indicator, limit=view.PAGE, offset=(number - 1) * view.PAGE,
    )  # fmt: skip
    if record == "inspections":
        return view.inspections(rows, page.tree, page.now, link), total
    titles = {code: lines_view.title(measure) for code, measure in measures.by_code.items()}
    return lines_view.measure_rows(rows, page.tree, titles, link), total


show(
    beside(heading(t("Records"), t("Which records stand behind this figure?")), ask("records.verdict")),
    tabs([(names.record(kind), link(record=kind, indicator=None, verdict=None), kind == record) for kind in kinds],
         t("Kind of record")),
    None if record in PLAIN else view.filters(record, codes, indicator, verdict, page.edition, link),
    view.one_line(lines_view.title(measures.by_code[indicator]), link) if record == "measures" and indicator else None,
)  # fmt: skip
listing, total = plain() if record in PLAIN else judged()
if not total:
    show(
        state(
            "empty",
            t("No such record in {period}.", period=periods.name(page.strip.period)),
            t("Choose another period, office or verdict, or import records first."),
        )
    )
else:
    show(
        listing,
        beside(view.pager(total, number, lambda n: link(page=n)), ask("records.total", n=total)),
        says(t("A record belongs to the period of its acceptance and to the office it names.")),
    )

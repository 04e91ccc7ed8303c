"""Records 记录: the judged records behind a figure."""

from dashboard.texts import t
from dashboard.web import cached, periods
from dashboard.web.components.blocks import heading, says, show, state, tabs
from dashboard.web.state import filter_number, filter_value, here
from dashboard.web.views import names
from dashboard.web.views import records as view

page = here()
kinds = ("tickets", "repairs", "applications", "evaluations", "samples")
record = filter_value("record", kinds) or "repairs"
codes = page.rules.rulebook.order(record) or tuple(i.code for i in page.edition.of_record(record))
indicator = filter_value("indicator", codes)
verdict = filter_value("verdict", tuple(view.VERDICTS))
number = filter_number("page", 1)


def link(where: str = "records", /, **changes: object) -> str:
    """An address with this page's filters where it stays here."""
    kept = {"record": record, "indicator": indicator, "verdict": verdict} if where == "records" else {}
    return page.link(where, **{**kept, **changes})


show(
    heading(t("Records"), t("Which records stand behind this figure?")),
    tabs([(names.record(kind), link(record=kind, indicator=None, verdict=None), kind == record) for kind in kinds],
         t("Kind of record")),
    view.filters(record, codes, indicator, verdict, page.edition, link),
)  # fmt: skip
found = cached.records(page, record=record, indicator=indicator, verdict=verdict,
                       limit=view.PAGE, offset=(number - 1) * view.PAGE)  # fmt: skip
if not found["rows"]:
    show(state("empty", t("No such record in {period}.", period=periods.name(page.strip.period)),
               t("Choose another period, office or verdict, or import records first.")))  # fmt: skip
else:
    show(
        view.listing(found["rows"], indicator, page.tree, page.now, link),
        view.pager(found["total"], number, lambda n: link(page=n)),
        says(t("A record belongs to the period of its acceptance and to the office it names.")),
    )

"""Leads 线索: which records should an inspector open first?"""

from dashboard.queries.signals import known_signals, signals
from dashboard.rights import may
from dashboard.texts import t
from dashboard.web import cached, periods
from dashboard.web.components.ask import ask, beside
from dashboard.web.components.blocks import heading, says, section, show, state
from dashboard.web.state import filter_number, filter_value, here
from dashboard.web.views import signals as view
from dashboard.web.views.records import pager

page = here()
known = known_signals()
chosen = filter_value("signal", tuple(known)) or "heaping"
number = filter_number("page", 1)


def link(where: str = "signals", /, **changes: object) -> str:
    """An address with the chosen signal where it stays here."""
    kept = {"signal": chosen} if where == "signals" else {}
    return page.link(where, **{**kept, **changes})


show(beside(heading(t("Leads"), t("Which records should an inspector open first?")), ask("signals.seen")))
if not may(page.viewer, "read leads"):
    show(state("empty", t("Leads are read by inspectors, evaluators, auditors and administrators.")))
else:
    found = cached.kept(page, "signals", chosen, make=lambda: signals(
        page.app.db, page.viewer, page.rules, period=page.strip.period, now=page.as_of, office=page.strip.office,
        signal=chosen,
    ))  # fmt: skip
    rows, signal = found["rows"], known[chosen]
    show(
        says(t("Nothing here enters a score. Patterns that honest records seldom show are listed with the records.")),
        view.overview(found["signals"], known, chosen, page.strip.lang, link),
        beside(
            section(view.title(signal, page.strip.lang), t(signal.looks_for)),
            ask("signals.p" if signal.kind == "test" else "signals.seen", n=len(rows)),
        ),
    )
    if signal.kind == "test":
        show((view.heaped if chosen == "heaping" else view.migrated)(found["tests"], link))
    elif rows:
        first = (number - 1) * view.PAGE
        show(
            section(t("By office"), t("the most first; an office narrows the list")),
            view.by_office(rows, page.tree, link),
            section(t("Records"), t("the newest first")),
            view.leads(rows[first : first + view.PAGE], page.tree, page.now, link),
            pager(len(rows), number, lambda n: link(page=n)),
        )
    else:
        show(state("empty", t("Nothing of the kind in {period}.", period=periods.name(page.strip.period))))
    show(says(t(view.CONCLUSIONS[signal.kind])))

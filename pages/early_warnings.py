"""Warnings 预警: what will be a complaint tomorrow, and who has it?"""

from dashboard.intake.registry import known_measures
from dashboard.queries.warnings import LATE, Warned, counted, ended, looked_at, revision, warnings
from dashboard.texts import t
from dashboard.web.cached import kept
from dashboard.web.components import deeds
from dashboard.web.components import warnings as forms
from dashboard.web.components.blocks import heading, says, section, show, state, tabs
from dashboard.web.markup import Safe, safe
from dashboard.web.state import filter_number, filter_value, here
from dashboard.web.views import records
from dashboard.web.views import warnings as view

FRESH_SECONDS = 5
"""Counts and list are shown again without asking anew for so long, unless something happened to a warning."""

page = here()
db, viewer, now = page.app.db, page.viewer, page.app.now()
shown = filter_value("view", ("ended",))
level = filter_value("level", (*view.LEVELS, LATE)) if shown is None else None
number, place = filter_number("warning", 0), filter_number("page", 1)
offices = page.below if page.strip.office or page.strip.peer else None
measures = known_measures(page.app.settings).by_code
asked = (revision(db), int(now.timestamp()) // FRESH_SECONDS, shown, level, number, place)


def link(**changes: object) -> str:
    return page.link("warnings", **{"view": shown, **changes})


def some(total: int) -> list[Warned]:
    """The page of the list that is shown, never more."""
    last = max(-(-total // view.PAGE), 1)
    return warnings(db, viewer, as_of=now, closed=shown == "ended", offices=offices, at_level=level,
                    limit=view.PAGE, offset=(min(place, last) - 1) * view.PAGE)  # fmt: skip


def of_ended() -> Safe:
    over = ended(db, viewer, as_of=now, offices=offices)
    total = over.closed + over.moot
    if not total:
        return safe(state("empty", t("No warning has ended yet.")))
    return safe(says(view.rate(over)), view.ended(some(total), page.tree, measures, now, page.link),
                records.pager(total, place, lambda other: link(page=other), view.PAGE))  # fmt: skip


def figures() -> Safe | None:
    """None where nothing is open."""
    counts = counted(db, viewer, as_of=now, offices=offices)
    return view.counts(counts, lambda one: link(level=None if one == level else one)) if counts.all else None


def of_open() -> Safe:
    counts = counted(db, viewer, as_of=now, offices=offices)
    total = counts.all if level is None else counts.late if level == LATE else counts.levels.get(level, 0)
    return safe(
        section(t("Open warnings"), t("{n}, what breaches first on top", n=total)),
        view.board(some(total), number, page.tree, measures, now, page.link),
        records.pager(total, place, lambda other: link(level=level, page=other), view.PAGE),
        says(
            t("A warning is not a violation: it tells what can still be put right. It closes itself once it is over.")
        ),
    )


def one_warning(chosen: int) -> None:
    """Its story, also when it has ended meanwhile: a link in a notice leads here for good."""
    found = [one for closed in (False, True) for one in warnings(db, viewer, as_of=now, closed=closed, only=chosen)]
    if not found:
        show(state("empty", t("There is no such warning, or it is outside what you may see.")))
        return
    show(section(t("Warning {n}", n=chosen)), view.story(found[0], page.tree, measures, now, page.link))
    if found[0].state in ("open", "acknowledged"):
        forms.dealing(page, found[0])


show(
    heading(t("Warnings"), t("What will be a complaint tomorrow, and who has it?")),
    tabs(
        [(t("Not ended"), link(view=None), shown is None), (t("Ended"), link(view="ended"), shown == "ended")],
        t("View"),
    ),
)
deeds.told()
if number:
    one_warning(number)
if shown == "ended":
    show(kept(page, "ended warnings", *asked, make=of_ended))
elif (counts := kept(page, "counted warnings", *asked, make=figures)) is None:
    known = (
        t("Nothing is to be warned of.")
        if looked_at(db)
        else t("Warnings have not been looked for yet; the worker does so every minute.")
    )
    how = t("Open tickets and repairs appear here when their time is nearly up, or when a customer calls again.")
    show(state("empty", known, how))
else:
    show(counts)
    show(kept(page, "open warnings", *asked, make=of_open))

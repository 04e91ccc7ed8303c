"""Warnings 预警: what will be a complaint tomorrow, and who has it?"""

from dashboard.queries.warnings import warnings
from dashboard.texts import t
from dashboard.web.components import deeds
from dashboard.web.components import warnings as forms
from dashboard.web.components.blocks import heading, says, section, show, state, tabs
from dashboard.web.state import filter_number, filter_value, here
from dashboard.web.views import warnings as view

page = here()
db, viewer, now = page.app.db, page.viewer, page.app.now()
shown = filter_value("view", ("ended",))
level = filter_value("level", tuple(view.LEVELS))
number = filter_number("warning", 0)


def link(**changes: object) -> str:
    return page.link("warnings", **{"view": shown, **changes})


show(
    heading(t("Warnings"), t("What will be a complaint tomorrow, and who has it?")),
    tabs(
        [(t("Not ended"), link(view=None), shown is None), (t("Ended"), link(view="ended"), shown == "ended")],
        t("View"),
    ),
)
deeds.told()
found = [one for one in warnings(db, viewer, as_of=now, closed=shown == "ended") if one.office in page.below]
if shown == "ended":
    if found:
        show(says(view.rate(found)), view.ended(found, page.tree, now, page.link))
    else:
        show(state("empty", t("No warning has ended yet.")))
elif not found:
    how = t("Open tickets and repairs appear here when their time is nearly up, or when a customer calls again.")
    show(state("empty", t("Nothing is to be warned of."), how))
else:
    show(view.counts(found, now, lambda one: link(level=None if one == level else one)))
    chosen = next((one for one in found if one.id == number), None)
    if chosen is not None:
        show(section(t("Warning {n}", n=number)), view.story(chosen, page.tree, now))
        forms.dealing(page, chosen)
    rows = [one for one in found if level in (None, one.level)]
    show(section(t("Open warnings"), t("{n}, what breaches first on top", n=len(rows))),
         view.board(rows, number, page.tree, now, page.link))  # fmt: skip
    show(
        says(t("A warning is not a violation: it tells what can still be put right. It closes itself once it is over."))
    )

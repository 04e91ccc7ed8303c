"""Disputes 数据异议: which records do offices say are wrong, and who has decided what?"""

from dashboard.queries.disputes import MOST, OPEN, counts, disputes, exclusion_holds
from dashboard.texts import t
from dashboard.web.components import deeds
from dashboard.web.components import disputes as forms
from dashboard.web.components.blocks import heading, says, section, show, state, tabs
from dashboard.web.state import filter_value, here
from dashboard.web.views import disputes as view

page = here()
db, viewer, now = page.app.db, page.viewer, page.app.now()
shown = filter_value("view", ("decided", "mine", "offices"))
number = filter_value("dispute")
found = [one for one in disputes(db, viewer, as_of=now) if one.office in page.below]
open_ones = [one for one in found if one.state in OPEN]
done = [one for one in found if one.state not in OPEN]
own = [one for one in found if one.by == viewer.name]


def link(view: str | None) -> str:
    return page.link("disputes", view=view)


show(
    heading(t("Disputes"), t("Which records do offices say are wrong, and who has decided what?")),
    tabs(
        [(t("Open disputes"), link(None), shown is None), (t("Decided disputes"), link("decided"), shown == "decided"),
         (t("My disputes"), link("mine"), shown == "mine"),
         (t("Disputes per office"), link("offices"), shown == "offices")],
        t("View"),
    ),
)  # fmt: skip
deeds.told()
chosen = next((one for one in found if one.number == number), None)
if chosen is not None:
    show(section(chosen.number), view.story(chosen, exclusion_holds(db, viewer, [chosen]), page.tree, now, page.link))
    forms.proving(page, chosen)
    forms.deciding(chosen)
elif number:
    show(state("failed", t("This dispute does not exist or is outside what you may see.")))
show(view.overview(found))
if shown == "offices":
    rows = counts(found)
    show(view.offices(rows, page.tree) if rows else state("empty", t("No record has been disputed yet.")))
elif shown in ("decided", "mine"):
    these = done if shown == "decided" else own
    waiting = [one for one in these if one.state in OPEN]
    ended = [one for one in these if one.state not in OPEN][:MOST]
    if waiting:
        show(view.waiting(waiting, number, page.tree, now, page.link))
    if ended:
        show(view.decided(ended, number, page.tree, now, page.link))
    if not these:
        show(state("empty", t("Nothing is here yet."), t("A dispute begins on the page of a record.")))
elif open_ones:
    show(view.waiting(open_ones, number, page.tree, now, page.link))
else:
    show(state("empty", t("No dispute is open."), t("A dispute begins on the page of a record.")))
show(says(t("A dispute changes nothing until somebody else has decided it; the version before always stays.")))

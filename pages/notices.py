"""Notices 通知: what was I told, and did everybody get theirs?"""

from dashboard.queries.notices import FATES, mine, outbox, unread
from dashboard.rights import may
from dashboard.texts import t
from dashboard.web.components import deeds
from dashboard.web.components import notices as forms
from dashboard.web.components.blocks import heading, says, section, show, state, tabs
from dashboard.web.state import filter_value, here
from dashboard.web.views import notices as view

page = here()
db, viewer, now = page.app.db, page.viewer, page.app.now()
keeps = may(viewer, "read the outbox")
shown = filter_value("view", ("outbox",)) if keeps else None
fate = filter_value("fate", FATES)


def link(**changes: object) -> str:
    return page.link("notices", **{"view": shown, **changes})


show(heading(t("Notices"), t("What was I told, and did everybody get theirs?")))
if keeps:
    show(tabs([(t("My notices"), link(view=None), shown is None), (t("Outbox"), link(view="outbox"), bool(shown))],
              t("View")))  # fmt: skip
deeds.told()
if shown:
    found = outbox(db, viewer, as_of=now)
    show(view.fates(found, lambda one: link(fate=None if one == fate else one)))
    rows = [one for one in found if fate in (None, one.fate)]
    if rows:
        show(view.outbox(rows, page.tree, now))
    else:
        show(state("empty", t("Nobody was told anything yet."), t("Warnings, cases and disputes are told here.")))
    show(section(t("Channels"), t("a message to yourself")))
    if page.app.settings.notices.channels:
        forms.trying(list(page.app.settings.notices.channels))
    else:
        show(state("empty", t("No channel is set."), t("Name channels under [notices] in mingcha.toml.")))
else:
    own = mine(db, viewer, as_of=now)
    if own:
        show(says(t("{n} unread", n=unread(db, viewer, as_of=now))), view.own(own, now, page.link))
        forms.reading(own)
    else:
        show(state("empty", t("You have not been told anything yet."),
                   t("Warnings that rise a level, cases and disputes of your offices appear here.")))  # fmt: skip

"""Notices 通知: what was I told, and did everybody get theirs?"""

from dashboard.queries.notices import FATES, mine, outbox, outbox_counts, unread
from dashboard.rights import may
from dashboard.texts import t
from dashboard.web import display
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
    counts = outbox_counts(db, viewer, as_of=now)
    show(view.fates(counts, lambda one: link(fate=None if one == fate else one)))
    rows = outbox(db, viewer, as_of=now, fate=fate)
    total = sum(counts.values()) if fate is None else counts.get(fate, 0)
    if rows:
        if total > len(rows):
            show(says(t("The newest {n} of {all} are listed.", n=display.count(len(rows)), all=display.count(total))))
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
        waiting = unread(db, viewer, as_of=now)
        show(says(t("{n} unread", n=display.count(waiting))))
        if waiting > len(own):
            show(says(t("The newest {n} are listed.", n=len(own))))
        show(view.own(own, now, page.link))
        forms.reading(own)
    else:
        show(state("empty", t("You have not been told anything yet."),
                   t("Warnings that rise a level, cases and disputes of your offices appear here.")))  # fmt: skip

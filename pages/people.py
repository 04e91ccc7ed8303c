"""People 人员: who may come in, as what, and to see which offices?"""

from dashboard.accounts import has_accounts
from dashboard.accounts.delegating import delegations
from dashboard.accounts.listing import accounts
from dashboard.rights import may
from dashboard.texts import t
from dashboard.web.components import deeds
from dashboard.web.components import people as forms
from dashboard.web.components.blocks import heading, says, section, show, state
from dashboard.web.state import filter_number, here
from dashboard.web.views import people as view

page = here()
db, now = page.app.db, page.app.now()
show(heading(t("Accounts"), t("Who may come in, as what, and to see which offices?")))
deeds.told()
if not may(page.viewer, "manage accounts"):
    show(state("empty", t("Administrators who see the whole company manage accounts."),
               t("What concerns you is on the page of your own account.")))  # fmt: skip
elif not has_accounts(db):
    show(state("empty", t("There are no accounts yet: people are believed."),
               t("The next start of mingcha up or mingcha web makes them and prints a one-time link.")))  # fmt: skip
else:
    found = accounts(db, page.viewer, at=now)
    chosen = next((one for one in found if one.id == filter_number("account", 0)), None)
    if chosen is not None:
        show(section(chosen.name), view.story(chosen, page.tree, now))
        forms.changing(page, chosen)
    show(section(t("Everybody"), t("{n} accounts", n=len(found))),
         view.table_of(found, chosen, page.tree, now, page.link))  # fmt: skip
    forms.adding(page)
    lent = [one for one in delegations(db, page.viewer, at=now) if not one.ended]
    if lent:
        show(section(t("Acting for others")), view.delegations(lent))
    show(says(t("Nobody changes their own rights, and the last administrator stays: another administrator does it.")))

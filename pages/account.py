"""Account 账号: who am I here, where am I signed in, and who acts for me?"""

from dashboard.accounts.delegating import delegations
from dashboard.accounts.listing import own_account, own_events
from dashboard.accounts.sessions import sessions_of
from dashboard.accounts.tokens import tokens_of
from dashboard.texts import t
from dashboard.web.components import account as forms
from dashboard.web.components import deeds
from dashboard.web.components.blocks import heading, says, section, show, state
from dashboard.web.state import here
from dashboard.web.views import people as view

page = here()
db, viewer, now = page.app.db, page.viewer, page.app.now()
show(heading(t("Account"), t("Where am I signed in, and who acts for me?")))
deeds.told()
own = own_account(db, viewer, at=now) if viewer.session else None
if own is None:
    show(state("empty", t("There are no accounts yet: people are believed."),
               t("The next start of mingcha up or mingcha web makes them and prints a one-time link.")))  # fmt: skip
else:
    show(view.story(own, page.tree, now), view.password_link(page.strip.lang, page.link("account")))
    forms.contact(own)
    show(section(t("Where you are signed in")))
    forms.sign_ins(sessions_of(db, page.app.settings.access, own.name, at=now), viewer.session, now)
    show(section(t("Acting for others"), t("lend your role and offices for some days")))
    forms.lending(page, own, delegations(db, viewer, at=now))
    show(section(t("Tokens of the command line")))
    forms.tokens(tokens_of(db, own.name, at=now), now)
    show(section(t("What happened with this account")), view.events(own_events(db, viewer), now),
         says(t("Something here that was not you? Tell an administrator, and choose a new password.")))  # fmt: skip

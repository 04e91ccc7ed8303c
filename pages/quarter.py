"""Quarter 季度评价: can we sign this?"""

from dashboard.actions.freezing import freezing_moment
from dashboard.queries.freezing import freeze_events, restatements
from dashboard.texts import t
from dashboard.web import display, periods
from dashboard.web.components import deeds, download
from dashboard.web.components import quarter as forms
from dashboard.web.components.ask import ask, beside
from dashboard.web.components.blocks import go, heading, says, section, show, state
from dashboard.web.state import here
from dashboard.web.views import quarter as view

page = here()
name = periods.name(page.strip.period)
events = freeze_events(page.app.db, page.viewer, page.strip.period)
published = next((one for one in events if one.action == "published"), None)
proposal = next((one for one in reversed(events) if one.action == "proposed"), None)
moment = freezing_moment(page.app, page.period)

show(beside(heading(t("Quarter"), t("Can we sign this?")), ask("quarter.open")))
deeds.told()
if published is not None:
    show(
        section(t("{period} is frozen", period=name), t("what comes later stands beside it")),
        view.made_by(published.header, published.digest),
        go(page.link("league"), t("The frozen league")),
    )
    show(section(t("Checklist"), t("as it was when published")), view.checklist(published.conditions))
    show(section(t("Documents"), t("each download is logged")))
    download.workbook(page)
    corrections = restatements(page.app.db, page.viewer, page.strip.period)
    approved = {one.digest for one, _ in corrections if one.action == "restatement_approved"}
    proposed = [(one, told) for one, told in corrections if one.action == "restatement_proposed"]
    waiting = next((one for one, _ in reversed(proposed) if one.digest not in approved), None)
    show(beside(section(t("Corrections"), t("beside the frozen figures, never in their place")), ask("quarter.moved")))
    for one, told in proposed:
        if one.digest in approved or one is waiting:
            mark = t("approved") if one.digest in approved else t("waits for a second person")
            show(says(f"{one.reason} · {one.by} · {mark}"), view.moved(told, page.link))
    if not proposed:
        show(says(t("No correction has been proposed.")))
    forms.correcting(page, waiting)
elif page.app.now() < moment:
    told = t("The period ends, {days} days of grace follow, then it can be proposed.",
             days=page.app.settings.freeze.grace_days)  # fmt: skip
    headline = t("{period} can be frozen from {moment}.", period=name, moment=display.exact(moment))
    show(state("empty", headline, told))
else:
    if proposal is not None:
        show(
            section(t("{period} is proposed", period=name), t("a second person publishes exactly this")),
            view.made_by(proposal.header, proposal.digest),
            section(t("Checklist")),
            view.checklist(proposal.conditions),
        )
        forms.publishing(page, proposal)
    show(section(t("Propose"), t("scores everything as it stands and shows what is missing")))
    forms.proposing(page)
if events:
    show(section(t("What was done")), view.events(events, page.now))
show(says(t("Frozen figures never change; corrections are shown beside them. As of {moment}.",
            moment=display.exact(moment))))  # fmt: skip

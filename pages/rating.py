"""Ratings 人员评价: how do the people of my own office do?"""

from dashboard.queries.rating import DEED, LEAST, ratings
from dashboard.rights import may
from dashboard.texts import t
from dashboard.web import periods
from dashboard.web.components.blocks import heading, says, section, show, state
from dashboard.web.state import here
from dashboard.web.views import rating as view

page = here()
show(heading(t("Ratings"), t("How do the people of my own office do?")))
if not may(page.viewer, DEED):
    show(state("empty", t("Ratings of people are for the head of their own office alone.")))
else:
    found = [one for one in ratings(page.app.db, page.viewer, page.rules, period=page.period, as_of=page.as_of)
             if one.office in page.below]  # fmt: skip
    if not found:
        show(state("empty", t("No record of {period} names a person.", period=periods.name(page.strip.period)),
                   t("Exports name people in the column 抢修人员.")))  # fmt: skip
    else:
        show(
            section(periods.name(page.strip.period), t("{n} people", n=len(found))),
            view.people(found, page.tree),
            says(t("The rating is the mean of the three shares with at least {n} records; who has fewer in time takes "
                   "no place. It tells whom to help, not whom to punish: nobody else sees it, and no document holds "
                   "it.", n=LEAST)),
        )  # fmt: skip

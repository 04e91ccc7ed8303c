"""Offices 单位管理: which offices are there on a day, and what changed?"""

from datetime import date, timedelta

import streamlit as st

from dashboard.queries import office_history as query
from dashboard.queries.office_changes import sentence
from dashboard.rights import may
from dashboard.texts import t
from dashboard.web.charts import offices as charts
from dashboard.web.charts.picture import draw
from dashboard.web.components import offices as keep
from dashboard.web.components.blocks import go, heading, says, section, show, state, tabs
from dashboard.web.markup import tag
from dashboard.web.state import filter_value, here, turn_to
from dashboard.web.views import offices as view

page = here()
db, viewer = page.app.db, page.viewer
today = query.today(page.now)
history, whole = query.visible_history(db, viewer), query.whole_tree(db)
code = filter_value("code", tuple(history))
act = filter_value("act", tuple(keep.FORMS))
LATELY = timedelta(days=730)


def chosen_day() -> date:
    try:
        return date.fromisoformat(filter_value("day") or "")
    except ValueError:
        return today


def link(**changes: object) -> str:
    """An address with this page's day and office."""
    kept = {"code": code, "day": None if day == today else day.isoformat(), "act": act}
    return page.link("offices", **{**kept, **changes})


def named(office: str | None) -> str:
    """The name on the chosen day, else the newest; the code of an office that is not there yet."""
    versions = history.get(office or "", ())
    found = next((one for one in versions if one.valid_on(day)), versions[-1] if versions else None)
    return found.name if found else (office or "—")


def turn_day() -> None:
    st.query_params["day"] = st.session_state["offices_day"].isoformat()


def said(change: query.OfficeChange) -> str:
    return sentence(change, whole)


day = chosen_day()
ordered = query.offices_on(history, day)
lately = query.changes(db, viewer, first=today - LATELY, last=today + LATELY)
show(heading(t("Office tree"), t("Which offices are there on a day, and what changed?")))
if not history:
    show(state("empty", t("There are no offices yet."),
               t("Import them first: mingcha import offices FILE; or open the first one here.")))  # fmt: skip
if history:
    show(view.counts(ordered, len(lately)))
    left, _ = st.columns([1, 3])
    left.date_input(t("Tree of the day"), day, key="offices_day", format="YYYY-MM-DD", on_change=turn_day,
                    min_value=date(1990, 1, 1), max_value=date(2100, 12, 31))  # fmt: skip
    marks = {one: said(change) for change in lately for one in view.marked(change)}
    show(view.tree(ordered, marks, code, link))
    show(says(t("◆ something changed in the last two years, or will: hover it. A name opens its history.")))
    show(section(t("What changed lately"), t("two years back and ahead")))
    if lately:
        picked = draw(charts.changes_picture(lately, said, today, page.theme), "offices_changes", selects="code")
        if picked and picked != code:
            turn_to("offices", code=picked, day=day.isoformat())
    else:
        show(state("empty", t("No office was renamed, moved, merged, split, opened or closed.")))

if code is not None:
    show(section(t("One office through time"), named(code)), view.about(history[code], day, named, link))
    draw(charts.versions_picture(history[code], named, today, page.theme), "offices_versions")
    story = query.office_story(db, viewer, code)
    show(tag("ul", [tag("li", said(change)) for change in story]) if story
         else says(t("Nothing has changed since the beginning.")),
         tag("p", go(page.link("office", office=code), t("Its score"))))  # fmt: skip
    aliases = query.aliases(db, viewer, code=code)
    if aliases:
        show(section(t("Aliases"), t("names that exports use for it")), view.aliases(aliases, named, page.now))
    if may(viewer, "change offices"):
        keep.withdrawing(aliases)

if may(viewer, "change offices"):
    show(section(t("Change something"), t("first a preview, then the deed; nothing is overwritten")),
         tabs([(t(name), link(act=kind), kind == (act or "rename")) for kind, name in keep.FORMS.items()],
              t("Kind of change")))  # fmt: skip
    chosen = next((one for one in ordered if one.code == code), None)
    keep.form(act or "rename", chosen, {one.code: one for one in ordered}, today)
    keep.told()
    keep.waiting(page, named)
if history:
    show(section(t("Peer groups and customers"), t("of {day}", day=day.isoformat())), view.groups(ordered, link),
         says(t("Many at once: import the offices file (columns peer_group and customers). What was changed by hand "
                "stays: a row that says otherwise waits in quarantine.")))  # fmt: skip
deeds = query.deeds(db, viewer)
if deeds:
    show(section(t("Changes made by hand"), t("newest first")), view.deeds(deeds, page.now, named))
    if may(viewer, "change offices"):
        keep.taking_back(deeds)

"""Calendar 日历: which days count, and who says so?"""

import streamlit as st

from dashboard.actions.calendar import load_notice
from dashboard.errors import MingchaError
from dashboard.queries.calendar import loaded_notices, preview, provisional_records
from dashboard.rights import may
from dashboard.texts import t
from dashboard.web import display, uploads, wiring
from dashboard.web.components.blocks import heading, says, section, show, state, tabs
from dashboard.web.state import filter_number, here
from dashboard.web.views import calendar as view

LOADED = "calendar_loaded"
page = here()
db, viewer, rules = page.app.db, page.viewer, page.rules
calendar = rules.calendar
known = view.years(calendar, page.now.astimezone(display.LOCAL).date())
year = filter_number("year", page.now.astimezone(display.LOCAL).year, known[0], known[-1])
show(heading(t("Calendar"), t("Which days count, and who says so?")),
     tabs([(str(one), page.link("calendar", year=one), one == year) for one in known], t("Year")))  # fmt: skip
told = st.session_state.pop(LOADED, None)
if told:
    show(state("empty", told))
loaded = loaded_notices(db, viewer, calendar.name)
show(
    view.of_year(calendar, year),
    says(view.sentence(calendar, year)),
    says(t("Filled: off. Framed: a weekend day that is worked. Hatched: assumed until the notice comes.")),
    view.basis(calendar, year, loaded, rules.calendar_digest),
)
waiting = sum(provisional_records(db, viewer).values())
if waiting:
    told = t("{n} records rest on days without a notice: provisional; no period with them is published.", n=waiting)
    show(says(told))
if loaded:
    show(section(t("Loaded notices"), t("kept for good")), view.notices(loaded))

if not may(viewer, "load a notice of holidays"):
    st.stop()
show(section(t("Load the next notice"), t("date, working yes or no, name; document and its day")))
file = uploads.dropped(t("Notice to be loaded"), key="notice_file", button=t("Choose a file"),
                       words=t("Drop a notice here: TOML or csv"))  # fmt: skip
if file is None:
    show(says(t("You see what it would change before anything is stored.")))
    st.stop()
notice = view.read(file.content, file.name, calendar)
if isinstance(notice, str):
    show(notice)
    st.stop()
show(view.preview(preview(db, viewer, rules, notice, as_of=page.now), notice))
if st.button(t("Load the notice"), type="primary", key="notice_load"):
    try:
        outcome = load_notice(db, rules, by=viewer, notice=notice, at=page.app.now())
    except MingchaError as error:
        show(state("failed", t("The notice was not loaded."), str(error)))
    else:
        st.session_state[LOADED] = t("The notice of {year} is loaded; {n} records were judged again.",
                                     year=notice.year, n=outcome.judged)  # fmt: skip
        wiring.stale()
        st.rerun()

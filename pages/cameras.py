"""Cameras 摄像机: what does each camera see, and what is drawn on it?"""

from dataclasses import replace

import streamlit as st

from dashboard.actions.cameras import draw, keep_reference
from dashboard.blurring import room_picture
from dashboard.error_texts import said
from dashboard.errors import MingchaError
from dashboard.queries.cameras import camera, cameras, drawings, latest_quiet, quiet_moments
from dashboard.queries.faults import camera_faults
from dashboard.rights import may
from dashboard.texts import t
from dashboard.web.components.blocks import heading, says, section, show, state
from dashboard.web.components.drawing import Picture, easel
from dashboard.web.state import filter_value, here
from dashboard.web.views import cameras as view
from dashboard.web.views.faults import open_faults

TURN, DONE, PROBLEM, SHOWN = "cameras_turn", "cameras_done", "cameras_problem", "cameras_shown"
MOST = 300

page = here()
db, settings, viewer, now = page.app.db, page.app.settings, page.viewer, page.now
found = cameras(db, viewer, halls=page.below, slots=page.rules.slots, as_of=now)
chosen = filter_value("camera")
turn = st.session_state.setdefault(TURN, 0)
draws = may(viewer, "draw on a camera's picture")


def link(**changes: object) -> str:
    return page.link("cameras", **changes)


def keep(deed, words: str) -> None:
    """Do it, and say on the next run what became of it."""
    st.session_state[TURN] = turn + 1
    try:
        deed()
        st.session_state[DONE] = words
    except MingchaError as error:
        st.session_state[PROBLEM] = said(error)


def told() -> None:
    done, problem = st.session_state.pop(DONE, None), st.session_state.pop(PROBLEM, None)
    if done:
        st.toast(done)
        show(state("empty", done))
    if problem:
        show(state("failed", t("Nothing was changed."), problem))


def picture_of(detail, moment) -> Picture:
    """Made once for this person, camera, drawing and moment: each is a line of the audit trail."""
    key = (viewer.name, detail.code, detail.version if not draws else 0, moment and (moment.evidence, moment.second))
    if st.session_state.get(SHOWN, (None, None))[0] != key:
        made = room_picture(db, settings, viewer, detail, moment, clear=draws, at=page.app.now())
        st.session_state[SHOWN] = (key, Picture(*made))
    return st.session_state[SHOWN][1]


def choose(moments, detail):
    """The moment whose picture is shown: the quietest of the newest clips, another one, or the reference (None)."""
    options = [*moments, None] if detail.reference else list(moments)
    best = latest_quiet(moments)
    left, right = st.columns([4, 1])
    picked = left.selectbox(
        t("Picture"), options, options.index(best), key=f"cameras_moment_{detail.code}",
        format_func=lambda one: view.moment(one, now) if one else t("picture of the empty windows now in use"),
    )  # fmt: skip
    if picked is None or not draws:
        return picked
    second = right.number_input(t("Second of the clip"), 0.0, 3600.0, picked.second, 0.5, format="%.1f",
                                key=f"cameras_second_{picked.evidence}")  # fmt: skip
    return picked if second == picked.second else replace(picked, second=float(second), people=None)


def studio() -> None:
    """One camera: its picture, what is drawn on it, and what changed."""
    detail = camera(db, viewer, settings, chosen)
    show(section(detail.name or detail.code, page.tree.name(detail.hall)))
    told()
    if any(one.code == detail.code and view.has_moved(one) for one in found):
        show(state("failed", t("The camera sees something else than its reference picture."),
                   t("Draw on a new picture, and keep that of the empty windows anew.")))  # fmt: skip
    if detail.fault:
        show(state("failed", t("What was imported cannot be read."), detail.fault))
    moments = quiet_moments(db, viewer, settings, detail.code, slots=page.rules.slots, as_of=now)
    if not moments and detail.reference is None:
        show(state("empty", t("There is no picture of this camera yet."),
                   t("It appears with the first sample that was captured.")))  # fmt: skip
        return
    moment = choose(moments, detail)
    saved = easel(detail, picture_of(detail, moment), turn=turn, read_only=not draws)
    if saved is not None:
        keep(lambda: draw(db, by=viewer, camera=saved.camera, items=saved.items, size=saved.size, seen=saved.version,
                          at=page.app.now()), t("The drawing is saved and holds from now on."))  # fmt: skip
        st.rerun()
    show(says(t("You see the room with the people found hidden, to draw on; every look is noted.") if draws else
              t("Everything outside the windows is blurred. Administrators and inspectors draw.")))  # fmt: skip
    if draws and moment is not None:
        st.button(t("Keep this as the picture of the empty windows"), key="cameras_reference", on_click=keep, args=(
            lambda: keep_reference(db, settings, by=viewer, camera=detail.code, clip=moment.evidence,
                                   second=moment.second, at=page.app.now()),
            t("The picture is kept and used from the next look on.")))  # fmt: skip
        show(says(t("Nobody may sit at a window in it. Keep a new one whenever the camera was moved.")))
    past = drawings(db, viewer, settings, detail.code)
    if past:
        show(section(t("Changes of the camera"), t("newest first; samples are judged by what held at their moment")),
             view.changes(past, now))  # fmt: skip


show(heading(t("Cameras"), t("What does each camera see, and what is drawn on it?")))
if not found:
    show(state("empty", t("There are no cameras here."), t("Import them: mingcha import cameras FILE")))
    st.stop()
if chosen:
    try:
        studio()
    except MingchaError as error:
        show(state("failed", t("This camera cannot be shown."), said(error)))
broken = [
    fault for fault in camera_faults(db, viewer, slots=page.rules.slots, as_of=now) if fault["hall"] in page.below
]
if broken:
    show(section(t("Equipment faults"), t("open until the camera sees again; never counted as no violation")),
         open_faults(broken, now, link))  # fmt: skip
show(section(t("Every camera"), t("a name opens its picture")), view.counts(found),
     view.listed(found[:MOST], page.tree, chosen, now, link))  # fmt: skip
if len(found) > MOST:
    show(says(t("{n} more; choose an office in the strip.", n=len(found) - MOST)))

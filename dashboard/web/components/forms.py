"""Boxes, forms and cards on a phone (三指定评价表): every tap is kept sealed on the server at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import streamlit as st

from checks.forms import ANSWERS, BEST, NAMED, STEPS, WORST, Step
from dashboard.actions.forms import (
    HANDED_OUT,
    LONGEST,
    MOST,
    MOST_DAYS,
    Form,
    begin,
    discard,
    hand_out,
    open_box,
    save,
    sign,
    submit,
    who_wrote,
)
from dashboard.errors import UsageError
from dashboard.instants import LOCAL
from dashboard.people import same_person
from dashboard.queries.connections import CLASSES
from dashboard.queries.forms import Opening
from dashboard.texts import t
from dashboard.web.components.blocks import facts, says, section, show
from dashboard.web.components.deeds import do, typed
from dashboard.web.state import Here
from dashboard.web.views import forms as view
from dashboard.web.views import names

WHO = "forms_who"
"""Session key of what was told once about who wrote a form."""

# --- one form ---------------------------------------------------------------------------------------------------------


def form_of(number: int, opening: int, form: Form) -> None:
    """The form as it lies on the table: its steps, the money, the days, and apart who wrote it."""
    show(section(t("A form of opening {n}", n=opening), t("kept sealed as you type")))
    for step in STEPS:
        with st.container(border=True, key=f"form_step_{step}"):
            _step(number, step, form.steps.get(step) or Step({}))
    fee = {True: "yes", False: "no", None: None}[form.extra_fee]
    _choice(number, "fee", t("Money asked for beside the bill, or meals and gifts"), ("yes", "no"), fee)
    left, right = st.columns(2)
    _days(left, number, "promised", t("Working days promised"), form.promised_days)
    _days(right, number, "actual", t("Working days it took"), form.actual_days)
    show(says(t("From here on: who wrote it. It is sealed, lies apart from the answers, and no office sees it.")))
    for name, label in view.IDENTITY.items():
        _text(number, name, t(label), getattr(form, name))
    key = _key(number, "signed")
    st.session_state.setdefault(key, form.signed)
    st.checkbox(t("Signed by the customer"), key=key, on_change=do, args=(lambda page: _kept(page, number),))
    st.button(t("Enter the form"), type="primary", width="stretch", on_click=do,
              args=(lambda page: _entered(page, number),))  # fmt: skip
    with st.expander(t("Delete this draft")):
        st.button(t("Delete it"), on_click=do, args=(lambda page: _deleted(page, number),))


def _step(number: int, step: str, said: Step) -> None:
    show(view.step(step))
    for thing in NAMED:
        _choice(number, f"{step}_{thing}", t(view.THINGS[thing]), ANSWERS, said.named.get(thing))
    marks = tuple(str(mark) for mark in range(WORST, BEST + 1))
    _choice(number, f"{step}_attitude", t("Attitude, 1 very bad to 5 very good"), marks,
            None if said.attitude is None else str(said.attitude))  # fmt: skip


def _choice(number: int, name: str, label: str, values: Sequence[str], value: str | None) -> None:
    key = _key(number, name)
    st.session_state.setdefault(key, value)
    st.segmented_control(label, values, key=key, width="stretch", on_change=do,
                         format_func=lambda one: t(view.ANSWER_WORDS[one]) if one in view.ANSWER_WORDS else one,
                         args=(lambda page: _kept(page, number),))  # fmt: skip


def _days(place: Any, number: int, name: str, label: str, value: int | None) -> None:
    key = _key(number, name)
    st.session_state.setdefault(key, value)
    place.number_input(label, 0, MOST_DAYS, value=None, key=key, on_change=do,
                       args=(lambda page: _kept(page, number),))  # fmt: skip


def _text(number: int, name: str, label: str, value: str) -> None:
    key = _key(number, name)
    st.session_state.setdefault(key, value)
    field: Any = st.text_area if name == "words" else st.text_input
    field(label, key=key, max_chars=LONGEST, on_change=do, args=(lambda page: _kept(page, number),))


def _key(number: int, name: str) -> str:
    return f"form_{number}_{name}"


def _typed(number: int) -> Form:
    """The form as its widgets say; what has no widget yet is not said."""
    given = {name: st.session_state.get(_key(number, name)) for name in ("fee", "promised", "actual", "signed")}
    steps = {step: said for step in STEPS if (said := _said(number, step)) is not None}
    texts = {name: str(st.session_state.get(_key(number, name)) or "").strip() for name in view.IDENTITY}
    return Form(
        steps=steps, extra_fee=None if given["fee"] is None else given["fee"] == "yes",
        promised_days=given["promised"], actual_days=given["actual"], signed=bool(given["signed"]), **texts,
    )  # fmt: skip


def _said(number: int, step: str) -> Step | None:
    given = {thing: st.session_state.get(_key(number, f"{step}_{thing}")) for thing in (*NAMED, "attitude")}
    mark = given.pop("attitude")
    named = {thing: answer for thing, answer in given.items() if answer}
    return Step(named, int(mark) if mark else None) if named or mark else None


def _kept(page: Here, number: int) -> str:
    save(page.app.db, page.app.settings, by=page.viewer, draft=number, form=_typed(number), at=page.app.now())
    return ""


def _entered(page: Here, number: int) -> str:
    _kept(page, number)
    accuses = _typed(number).suspicion
    told = submit(page.app.db, page.app.settings, by=page.viewer, draft=number, at=page.app.now())
    _left(number)
    if accuses:
        return t("Entered as {number}. It accuses somebody: inspectors look into it, and no office is told.",
                 number=told)  # fmt: skip
    return t("Entered as {number}.", number=told)


def _deleted(page: Here, number: int) -> str:
    discard(page.app.db, by=page.viewer, draft=number, at=page.app.now())
    _left(number)
    return t("The draft is deleted.")


def _left(number: int) -> None:
    """Nothing of a form stays in the session once it is closed."""
    st.query_params.pop("draft", None)
    st.query_params["view"] = "boxes"
    for key in [key for key in st.session_state if str(key).startswith(f"form_{number}_")]:
        del st.session_state[key]


# --- boxes ------------------------------------------------------------------------------------------------------------


def opening(page: Here) -> None:
    """The form by which an opening is entered."""
    now, places = page.app.now().astimezone(LOCAL), page.tree.offices
    with st.expander(t("Enter that a box was opened")), st.form("forms_opening", border=False):
        st.text_input(t("Number of the box"), key="forms_box", max_chars=60)
        st.selectbox(t("Office"), sorted(places), key="forms_office", index=None, placeholder=t("choose"),
                     format_func=lambda code: places[code].name)  # fmt: skip
        left, middle, right = st.columns(3)
        left.date_input(t("Day of the opening"), now.date(), key="forms_day")
        middle.time_input(t("Time"), now.time().replace(second=0, microsecond=0), key="forms_time",
                          step=timedelta(minutes=5))  # fmt: skip
        right.number_input(t("Forms counted"), 0, MOST, key="forms_found")
        st.form_submit_button(t("Enter"), type="primary", on_click=do, args=(_opened,))


def _opened(page: Here) -> str:
    given = st.session_state
    if not given.get("forms_office"):
        raise UsageError("Choose the office whose box was opened.")
    moment = datetime.combine(given["forms_day"], given["forms_time"], LOCAL)
    number = open_box(page.app.db, by=page.viewer, box=typed("forms_box"), office=given["forms_office"],
                      opened_at=moment, found=int(given["forms_found"]), at=page.app.now())  # fmt: skip
    return t("Opening {n} is entered. It holds once the second inspector who was there signs it.", n=number)


def at_openings(page: Here, found: Sequence[Opening]) -> None:
    """Signing as the second one, and beginning a form, where that is the viewer's to do."""
    with st.container(horizontal=True):
        for one in found:
            signed = any(same_person(page.viewer, name) for name in one.inspectors)
            if not signed and not one.holds:
                st.button(t("I was there: sign opening {n}", n=one.number), key=f"forms_sign_{one.number}",
                          on_click=do, args=(lambda page, number=one.number: _signed(page, number),))  # fmt: skip
            if signed and one.holds and one.entered < one.found:
                st.button(t("A form of opening {n}", n=one.number), key=f"forms_begin_{one.number}", on_click=do,
                          args=(lambda page, number=one.number: _begun(page, number),))  # fmt: skip


def _signed(page: Here, number: int) -> str:
    sign(page.app.db, by=page.viewer, opening=number, at=page.app.now())
    return t("You signed opening {n}.", n=number)


def _begun(page: Here, number: int) -> str:
    draft = begin(page.app.db, page.app.settings, by=page.viewer, opening=number, at=page.app.now())
    st.query_params["draft"] = str(draft)
    return t("The draft is kept on the server: you may close this page and go on later.")


def identity(numbers: Sequence[str]) -> None:
    """Who wrote a form: asked with a reason, told once."""
    told = st.session_state.pop(WHO, None)
    if told:
        show(facts([(t(view.IDENTITY[name]), value or "—") for name, value in told.items()]))
    with st.expander(t("Who wrote a form")), st.form("forms_who_asked", border=False):
        st.selectbox(t("Form"), numbers, key="forms_who_number", index=None, placeholder=t("choose"))
        st.text_input(t("Why you need to know (it stands in the audit trail)"), key="forms_who_why", max_chars=200)
        st.form_submit_button(t("Show it once"), on_click=do, args=(_asked,))


def _asked(page: Here) -> str:
    number = st.session_state.get("forms_who_number")
    if not number:
        raise UsageError("Choose the form.")
    st.session_state[WHO] = who_wrote(page.app.db, page.app.settings, by=page.viewer, number=number,
                                      reason=typed("forms_who_why"), at=page.app.now())  # fmt: skip
    return ""


# --- handed out -------------------------------------------------------------------------------------------------------


def handed_out(page: Here) -> None:
    """How many forms and cards an office handed out in a month."""
    places = page.tree.offices
    month = f"{page.app.now().astimezone(LOCAL):%Y-%m}"
    with st.expander(t("Say how many were handed out")), st.form("forms_handed", border=False):
        st.segmented_control(t("What"), HANDED_OUT, default="form", key="forms_what", required=True,
                             format_func=lambda what: t(view.HANDED_OUT[what]))  # fmt: skip
        st.selectbox(t("Office"), sorted(places), key="forms_where", index=None, placeholder=t("choose"),
                     format_func=lambda code: places[code].name)  # fmt: skip
        left, right = st.columns(2)
        left.text_input(t("Month"), month, key="forms_month", max_chars=7)
        right.selectbox(t("Class"), [None, *CLASSES], key="forms_class",
                        format_func=lambda kind: names.value(kind) if kind else t("all classes"))  # fmt: skip
        left, right = st.columns(2)
        left.number_input(t("Handed out"), 0, MOST, key="forms_issued")
        right.number_input(t("Came back (answer cards)"), 0, MOST, value=None, key="forms_returned")
        st.form_submit_button(t("Enter"), on_click=do, args=(_handed,))


def _handed(page: Here) -> str:
    given = st.session_state
    if not given.get("forms_where"):
        raise UsageError("Choose the office that handed them out.")
    hand_out(page.app.db, by=page.viewer, what=given["forms_what"], office=given["forms_where"],
             month=typed("forms_month"), issued=int(given["forms_issued"]), kind=given["forms_class"],
             returned=given["forms_returned"], at=page.app.now())  # fmt: skip
    return t("Noted; said again, the later word holds.")

"""Forms of the Sampling page (抽查安排): filing days, changing slots, asking for a sample outside the draw."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

import streamlit as st

from checks.judge.samples import SlotDays
from dashboard.actions.extra_samples import ask_for_sample
from dashboard.actions.hall_days import KINDS, Filing, file_hall_days
from dashboard.actions.slots import change_slots
from dashboard.instants import LOCAL
from dashboard.rights import may
from dashboard.texts import t
from dashboard.web.components.blocks import says, show
from dashboard.web.components.deeds import do, typed
from dashboard.web.state import Here
from dashboard.web.views import sampling as view


def filing(page: Here, halls: Sequence[str], chosen: str) -> None:
    """File a closure, other hours, an opening or a fault for one hall or several."""
    if not may(page.viewer, "file opening hours"):
        show(says(t("Office heads, managers and inspectors file opening hours.")))
        return
    today = page.now.astimezone(LOCAL).date()
    with st.form("hall_days_form"):
        st.multiselect(t("Halls"), list(halls), [chosen], key="hall_days_halls", format_func=page.tree.name,
                       placeholder=t("choose"))  # fmt: skip
        left, right = st.columns(2)
        left.selectbox(
            t("What is filed"), list(KINDS), key="hall_days_kind", format_func=lambda one: t(view.KINDS[one])
        )
        right.text_input(t("Why (notice, works, fault)"), key="hall_days_reason")
        left, right = st.columns(2)  # a row each: on a phone the fields stand in the order in which they are read
        left.date_input(t("First day"), today, key="hall_days_first")
        right.date_input(t("Last day"), today, key="hall_days_last")
        left, right = st.columns(2)
        left.time_input(t("Opens (other hours only)"), time(8, 30), key="hall_days_opens")
        right.time_input(t("Closes (other hours only)"), time(17, 30), key="hall_days_closes")
        st.form_submit_button(t("File these days"), type="primary", on_click=_file)
    show(says(t("The clock of this machine says when it was filed: a slot that has begun by then stays due.")))


def _file() -> None:
    held = st.session_state

    def deed(page: Here) -> str:
        timed = held["hall_days_kind"] in ("hours", "opening")
        made = Filing(
            tuple(held["hall_days_halls"]), held["hall_days_first"], held["hall_days_last"], held["hall_days_kind"],
            typed("hall_days_reason"), held["hall_days_opens"] if timed else None,
            held["hall_days_closes"] if timed else None,
        )  # fmt: skip
        file_hall_days(page.app.db, by=page.viewer, filing=made, at=page.app.now())
        return t("Filed: {days} days of {halls} halls.", days=len(made.days), halls=len(made.halls))

    do(deed)


def slots(page: Here, found: SlotDays, first: Any) -> None:
    """Change the slots from a free day on; administrators of the whole company."""
    if not may(page.viewer, "change the slots"):
        show(says(t("An administrator of the whole company may change the slots, from a day not sealed yet.")))
        return
    lines = "\n".join(f'{one.number} = "{one.starts:%H:%M}-{one.ends:%H:%M}"' for one in found.latest())
    with st.form("slots_form"):
        st.date_input(t("They hold from"), first, min_value=first, key="slots_since")
        st.text_area(t("One slot a line"), lines, key="slots_text", height=160)
        st.form_submit_button(t("Change the slots"), type="primary", on_click=_change)


def _change() -> None:
    def deed(page: Here) -> str:
        since = st.session_state["slots_since"]
        wanted = dict(_line(line) for line in typed("slots_text").splitlines() if line.strip())
        change_slots(page.app.db, page.app.settings, by=page.viewer, since=since, slots=wanted, at=page.app.now())
        return t("From {day} on {n} slots hold.", day=since.isoformat(), n=len(wanted))

    do(deed)


def _line(line: str) -> tuple[str, str]:
    number, _, span = line.partition("=")
    return number.strip(), span.strip().strip("\"'“”")


def asking(page: Here, halls: Sequence[str], chosen: str) -> None:
    """Ask for a minute outside the draw; inspectors."""
    if not may(page.viewer, "ask for a sample"):
        return
    now = page.now.astimezone(LOCAL)
    with st.form("extra_form"):
        st.selectbox(t("Hall"), list(halls), list(halls).index(chosen), key="extra_hall", format_func=page.tree.name)
        left, right = st.columns(2)
        left.text_input(t("Why (complaint, tip)"), key="extra_reason")
        right.text_input(t("Document (number and title)"), key="extra_document")
        whens = {"now": t("from now on"), "past": t("from the recordings")}
        left, middle, right = st.columns([2, 1, 1])
        left.selectbox(t("Which minute"), list(whens), key="extra_when", format_func=whens.__getitem__)
        middle.date_input(t("Day (recordings only)"), now.date(), key="extra_day",
                         min_value=now.date() - timedelta(days=31), max_value=now.date())  # fmt: skip
        right.time_input(t("Time (recordings only)"), now.time().replace(second=0, microsecond=0), key="extra_time",
                         step=60)  # fmt: skip
        st.form_submit_button(t("Ask for this sample"), type="primary", on_click=_ask)


def _ask() -> None:
    def deed(page: Here) -> str:
        held = st.session_state
        past = datetime.combine(held["extra_day"], held["extra_time"], LOCAL)
        number = ask_for_sample(
            page.app.db, by=page.viewer, hall=held["extra_hall"], moment=past if held["extra_when"] == "past" else None,
            reason=typed("extra_reason"), document=typed("extra_document"), at=page.app.now(),
        )  # fmt: skip
        return t("Sample {number} is asked for; it is marked and counts in no rate.", number=number)

    do(deed)

"""Filing, approving and revoking exclusions on their page (剔除处理): a preview first, then a second person."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import streamlit as st

from checks.exclusions import AREAS, CAUSES, RECORDS, Filing
from dashboard.actions.exclusions import (
    approve_exclusion,
    file_exclusion,
    reject_exclusion,
    require_possible,
    revoke_exclusion,
)
from dashboard.error_texts import said
from dashboard.errors import MingchaError
from dashboard.instants import LOCAL, to_micros
from dashboard.queries.exclusions import preview
from dashboard.rights import may
from dashboard.texts import t
from dashboard.web.components.blocks import says, section, show, state
from dashboard.web.components.deeds import do, typed
from dashboard.web.state import Here
from dashboard.web.views import exclusions as view
from dashboard.web.views import names

DRAFT = "exclusion_draft"
"""Session key: the filing that is previewed and not filed yet."""


def drafting(page: Here) -> None:
    """The form of the first person; what it would change is shown before anything is filed."""
    if not may(page.viewer, "file an exclusion"):
        show(says(t("Office heads, managers, inspectors and evaluators file exclusions.")))
        return
    offices = {code: f"{office.name} {code}" for code, office in page.tree.offices.items()}
    first = page.period.start
    with st.form("exclusion_form"):
        st.multiselect(t("Offices, each with all below it"), list(offices), key="exclusion_offices",
            placeholder=t("choose"),
                       default=[page.strip.office] if page.strip.office in offices else [],
                       format_func=lambda code: offices[code])  # fmt: skip
        left, right = st.columns(2)
        left.multiselect(t("Records"), list(RECORDS), ["repairs"], key="exclusion_records", format_func=names.record)
        right.selectbox(t("Area class"), ["", *AREAS], key="exclusion_area",
                        format_func=lambda area: t(view.AREAS[area]) if area else t("any"))  # fmt: skip
        left.date_input(t("Accepted from (day)"), first, key="exclusion_from")
        right.date_input(t("to (day, included)"), first, key="exclusion_to")
        left.selectbox(t("Why left out"), list(CAUSES), key="exclusion_reason",
                       format_func=_cause)  # fmt: skip
        right.text_input(t("Document (number and title)"), key="exclusion_document")
        left.text_input(t("Numbers, if not every record"), key="exclusion_numbers")
        right.text_input(t("System, if several use these numbers"), key="exclusion_system")
        left.text_input(t("Note"), key="exclusion_note")
        st.form_submit_button(t("Show what it would change"), on_click=_draft)
    _previewed(page)


def _cause(code: str) -> str:
    return f"{t(view.REASONS[code])} {t('At most {n} days', n=CAUSES[code].days)}"


def _previewed(page: Here) -> None:
    draft: Filing | None = st.session_state.get(DRAFT)
    if draft is None:
        return
    show(section(t("Preview"), t("nothing is filed yet")))
    try:
        draft = require_possible(page.app.db, page.viewer, draft)
        found = preview(page.app.db, page.viewer, page.rules, draft, now=page.app.now())
    except MingchaError as error:
        show(state("failed", t("This cannot be filed."), said(error)))
        return
    show(view.preview(found, {code: office.name for code, office in page.tree.offices.items()}, page.link))
    st.button(t("File it"), type="primary", key="exclusion_file", on_click=_file)


def _draft() -> None:
    held = st.session_state
    numbers = typed("exclusion_numbers").replace("，", ",").replace("、", ",").split(",")
    named = tuple(number.strip() for number in numbers if number.strip())
    st.session_state[DRAFT] = Filing(
        tuple(held["exclusion_offices"]), tuple(held["exclusion_records"]), _midnight(held["exclusion_from"]),
        _midnight(held["exclusion_to"] + timedelta(days=1)), held["exclusion_reason"], typed("exclusion_document"),
        held["exclusion_area"] or None, named or None, typed("exclusion_note") or None,
        system=typed("exclusion_system") or None,
    )  # fmt: skip


def _midnight(day: date) -> int:
    return to_micros(datetime(day.year, day.month, day.day, tzinfo=LOCAL))


def _file() -> None:
    def deed(page: Here) -> str:
        filing: Filing = st.session_state.pop(DRAFT)
        number = file_exclusion(page.app.db, by=page.viewer, filing=filing, at=page.app.now())
        return t("Exclusion {n} is filed; it holds once another person approves it.", n=number)

    do(deed)


def deciding(page: Here, row: view.Row) -> None:
    """What the second person may do about a filing."""
    number = row["number"]
    if not may(page.viewer, "approve an exclusion") or row["state"] not in ("waiting", "holds"):
        return
    if row["state"] == "waiting" and row["by"] == page.viewer.name:
        show(says(t("{name} filed this; a second person approves it.", name=row["by"])))
        return
    with st.form(f"exclusion_decide_{number}"):
        st.text_input(t("Note"), key=f"exclusion_why_{number}")
        if row["state"] == "waiting":
            st.form_submit_button(t("Approve"), type="primary", on_click=_approve, args=(number,))
            st.form_submit_button(t("Reject"), on_click=_reject, args=(number,))
        else:
            st.form_submit_button(t("Revoke from now on"), on_click=_revoke, args=(number,))


def _approve(number: int) -> None:
    def deed(page: Here) -> str:
        approve_exclusion(page.app.db, by=page.viewer, number=number, at=page.app.now(), note=_why(number))
        return t("Exclusion {n} holds from now on.", n=number)

    do(deed)


def _reject(number: int) -> None:
    def deed(page: Here) -> str:
        reject_exclusion(page.app.db, by=page.viewer, number=number, at=page.app.now(), note=_why(number))
        return t("Exclusion {n} is rejected.", n=number)

    do(deed)


def _revoke(number: int) -> None:
    def deed(page: Here) -> str:
        revoke_exclusion(page.app.db, by=page.viewer, number=number, at=page.app.now(), note=_why(number))
        return t("Exclusion {n} is revoked; its records count again.", n=number)

    do(deed)


def _why(number: int) -> str:
    return typed(f"exclusion_why_{number}")

"""Deeds on the Evidence page (存证操作): place and lift holds, hand over a case package."""

from __future__ import annotations

import streamlit as st

from dashboard.evidence.holds import Hold, lift_hold, place_hold
from dashboard.evidence.package import file_name
from dashboard.evidence.parcels import make_parcel
from dashboard.rights import may
from dashboard.texts import t
from dashboard.web import passes
from dashboard.web.components.blocks import show
from dashboard.web.components.deeds import do, typed
from dashboard.web.markup import tag
from dashboard.web.signed_in import unended
from dashboard.web.state import Here

SCOPES = {"sample": "one sample", "office": "an office with all below it", "everything": "everything"}


def holding(page: Here, holds: tuple[Hold, ...], sample: str) -> None:
    """Forms of those who may place and lift holds."""
    if not may(page.viewer, "place or lift a hold"):
        return
    offices = list(page.tree.offices)
    scopes = [scope for scope in SCOPES if scope != "everything" or page.viewer.sees_everything]
    with st.form("hold_form"):
        left, right = st.columns(2)
        left.selectbox(t("Put on hold"), scopes, key="hold_scope", format_func=lambda scope: t(SCOPES[scope]))
        right.text_input(t("Sample"), sample, key=f"hold_sample_{sample}")
        left.selectbox(t("Office"), offices, key="hold_office", format_func=page.tree.name)
        right.text_input(t("Why (case, letter)"), key="hold_why")
        st.form_submit_button(t("Place the hold"), type="primary", on_click=_place, args=(sample,))
    if holds:
        with st.form("lift_form"):
            left, right = st.columns(2)
            left.selectbox(t("Lift hold"), [hold.id for hold in holds], key="lift_hold",
                           format_func=lambda number: f"#{number}")  # fmt: skip
            right.text_input(t("Who decided that it is over"), key="lift_why")
            st.form_submit_button(t("Lift the hold"), on_click=_lift)


def _place(shown: str) -> None:
    def deed(page: Here) -> str:
        scope = str(st.session_state["hold_scope"])
        subject = {"sample": typed(f"hold_sample_{shown}"), "office": typed("hold_office")}.get(scope)
        at, by = page.app.now(), page.viewer
        number = place_hold(page.app.db, by=by, scope=scope, subject=subject, reason=typed("hold_why"), at=at)
        return t("Hold {n} stands.", n=number)

    do(deed)


def _lift() -> None:
    def deed(page: Here) -> str:
        number = int(st.session_state["lift_hold"])
        lift_hold(page.app.db, by=page.viewer, hold=number, reason=typed("lift_why"), at=page.app.now())
        return t("Hold {n} is lifted.", n=number)

    do(deed)


def handing_over(page: Here, sample: str) -> None:
    """The case package: blurred copies, or the originals for an inspector who says why."""
    if not may(page.viewer, "hand over evidence"):
        return
    why = ""
    if may(page.viewer, "hand over originals"):
        why = st.text_input(
            t("Why the originals are needed (empty: blurred copies)"), key=f"package_why_{sample}"
        ).strip()
    label = t("Make the case package with originals") if why else t("Make the case package")
    st.button(label, icon=":material/package_2:", on_click=_make, args=(sample,), key=f"package_make_{sample}")
    made = st.session_state.get(f"package_made_{sample}")
    if made:
        address = f"/evidence/{passes.issue_parcel(made, page.viewer.name)}"
        show(tag("p", tag("a", t("Download the case package"), href=address, download=file_name(sample), class_="way")))


def _make(sample: str) -> None:
    def deed(page: Here) -> str:
        why = typed(f"package_why_{sample}")
        by = unended(page.app, page.viewer)
        name = make_parcel(page.app, by=by, sample=sample, originals=bool(why), reason=why)
        st.session_state[f"package_made_{sample}"] = name
        return t("The case package is ready: fetch it within the hour.")

    st.session_state.pop(f"package_made_{sample}", None)
    do(deed)

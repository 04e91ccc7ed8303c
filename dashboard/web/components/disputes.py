"""Disputing a record on its page, and deciding about it (数据异议处理)."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from checks.exclusions import CAUSES
from collectors.photographs import MAX_BYTES
from dashboard.actions.disputes import WISHES, correct, exclude, file_dispute, open_proof, refuse, withdraw
from dashboard.disputing.proofs import Proof
from dashboard.disputing.values import DISPUTABLE, correctable
from dashboard.queries.disputes import Dispute, of_record
from dashboard.queries.record import Record
from dashboard.rights import may
from dashboard.texts import t
from dashboard.web.components.blocks import go, says, section, show
from dashboard.web.components.deeds import do, typed
from dashboard.web.state import Here
from dashboard.web.uploads import say
from dashboard.web.views import disputes as view
from dashboard.web.views import exclusions, names
from dashboard.web.views.disputes import STATES

TURN = "dispute_turn"
"""Session key: counted up with each filing, so that the form is empty again."""
KIND = {"pdf": "application/pdf", "jpeg": "image/jpeg"}


def on_record(page: Here, found: Record) -> None:
    """The disputes of a record, and for its office's head the form that begins one."""
    kind = found.record.name
    if kind not in DISPUTABLE:
        return
    there = of_record(page.app.db, page.viewer, record=kind, record_id=found.id, as_of=page.now)
    mine = may(page.viewer, "dispute a record") and found.office in page.tree.offices
    if there or mine:
        show(section(t("Disputes of this record")))
    for one in there:
        show(says(go(page.link("disputes", dispute=one.number), f"{one.number} · {t(STATES[one.state])}")))
    if mine and not any(one.decided_at is None for one in there):
        with st.expander(t("This is wrong")):
            _filing(kind, found.id)


def _filing(kind: str, record_id: int) -> None:
    turn = st.session_state.setdefault(TURN, 0)
    say(t("One to ten pictures or PDF files."), t("Choose files"))
    wish = st.radio(t("What should be done"), WISHES, key=f"dispute_wish_{turn}", horizontal=True,
                    format_func=lambda one: t(view.WISHES[one]))  # fmt: skip
    columns: list[str] = []
    if wish == "correction":
        columns = st.multiselect(t("What would be right"), [one.name for one in correctable(kind)],
                                 key=f"dispute_columns_{turn}", format_func=names.column,
                                 placeholder=t("choose"))  # fmt: skip
    with st.form(f"dispute_{turn}"):
        for name in columns:
            st.text_input(names.column(name), key=f"dispute_value_{turn}_{name}", placeholder="2026-09-01 10:35:30")
        st.text_area(t("What is wrong, and how it is proved"), key=f"dispute_reason_{turn}")
        st.file_uploader(t("Proof of the dispute"), type=["pdf", "jpg", "jpeg", "png"], accept_multiple_files=True,
                         key=f"dispute_proofs_{turn}", max_upload_size=MAX_BYTES // 1_000_000)  # fmt: skip
        st.form_submit_button(t("File the dispute"), type="primary", on_click=_file, args=(kind, record_id, turn))


def _file(kind: str, record_id: int, turn: int) -> None:
    def deed(page: Here) -> str:
        held = st.session_state
        columns = held.get(f"dispute_columns_{turn}") or []
        files = held.get(f"dispute_proofs_{turn}") or []
        number = file_dispute(
            page.app.db, page.app.settings, page.rules, by=page.viewer, record=kind, record_id=record_id,
            wish=held[f"dispute_wish_{turn}"], reason=typed(f"dispute_reason_{turn}"),
            wanted={name: typed(f"dispute_value_{turn}_{name}") for name in columns},
            proofs=[Proof(file.name, file.getvalue()) for file in files], at=page.app.now(),
        )  # fmt: skip
        held[TURN] = turn + 1
        return t("Dispute {number} is filed; somebody else decides it.", number=number)

    do(deed)


def proving(page: Here, one: Dispute) -> None:
    """Each proof: what it is, and its file for who asks for it; every look is logged."""
    for proof in one.proofs:
        left, right = st.columns([3, 1])
        with left:
            show(says(view.proof(proof)))
        opened = f"dispute_opened_{page.viewer.name}_{proof.id}"
        if st.session_state.get(opened):
            name, content = st.session_state[opened]
            right.download_button(t("Save"), content, file_name=name, mime=KIND[proof.kind], on_click="ignore",
                                  key=f"dispute_save_{proof.id}", width="stretch")  # fmt: skip
        else:
            right.button(t("Open the proof"), key=f"dispute_open_{proof.id}", on_click=_opened,
                         args=(proof.id, opened), width="stretch")  # fmt: skip


def _opened(proof: int, key: str) -> None:
    def deed(page: Here) -> str:
        found = open_proof(page.app.db, page.app.settings, by=page.viewer, proof=proof, at=page.app.now())
        st.session_state[key] = found
        return t("The look at {name} is logged.", name=found[0])

    do(deed)


def _key(number: str, field: str) -> str:
    """Each dispute has fields of its own: else the reason typed for one would decide the next one opened."""
    return f"dispute_{number}_{field}"


def deciding(one: Dispute) -> None:
    """What this person may do about an open dispute."""
    if "decide" in one.may:
        _decision(one)
    elif "withdraw" in one.may:
        with st.form(f"dispute_back_{one.number}"):
            st.text_input(t("Why it is taken back"), key=_key(one.number, "why"))
            st.form_submit_button(t("Take it back"), on_click=_do, args=("withdrawn", one.number))
    elif one.decided_at is None:
        show(says(t("Evaluators and managers above decide, never who filed it nor the office's own people.")))


def _decision(one: Dispute) -> None:
    with st.form(f"dispute_decide_{one.number}"):
        st.text_area(t("Reason of the decision"), key=_key(one.number, "why"))
        left, right = st.columns(2)
        left.selectbox(t("Why left out"), list(CAUSES), key=_key(one.number, "cause"),
                       format_func=lambda code: t(exclusions.REASONS[code]))  # fmt: skip
        right.text_input(t("Document (number and title)"), key=_key(one.number, "document"))
        buttons = st.columns(3)
        if one.wanted:
            buttons[0].form_submit_button(t("Correct the record"), type="primary", on_click=_do,
                                          args=("corrected", one.number), width="stretch")  # fmt: skip
        buttons[1].form_submit_button(t("File an exclusion of it"), on_click=_do, args=("excluded", one.number),
                                      width="stretch")  # fmt: skip
        buttons[2].form_submit_button(t("Refuse it"), on_click=_do, args=("refused", one.number), width="stretch")
    show(says(t("Cause and document are for an exclusion; it holds once a second person approves it.")))


def _do(outcome: str, number: str) -> None:
    def deed(page: Here) -> str:
        more = {name: typed(_key(number, name)) for name in ("cause", "document")}
        return decided(page, outcome, number, typed(_key(number, "why")), more)

    do(deed)


def decided(page: Here, outcome: str, number: str, why: str, more: Mapping[str, str]) -> str:
    """Carry a decision out; the sentence to tell."""
    db, by, now = page.app.db, page.viewer, page.app.now()
    if outcome == "corrected":
        correct(db, by=by, number=number, reason=why, at=now)
        return t("Dispute {number}: the record is corrected.", number=number)
    if outcome == "excluded":
        exclusion = exclude(db, by=by, number=number, reason=why, at=now, **more)
        return t("Dispute {number}: exclusion {n} is filed.", number=number, n=exclusion)
    if outcome == "refused":
        refuse(db, by=by, number=number, reason=why, at=now)
        return t("Dispute {number} is refused.", number=number)
    withdraw(db, by=by, number=number, reason=why, at=now)
    return t("Dispute {number} is taken back.", number=number)

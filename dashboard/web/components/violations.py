"""What a person does with a violation on its page (违规处置): one deed at a time, with what it must bring along."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time

import streamlit as st

from checks.violations.table import BY_NAME, CAUSES, LADDER
from collectors.photographs import MAX_BYTES
from dashboard.actions.export import violation_ledger
from dashboard.actions.rectified import add_proof
from dashboard.actions.verdicts import REPEATED_RULE
from dashboard.actions.violations import deal, open_by_hand
from dashboard.cases import words
from dashboard.cases.telling import DEED_WORDS
from dashboard.error_texts import said
from dashboard.errors import MingchaError, UsageError
from dashboard.instants import LOCAL
from dashboard.queries.violations import Story, Violation
from dashboard.rights import may
from dashboard.texts import set_language, t
from dashboard.web import uploads
from dashboard.web.components.blocks import says, show
from dashboard.web.components.deeds import do, typed
from dashboard.web.components.download import XLSX
from dashboard.web.signed_in import unended
from dashboard.web.state import Here

BUTTONS = {
    "remind": "Remind the office", "ask_material": "Ask for material", "add_material": "Add material",
    "confirm": "Confirm it", "reject": "It is no violation", "send_down": "Send down to be rectified",
    "plan": "Give the plan", "submit": "Submit the rectification", "pass": "Re-check: in order",
    "return": "Re-check: return it", "close": "Close the case", "supervise": "Supervise it", "appeal": "Appeal",
    "uphold_appeal": "Uphold the appeal", "refuse_appeal": "Refuse the appeal",
    "propose_suspension": "Ask to suspend it", "approve_suspension": "Approve the suspension",
    "refuse_suspension": "Refuse the suspension", "resume": "Let it go on", "propose_void": "Propose to void it",
    "approve_void": "Approve voiding it", "refuse_void": "Refuse voiding it",
    "propose_accountability": "Propose accountability", "approve_accountability": "Note the decision on paper",
    "refuse_accountability": "Refuse the proposal",
}  # fmt: skip
"""Deed → the words on its button; msgids."""
BESIDE = ("supervise", "propose_suspension", "propose_void")
"""Deeds that nothing waits for: they are offered after the others."""
IN_BULK = ("remind", "send_down", "supervise")
LINES = ("unit", "post", "paper", "leader")
"""Fields of one line; the others are written in a box."""


def dealing(page: Here, story: Story, items: Mapping[str, str], samples: Sequence[str]) -> None:
    """The deeds that this person may do now, and a form for the one that is chosen."""
    number = story.violation.number
    waits = story.violation.state == "submitted" and "suspended" not in story.violation.sides
    if waits and may(page.viewer, "re-check a violation") and "pass" not in story.may:
        show(says(t("Another inspector re-checks it: who confirmed or reviewed a case does not.")))
    if not story.may:
        show(says(t("There is nothing for you to do in this case now.")))
        return
    key = f"violation_deed_{number}"
    deeds = sorted(story.may, key=lambda deed: deed in BESIDE)
    if st.session_state.get(key) not in deeds:  # else the form stays as it was, with its words
        st.session_state[key] = deeds[0]
    answer = st.segmented_control(t("What is to be done?"), deeds, key=key, required=True,
                                  format_func=lambda deed: t(BUTTONS[deed]))  # fmt: skip
    chosen = str(answer or deeds[0])
    brings = BY_NAME[chosen].brings
    if chosen == "submit":
        photographs(page, number)
    with st.form(f"violation_{number}_{chosen}"):
        for name in brings:
            if name == "look":
                _look(page, number, samples, must=story.must_look)
            else:
                _field(page, story, name, chosen, items)
        st.form_submit_button(t(BUTTONS[chosen]), type="primary", on_click=do,
                              args=(lambda page: _deal(page, number, chosen, story.violation.seq),))  # fmt: skip


def _key(number: str, deed: str, name: str) -> str:
    return f"violation_{number}_{deed}_{name}"


def _field(page: Here, story: Story, name: str, deed: str, items: Mapping[str, str]) -> None:
    key, label = _key(story.violation.number, deed, name), t(words.FIELDS[name])
    choices = {"cause": (CAUSES, words.CAUSES), "step": (LADDER, words.LADDER)}
    if name == "item":
        codes = list(items)
        known = codes.index(item) if (item := story.violation.item) in codes and item else None
        st.selectbox(label, codes, index=known, key=key, placeholder=t("choose"),
                     format_func=lambda code: f"{code} {items[code]}")  # fmt: skip
    elif name in choices:
        values, called = choices[name]
        st.selectbox(label, values, index=None, key=key, placeholder=t("choose"),
                     format_func=lambda value: t(called[value]))  # fmt: skip
    elif name in LINES:
        st.session_state.setdefault(key, page.tree.name(story.violation.office) if name == "unit" else "")
        st.text_input(label, key=key, max_chars=200)
    else:
        st.text_area(label, key=key, height=80, max_chars=2000)


def _look(page: Here, number: str, samples: Sequence[str], *, must: bool) -> None:
    """Where the re-check looked: a sample taken since, an inspection sheet, or a day and slot."""
    if not must:
        show(says(t("This one was not drawn for a re-check on the spot: its papers are enough.")))
    left, right = st.columns(2)
    left.selectbox(t("Sample taken since"), [None, *samples], key=_key(number, "look", "sample"),
                   format_func=lambda one: t("none") if one is None else one)  # fmt: skip
    right.text_input(t("or number of an inspection sheet"), key=_key(number, "look", "inspection"))
    left.date_input(t("or day of the look"), None, key=_key(number, "look", "date"))
    slots = {one.number: f"{one.number} · {one.starts:%H:%M}–{one.ends:%H:%M}"
             for one in page.rules.slots.on(page.now.astimezone(LOCAL).date())}  # fmt: skip
    right.selectbox(t("with slot"), [None, *slots], key=_key(number, "look", "slot"),
                    format_func=lambda one: t("none") if one is None else slots[one])  # fmt: skip


def _deal(page: Here, number: str, deed: str, seen: int) -> str:
    what = {name: str(st.session_state.get(_key(number, deed, name)) or "").strip() for name in BY_NAME[deed].brings
            if name != "look"}  # fmt: skip
    if "look" in BY_NAME[deed].brings:
        for name in ("sample", "inspection", "date", "slot"):
            what[f"look_{name}"] = str(st.session_state.get(_key(number, "look", name)) or "").strip()
    deal(page.app.db, by=page.viewer, number=number, deed=deed, seen=seen, at=page.app.now(), rules=page.rules, **what)
    return t("{number}: {deed}.", number=number, deed=t(DEED_WORDS[deed]))


# --- photographs of a rectification -----------------------------------------------------------------------------------


def photographs(page: Here, number: str) -> None:
    """Kept with the case at once, before the rectification is submitted."""
    turn = st.session_state.setdefault("violation_turn", 0)
    key = f"violation_photographs_{number}_{turn}"
    uploads.say(t("Photograph, or choose a picture (JPEG, PNG)"), t("Camera or files"))
    st.file_uploader(t("Photographs of the rectification"), type=["jpg", "jpeg", "png"], key=key,
                     accept_multiple_files=True, max_upload_size=MAX_BYTES // 1_000_000, on_change=do,
                     args=(lambda page: _photographed(page, number, key),))  # fmt: skip


def _photographed(page: Here, number: str, key: str) -> str:
    files = st.session_state.get(key) or []
    for file in files:
        add_proof(page.app.db, page.app.settings, by=page.viewer, number=number, content=file.getvalue(),
                  at=page.app.now())  # fmt: skip
    st.session_state["violation_turn"] += 1
    return t("{n} photographs are kept with the case.", n=len(files))


# --- many at once -----------------------------------------------------------------------------------------------------


def called(page: Here, found: Sequence[Violation], titles: Mapping[str, str]) -> Callable[[str], str]:
    """How a case among these is called where one is chosen: its number says nothing to anybody."""
    told = {one.number: " · ".join((one.number, words.what(one, titles), page.tree.name(one.office))) for one in found}
    return lambda number: told.get(number, number)


def bulk(page: Here, found: Sequence[Violation], titles: Mapping[str, str]) -> None:
    """The same deed on several cases; each is its own, and what could not be done is told per case."""
    able = [deed for deed in IN_BULK if may(page.viewer, BY_NAME[deed].right or "")]
    if not able:
        return
    with st.expander(t("Deal with several")), st.form("violations_bulk"):
        st.multiselect(t("Cases"), [one.number for one in found], key="violations_chosen", placeholder=t("choose"),
                       format_func=called(page, found, titles))  # fmt: skip
        st.selectbox(t("What is to be done?"), able, key="violations_deed", format_func=lambda deed: t(BUTTONS[deed]))
        st.text_input(t("In words"), key="violations_note", max_chars=2000)
        seen = {one.number: one.seq for one in found}
        st.form_submit_button(t("Do it"), on_click=do, args=(lambda page: _in_bulk(page, seen),))


def opening(page: Here, items: Mapping[str, str]) -> None:
    """A candidate that a person saw and no other source knows (人工录入线索)."""
    if not may(page.viewer, "open a violation"):
        return
    offices = sorted(page.below & frozenset(page.tree.offices), key=lambda code: (page.tree.name(code), code))
    with st.expander(t("Enter what you saw")), st.form("violation_new"):
        left, right = st.columns(2)
        left.selectbox(t("Office"), offices, index=None, key="violation_new_office", placeholder=t("choose"),
                       format_func=page.tree.name)  # fmt: skip
        right.selectbox(t(words.FIELDS["item"]), [code for code in items if code != REPEATED_RULE], index=None,
                        key="violation_new_item", placeholder=t("choose"),
                        format_func=lambda code: f"{code} {items[code]}")  # fmt: skip
        left.date_input(t("Day it was seen"), page.now.astimezone(LOCAL).date(), key="violation_new_day")
        right.time_input(t("Time it was seen"), None, key="violation_new_time", step=60)
        st.text_area(t(words.FIELDS["note"]), key="violation_new_note", height=80, max_chars=2000)
        st.form_submit_button(t("Open a case"), type="primary", on_click=do, args=(_open,))


def _open(page: Here) -> str:
    office, item, day, moment = (st.session_state.get(f"violation_new_{n}") for n in ("office", "item", "day", "time"))
    if not office or not item or not isinstance(day, date) or not isinstance(moment, time):
        raise UsageError("Office, item, day and time are needed.", "Fill them in.")
    number = open_by_hand(
        page.app.db, by=page.viewer, office=str(office), item=str(item), note=typed("violation_new_note"),
        observed_at=datetime.combine(day, moment, LOCAL), at=page.app.now(), rules=page.rules,
    )  # fmt: skip
    for name in ("time", "note"):  # the next one may be at the same office
        st.session_state.pop(f"violation_new_{name}", None)
    return t("{number}: {deed}.", number=number, deed=t(DEED_WORDS["opened"]))


def _in_bulk(page: Here, seen: Mapping[str, int]) -> str:
    chosen, deed = st.session_state.get("violations_chosen") or [], st.session_state["violations_deed"]
    if not chosen:
        raise UsageError("Choose at least one case.")
    refused = []
    for number in chosen:
        what = {"note": typed("violations_note")} if "note" in BY_NAME[deed].brings else {}
        try:
            deal(page.app.db, by=page.viewer, number=number, deed=deed, seen=seen[number], at=page.app.now(),
                 rules=page.rules, **what)  # fmt: skip
        except MingchaError as error:
            refused.append(f"{number}: {said(error)}")
    done = t("{n} done.", n=len(chosen) - len(refused))
    return " ".join([done, *refused])


def download(page: Here, found: Sequence[Violation], titles: Mapping[str, str]) -> None:
    """The ledger as shown (违规台账), as a workbook; noted in the audit trail."""

    def make() -> bytes:
        set_language(page.strip.lang)
        by, numbers = unended(page.app, page.viewer), [one.number for one in found]
        return violation_ledger(page.app, by=by, numbers=numbers, titles=titles)

    st.download_button(t("Download the ledger"), data=make, file_name="mingcha-violations.xlsx", mime=XLSX,
                       icon=":material/download:", on_click="ignore")  # fmt: skip

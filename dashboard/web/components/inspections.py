"""The inspection sheet on a phone (检查表): every tap is kept on the server at once; nothing hangs on this browser."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import streamlit as st

from checks.rulebook.model import Sheet, SheetItem
from collectors.photographs import MAX_BYTES
from dashboard.actions.inspections import (
    MOST_COUNT,
    REPEATED_RULE,
    RESULTS,
    add_photograph,
    discard,
    drop_photograph,
    save_entry,
    start,
    submit,
    withdraw,
)
from dashboard.errors import UsageError
from dashboard.instants import LOCAL
from dashboard.queries.inspections import Draft, Entry, Submitted, draft
from dashboard.sheet_notes import item_words
from dashboard.texts import t
from dashboard.web import books, uploads
from dashboard.web.components.blocks import says, show
from dashboard.web.components.deeds import do, typed
from dashboard.web.state import Here, here
from dashboard.web.views import inspections as view

TURN = "inspect_turn"
"""Session key: counts uploads, so that an uploader is empty again after each."""
OWN_WORDS = "inspect_own"


def groups(sheet: Sheet) -> dict[str, list[SheetItem]]:
    """The items that one can look at, by the first letter of their codes."""
    found: dict[str, list[SheetItem]] = {}
    for item in sheet.items:
        if item.code != REPEATED_RULE:
            found.setdefault(item.code[0], []).append(item)
    return found


# --- beginning --------------------------------------------------------------------------------------------------------


def beginning(page: Here, kinds: tuple[str, ...], halls: dict[str, str]) -> None:
    """The form that begins a draft."""
    now = page.app.now().astimezone(LOCAL)
    with st.form("inspect_start"):
        st.segmented_control(t("Kind of sheet"), kinds, default=kinds[0], key="inspect_kind", required=True,
                             format_func=lambda kind: t(view.KINDS[kind]))  # fmt: skip
        st.selectbox(t("Hall"), list(halls), key="inspect_hall", index=None, placeholder=t("choose"),
                     format_func=lambda code: halls[code])  # fmt: skip
        left, right = st.columns(2)
        left.date_input(t("Day of the inspection"), now.date(), key="inspect_day")
        right.time_input(t("Time"), now.time().replace(second=0, microsecond=0), key="inspect_time",
                         step=timedelta(minutes=5))  # fmt: skip
        st.form_submit_button(t("Begin"), type="primary", on_click=do, args=(_begun,))


def _begun(page: Here) -> str:
    given = st.session_state
    if not given.get("inspect_hall"):
        raise UsageError("Choose the hall that you inspect.")
    moment = datetime.combine(given["inspect_day"], given["inspect_time"], LOCAL)
    number = start(page.app.db, by=page.viewer, kind=given["inspect_kind"], hall=given["inspect_hall"],
                   inspected_at=moment, at=page.app.now())  # fmt: skip
    st.query_params["draft"] = str(number)
    return t("The draft is kept on the server: you may close this page and go on later.")


# --- the sheet --------------------------------------------------------------------------------------------------------


def sheet_of(page: Here, found: Draft, items: list[SheetItem]) -> None:
    """The items of one group, each with what was found of it so far."""
    uploads.say(t("Photograph, or choose a picture (JPEG, PNG)"), t("Camera or files"))
    for item in items:
        with st.container(border=True, key=f"inspect_item_{item.code}"):
            _item(found, item)
    unseen = [item.code for item in items if item.code not in found.entries]
    if unseen:
        st.button(t("The other {n} here are in order", n=len(unseen)), on_click=do,
                  args=(lambda page: _in_order(page, found.id, unseen),), width="stretch")  # fmt: skip


def _item(found: Draft, item: SheetItem) -> None:
    entry = found.entries.get(item.code)
    show(view.item(item))
    key = _key(found.id, item.code, "result")
    st.session_state.setdefault(key, entry.result if entry else None)
    st.segmented_control(books.title(item), RESULTS, key=key, label_visibility="collapsed", width="stretch",
                         format_func=lambda result: t(view.RESULTS[result]),
                         on_change=do, args=(lambda page: _kept(page, found.id, item.code),))  # fmt: skip
    if entry is not None and entry.result == "violation":
        _details(found, item, entry)
    if entry is not None and entry.result != "ok":
        _photographs(found, item)


def _details(found: Draft, item: SheetItem, entry: Entry) -> None:
    """How often and in which words: canned ones by a tap, others typed."""
    count, note, clause = (_key(found.id, item.code, name) for name in ("count", "note", "clause"))
    st.session_state.setdefault(count, entry.count)
    st.session_state.setdefault(note, entry.note)
    notes = item_words(item.code).notes
    if notes:
        st.pills(t("What was seen"), notes, key=clause, on_change=do,
                 args=(lambda page: _clause(page, found.id, item.code),))  # fmt: skip
    st.text_area(t("In words (needed)"), key=note, height=68, max_chars=500, on_change=do,
                 args=(lambda page: _kept(page, found.id, item.code),))  # fmt: skip
    st.number_input(t("How many times"), 1, MOST_COUNT, key=count, on_change=do,
                    args=(lambda page: _kept(page, found.id, item.code),))  # fmt: skip


def _photographs(found: Draft, item: SheetItem) -> None:
    key = _key(found.id, item.code, f"photographs_{st.session_state.setdefault(TURN, 0)}")
    st.file_uploader(t("Photographs"), type=["jpg", "jpeg", "png"], key=key, accept_multiple_files=True,
                     label_visibility="collapsed", max_upload_size=MAX_BYTES // 1_000_000,
                     on_change=do, args=(lambda page: _photographed(page, found.id, item.code, key),))  # fmt: skip
    page = here()
    for photograph in found.photographs:
        if photograph.item == item.code:
            show(view.draft_photograph(page.app.db, page.viewer, photograph, page.now))
            st.button(t("Remove this photograph"), key=f"inspect_drop_{photograph.id}", on_click=do,
                      args=(lambda page, number=photograph.id: _dropped(page, found.id, number),))  # fmt: skip


def _key(number: int, item: str, name: str) -> str:
    return f"inspect_{number}_{item}_{name}"


def _kept(page: Here, number: int, item: str) -> str:
    given = st.session_state
    result = given.get(_key(number, item, "result"))
    entry = None
    if result:
        entry = Entry(result, int(given.get(_key(number, item, "count")) or 1),
                      str(given.get(_key(number, item, "note")) or ""))  # fmt: skip
    save_entry(page.app.db, by=page.viewer, draft=number, item=item, entry=entry, sheet=page.rules.rulebook.sheet,
               at=page.app.now())  # fmt: skip
    return ""


def _clause(page: Here, number: int, item: str) -> str:
    """A canned clause is added to the words that are there."""
    clause, key = st.session_state.get(_key(number, item, "clause")), _key(number, item, "note")
    before = str(st.session_state.get(key) or "").strip()
    if clause and clause not in before:
        st.session_state[key] = f"{before}{t('; ') if before else ''}{clause}"
    return _kept(page, number, item)


def _in_order(page: Here, number: int, codes: list[str]) -> str:
    for code in codes:
        save_entry(page.app.db, by=page.viewer, draft=number, item=code, entry=Entry("ok", 1, ""),
                   sheet=page.rules.rulebook.sheet, at=page.app.now())  # fmt: skip
        st.session_state[_key(number, code, "result")] = "ok"
    return ""


def _photographed(page: Here, number: int, item: str, key: str) -> str:
    files = st.session_state.get(key) or []
    st.session_state[TURN] += 1
    for file in files:
        add_photograph(page.app.db, by=page.viewer, draft=number, item=item, content=file.getvalue(),
                       at=page.app.now())  # fmt: skip
    return t("Kept with the draft, without the place where it was taken.") if files else ""


def _dropped(page: Here, number: int, photograph: int) -> str:
    drop_photograph(page.app.db, by=page.viewer, draft=number, photograph=photograph, at=page.app.now())
    return t("The photograph is removed.")


# --- the end ----------------------------------------------------------------------------------------------------------


def ending(page: Here, found: Draft) -> None:
    """Sending the sheet, or deleting the draft; deleting asks first."""
    show(says(view.sends(found)))
    st.button(t("Send the sheet"), type="primary", width="stretch", disabled=not found.entries, on_click=do,
              args=(lambda page: _sent(page, found.id),))  # fmt: skip
    with st.expander(t("Delete this draft")):
        st.button(t("Delete it with its photographs"), on_click=do, args=(lambda page: _deleted(page, found.id),))


def _sent(page: Here, number: int) -> str:
    settings = page.app.settings
    root: Path = settings.path(settings.video.evidence_dir)
    found = draft(page.app.db, page.viewer, number)
    sheet = submit(page.app.db, by=page.viewer, draft=number, root=root, sheet=page.rules.rulebook.sheet,
                   at=page.app.now())  # fmt: skip
    st.query_params.pop("draft", None)
    if found.violations:
        return t("Sent as {number}. Its violations count from now on; look whether they were seen in other ways too.",
                 number=sheet)  # fmt: skip
    return t("Sent as {number}.", number=sheet)


def _deleted(page: Here, number: int) -> str:
    discard(page.app.db, by=page.viewer, draft=number, at=page.app.now())
    st.query_params.pop("draft", None)
    return t("The draft is deleted.")


def taking_back(sheets: Sequence[Submitted]) -> None:
    """A sheet that was sent wrongly: its violations stop counting, with a reason."""
    with st.expander(t("Take back a sheet that was sent wrongly")), st.form("inspect_back"):
        st.selectbox(t("Sheet"), [one.number for one in sheets], key="inspect_back_sheet", index=None,
                     placeholder=t("choose"))  # fmt: skip
        st.text_input(t("Why"), key="inspect_back_why")
        st.form_submit_button(t("Take it back"), on_click=do, args=(_taken_back,))


def _taken_back(page: Here) -> str:
    number = st.session_state.get("inspect_back_sheet")
    if not number:
        raise UsageError("Choose the sheet that was sent wrongly.")
    gone = withdraw(page.app.db, by=page.viewer, number=number, reason=typed("inspect_back_why"), at=page.app.now())
    return t("{number} is taken back: {n} violations count no more; the history keeps them.", number=number, n=gone)

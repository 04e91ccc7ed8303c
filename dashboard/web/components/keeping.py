"""What is kept of a decided sample (留存): a case to learn from, and the known answer for the blind review."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from checks.rulebook.model import Sheet
from dashboard.actions.keeping import drop_case, keep_case, mark_gold, unmark_gold
from dashboard.queries.judgements import gold_answers
from dashboard.rights import may
from dashboard.texts import t
from dashboard.web import books
from dashboard.web.components import deeds
from dashboard.web.components.deeds import typed
from dashboard.web.state import Here

KINDS = {"typical": "Typical breach", "highlight": "Highlight"}
"""Kinds of kept cases; msgids."""


def keeping(page: Here, found: Mapping[str, Any], sheet: Sheet) -> None:
    """The forms below a decided sample."""
    items = sorted({one["item_code"] for one in found["decisions"] if one["decision"] == "confirmed"})
    titles = {one.code: f"{one.code} {books.title(one)}" for one in sheet.items if one.code != "M03"}
    with st.expander(t("Keep as a case to learn from")), st.form("keep_case", border=False):
        left, right = st.columns(2)
        left.selectbox(t("Kind"), list(KINDS), key=_key(found, "kind"), format_func=lambda kind: t(KINDS[kind]))
        codes = [*items, *(code for code in titles if code not in items)]
        right.selectbox(t("Item"), codes, key=_key(found, "item"), format_func=lambda code: titles[code])
        st.text_input(t("What is to be learnt"), key=_key(found, "note"), max_chars=300)
        st.number_input(t("Second of the clip"), 0.0, key=_key(found, "second"), value=_second(found))
        st.form_submit_button(t("Keep"), on_click=deeds.do, args=(lambda here: _keep(here, found, sheet),))
    if may(page.viewer, "say what is right"):
        _gold(page, found, sheet, items, titles)


def _key(found: Mapping[str, Any], field: str) -> str:
    """Each sample has fields of its own: else the next one opened would be kept with the one before's answers."""
    return f"keeping_{found['sample']}_{field}"


def drop(case: int) -> None:
    """A button that shows a case no longer."""
    st.button(t("Show no longer"), key=f"drop_{case}", on_click=deeds.do, args=(lambda here: _drop(here, case),))


def _second(found: Mapping[str, Any]) -> float:
    return float(next((one["start"] for one in found["findings"] if one["start"] is not None), 0.0))


def _keep(here: Here, found: Mapping[str, Any], sheet: Sheet) -> str:
    camera = next((look["camera"] for look in found["looks"] if look["clip"]), None)
    keep_case(here.app.db, by=here.viewer, sample=found["sample"], kind=st.session_state[_key(found, "kind")],
              item=st.session_state[_key(found, "item")], note=typed(_key(found, "note")), camera=camera,
              second=float(st.session_state[_key(found, "second")]), sheet=sheet, at=here.app.now())  # fmt: skip
    return t("Kept: it stands on the page of cases.")


def _drop(here: Here, case: int) -> str:
    drop_case(here.app.db, by=here.viewer, case=case, at=here.app.now())
    return t("The case is shown no longer.")


def _gold(
    page: Here, found: Mapping[str, Any], sheet: Sheet, items: list[str], titles: Mapping[str, str]
) -> None:  # fmt: skip
    known = gold_answers(page.app.db, page.viewer, as_of=page.now).get(found["sample"])
    with st.expander(t("Known answer for the blind review")):
        if known is not None:
            said = t("violation") if known["decision"] == "violation" else t("no violation")
            st.write(t("Known to be right: {said}", said=f"{said} {', '.join(known['items'])}".strip()))
            st.button(t("Take the known answer back"), on_click=deeds.do, args=(lambda here: _unmark(here, found),))
            return
        with st.form("mark_gold", border=False):
            st.multiselect(t("Items that are broken (none: no violation)"), list(titles), items,
                           key=_key(found, "gold"), format_func=lambda code: titles[code])  # fmt: skip
            st.form_submit_button(t("This is right"), on_click=deeds.do, args=(lambda here: _mark(here, found, sheet),))


def _mark(here: Here, found: Mapping[str, Any], sheet: Sheet) -> str:
    items = list(st.session_state[_key(found, "gold")])
    mark_gold(here.app.db, by=here.viewer, sample=found["sample"], decision="violation" if items else "ok",
              items=items, sheet=sheet, at=here.app.now())  # fmt: skip
    return t("From now on it is given to reviewers who never judged it; their answers reach no score.")


def _unmark(here: Here, found: Mapping[str, Any]) -> str:
    unmark_gold(here.app.db, by=here.viewer, sample=found["sample"], at=here.app.now())
    return t("It is given to nobody any more.")

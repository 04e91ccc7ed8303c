"""Cases to learn from 典型案例: what does a breach look like, and what is done well?"""

from collections import Counter

import streamlit as st

from dashboard.queries.kept_cases import kept_cases
from dashboard.rights import may
from dashboard.texts import t
from dashboard.web import books
from dashboard.web.components import deeds
from dashboard.web.components.blocks import choice, heading, says, show, state
from dashboard.web.components.keeping import KINDS, drop
from dashboard.web.state import filter_value, here
from dashboard.web.views import kept_cases as view

page = here()
sheet = page.rules.rulebook.sheet
titles = {one.code: books.title(one) for one in sheet.items}
kind = filter_value("kind", tuple(KINDS))
item = filter_value("item", tuple(titles))
cases = kept_cases(page.app.db, page.viewer, as_of=page.now)
shown = [one for one in cases if kind in (None, one.kind) and item in (None, one.item)]


def link(where: str = "cases", /, **changes: object) -> str:
    kept = {"kind": kind, "item": item} if where == "cases" else {}
    return page.link(where, **{**kept, **changes})


show(heading(t("Cases to learn from"), t("What does a breach look like, and what is done well?")))
deeds.told()
if not cases:
    show(
        state(
            "empty", t("No case is kept yet."), t("Reviewers keep highlights and typical breaches of decided samples.")
        )
    )
    st.stop()
kinds, codes = Counter(one.kind for one in cases), Counter(one.item for one in cases if one.item)
show(
    choice(t("Kind"), [(t("all"), link(kind=None), kind is None), *(
        (f"{t(text)} {kinds[code]}", link(kind=code), kind == code) for code, text in KINDS.items())]),
    choice(t("Item"), [(t("all"), link(item=None), item is None), *(
        (f"{code} {n}", link(item=code), item == code) for code, n in sorted(codes.items()))]),
)  # fmt: skip
columns = st.columns(3)
for number, one in enumerate(shown):
    with columns[number % 3]:
        show(view.case(one, titles, page.tree, page.viewer.name, link))
        if one.hall in page.tree.offices and may(page.viewer, "decide about a sample"):
            drop(one.id)
show(says(t("Whose hall it was is told to those who may know. Pictures are blurred for everybody.")))

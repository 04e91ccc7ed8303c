"""Search 搜索: what is known of this number, name or word?"""

import streamlit as st

from dashboard.queries.search import PERSON
from dashboard.rights import may
from dashboard.texts import t
from dashboard.web.components import search as asking
from dashboard.web.components.blocks import heading, says, show, state
from dashboard.web.components.deeds import told
from dashboard.web.state import here
from dashboard.web.views import search as view

page = here()
show(heading(t("Search"), t("What is known of this number, name or word?")))
told()
with st.container(width=620):
    asking.field(may(page.viewer, PERSON))
found = asking.answer(page)
if found is None:
    told_of = t("Found are tickets, repairs, applications, cases, offices and disputes, as far as you may see them.")
    show(state("empty", t("Type a number, its beginning, the name of an office, or a word."), told_of))
else:
    if found.hits:
        for kind in view.kinds(found):
            show(view.listed(found, kind, page.tree, page.link))
    else:
        show(state("empty", t("Nothing was found in what you may see."),
                   t("That says nothing about what lies outside of it.")))  # fmt: skip
    show(says(view.left_out(found)))

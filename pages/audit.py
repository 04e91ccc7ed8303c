"""Audit 审计: who did what to which thing when, and does the chain hold it?"""

from datetime import date

import streamlit as st

from dashboard.actions.audit_export import export_trail
from dashboard.queries.audit import Wanted, trail
from dashboard.rights import may
from dashboard.texts import set_language, t
from dashboard.web.components.blocks import heading, says, section, show, state
from dashboard.web.signed_in import unended
from dashboard.web.state import filter_number, filter_value, here
from dashboard.web.views import audit as view
from dashboard.web.views.audit_words import VERBS

page = here()
question = t("Who did what to which thing when, and does the chain hold it?")
show(heading(t("Audit"), question))
if not may(page.viewer, "read the audit trail"):
    show(state("empty", t("The audit trail is read by auditors and administrators.")))
    st.stop()
FILTERS = ("who", "verb", "thing", "from", "until")


def day(name: str) -> date | None:
    """A day of the address; what is none counts as absent."""
    try:
        return date.fromisoformat(filter_value(name) or "")
    except ValueError:
        return None


def turn() -> None:
    """The fields become the address."""
    for name in FILTERS:
        value = st.session_state.get(f"audit_{name}")
        if value:
            st.query_params[name] = str(value)
        else:
            st.query_params.pop(name, None)
    st.query_params.pop("before", None)


def called(verb: str | None) -> str:
    """A deed of the choice: in words, then as it stands in the trail."""
    if verb is None:
        return t("every deed")
    return f"{t(VERBS[verb])} · {verb}" if verb in VERBS else verb


filters = {name: filter_value(name) for name in FILTERS}
wanted = Wanted(filters["who"], filters["verb"], filters["thing"], day("from"), day("until"))
before = filter_number("before", 0, least=0, most=1 << 53) or None
found = trail(page.app.db, page.viewer, wanted, before=before)
show(view.overview(found, page.now), view.strength(found))
columns = st.columns(5)
people, verbs = [None, *found.people], [None, *found.verbs]
columns[0].selectbox(t("Person"), people, people.index(wanted.person) if wanted.person in people else 0,
                     key="audit_who", format_func=lambda name: name or t("everybody"), on_change=turn)  # fmt: skip
columns[1].selectbox(t("Deed"), verbs, verbs.index(wanted.verb) if wanted.verb in verbs else 0,
                     key="audit_verb", format_func=called, on_change=turn)  # fmt: skip
columns[2].text_input(t("To what"), wanted.thing or "", key="audit_thing", on_change=turn)
columns[3].date_input(t("First day"), wanted.first, key="audit_from", on_change=turn)
columns[4].date_input(t("Last day"), wanted.last, key="audit_until", on_change=turn)
show(section(t("The trail"), t("newest first")))
if found.lines:
    show(view.lines(found, page.now), view.older(found, page.link, filters))
else:
    show(state("empty", t("No line fits.")))


def maker(kind):
    """Made when the button is pressed, and written into the trail first."""

    def make() -> bytes:
        set_language(page.strip.lang)
        by = unended(page.app, page.viewer)
        return export_trail(page.app.db, by=by, wanted=wanted, kind=kind, at=page.app.now()).content

    return make


show(section(t("Export of the trail"), t("the file's SHA-256 becomes a line of the trail")))
left, right = st.columns(2)
left.download_button(t("All these lines as csv"), data=maker("csv"), file_name="mingcha-audit.csv", mime="text/csv",
                     on_click="ignore")  # fmt: skip
right.download_button(t("All these lines as JSON, with the last signed head"), data=maker("json"),
                      file_name="mingcha-audit.json", mime="application/json", on_click="ignore")  # fmt: skip
show(says(t("Details hold nobody's telephone or identity number; what was typed is kept on one line.")))

"""Letters about a case (公文): those that were made, and the next one as a Word file."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from dashboard.actions.letters import MOST, require_template, write_letter
from dashboard.error_texts import said
from dashboard.errors import MingchaError
from dashboard.queries.letters import circulable, letters_of, writable
from dashboard.queries.violations import Story, Violation
from dashboard.texts import set_language, t
from dashboard.web import display
from dashboard.web.components.blocks import says, section, show
from dashboard.web.markup import Safe, tag
from dashboard.web.signed_in import unended
from dashboard.web.state import Here

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
TITLES = {
    "notice": "Rectification notice", "supervision": "Supervision letter", "circular": "Circular",
    "discipline": "Proposal of discipline",
}  # fmt: skip


def letters(page: Here, story: Story) -> None:
    """What was written about the case, and buttons for what may be written; nothing where there is neither."""
    made = letters_of(page.app.db, page.viewer, story)
    able = writable(page.app.db, page.viewer, story)
    if not made and not able:
        return
    show(section(t("Letters")))
    if made:
        show(
            tag(
                "ul",
                (
                    _line(t(TITLES[one.kind]), one.number, one.by, display.moment(one.at, page.app.now()))
                    for one in made
                ),
            )
        )
    with st.container(horizontal=True):
        for kind in _ready(page, able):
            st.download_button(
                t("Write: {letter}", letter=t(TITLES[kind])), data=_maker(page, kind, [story.violation.number]),
                file_name=f"{t(TITLES[kind])}-{story.violation.number}.docx", mime=DOCX, icon=":material/description:",
                key=f"letter_{kind}", on_click="ignore",
            )  # fmt: skip


def circular(page: Here, found: Sequence[Violation], called: Callable[[str], str]) -> None:
    """One letter that makes several cases known to all offices (通报); nothing where there is none to tell of."""
    numbers = circulable(page.app.db, page.viewer, found)
    if not numbers:
        return
    with st.expander(t("Circular about several")):
        chosen = st.multiselect(t("Cases to make known"), numbers, key="circular_chosen", max_selections=MOST,
                                placeholder=t("choose"), format_func=called)  # fmt: skip
        if chosen and _ready(page, ["circular"]):
            st.download_button(
                t("Write: {letter}", letter=t(TITLES["circular"])), data=_maker(page, "circular", chosen),
                file_name=f"circular-{chosen[0]}.docx", mime=DOCX, icon=":material/description:",
                key="letter_circular_several", on_click="ignore",
            )  # fmt: skip


def _ready(page: Here, kinds: Sequence[str]) -> list[str]:
    """Kinds whose template can be filled in; of the others it is said why not, for a download cannot say it."""
    ready = []
    for kind in kinds:
        try:
            require_template(page.app.settings, kind)
        except MingchaError as error:
            show(says(said(error)))
        else:
            ready.append(kind)
    return ready


def _line(*parts: str) -> Safe:
    return tag("li", " · ".join(parts))


def _maker(page: Here, kind: str, numbers: Sequence[str]) -> Callable[[], bytes]:
    def make() -> bytes:
        set_language(page.strip.lang)
        return write_letter(page.app, by=unended(page.app, page.viewer), kind=kind, numbers=numbers).content

    return make

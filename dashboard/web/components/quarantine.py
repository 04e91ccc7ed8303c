"""What a person does about quarantined rows (隔离处理): name an office, put a row right, set aside, take in again.

Every deed is an action; what it says, and what it refuses, is shown once at the top of the next run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from dashboard.actions.quarantine import Chosen, dismiss, map_office, reopen, repair_row, replay
from dashboard.error_texts import said
from dashboard.errors import MingchaError
from dashboard.intake.collecting import given_by
from dashboard.intake.replaying import ReplayReport
from dashboard.queries.quarantine import QuarantinedRow, quarantine_counts, suggested_offices
from dashboard.rights import may
from dashboard.texts import t
from dashboard.web import wiring
from dashboard.web.components.blocks import go, says, section, show, state
from dashboard.web.markup import tag
from dashboard.web.state import Here, here
from dashboard.web.views import names
from dashboard.web.views import quarantine as view

DONE, PROBLEM = "quarantine_done", "quarantine_problem"
"""Session keys: what was done just now, with an address to see it; why it was refused."""
NAMES = 10


def told() -> None:
    """What the last click did."""
    done = st.session_state.pop(DONE, None)
    problem = st.session_state.pop(PROBLEM, None)
    if done:
        sentence, address = done
        show(tag("p", sentence, " ", go(address, t("To the records")) if address else None, role="status"))
        if address:
            show(says(t("Records and figures show what was taken in as soon as it is judged.")))
    if problem:
        show(state("failed", t("Nothing was changed."), problem))


def _do(deed: Callable[[Here], tuple[str, str | None]]) -> None:
    page = here()
    try:
        st.session_state[DONE] = deed(page)
    except MingchaError as error:
        st.session_state[PROBLEM] = said(error)
    wiring.stale()


def offices(page: Here, unknown: Mapping[str, int]) -> None:
    """Each unknown name with the offices most like it; one click says which is meant and takes the rows in."""
    keeper = may(page.viewer, "correct a quarantined row")
    for named, n in list(unknown.items())[:NAMES]:
        show(view.waiting(named, n))
        likely = suggested_offices(page.app.db, page.viewer, named)
        if not likely:
            show(says(t("No office is like it.")))
        for code, name, score in likely if keeper else ():
            label = t("It means {office} {code} (alike {score})", office=name, code=code, score=score)
            st.button(label, key=f"quarantine_map_{named}_{code}", on_click=_map, args=(named, code, name))
        if likely and not keeper:
            show(says(t("Most like it: {names}", names=t(", ").join(f"{name} {code}" for code, name, _ in likely))))
    if len(unknown) > NAMES:
        show(says(t("and {n} more names", n=len(unknown) - NAMES)))


def _map(named: str, code: str, name: str) -> None:
    def deed(page: Here) -> tuple[str, str | None]:
        report = map_office(page.app.db, by=page.viewer, named=named, code=code, at=page.app.now(),
                            given=given_by(page.app.settings))  # fmt: skip
        left = quarantine_counts(page.app.db, page.viewer).to_dicts()
        n = sum(row["rows"] for row in left if row["office_named"] == named and row["reason"] == view.UNKNOWN_OFFICE)
        said = t("“{named}” now means {office}; {n} rows left for that name.", named=named, office=name, n=n)
        return f"{said} {_counted(report)}", page.link("records", office=code)

    _do(deed)


def _counted(report: ReplayReport) -> str:
    stored = report.rows - report.refused
    return t("{stored} taken in, {refused} still refused.", stored=stored, refused=report.refused)


def take_in(page: Here, chosen: Chosen) -> None:
    """All rows of the chosen line once more, as their sources are read today."""
    if may(page.viewer, "take in quarantined rows"):
        st.button(t("Take these rows in again"), key="quarantine_replay", on_click=_replay, args=(chosen,))


def _replay(chosen: Chosen) -> None:
    def deed(page: Here) -> tuple[str, str | None]:
        report = replay(page.app.db, by=page.viewer, chosen=chosen, at=page.app.now(),
                        given=given_by(page.app.settings))  # fmt: skip
        return _counted(report), None

    _do(deed)


def one_row(page: Here, found: QuarantinedRow) -> None:
    """The cells, editable for who keeps the data while the row waits; then its story."""
    row, keeper = found.row, may(page.viewer, "correct a quarantined row")
    show(view.about(found, page.now, page.link), view.cells(found))
    if keeper and row["state"] == "open":
        _repair(found)
        _set_aside(row["id"])
    if may(page.viewer, "take in quarantined rows") and row["state"] == "open":
        st.button(t("Take in again as it is"), key=f"quarantine_again_{row['id']}", on_click=_replay,
                  args=(Chosen(ids=(row["id"],)),))  # fmt: skip
    if keeper and row["state"] == "dismissed":
        st.button(t("Put back into quarantine"), key=f"quarantine_reopen_{row['id']}", on_click=_reopen,
                  args=(row["id"],))  # fmt: skip
    show(section(t("What was done")))
    show(view.story(found.story, page.now) if found.story else says(t("Nothing has been done about this row yet.")))


def _fields(found: QuarantinedRow) -> Mapping[str, str]:
    """Column or header that may be put right → its text now; the faulty column too where the file has none."""
    faulty = found.row["column_name"]
    heads = [name for name in found.cells if name in found.columns]
    heads += [faulty] if faulty in found.columns and faulty not in heads else []
    return {name: found.corrections.get(name, found.cells.get(name) or "") for name in heads}


def _repair(found: QuarantinedRow) -> None:
    number, now = found.row["id"], _fields(found)
    with st.form(f"quarantine_form_{number}"):
        cells = st.columns(3)
        for index, (name, text) in enumerate(now.items()):
            said = names.column(name)
            label = said if name in found.cells else t("{column}, whatever the file says", column=said)
            with cells[index % 3]:
                st.text_input(label, text, key=_key(number, index))
        st.form_submit_button(t("Put right and take in"), type="primary", on_click=_repaired, args=(number, now))


def _key(number: int, index: int) -> str:
    return f"quarantine_cell_{number}_{index}"


def _repaired(number: int, before: Mapping[str, str]) -> None:
    now = {name: st.session_state.get(_key(number, index), text) for index, (name, text) in enumerate(before.items())}
    changed = {name: text for name, text in now.items() if text != before[name]}

    def deed(page: Here) -> tuple[str, str | None]:
        if not changed:
            raise MingchaError(t("No value was changed."))
        report = repair_row(page.app.db, by=page.viewer, quarantine_id=number, values=changed, at=page.app.now(),
                            given=given_by(page.app.settings))  # fmt: skip
        return _counted(report), None

    _do(deed)


def _set_aside(number: int) -> None:
    with st.form(f"quarantine_aside_{number}"):
        st.text_input(t("Why nothing is lost without this row"), key=f"quarantine_why_{number}")
        st.form_submit_button(t("Set aside"), on_click=_dismissed, args=(number,))


def _dismissed(number: int) -> None:
    def deed(page: Here) -> tuple[str, str | None]:
        why = st.session_state.get(f"quarantine_why_{number}", "")
        n = dismiss(page.app.db, by=page.viewer, chosen=_ids([number]), why=why, at=page.app.now())
        return t("{n} rows set aside.", n=n), None

    _do(deed)


def _reopen(number: int) -> None:
    def deed(page: Here) -> tuple[str, str | None]:
        n = reopen(page.app.db, by=page.viewer, chosen=_ids([number]), at=page.app.now())
        return t("{n} rows put back.", n=n), None

    _do(deed)


def _ids(numbers: Sequence[int]) -> Chosen:
    return Chosen(ids=tuple(numbers))

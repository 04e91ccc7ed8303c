"""Forms that change offices (单位变更): first what it would do, then the deed; each holds from a day on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

import streamlit as st

from checks.office_history import LEVEL_NAMES, Adjust, Change, Close, Merge, Move, Open, Part, Rename, Split, Version
from dashboard.actions.aliases import add_alias, withdraw_alias
from dashboard.actions.offices import change_offices, preview_change, take_back
from dashboard.error_texts import said
from dashboard.errors import MingchaError, UsageError
from dashboard.queries.office_history import Alias, Deed
from dashboard.texts import t
from dashboard.web import wiring
from dashboard.web.components.blocks import says, section, show, state, word
from dashboard.web.markup import tag
from dashboard.web.state import Here, here
from dashboard.web.views import offices as view
from dashboard.web.views.office import LEVELS

DONE, PROBLEM, ASKED = "offices_done", "offices_problem", "offices_asked"
"""Session keys: what was done, why it was refused, and the change that waits for its confirmation."""
FORMS = {
    "rename": "Rename", "move": "Move", "merge": "Merge", "split": "Split", "close": "Close", "open": "Open a new one",
    "adjust": "Area, customers, peer group", "alias": "Alias",
}  # fmt: skip
KEEP = "—"


def told() -> None:
    """What the last click did, below the form; a toast where the page was scrolled elsewhere."""
    done, problem = st.session_state.pop(DONE, None), st.session_state.pop(PROBLEM, None)
    if done:
        st.toast(done)
        show(tag("p", word(t("done"), "fine"), " ", done, role="status"))
    if problem:
        show(state("failed", t("Nothing was changed."), problem))


def _do(deed: Callable[[Here], str]) -> None:
    page = here()
    try:
        st.session_state[DONE] = deed(page)
    except MingchaError as error:
        st.session_state[PROBLEM] = said(error)
    wiring.stale()


def waiting(page: Here, named: view.Named) -> None:
    """The change that was asked for, with what it would do; confirmed or given up here."""
    asked = st.session_state.get(ASKED)
    if asked is None:
        return
    change, why = asked
    try:
        found = preview_change(page.app.db, by=page.viewer, change=change)
    except MingchaError as error:
        del st.session_state[ASKED]
        show(state("failed", t("This change cannot be made."), said(error)))
        return
    show(section(t("What it would do"), t("nothing is written yet")), view.effects(found, named))
    show(says(t("A record counts for the office it names, on its own day: nothing before {day} changes.",
                day=change.day)))  # fmt: skip
    left, right = st.columns([1, 5])
    left.button(t("Confirm"), key="offices_confirm", type="primary", on_click=_confirm,
                args=(change, why, found.digest))  # fmt: skip
    right.button(t("Give up"), key="offices_give_up", on_click=_give_up)


def _confirm(change: Change, why: str, digest: str) -> None:
    def deed(page: Here) -> str:
        done = change_offices(page.app.db, by=page.viewer, change=change, why=why, at=page.app.now(), seen=digest)
        said = t("Done: {n} versions written (change {batch}).", n=done.versions, batch=done.batch)
        kept = [t("'{name}' means another office on some of these days and is not kept as an alias.", name=name)
                for name in done.refused_names]  # fmt: skip
        return " ".join([said, *kept])

    _do(deed)
    st.session_state.pop(ASKED, None)


def _give_up() -> None:
    st.session_state.pop(ASKED, None)


def form(kind: str, office: Version | None, offices: Mapping[str, Version], today: date) -> None:
    """The form of one kind of change about the chosen office."""
    if office is None and kind not in ("open", "merge"):
        show(says(t("Choose an office in the tree first.")))
        return
    code = office.code if office else ""
    scope = f"{kind}_{code}"
    with st.form(f"offices_{scope}"):
        _FIELDS[kind](scope, office, offices)
        if kind != "alias":
            st.date_input(t("From (first day on which it holds)"), today, key=_key(scope, "day"), format="YYYY-MM-DD",
                          min_value=date(1990, 1, 1), max_value=date(2100, 12, 31))  # fmt: skip
            st.text_input(t("Why (document, decision)"), key=_key(scope, "why"))
            st.form_submit_button(t("Preview"), type="primary", on_click=_ask, args=(kind, code))
        else:
            st.form_submit_button(t("Add the alias"), type="primary", on_click=_add_alias, args=(code,))


def _key(scope: str, name: str) -> str:
    return f"offices_{scope}_{name}"


def _said(scope: str, name: str) -> str:
    return str(st.session_state.get(_key(scope, name)) or "").strip()


def _choose(scope: str, name: str, label: str, offices: Mapping[str, Version], *, optional: bool = False) -> None:
    options = ([""] if optional else []) + list(offices)
    st.selectbox(label, options, key=_key(scope, name),
                 format_func=lambda code: f"{offices[code].name} {code}" if code else KEEP)  # fmt: skip


def _rename_fields(scope: str, office: Version | None, _offices: Mapping[str, Version]) -> None:
    st.text_input(t("New name"), office.name if office else "", key=_key(scope, "name"))


def _move_fields(scope: str, office: Version | None, offices: Mapping[str, Version]) -> None:
    _choose(scope, "parent", t("Office above from then on"), _above(office, offices))


def _above(office: Version | None, offices: Mapping[str, Version]) -> dict[str, Version]:
    """Offices of a level above, the present one last: it is no move."""
    higher = LEVEL_NAMES[: LEVEL_NAMES.index(office.level) if office else -1]
    present = office.parent_code if office else None
    found = [one for one in offices.values() if one.level in higher]
    return {one.code: one for one in sorted(found, key=lambda one: one.code == present)}


def _merge_fields(scope: str, office: Version | None, offices: Mapping[str, Version]) -> None:
    same = {code: one for code, one in offices.items() if office is None or one.level == office.level}
    st.multiselect(t("Offices that end"), list(same), [office.code] if office else [], key=_key(scope, "codes"),
                   format_func=lambda code: f"{same[code].name} {code}")  # fmt: skip
    going_on = {code: one for code, one in same.items() if office is None or code != office.code}
    _choose(scope, "into", t("Office that goes on"), going_on, optional=True)
    left, right = st.columns(2)
    left.text_input(t("Or the code of a new one"), key=_key(scope, "new"))
    right.text_input(t("Its name (empty: unchanged)"), key=_key(scope, "name"))
    st.text_input(t("Its customers (empty: the sum)"), key=_key(scope, "customers"))


def _split_fields(scope: str, office: Version | None, offices: Mapping[str, Version]) -> None:
    assert office is not None
    st.text_area(t("Parts, one per line: code, name, customers; with its own code it goes on"),
                 f"{office.code}, {office.name}, {office.customers or ''}\n", key=_key(scope, "parts"))  # fmt: skip
    below = [one for one in offices.values() if one.parent_code == office.code]
    if below:
        lines = "\n".join(f"{one.code} = {office.code}" for one in below)
        names = t(", ").join(f"{one.code} {one.name}" for one in below)
        st.text_area(t("Where the offices below go, one per line: office = part"), lines, key=_key(scope, "children"),
                     help=names)  # fmt: skip


def _close_fields(_scope: str, office: Version | None, _offices: Mapping[str, Version]) -> None:
    show(says(t("{name} has no row from that day on; what it did before stays.", name=office.name if office else "")))


def _open_fields(scope: str, office: Version | None, offices: Mapping[str, Version]) -> None:
    left, middle, right = st.columns(3)
    left.text_input(t("Code"), key=_key(scope, "code"))
    middle.text_input(t("Name"), key=_key(scope, "name"))
    right.selectbox(t("Level"), list(LEVELS)[::-1], 1, key=_key(scope, "level"), format_func=lambda one: t(LEVELS[one]))
    above = _above(None, offices)
    first = [office.code] if office and office.code in above else []
    ordered = {code: above[code] for code in [*first, *(code for code in above if code not in first)]}
    _choose(scope, "parent", t("Office above"), ordered, optional=True)
    _values(scope, None)


def _adjust_fields(scope: str, office: Version | None, _offices: Mapping[str, Version]) -> None:
    _values(scope, office)


def _values(scope: str, office: Version | None) -> None:
    left, middle, right = st.columns(3)
    areas = ["", *view.AREAS]
    left.selectbox(t("Area class"), areas, areas.index(office.area or "") if office else 0, key=_key(scope, "area"),
                   format_func=lambda one: t(view.AREAS[one]) if one else KEEP)  # fmt: skip
    middle.text_input(t("Peer group"), office.peer_group or "" if office else "", key=_key(scope, "peer_group"))
    customers = str(office.customers) if office and office.customers is not None else ""
    right.text_input(t("Customers"), customers, key=_key(scope, "customers"))


def _alias_fields(scope: str, office: Version | None, _offices: Mapping[str, Version]) -> None:
    st.text_input(t("Name as exports write it"), key=_key(scope, "name"))
    left, right = st.columns(2)
    first, last = date(1990, 1, 1), date(2100, 12, 31)
    left.date_input(t("From (empty: always)"), None, first, last, key=_key(scope, "from"), format="YYYY-MM-DD")
    right.date_input(t("To (empty: open)"), None, first, last, key=_key(scope, "to"), format="YYYY-MM-DD")
    show(says(t("Rows that wait in quarantine for this name can be taken in again on the Quarantine page.")))


_FIELDS: dict[str, Callable[[str, Version | None, Mapping[str, Version]], None]] = {
    "rename": _rename_fields, "move": _move_fields, "merge": _merge_fields, "split": _split_fields,
    "close": _close_fields, "open": _open_fields, "adjust": _adjust_fields, "alias": _alias_fields,
}  # fmt: skip


# --- from the fields to the deed --------------------------------------------------------------------------------------


def _ask(kind: str, code: str) -> None:
    """Keep the change as it was asked for; the next run shows what it would do."""
    here()
    scope = f"{kind}_{code}"
    day = st.session_state[_key(scope, "day")]
    try:
        if not _said(scope, "why"):
            raise UsageError("A change of offices needs a reason: name the document or the decision.")
        st.session_state[ASKED] = (_MAKERS[kind](scope, day, code), _said(scope, "why"))
    except MingchaError as error:
        st.session_state.pop(ASKED, None)
        st.session_state[PROBLEM] = said(error)


def _merge_of(scope: str, day: date, _code: str) -> Change:
    into = _said(scope, "new") or _said(scope, "into")
    codes = tuple(st.session_state.get(_key(scope, "codes")) or ())
    return Merge(day, codes, into, _said(scope, "name") or None, _number(_said(scope, "customers")))


def _split_of(scope: str, day: date, code: str) -> Change:
    parts = []
    for line in _said(scope, "parts").splitlines():
        cells = [cell.strip() for cell in line.replace("，", ",").split(",")]
        if any(cells):
            part_code, name, customers = [*cells, "", ""][:3]
            parts.append(Part(part_code, name, _number(customers)))
    pairs = (line.partition("=") for line in _said(scope, "children").splitlines())
    children = {child.strip(): part.strip() for child, _, part in pairs if child.strip() and part.strip()}
    return Split(day, code, tuple(parts), children)


def _open_of(scope: str, day: date, _code: str) -> Change:
    return Open(
        day, _said(scope, "code"), _said(scope, "name"), _said(scope, "level"), _said(scope, "parent") or None,
        _said(scope, "area") or None, _said(scope, "peer_group") or None, _number(_said(scope, "customers")),
    )  # fmt: skip


def _adjust_of(scope: str, day: date, code: str) -> Change:
    values = {name: _said(scope, name) or None for name in ("area", "peer_group")}
    return Adjust(day, code, {**values, "customers": _number(_said(scope, "customers"))})


_MAKERS: dict[str, Callable[[str, date, str], Change]] = {
    "rename": lambda scope, day, code: Rename(day, code, _said(scope, "name")),
    "move": lambda scope, day, code: Move(day, code, _said(scope, "parent")),
    "close": lambda scope, day, code: Close(day, code),
    "merge": _merge_of, "split": _split_of, "open": _open_of, "adjust": _adjust_of,
}  # fmt: skip


def _number(text: str) -> int | None:
    plain = text.replace(",", "").replace(" ", "")
    if not plain:
        return None
    if not (plain.isascii() and plain.isdigit()):
        raise UsageError(f"'{text}' is no number of customers.")
    return int(plain)


def _add_alias(code: str) -> None:
    def deed(page: Here) -> str:
        first, last = (st.session_state[_key(f"alias_{code}", name)] for name in ("from", "to"))
        name = _said(f"alias_{code}", "name")
        add_alias(page.app.db, by=page.viewer, code=code, name=name, at=page.app.now(), valid_from=first,
                  valid_to=last)  # fmt: skip
        return t("'{name}' means {code} now.", name=name, code=code)

    _do(deed)


def withdrawing(found: Sequence[Alias]) -> None:
    """One alias taken back; what was stored by it stays."""
    if not found:
        return
    names = {one.id: one.name for one in found}
    with st.form("offices_withdraw"):
        st.selectbox(t("Alias to withdraw"), list(names), key="offices_alias", format_func=lambda one: names[one])
        st.form_submit_button(t("Withdraw the alias"), on_click=_withdraw)


def _withdraw() -> None:
    def deed(page: Here) -> str:
        withdraw_alias(page.app.db, by=page.viewer, alias_id=st.session_state["offices_alias"], at=page.app.now())
        return t("The alias is withdrawn; what was stored by it stays.")

    _do(deed)


def taking_back(found: Sequence[Deed]) -> None:
    """A mistaken change is put right by another one; both stay in the list."""
    standing = [deed for deed in found if not deed.taken_back and deed.kind != "take_back"]
    if not standing:
        return
    names = {deed.batch: f"{deed.batch} · {t(view.DEEDS[deed.kind])} · {deed.day} · {deed.why}" for deed in standing}
    with st.form("offices_back"):
        st.selectbox(t("Change to take back"), list(names), key="offices_batch", format_func=lambda one: names[one])
        st.text_input(t("Why it was a mistake"), key="offices_back_why")
        st.form_submit_button(t("Take the change back"), on_click=_take_back)


def _take_back() -> None:
    def deed(page: Here) -> str:
        batch, why = st.session_state["offices_batch"], st.session_state.get("offices_back_why", "")
        done = take_back(page.app.db, by=page.viewer, batch=batch, why=why, at=page.app.now())
        return t("Change {batch} is taken back by change {new}.", batch=batch, new=done.batch)

    _do(deed)

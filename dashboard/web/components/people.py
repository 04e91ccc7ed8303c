"""What an administrator does with accounts (账号管理): links, roles, offices by day, shutting and opening."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlsplit

import streamlit as st

from dashboard.accounts import managing
from dashboard.accounts.listing import Account
from dashboard.instants import to_micros
from dashboard.people import same_person
from dashboard.settings import ROLES
from dashboard.texts import t
from dashboard.web.components.blocks import says, section, show
from dashboard.web.components.deeds import do, typed
from dashboard.web.frame import ROLE_NAMES
from dashboard.web.state import Here
from dashboard.web.views.people import office_name


def _key(account: int, field: str) -> str:
    """Each account has fields of its own: else the next one opened would show, and keep, the one before's choices."""
    return f"people_{account}_{field}"


def changing(page: Here, one: Account) -> None:
    """Everything that may be changed about somebody else; of one's own account only the link."""
    st.button(t("Make a one-time link"), key="people_link", type="primary", on_click=_link, args=(one.name,),
              disabled=not one.active)  # fmt: skip
    if same_person(page.viewer, one.name, to_micros(page.app.now())):
        show(says(t("This is you: another administrator changes your role and offices.")))
        return
    left, right = st.columns(2)
    with left, st.form("people_standing"):
        st.selectbox(t("Role"), ROLES, ROLES.index(one.role), key=_key(one.id, "role"), format_func=_role)
        codes = [None, *page.tree.offices]
        st.selectbox(t("Works at"), codes, codes.index(one.works_at) if one.works_at in codes else 0,
                     key=_key(one.id, "works_at"), format_func=lambda code: _place(page, code))  # fmt: skip
        st.form_submit_button(t("Keep role and workplace"), on_click=_stand, args=(one.id, one.name))
    with right, st.form("people_grant"):
        st.selectbox(t("Office, with all below it"), [*page.tree.offices, "*"], key=_key(one.id, "office"),
                     format_func=lambda code: office_name(page.tree, code))  # fmt: skip
        st.date_input(t("First day"), key=_key(one.id, "from"))
        st.date_input(t("Last day, if any"), None, key=_key(one.id, "until"))
        st.form_submit_button(t("Let them see it"), on_click=_grant, args=(one.id, one.name))
    _binding(page, one)
    open_ones = [held for held in one.grants if held.state in ("holds", "later")]
    columns = st.columns(3)
    if open_ones:
        columns[0].selectbox(t("Grant"), open_ones, key=_key(one.id, "grant"),
                             format_func=lambda held: f"{held.id} · {office_name(page.tree, held.office)}")  # fmt: skip
        columns[0].button(t("Revoke the grant"), key="people_revoke", on_click=_revoke, args=(one.id,))
    columns[1].button(t("End all sign-ins"), key="people_end", on_click=_end, args=(one.name,))
    words = t("Shut the account") if one.active else t("Open the account again")
    columns[2].button(words, key="people_shut", on_click=_shut, args=(one.name, one.active))


def _binding(page: Here, one: Account) -> None:
    """By which subject of the company's provider somebody may sign in, where there is a provider."""
    if page.app.settings.access.oidc is None:
        return
    with st.form("people_bind"):
        st.text_input(t("Subject (sub) at the company's provider"), key=_key(one.id, "subject"),
                      placeholder=t("bound") if one.bound else t("not bound"))  # fmt: skip
        st.form_submit_button(t("Bind, or with an empty field unbind"), on_click=_bind, args=(one.id, one.name))


def adding(page: Here) -> None:
    """A new account; the link is made afterwards."""
    show(section(t("A new account"), t("without a password: a one-time link opens it")))
    with st.form("people_new", clear_on_submit=False):
        left, right = st.columns(2)
        left.text_input(t("Name, as it will stand beside every deed"), key="people_new_name")
        right.selectbox(t("Role"), ROLES, key="people_new_role", format_func=_role)
        left.multiselect(t("Offices, each with all below it"), [*page.tree.offices, "*"], key="people_new_offices",
                         placeholder=t("choose"), format_func=lambda code: office_name(page.tree, code))  # fmt: skip
        right.selectbox(t("Works at"), [None, *page.tree.offices], key="people_new_works_at",
                        format_func=lambda code: _place(page, code))  # fmt: skip
        st.form_submit_button(t("Make the account"), on_click=_add)


def _place(page: Here, code: str | None) -> str:
    return t("nowhere named") if code is None else page.tree.name(code)


def _role(role: str) -> str:
    return t(ROLE_NAMES[role])


def _link(name: str) -> None:
    def done(page: Here) -> str:
        settings = page.app.settings
        code = managing.link(page.app.db, settings.access, by=page.viewer, name=name, at=page.app.now())
        parts = urlsplit(st.context.url or "")
        place = f"{parts.scheme}://{parts.netloc}" if parts.netloc else settings.web.place()
        return t("One-time link for {name}, shown only now: {address}", name=name, address=f"{place}/enter?code={code}")

    do(done)


def _bind(account: int, name: str) -> None:
    def done(page: Here) -> str:
        db, by, now, provider = page.app.db, page.viewer, page.app.now(), page.app.settings.access.oidc
        subject = typed(_key(account, "subject"))
        if subject and provider is not None:
            managing.bind(db, by=by, name=name, issuer=provider.issuer, subject=subject, at=now)
        else:
            managing.unbind(db, by=by, name=name, at=now)
        return t("{name}: kept.", name=name)

    do(done)


def _stand(account: int, name: str) -> None:
    def done(page: Here) -> str:
        held: Any = st.session_state
        db, by, now = page.app.db, page.viewer, page.app.now()
        managing.set_role(db, by=by, name=name, role=held[_key(account, "role")], at=now)
        managing.set_works_at(db, by=by, name=name, office=held[_key(account, "works_at")], at=now)
        return t("{name}: kept.", name=name)

    do(done)


def _grant(account: int, name: str) -> None:
    def done(page: Here) -> str:
        held: Any = st.session_state
        managing.grant(page.app.db, by=page.viewer, name=name, office=held[_key(account, "office")],
                       from_day=_day(held[_key(account, "from")]), until_day=_day(held[_key(account, "until")]),
                       at=page.app.now())  # fmt: skip
        return t("{name}: kept.", name=name)

    do(done)


def _day(chosen: date | None) -> str | None:
    return None if chosen is None else chosen.isoformat()


def _revoke(account: int) -> None:
    def done(page: Here) -> str:
        held = st.session_state[_key(account, "grant")]
        managing.revoke(page.app.db, by=page.viewer, grant=held.id, at=page.app.now())
        return t("Grant {n} is revoked.", n=held.id)

    do(done)


def _end(name: str) -> None:
    def done(page: Here) -> str:
        managing.end_sessions(page.app.db, by=page.viewer, name=name, at=page.app.now())
        return t("{name}: kept.", name=name)

    do(done)


def _shut(name: str, active: bool) -> None:
    def done(page: Here) -> str:
        deed = managing.deactivate if active else managing.activate
        deed(page.app.db, by=page.viewer, name=name, at=page.app.now())
        return t("{name}: kept.", name=name)

    do(done)


def _add() -> None:
    def done(page: Here) -> str:
        held, name = st.session_state, typed("people_new_name")
        managing.add(page.app.db, by=page.viewer, name=name, role=held["people_new_role"],
                     offices=held["people_new_offices"], works_at=held["people_new_works_at"],
                     at=page.app.now())  # fmt: skip
        return t("The account of {name} is made; open it and make a one-time link.", name=name)

    do(done)

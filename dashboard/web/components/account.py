"""What one does with one's own account (我的账号): ways to be reached, sign-ins, tokens, and who acts for oneself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from dashboard.accounts import delegating, managing, persons, sessions
from dashboard.accounts.delegating import Delegation
from dashboard.accounts.listing import Account
from dashboard.accounts.sessions import Session
from dashboard.accounts.tokens import Token, end_token
from dashboard.texts import t
from dashboard.web import display
from dashboard.web.components.blocks import says, show
from dashboard.web.components.deeds import do, typed
from dashboard.web.state import Here
from dashboard.web.views import people as view


def contact(own: Account) -> None:
    """One line per channel."""
    with st.form("account_contact"):
        lines = "\n".join(f"{channel} = {address}" for channel, address in own.contact.items())
        st.text_area(t("How you are reached, one line each: channel = address"), lines, key="account_contact_lines",
                     placeholder="mail = name@example.com", height=80)  # fmt: skip
        st.form_submit_button(t("Keep it"), on_click=_contact)


def _contact() -> None:
    def done(page: Here) -> str:
        pairs = [line.partition("=") for line in typed("account_contact_lines").splitlines() if line.strip()]
        given = {channel.strip(): address for channel, _, address in pairs}
        managing.set_contact(page.app.db, by=page.viewer, name=page.viewer.name, contact=given, at=page.app.now())
        return t("Kept.")

    do(done)


def sign_ins(found: Sequence[Session], present: int, now: datetime) -> None:
    for one in found:
        left, right = st.columns([4, 1], vertical_alignment="center")
        here = f" · {t('this one')}" if one.id == present else ""
        told = f"{display.moment(one.began_at, now)} · {view.browser(one.agent) or t('unknown browser')}{here}"
        left.text(told)
        right.button(t("End it"), key=f"account_session_{one.id}", on_click=_end, args=(one.id,))


def _end(session: int) -> None:
    def done(page: Here) -> str:
        sessions.end_own(page.app.db, by=page.viewer, session=session, at=page.app.now())
        return t("That sign-in has ended.")

    do(done)


def tokens(found: Sequence[Token], now: datetime) -> None:
    if not found:
        show(says(t("None. Make one on the command line: mingcha token NAME asks for your password.")))
    for one in found:
        left, right = st.columns([4, 1], vertical_alignment="center")
        seen = display.moment(one.seen_at, now) if one.seen_at else t("never")
        left.text(t("Token {n}: made {made}, holds until {end}, last used {seen}", n=one.id, seen=seen,
                    made=display.moment(one.made_at, now), end=display.moment(one.expires_at, now)))  # fmt: skip
        right.button(t("End it"), key=f"account_token_{one.id}", on_click=_end_token, args=(one.id,))


def _end_token(token: int) -> None:
    def done(page: Here) -> str:
        end_token(page.app.db, by=page.viewer, token=token, at=page.app.now())
        return t("Token {n} has ended.", n=token)

    do(done)


def lending(page: Here, own: Account, found: Sequence[Delegation]) -> None:
    """Who acts for me and for whom I act, with a form to lend."""
    running = [one for one in found if not one.ended and own.name in (one.person, one.delegate)]
    if running:
        show(view.delegations(running))
        left, right = st.columns([4, 1], vertical_alignment="bottom")
        left.selectbox(t("Delegation"), running, key="account_delegation", label_visibility="collapsed",
                       format_func=lambda one: f"{one.person} → {one.delegate}")  # fmt: skip
        right.button(t("End it"), key="account_delegation_end", on_click=_take_back)
    others = [one.name for one in persons.people_of(page.app.db, page.app.settings, at=page.app.now())
              if one.active and one.name != own.name]  # fmt: skip
    if page.viewer.acting_for is not None or not others:
        return
    with st.form("account_lend"):
        left, right = st.columns(2)
        left.selectbox(t("Who acts for you"), others, key="account_to")
        right.text_input(t("Reason given"), key="account_why")
        left.date_input(t("First day"), key="account_from")
        right.date_input(t("Last day"), key="account_until")
        st.form_submit_button(t("Lend role and offices"), on_click=_lend)


def _lend() -> None:
    def done(page: Here) -> str:
        held = st.session_state
        delegating.delegate(
            page.app.db, by=page.viewer, to=held["account_to"], from_day=held["account_from"].isoformat(),
            until_day=held["account_until"].isoformat(), reason=typed("account_why"), at=page.app.now(),
        )  # fmt: skip
        return t("{name} may act for you in these days.", name=held["account_to"])

    do(done)


def _take_back() -> None:
    def done(page: Here) -> str:
        one = st.session_state["account_delegation"]
        delegating.end_delegation(page.app.db, by=page.viewer, delegation=one.id, at=page.app.now())
        return t("{name} acts for {other} no more.", name=one.delegate, other=one.person)

    do(done)

"""Accounts as tables and lines (人员): who may come in, as what, to see what, and what happened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from urllib.parse import urlencode

from dashboard.accounts.delegating import Delegation
from dashboard.accounts.listing import Account, Event
from dashboard.queries.offices import Tree
from dashboard.texts import t
from dashboard.web import display
from dashboard.web.components.blocks import Column, facts, go, table, word
from dashboard.web.frame import ROLE_NAMES
from dashboard.web.markup import Safe, tag

Link = Callable[..., str]
ENTRIES = {"password": "by password", "code": "a one-time link waits", "none": "needs a one-time link"}
STATES = {"holds": "holds now", "later": "begins later", "over": "over", "revoked": "revoked"}
HAPPENED = {
    "signed_in": "signed in", "signed_out": "signed out", "session_ended": "a sign-in was ended",
    "sign_in_failed": "a wrong password", "sign_in_locked": "too many wrong passwords: it has to wait",
    "code_made": "a one-time code was made", "code_used": "a one-time code was used",
    "password_changed": "the password was changed", "token_made": "a token was made",
    "token_ended": "a token was ended", "delegated": "powers were lent",
    "delegation_ended": "lent powers were taken back", "acts_for": "acted for somebody",
}  # fmt: skip
"""Verbs of the audit; msgids."""


def office_name(tree: Tree, code: str) -> str:
    return t("the whole company") if code == "*" else tree.name(code)


def table_of(found: Sequence[Account], chosen: Account | None, tree: Tree, now: datetime, link: Link) -> Safe:
    """All accounts; a name opens what may be changed."""
    columns = [Column(t("Person"), "head keep"), Column(t("Role"), "keep"), Column(t("Sees"), "wide"),
               Column(t("Works at")), Column(t("Gets in")), Column(t("Last here"), "num keep")]  # fmt: skip
    body = [
        [go(link("people", account=one.id), one.name), t(ROLE_NAMES[one.role]), _offices(one, tree),
         tree.name(one.works_at) if one.works_at else display.NONE, _entry(one),
         display.moment(one.seen_at, now) if one.seen_at else display.NONE]
        for one in found
    ]  # fmt: skip
    place = None if chosen is None else found.index(chosen)
    return table(columns, body, chosen=place, label=t("Accounts"))


def _offices(one: Account, tree: Tree) -> object:
    names = [office_name(tree, code) for code in one.offices]
    return t(", ").join(names) if names else word(t("nothing today"), "soon")


def _entry(one: Account) -> Safe:
    if not one.active:
        return word(t("shut"), "breach")
    return word(t(ENTRIES[one.entry]), "fine" if one.entry == "password" else "soon")


def story(one: Account, tree: Tree, now: datetime) -> Safe:
    """One account: role, way in, and every grant with its days."""
    lines = [
        tag("li", f"{held.id} · {office_name(tree, held.office)} · {days(held.from_day, held.until_day)} · ",
            word(t(STATES[held.state]), "fine" if held.state == "holds" else ""))
        for held in one.grants
    ]  # fmt: skip
    told = [
        (t("Person"), one.name), (t("Role"), t(ROLE_NAMES[one.role])), (t("Gets in"), _entry(one)),
        (t("Works at"), tree.name(one.works_at) if one.works_at else display.NONE),
        (t("Last here"), display.moment(one.seen_at, now) if one.seen_at else display.NONE),
        (t("Sees"), tag("ul", lines)),
    ]  # fmt: skip
    return facts(told)


def days(first: str, last: str | None) -> str:
    return t("from {first} to {last}", first=first, last=last) if last else t("from {first}", first=first)


def password_link(lang: str, following: str) -> Safe:
    address = f"/enter/password?{urlencode({'lang': lang, 'next': following})}"
    return tag("p", tag("a", t("Choose a new password"), href=address, target="_self", class_="way"))


BROWSERS = (("Edg", "Edge"), ("MicroMessenger", "WeChat"), ("Firefox", "Firefox"), ("Chrome", "Chrome"),
            ("Safari", "Safari"))  # fmt: skip
SYSTEMS = (("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
           ("Mac OS", "macOS"), ("Linux", "Linux"))  # fmt: skip
"""What a browser says of itself → what people call it; the first that is in it holds, for many name others too."""


def browser(agent: str | None) -> str:
    """Browser and system of a sign-in by their names; what is not known stays as it is."""
    agent = agent or ""
    said = [next((name for sign, name in known if sign in agent), "") for known in (BROWSERS, SYSTEMS)]
    return " · ".join(name for name in said if name) or agent


def delegations(found: Sequence[Delegation]) -> Safe:
    columns = [Column(t("Whose powers"), "head keep"), Column(t("Who acts"), "keep"),
               Column(t("On which days"), "keep"), Column(t("Reason given"), "wide")]  # fmt: skip
    body = [[one.person, one.delegate, days(one.from_day, one.until_day), one.reason] for one in found]
    return table(columns, body, label=t("Acting for others"))


def events(found: Sequence[Event], now: datetime) -> Safe:
    columns = [Column(t("When"), "num keep"), Column(t("What happened"), "wide"), Column(t("By"), "keep")]
    body = [[display.moment(one.at, now), t(HAPPENED[one.what]), t("system") if one.by == "system" else one.by]
            for one in found]  # fmt: skip
    return table(columns, body, label=t("What happened with this account"))

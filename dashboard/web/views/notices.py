"""Notices and what became of them (通知、发件箱)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from dashboard.error_texts import translated
from dashboard.notices.writing import topic
from dashboard.queries.notices import Fate, Mine
from dashboard.queries.offices import Tree
from dashboard.texts import current_language, t
from dashboard.web import display
from dashboard.web.components.blocks import Column, figure, figures, go, table, word
from dashboard.web.frame import ROLE_NAMES
from dashboard.web.markup import Safe, safe

Link = Callable[..., str]
STATES = {
    "waiting": "waits", "failing": "not taken yet", "sending": "being sent", "sent": "sent",
    "digest": "sent in a digest",
    "page_only": "on this page only", "withheld": "held back", "given_up": "given up", "nobody": "nobody to tell",
}  # fmt: skip
"""Fates; msgids."""
TONES = {"failing": "soon", "given_up": "breach", "nobody": "soon", "sent": "fine", "digest": "fine"}
WHY = {
    "channel": "the channel never took it", "scope": "the thing is out of their sight", "role": "their role is another",
    "nobody": "no such person any more", "secret": "it is about their own workplace",
    "over": "it was over before it could be told",
}  # fmt: skip
"""Why one was withheld or given up; msgids."""


def own(found: Sequence[Mine], now: datetime, link: Link) -> Safe:
    """One's own notices, the newest first; what is not read stands out by a word."""
    columns = [Column(t("Entered"), "num keep"), Column(t("Concerns"), "keep"), Column(t("What it says"), "wide head"),
               Column(t("Read at"), "keep")]  # fmt: skip
    body = [
        [display.moment(one.at, now), _about(one), go(link(one.page, **one.parameters), _first_line(one.text)),
         display.moment(one.read_at, now) if one.read_at else word(t("unread"), "soon")]
        for one in found
    ]  # fmt: skip
    return table(columns, body, label=t("My notices"))


def _first_line(text: str) -> str:
    first, *rest = text.split("\n", 1)
    return f"{first} …" if rest else first


def _about(one: Mine) -> object:
    said = topic(one.topic, current_language())
    return safe(said, " ", word(t("urgent"), "breach")) if one.urgent else said


def fates(counts: Mapping[str, int], link: Callable[[str], str]) -> Safe:
    """How many stand in each fate; each opens its list."""
    return figures([
        figure(display.count(counts[fate]), t(words), href=link(fate),
               tone=TONES.get(fate, "") if TONES.get(fate) != "fine" else "")
        for fate, words in STATES.items() if counts.get(fate)
    ])  # fmt: skip


def outbox(found: Sequence[Fate], tree: Tree, now: datetime) -> Safe:
    """The outbox: for whom, since when, and what became of it."""
    columns = [Column(t("For"), "head keep"), Column(t("Entered"), "num keep"), Column(t("Concerns"), "keep"),
               Column(t("Told once as"), "wide"), Column(t("Channel")), Column(t("What became of it"), "keep"),
               Column(t("More"), "wide")]  # fmt: skip
    body = [
        [_person(one.person, tree), display.moment(one.at, now), topic(one.topic, current_language()), one.key,
         one.channel or display.NONE, word(t(STATES[one.fate]), TONES.get(one.fate, "")),
         detail(one, now) or display.NONE]
        for one in found
    ]  # fmt: skip
    return table(columns, body, label=t("Outbox"))


def _person(recipient: str, tree: Tree) -> str:
    """A name, or the role at an office for which nobody was found."""
    role, _, office = recipient.partition("@")
    if role not in ROLE_NAMES:
        return recipient
    return t(ROLE_NAMES[role]) if office == "*" else f"{t(ROLE_NAMES[role])} · {tree.name(office)}"


def detail(one: Fate, now: datetime) -> str:
    """One sentence more of a fate: since when, how often, why."""
    if one.fate == "failing" and one.failing_since is not None:
        return t("{n} times since {since}: {error}", n=one.tries, since=display.moment(one.failing_since, now),
                 error=translated(one.error or ""))  # fmt: skip
    if one.fate == "digest" and one.sent_at is not None:
        return t("{at}, with {n} others", at=display.moment(one.sent_at, now), n=one.together - 1)
    if one.fate == "sent" and one.sent_at is not None:
        return display.moment(one.sent_at, now)
    if one.fate == "waiting" and one.due is not None and one.due > now:
        return t("not before {due}", due=display.moment(one.due, now))
    if one.why:
        why = t(WHY[one.why]) if one.why in WHY else one.why
        return f"{why}: {translated(one.error)}" if one.fate == "given_up" and one.error else why
    return ""

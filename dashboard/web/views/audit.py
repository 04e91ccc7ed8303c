"""The audit trail as a table (审计日志), and what the chain says of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from dashboard.queries.audit import Line, Trail
from dashboard.texts import t
from dashboard.web import display
from dashboard.web.components.blocks import Column, figure, figures, go, says, table, word
from dashboard.web.markup import Safe, safe, tag
from dashboard.web.views.audit_words import VERBS

Link = Callable[..., str]
DETAIL = 200


def overview(found: Trail, now: datetime) -> Safe:
    """How long the chain is and when its head was signed last."""
    head = found.head
    signed = display.moment(head.at, now) if head else t("none yet")
    waiting = found.entries - (head.count if head else 0)
    return figures([
        figure(display.count(found.entries), t("entries in the chain")),
        figure(signed, t("last signed head"), title=head.hash if head else ""),
        figure(display.count(waiting), t("entries since that head"), tone="soon" if waiting and head is None else ""),
    ])  # fmt: skip


def strength(found: Trail) -> Safe:
    """What the database does against whoever would change the trail."""
    if found.detects_only:
        return says(t("On SQLite the chain finds what was changed and cannot hinder it; heads kept elsewhere are the "
                      "proof."))  # fmt: skip
    return says(t("On PostgreSQL the everyday role can only add to the trail; the chain finds what its owner changed."))


def lines(found: Trail, now: datetime) -> Safe:
    columns = [
        Column(t("At"), "num"), Column(t("Person"), "head main"), Column(t("Deed")), Column(t("To what")),
        Column(t("Details"), "wide"), Column(t("Entry"), "num"),
    ]  # fmt: skip
    return table(columns, [_line(one, now) for one in found.lines], label=t("Audit trail"))


def _line(one: Line, now: datetime) -> list[object]:
    beside = one.os_user or (t("for {name}", name=one.acting_for) if one.acting_for else "")
    who = safe(one.actor, tag("small", f" ({beside})") if beside else "")
    detail = one.detail or ""
    told = tag("code", detail[:DETAIL] + ("…" if len(detail) > DETAIL else ""), title=detail) if detail else ""
    missing = word(t("not entered"), "breach", t("No entry of the chain holds this line."))
    return [
        tag("span", display.moment(one.at, now), title=display.exact(one.at)), who, verb(one.action),
        one.subject or display.NONE, told, display.count(one.entry) if one.entry else missing,
    ]  # fmt: skip


def verb(action: str) -> Safe:
    """The deed in words, and as it stands in the trail, never translated: it is what a search looks for."""
    words = t(VERBS[action]) if action in VERBS else ""
    return safe(f"{words} " if words else "", tag("code", action))


def older(found: Trail, link: Link, filters: Mapping[str, str | None]) -> Safe | None:
    if found.older is None:
        return None
    return tag("p", go(link("audit", **filters, before=found.older), t("Older lines")))

"""What a search found (搜索结果), kind by kind, and what was not looked through."""

from __future__ import annotations

from collections.abc import Callable

from dashboard.queries.offices import Tree
from dashboard.queries.search import COUNTED, KINDS, MOST, SCANNED, SCANNED_DAYS, Found, Hit
from dashboard.texts import t
from dashboard.web import display
from dashboard.web.components.blocks import Column, go, section, table
from dashboard.web.markup import Safe, safe, tag

Link = Callable[..., str]
TITLES = {
    "tickets": "Tickets", "repairs": "Repairs", "applications": "Connections", "cases": "Violations",
    "offices": "Offices", "disputes": "Disputes", "forms": "Supplier forms",
}  # fmt: skip
WHY = {
    "number": "the number", "beginning": "the beginning of the number", "phone": "the telephone number",
    "customer_no": "the customer number", "text": "the text", "name": "the name", "former_name": "a former name",
    "alias": "another name of it", "code": "the code", "record": "the record it is about",
}  # fmt: skip
LEFT_OUT = {
    "too_short": "Too short: two signs at least, five of a telephone or customer number.",
    "personal": "Not searched: telephone and customer numbers; they are found only whole, and only when asked for.",
    "only_whole": "Only whole numbers were compared; the search stands in the audit trail.",
    "older_text": "Free text was looked through as it is shown, in the newest {n} tickets of {days} days.",
    "text_with_digits": "Not searched: free text, because four digits and more could be part of somebody's number.",
    "text": "Not searched: free text; your role sees none.",
    "short_beginning": "Not searched: beginnings of numbers, because two signs begin too many.",
}
"""What was not looked through, and why; msgids."""


def kinds(found: Found) -> list[str]:
    return [kind for kind in KINDS if any(hit.kind == kind for hit in found.hits)]


def listed(found: Found, kind: str, tree: Tree, link: Link) -> Safe:
    """The hits of one kind."""
    hits = [hit for hit in found.hits if hit.kind == kind]
    count = found.counts[kind]
    note = t("{n} or more, the first {shown} here", n=COUNTED, shown=len(hits)) if count >= COUNTED else (
        t("{n}, the first {shown} here", n=count, shown=MOST) if count > len(hits) else str(count)
    )  # fmt: skip
    columns = [
        Column(t("Number"), "head keep"), Column(t("Office"), "keep"), Column(t("Day"), "num"),
        Column(t("Matched by")), Column(t("What matched")),
    ]  # fmt: skip
    rows = [
        [
            go(_door(hit, link), hit.number),
            go(link("office", office=hit.office), tree.name(hit.office)),
            hit.day or display.NONE,
            t(WHY[hit.why]),
            tag("span", hit.text, class_="quiet"),
        ]
        for hit in hits
    ]
    return safe(section(t(TITLES[kind]), note), table(columns, rows, label=t(TITLES[kind])))


def _door(hit: Hit, link: Link) -> str:
    if hit.kind == "offices":
        return link("office", office=hit.number)
    if hit.kind == "cases":
        return link("violation", number=hit.number)
    if hit.kind == "disputes":
        return link("disputes", dispute=hit.number)
    return link("record", record="evaluations" if hit.kind == "forms" else hit.kind, number=hit.number)


def left_out(found: Found) -> str:
    told = [t(LEFT_OUT[code], n=display.count(SCANNED), days=SCANNED_DAYS) for code in found.not_searched]
    return " ".join(told)

"""Inspection sheets and facts seen in several ways, made ready to be shown (检查与一事多证)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from checks.rulebook.model import SheetItem
from collectors.photographs import thumbnail
from dashboard.database import Database
from dashboard.people import Viewer
from dashboard.queries.facts import Joined, Sighting
from dashboard.queries.inspections import Draft, DraftPhotograph, Submitted
from dashboard.queries.inspections import draft_photograph as content_of
from dashboard.queries.offices import Tree
from dashboard.texts import t
from dashboard.web import books, display, passes
from dashboard.web.components.blocks import Column, go, table, word
from dashboard.web.markup import Safe, safe, tag

Link = Callable[..., str]

KINDS = {"on_site": "On-site check", "mutual": "Mutual check", "undercover": "Undercover check"}
WAYS = {**KINDS, "video": "Hall video", "complaint": "Complaint"}
RESULTS = {"ok": "in order", "violation": "violated", "not_checkable": "cannot tell"}
GROUPS = {
    "R": "Discipline on duty", "A": "Appearance", "B": "Service", "E": "Surroundings", "F": "Equipment",
    "M": "Management",
}  # fmt: skip
"""Groups of the sheet by the first letter of the codes; msgids."""


def item(one: SheetItem) -> Safe:
    """Code, title and what it costs."""
    cost = word(t("−{n} points", n=one.deduct), "breach" if one.grade == "A" else "")
    return tag("p", tag("b", one.code), " ", books.title(one), " ", cost, class_="sheet-item")


def head(found: Draft, halls: Mapping[str, str], of: int, now: datetime) -> Safe:
    """What the draft is about, and how far it is."""
    told = t("{kind} · {hall} · {when}", kind=t(KINDS[found.kind]), hall=halls.get(found.hall, found.hall),
             when=display.moment(found.inspected_at, now))  # fmt: skip
    return safe(tag("p", tag("b", told)), tag("p", progress(found, of), class_="says"))


def progress(found: Draft, of: int) -> str:
    return t("{n} of {of} items looked at · {violations} violated · {photographs} photographs", n=len(found.entries),
             of=of, violations=found.violations, photographs=len(found.photographs))  # fmt: skip


def group(code: str, items: Sequence[SheetItem], found: Draft) -> str:
    done = sum(one.code in found.entries for one in items)
    return f"{t(GROUPS[code])} {done}/{len(items)}"


def sends(found: Draft) -> str:
    if found.kind == "undercover":
        return t("Your name is not sent along: of an undercover check the hall learns what was found, never who came.")
    return t("What nobody looked at is sent as not looked at, never as in order.")


def drafts(rows: Sequence[Draft], halls: Mapping[str, str], of: int, now: datetime, link: Link) -> Safe:
    """Drafts that wait for their author."""
    columns = [Column(t("Draft"), "head main"), Column(t("Progress")), Column(t("Touched"), "num")]
    body = [
        [
            go(link(draft=one.id), f"{t(KINDS[one.kind])} · {halls.get(one.hall, one.hall)}"),
            progress(one, of),
            tag("span", display.moment(one.updated_at, now), title=display.exact(one.updated_at)),
        ]
        for one in rows
    ]
    return table(columns, body, label=t("Drafts"))


def sent(rows: Sequence[Submitted], halls: Mapping[str, str], now: datetime, link: Link) -> Safe:
    """Sheets that this person sent."""
    columns = [Column(t("Number"), "head keep"), Column(t("Kind")), Column(t("Hall"), "keep"), Column(t("At"), "num")]
    body = [
        [
            go(link("record", record="inspections", number=one.number), one.number),
            t(KINDS[one.kind]),
            halls.get(one.hall, one.hall),
            tag("span", display.moment(one.inspected_at, now), title=display.exact(one.inspected_at)),
        ]
        for one in rows
    ]
    return table(columns, body, label=t("Sent"))


def draft_photograph(db: Database, viewer: Viewer, photograph: DraftPhotograph, now: datetime) -> Safe:
    """A small picture of one's own photograph, and when it was taken."""
    small = base64.b64encode(thumbnail(content_of(db, viewer, photograph.id))).decode("ascii")
    taken = display.moment(photograph.taken_at, now) if photograph.taken_at else t("the camera gave no time")
    return tag("p", tag("img", src=f"data:image/jpeg;base64,{small}", alt=t("Photograph of {item}",
               item=photograph.item)), tag("br"), tag("small", taken))  # fmt: skip


def photographs(numbers: Sequence[int], person: str) -> Safe:
    """Photographs of a sheet as others see them: the route blurs them."""
    said = t("Photograph of the inspection")
    addresses = [f"/evidence/{passes.issue(number, person)}" for number in numbers]
    pictures = [tag("img", src=address, alt=said, loading="lazy") for address in addresses]
    return tag("div", pictures, class_="photographs")


# --- facts ------------------------------------------------------------------------------------------------------------


def sightings(rows: Sequence[Sighting], titles: Mapping[str, SheetItem], tree: Tree, now: datetime, link: Link) -> Safe:
    """Evidence of one fact, in the order of time."""
    columns = [Column(t("Seen by"), "head"), Column(t("Hall"), "keep"), Column(t("Item")), Column(t("At"), "num"),
               Column(t("Note")), Column(t("Number"))]  # fmt: skip
    body = [
        [
            t(WAYS[one.way]),
            tree.name(one.hall),
            _titled(one.item, titles),
            tag("span", display.moment(one.at, now), title=display.exact(one.at)),
            one.note or display.NONE,
            _door(one, link),
        ]
        for one in rows
    ]
    return table(columns, body, label=t("Evidence"))


def _titled(code: str | None, titles: Mapping[str, SheetItem]) -> str:
    known = titles.get(code or "")
    return f"{code} {books.title(known)}" if known else code or display.NONE


def _door(one: Sighting, link: Link) -> Safe:
    if one.record == "findings":
        return go(link("review", sample=one.sample), one.number)
    return go(link("record", record=one.record, number=one.number, id=one.record_id), one.number)


def standing(fact: Joined, now: datetime) -> str:
    return t("{by}, {when}: {reason}", by=fact.by, when=display.moment(fact.at, now), reason=fact.reason)

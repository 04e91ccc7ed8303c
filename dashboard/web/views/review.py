"""A sample made ready for the review desk (抽查复核): evidence by pass, everything said in the chosen language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from checks.judge.samples import SlotTime
from checks.rulebook.model import Sheet
from dashboard.actions.verdicts import REPEATED_RULE
from dashboard.queries.offices import Tree
from dashboard.queries.review import Wanted
from dashboard.sheet_notes import item_words
from dashboard.texts import t
from dashboard.web import books, display, passes
from dashboard.web.components.blocks import Column, choice, go, more, table, tabs, word
from dashboard.web.components.blocks import state as state_
from dashboard.web.markup import Safe, safe, tag
from dashboard.web.views import names
from dashboard.web.views.today import cause

Row = Mapping[str, Any]
Link = Callable[..., str]


def item(found: Row, sheet: Sheet, tree: Tree, person: str, left: str, now: datetime) -> dict[str, Any]:
    """What the desk shows of one sample."""
    titles = {one.code: books.title(one) for one in sheet.items}
    return {
        "sample": found["sample"],
        "title": tree.name(found["hall"]),
        "when": when(found, now),
        "left": left,
        "closed": t(CLOSED[found["state"]]) if found["state"] in CLOSED else "",
        "causeText": cause(found["cause"]) if found["cause"] else outcome(found["outcome"]),
        "notes": _notes(found),
        "looks": [_look(look, person) for look in found["looks"]],
        "findings": [_finding(one, titles) for one in found["findings"]],
    }


CLOSED = {
    "settled": "This sample is decided; what was decided stands below.",
    "judged": "You have judged this sample.",
    "elsewhere": "This hall belongs to your own office: others judge it.",
    "taken": "This sample lies on another desk.",
}
"""Why a sample cannot be judged now, by its state."""


def left(waiting: Sequence[Row], today: Row) -> str:
    """Counters beside the keys."""
    parts = [t("{n} left", n=len(waiting)), t("{n} flagged", n=sum(1 for row in waiting if row["flagged"]))]
    if today["judged"]:
        parts.append(t("{n} judged today, {s} s each", n=today["judged"], s=round(today["median_seconds"])))
    return " · ".join(parts)


def last(found: Row | None, tree: Tree) -> str | None:
    """This person's last judgement, as the line beside Undo."""
    if found is None:
        return None
    said = t(DECISIONS[found["decision"]]) + (f" {t(', ').join(found['items'])}" if found["items"] else "")
    return t("Last: {hall}, slot {n}: {said}", hall=tree.name(found["hall"]), n=found["slot"] or display.NONE,
             said=said)  # fmt: skip


def ahead(evidence: int | None, person: str) -> dict[str, Any] | None:
    """The clip that the browser may fetch before it is shown."""
    return None if evidence is None else {"key": str(evidence), "clip": address(evidence, person)}


def when(found: Row, now: datetime) -> str:
    """The sample's moment, or only its day while the slot still runs."""
    day = display.moment(found["planned_at"], now) if found["planned_at"] else found["date"] or display.NONE
    return f"{day} · {t('slot {n}', n=found['slot']) if found['slot'] else t('extra sample')}"


def outcome(code: str) -> str:
    return names.value(code)


def _notes(found: Row) -> list[str]:
    problems = sorted({problem for look in found["looks"] for problem in look["problems"]})
    return [t("Camera problem: {what}", what=cause(problem)) for problem in problems]


def _look(look: Row, person: str) -> dict[str, Any]:
    return {
        "camera": look["camera"],
        "name": look["camera_name"] or look["camera"],
        "key": str(look["clip"]),
        "clip": address(look["clip"], person),
        "seconds": look["seconds"] or 0,
        "people": look["people"],
        "waiting": look["waiting"],
        "motion": look["motion"],
        "windows": look["windows"],
        "frames": [{"url": address(frame["evidence"], person), "second": frame["second"]} for frame in look["frames"]],
    }


def address(evidence: int | None, person: str) -> str | None:
    """Where the browser fetches a piece of evidence: as it was taken for who reviews, blurred for who only looks.

    The pass is for this person and lasts minutes.
    """
    return None if evidence is None else f"/evidence/{passes.issue(evidence, person, original=True)}"


def _finding(found: Row, titles: Mapping[str, str]) -> dict[str, Any]:
    confidence = found["confidence"]
    parts = [span(found["start"], found["end"])]
    if confidence is not None:
        parts.append(t("confidence {value}", value=display.rate(confidence, 0)))
    return {
        "id": found["id"], "camera": found["camera"], "item_code": found["item_code"],
        "title": titles.get(found["item_code"], ""), "start": found["start"], "end": found["end"],
        "duration_proven": found["duration_proven"], "whyText": found["why"] or "", "facts": " · ".join(parts),
        "decision": found["decision"],
    }  # fmt: skip


def span(start: float | None, end: float | None) -> str:
    if start is None:
        return t("seen outside this clip")
    if end is None:
        return t("at {s} s", s=display.rounded(start, 1))
    return t("{start} s to {end} s", start=display.rounded(start, 1), end=display.rounded(end, 1))


def sheet_items(sheet: Sheet) -> list[dict[str, Any]]:
    """The sheet as the desk offers it; M03 is a rule of the database, not something one sees."""
    found = []
    for one in sheet.items:
        words = item_words(one.code)
        found.append({
            "code": one.code, "title": books.title(one), "other": f"{one.title} {one.title_en}", "deduct": one.deduct,
            "grade": one.grade, "group": one.code[0], "initials": words.initials, "notes": list(words.notes),
        })  # fmt: skip
    return [one for one in found if one["code"] != REPEATED_RULE]


def filters(every: Sequence[Row], wanted: Wanted, slots: Sequence[SlotTime], link: Link) -> Safe:
    """What can be chosen of all that waits, each with its number; a filter that would not narrow is left out."""
    rows = [row for row in every if wanted.halls is None or row["hall"] in wanted.halls]
    show = "flagged" if wanted.flagged else "not_checkable" if wanted.not_checkable else None
    flagged = sum(1 for row in rows if row["flagged"])
    blind = sum(1 for row in rows if row["outcome"] == "not_checkable")
    parts = [tabs([
        (f"{t('All that wait')} {len(rows)}", link(show=None, sample=None), show is None),
        (f"{t('Flagged only')} {flagged}", link(show="flagged", sample=None), show == "flagged"),
        (f"{t('Not checkable only')} {blind}", link(show="not_checkable", sample=None), show == "not_checkable"),
    ], t("View"))]  # fmt: skip
    days = Counter(row["date"] for row in rows)
    numbers = Counter(row["slot"] for row in rows if row["slot"])
    items = Counter(code for row in rows for code in row["items"])
    times = {slot.number: f"{slot.starts:%H:%M}" for slot in slots}
    narrowing: list[tuple[str, str, Any, list[tuple[str, Any]]]] = [
        ("date", t("Date"), wanted.date, [(f"{day} · {n}", day) for day, n in sorted(days.items())[-DAYS:]]),
        ("slot", t("Slot"), wanted.slot,
         [(f"{number} {times.get(number, '')} · {n}", number) for number, n in sorted(numbers.items())]),
        ("item", t("Item"), wanted.item, [(f"{code} · {n}", code) for code, n in sorted(items.items())]),
    ]  # fmt: skip
    for name, label, chosen, options in narrowing:
        if chosen is not None or len(options) > 1:
            every_one = (t("all"), link(sample=None, **{name: None}), chosen is None)
            parts.append(choice(label, [every_one, *(
                (text, link(sample=None, **{name: value}), value == chosen) for text, value in options
            )]))  # fmt: skip
    return more_or_all(parts)


DAYS = 8
"""Dates offered in the filter: the latest ones; an older one is reached from the coverage."""


def more_or_all(parts: Sequence[Safe]) -> Safe:
    """The tabs, and the finer filters folded away below them."""
    return safe(parts[0], more(t("Narrow the queue"), *parts[1:])) if len(parts) > 1 else parts[0]


def nothing_left(every: Sequence[Row], waiting: Sequence[Row]) -> Safe:
    if waiting:
        return state_("empty", t("All that waits lies on other desks."), t("It comes back when it is left alone."))
    if every:
        return state_("empty", t("Nothing like that waits for review."), t("Choose another view or another office."))
    return state_(
        "empty",
        t("Nothing waits for review."),
        t("Samples appear here as soon as their clip has been taken; five slots a day for every hall."),
    )


def queue(rows: Sequence[Row], chosen: str | None, tree: Tree, link: Link) -> Safe:
    """What waits, oldest first; flagged ones say so."""
    columns = [Column(t("Hall"), "head main"), Column(t("Date"), "num"), Column(t("Slot"), "num"), Column(t("State"))]
    body = [
        [go(link(sample=row["sample"]), tree.name(row["hall"])), row["date"], row["slot"] or display.NONE, state(row)]
        for row in rows
    ]  # fmt: skip
    place = next((index for index, row in enumerate(rows) if row["sample"] == chosen), None)
    return table(columns, body, chosen=place, label=t("Waiting for review"))


def state(row: Row) -> Safe:
    if row["claimed"]:
        return word(t("on another desk"))
    if row["flagged"]:
        return word(t("flagged ×{n}", n=row["flagged"]), "machine")
    return word(names.value(row["outcome"]), "soon" if row["outcome"] != "captured" else "")


def decisions(found: Row, now: datetime) -> Safe | None:
    """What counts of this sample: append-only, newest last."""
    if not found["decisions"]:
        return None
    lines = [
        tag(
            "li",
            f"{display.moment(one['at'], now)} {one['by']}: ",
            word(
                t(DECISIONS.get(one["decision"], one["decision"])),
                "decided" + (" breach" if one["decision"] in ("violation", "confirmed") else ""),
            ),
            f" {one['item_code'] or ''} {one['reason'] or ''}",
        )
        for one in found["decisions"]
    ]
    return tag("ul", lines)


def judgements(found: Row, now: datetime) -> Safe | None:
    """What each person said before knowing the others; of a sample that is not settled only one's own."""
    if not found["judgements"]:
        return None
    lines = [
        tag("li", f"{display.moment(one['at'], now)} {one['by']}: ",
            word(t(DECISIONS[one["decision"]]), "decided" + (" breach" if one["decision"] == "violation" else "")),
            f" {t(', ').join(one['items'])}")
        for one in found["judgements"]
    ]  # fmt: skip
    return tag("ul", lines)


DECISIONS = {
    "ok": "no violation", "violation": "violation", "unsure": "unsure", "confirmed": "confirmed",
    "rejected": "rejected", "annulled": "taken back",
}  # fmt: skip

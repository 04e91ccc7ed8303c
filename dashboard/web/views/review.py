"""A sample made ready for the review desk (抽查复核): evidence by pass, everything said in the chosen language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from checks.rulebook.model import Sheet
from dashboard.queries.offices import Tree
from dashboard.texts import t
from dashboard.web import books, display, passes
from dashboard.web.components.blocks import Column, go, table, word
from dashboard.web.markup import Safe, tag
from dashboard.web.views import names
from dashboard.web.views.today import cause

Row = Mapping[str, Any]


def item(found: Row, sheet: Sheet, tree: Tree, person: str, left: int, now: datetime) -> dict[str, Any]:
    """What the desk shows of one sample."""
    titles = {one.code: books.title(one) for one in sheet.items}
    return {
        "sample": found["sample"],
        "title": tree.name(found["hall"]),
        "when": when(found, now),
        "left": t("{n} left", n=left),
        "causeText": cause(found["cause"]) if found["cause"] else outcome(found["outcome"]),
        "notes": _notes(found),
        "looks": [_look(look, person) for look in found["looks"]],
        "findings": [_finding(one, titles) for one in found["findings"]],
    }


def when(found: Row, now: datetime) -> str:
    """The sample's moment, or only its day while the slot still runs."""
    day = display.moment(found["planned_at"], now) if found["planned_at"] else found["date"] or display.NONE
    return f"{day} · {t('slot {n}', n=found['slot'])}"


def outcome(code: str) -> str:
    return names.value(code)


def _notes(found: Row) -> list[str]:
    problems = sorted({problem for look in found["looks"] for problem in look["problems"]})
    return [t("Camera problem: {what}", what=cause(problem)) for problem in problems]


def _look(look: Row, person: str) -> dict[str, Any]:
    return {
        "camera": look["camera"],
        "name": look["camera_name"] or look["camera"],
        "clip": address(look["clip"], person),
        "seconds": look["seconds"] or 0,
        "people": look["people"],
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
        "title": titles.get(found["item_code"], ""), "start": found["start"] or 0, "end": found["end"],
        "duration_proven": found["duration_proven"], "whyText": found["why"] or "", "facts": " · ".join(parts),
        "decision": found["decision"],
    }  # fmt: skip


def span(start: float | None, end: float | None) -> str:
    if start is None or end is None:
        return t("the whole clip")
    return t("{start} s to {end} s", start=display.rounded(start, 1), end=display.rounded(end, 1))


def sheet_items(sheet: Sheet) -> list[dict[str, Any]]:
    """The sheet as the desk offers it; M03 is a rule of the database, not something one sees."""
    return [
        {"code": one.code, "title": books.title(one), "deduct": one.deduct} for one in sheet.items if one.code != "M03"
    ]


def queue(rows: Sequence[Row], chosen: str | None, tree: Tree, link: Any) -> Safe:
    """What waits, oldest first; flagged ones say so."""
    columns = [Column(t("Hall"), "head main"), Column(t("Date"), "num"), Column(t("Slot"), "num"), Column(t("State"))]
    body = [
        [go(link("review", sample=row["sample"]), tree.name(row["hall"])), row["date"],
         row["slot"], state(row)]
        for row in rows
    ]  # fmt: skip
    place = next((index for index, row in enumerate(rows) if row["sample"] == chosen), None)
    return table(columns, body, chosen=place, label=t("Waiting for review"))


def state(row: Row) -> Safe:
    if row["flagged"]:
        return word(t("flagged ×{n}", n=row["flagged"]), "machine")
    return word(names.value(row["outcome"]), "soon" if row["outcome"] != "captured" else "")


def decisions(found: Row, now: datetime) -> Safe | None:
    """What people decided about this sample so far: append-only, newest last."""
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


DECISIONS = {
    "ok": "no violation", "violation": "violation", "unsure": "unsure", "confirmed": "confirmed",
    "rejected": "rejected", "annulled": "taken back",
}  # fmt: skip

"""Hall review (抽查复核): the component in which one sample is looked at and decided, with keys or with thumbs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.reviewing.rounds import Broken, Rejected, Verdict
from dashboard.texts import t

FOLDER = Path(__file__).parent
SCRIPTS = ("review_seen.js", "review_panel.js", "review.js")
USUAL = ("R01", "R02", "R03", "R05", "R06", "A01", "E01", "F03", "B04")
"""Sheet items offered by number; all are in the list below them."""
CAUSE_ITEMS = ("F02", "F03", "F04")
"""A camera's trouble deducts only where a person finds the office its cause (design §3.5, H3)."""
DELIBERATE_ITEMS = ("F03",)
REASONS = (
    "The clerk is there, hidden from the camera.", "A sign says that the window is paused.",
    "A short errand, back within the allowed time.", "Handing over to another clerk.",
    "Outside opening hours.", "The machine mistook what it saw.", "The picture does not allow a judgement.",
)  # fmt: skip
"""Canned reasons for rejecting a candidate; msgids."""
GROUPS = {
    "R": "Presence and discipline", "A": "Appearance", "B": "Service", "E": "Surroundings", "F": "Equipment",
    "M": "Management",
}  # fmt: skip
"""Groups of the score sheet by the first letter of the code."""
GRADES = {"A": "grade A, red line", "B": "grade B, serious", "C": "grade C, ordinary", "D": "grade D, reminder"}
DECISIONS = ("ok", "violation", "unsure")
KINDS = ("skip", "undo", "alive")
WORDS = {
    "desk": "Review desk",
    "ok": "No violation",
    "violation": "Violation",
    "unsure": "Unsure",
    "next": "Later",
    "toQueue": "To the queue",
    "undo": "Undo",
    "keys": "Keys",
    "close": "Close this window",
    "pick": "choose",
    "step": "one second (with shift five)",
    "frame": "one frame",
    "speed": "faster, slower",
    "otherCamera": "other camera",
    "typeCode": "type a code of the sheet: that item",
    "typeText": "write in the text field",
    "saveKey": "save; first note",
    "removeKey": "take the last item out",
    "play": "play, pause",
    "back": "Back",
    "another": "Another item",
    "save": "Save",
    "take": "Take",
    "takeFirst": "First note",
    "saveOrMore": "Enter saves; S adds another item.",
    "itemsFirst": "Take the items out first (backspace), or save with Enter.",
    "itemTwice": "That item is named already: it counts once per sample.",
    "said": "Items broken",
    "remove": "Take out",
    "clip": "Clip of the sample",
    "cameras": "Cameras",
    "noClip": "No clip",
    "clipFailed": "The clip cannot be played: reload the page, or look at the frames.",
    "people": "People",
    "waiting": "Waiting",
    "motion": "Motion",
    "strip": "Windows and people over time; a click seeks",
    "stripSays": "Filled: someone at the window. Dashed: what the machine flagged, a guess until you decide.",
    "seekTo": "go to {s} s",
    "frameAt": "frame at {s} s",
    "allDecided": "Everything flagged is decided.",
    "notFlagged": "The machine flagged nothing here. That does not mean that nothing is wrong.",
    "flagged": "Flagged",
    "unproven": "Duration not proven: the condition holds for the whole clip.",
    "show": "show the moment",
    "askItem": "Which item of the sheet?",
    "search": "code, initials of the pinyin, or words",
    "whole": "The whole sheet",
    "noItem": "No item fits.",
    "change": "another item …",
    "moment": "Moment",
    "momentSays": "where the clip stands now",
    "askReason": "Why is it none?",
    "ownReason": "another reason, then Enter",
    "ownNote": "a note of your own, then Enter",
    "cause": "The office is the cause.",
    "deliberate": "Done on purpose (red line).",
    "saving": "Saving …",
    "readOnly": "You may look; inspectors and reviewers decide.",
}
"""Every text of the component; msgids."""


@dataclass(frozen=True, slots=True)
class Event:
    """What the person sent: `decide` with a verdict, `skip`, `undo`, or `alive` (something happens at the desk)."""

    kind: str
    sample: str
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """What stands on the desk beside the sample."""

    turn: int
    """Changes with every new presentation."""
    last: str | None = None
    """This person's last judgement in words, where it can be taken back."""
    next: Mapping[str, Any] | None = None
    """`key` and `clip` of what most likely follows."""
    read_only: bool = False


def desk(item: Mapping[str, Any], sheet: Sequence[Mapping[str, Any]], shown: Shown) -> Event | None:
    """Show one sample; what the person did in this run, if anything."""
    data = {
        "item": item,
        "sheet": list(sheet),
        "usual": list(USUAL),
        "groups": {letter: t(text) for letter, text in GROUPS.items()},
        "causeItems": list(CAUSE_ITEMS),
        "deliberateItems": list(DELIBERATE_ITEMS),
        "reasons": [t(text) for text in REASONS],
        "turn": shown.turn,
        "last": shown.last,
        "next": shown.next,
        "readOnly": shown.read_only,
        "words": {**words(), "grades": {grade: t(text) for grade, text in GRADES.items()}},
    }
    result = _component()(data=data, key="review", on_event_change=lambda: None)
    return event_of(result.event, str(item["sample"]), shown.turn)


def event_of(raw: Any, sample: str, turn: int) -> Event | None:
    """What the browser sent, if it is about the sample now shown; a stale, strange or forged event is dropped."""
    if not isinstance(raw, dict) or raw.get("sample") != sample or raw.get("turn") != turn:
        return None
    kind = raw.get("kind")
    if kind in KINDS:
        return Event(str(kind), sample)
    if kind != "decide" or raw.get("decision") not in DECISIONS:
        return None
    try:
        items = tuple(_broken(one) for one in _list(raw, "items"))
        rejected = tuple(_rejected(one) for one in _list(raw, "rejected"))
    except (KeyError, TypeError, ValueError):
        return None
    return Event("decide", sample, Verdict(str(raw["decision"]), items, rejected))


def _list(raw: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = raw.get(name) or []
    if not isinstance(found, list) or len(found) > 100 or not all(isinstance(one, dict) for one in found):
        raise TypeError(name)
    return found


def _broken(raw: Mapping[str, Any]) -> Broken:
    return Broken(
        _text(raw["item"]),
        _text(raw["note"]),
        None if raw.get("camera") is None else _text(raw["camera"]),
        None if raw.get("second") is None else _number(raw["second"]),
        _finding(raw["finding"]) if raw.get("finding") is not None else None,
        raw.get("office_is_cause") is True,
        raw.get("deliberate") is True,
    )


def _rejected(raw: Mapping[str, Any]) -> Rejected:
    return Rejected(_finding(raw["finding"]), _text(raw["reason"]))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(value)
    return float(value)


def _finding(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(value)
    return value


def words() -> dict[str, str]:
    """Every text of the component, in the chosen language."""
    return {name: t(text) for name, text in WORDS.items()}


@cache
def _component() -> Any:
    return st.components.v2.component(
        "mingcha_review",
        html='<div class="mc-review"></div>',
        css=(FOLDER / "review.css").read_text(encoding="utf-8"),
        js="\n".join((FOLDER / name).read_text(encoding="utf-8") for name in SCRIPTS),
        isolate_styles=False,
    )

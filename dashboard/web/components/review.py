"""Hall review (抽查复核): the component in which one sample is looked at and decided, with keys or with thumbs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.texts import t

FOLDER = Path(__file__).parent
USUAL = ("R01", "R02", "R03", "R05", "R06", "A01", "E01", "F03")
"""Sheet items offered by number after the flagged one; all others are in the list below them."""
REASONS = (
    "The clerk is there, hidden from the camera.", "A sign says that the window is paused.",
    "A short errand, back within the allowed time.", "Handing over to another clerk.",
    "Outside opening hours.", "The machine mistook what it saw.", "The picture does not allow a judgement.",
)  # fmt: skip
"""Canned reasons for rejecting a candidate; msgids."""
DECISIONS = ("ok", "violation", "unsure")


@dataclass(frozen=True, slots=True)
class Decision:
    """What the person sent: about the sample, and about each of its open findings."""

    kind: str
    """decide | skip | undo"""
    sample: str
    decision: str | None = None
    item_code: str | None = None
    reason: str | None = None
    findings: tuple[Mapping[str, Any], ...] = field(default=())


def desk(
    item: Mapping[str, Any], sheet: Sequence[Mapping[str, Any]], *, turn: int, can_undo: bool, read_only: bool = False
) -> Decision | None:
    """Show one sample; the decision of this run, if there is one. `turn` changes with every new presentation."""
    data = {
        "item": item,
        "sheet": list(sheet),
        "usual": list(USUAL),
        "reasons": [t(text) for text in REASONS],
        "turn": turn,
        "canUndo": can_undo,
        "readOnly": read_only,
        "words": words(),
    }
    result = _component()(data=data, key="review", on_event_change=lambda: None)
    return decision_of(result.event, str(item["sample"]), turn)


def decision_of(raw: Any, sample: str, turn: int) -> Decision | None:
    """What the browser sent, if it is about the sample now shown; a stale or strange event is dropped."""
    if not isinstance(raw, dict) or raw.get("sample") != sample or raw.get("turn") != turn:
        return None
    kind, decision = raw.get("kind"), raw.get("decision")
    if kind in ("skip", "undo"):
        return Decision(str(kind), sample)
    if kind != "decide" or decision not in DECISIONS:
        return None
    findings = tuple(found for found in raw.get("findings") or () if isinstance(found, dict))
    return Decision("decide", sample, str(decision), raw.get("item_code"), raw.get("reason"), findings)


def words() -> dict[str, str]:
    """Every text of the component, in the chosen language."""
    return {
        "ok": t("No violation"),
        "violation": t("Violation"),
        "unsure": t("Unsure"),
        "next": t("Later"),
        "undo": t("Undo"),
        "keys": t("Keys"),
        "pick": t("choose"),
        "step": t("one second (with shift five)"),
        "play": t("play, pause"),
        "back": t("back"),
        "clip": t("Clip of the sample"),
        "noClip": t("No clip"),
        "clipFailed": t("The clip cannot be played: reload the page, or look at the frames."),
        "people": t("People"),
        "strip": t("Windows and people over time; a click seeks"),
        "stripSays": t("Filled: someone at the window. Dashed: what the machine flagged, a guess until you decide."),
        "seekTo": t("go to {s} s"),
        "frameAt": t("frame at {s} s"),
        "allDecided": t("Everything flagged is decided."),
        "notFlagged": t("The machine flagged nothing here. That does not mean that nothing is wrong."),
        "flagged": t("Flagged"),
        "unproven": t("Duration not proven: the condition holds for the whole clip."),
        "show": t("show the moment"),
        "askItem": t("Which item of the sheet?"),
        "askReason": t("Why is it none?"),
        "other": t("another item …"),
        "ownReason": t("another reason, then Enter"),
        "cause": t("The office is the cause."),
        "deliberate": t("Done on purpose (red line)."),
        "saving": t("Saving …"),
        "readOnly": t("You may look; inspectors and reviewers decide."),
    }


@cache
def _component() -> Any:
    return st.components.v2.component(
        "mingcha_review",
        html='<div class="mc-review"></div>',
        css=(FOLDER / "review.css").read_text(encoding="utf-8"),
        js=(FOLDER / "review.js").read_text(encoding="utf-8"),
        isolate_styles=False,
    )
